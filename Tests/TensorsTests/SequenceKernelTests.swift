import Foundation
import Tensors
import TestSupport
import Testing

/// The fast backend's kernels for sequences, norms and losses against the plain loops, and at the ends of their ranges.
@Suite struct SequenceKernelTests {
  let reference = ReferenceBackend()
  let fast: OneDNNBackend

  init() throws { fast = try OneDNNBackend() }

  private var both: [any NumericBackend] { [reference, fast] }

  // MARK: Functions of each element

  /// Points that are dense where the functions bend, and the ends.
  static let points: [Float] = {
    let even = (-6000...6000).map { Float($0) * 0.0151 }
    let small = (0..<300).map { Float(pow(10, -Double($0) / 9)) }
    let ends: [Float] = [88.8, 1000, .greatestFiniteMagnitude, .leastNonzeroMagnitude]
    return even + small + small.map { -$0 } + ends + ends.map { -$0 } + [0]
  }()

  /// The relative error that the kernels' headers state, and an absolute one for results that float32 cannot hold any more.
  private static func tolerance(_ function: ElementFunction, _ x: Double, _ y: Double) -> Double {
    switch function {
    case .sigmoid, .silu, .elu: 5 * 6e-8 * abs(y) + 1e-35
    case .gelu: (6 + x * x) * 6e-8 * abs(y) + 1e-35
    case .geluTanh: 3e-7 * max(1, abs(x))
    }
  }

  @Test(arguments: ElementFunction.allCases) func functions(_ function: ElementFunction) {
    let x = Self.points
    let results = both.map { backend in Self.mapped(x) { backend.apply(function, $0, output: $1) } }
    for i in x.indices {
      let (expected, got) = (Double(results[0][i]), Double(results[1][i]))
      #expect(
        abs(got - expected) <= Self.tolerance(function, Double(x[i]), expected) || got == expected,
        "\(function)(\(x[i])) = \(got), not \(expected)")
    }
    for backend in both {
      let ends = Self.mapped([.nan, .infinity, -.infinity]) { backend.apply(function, $0, output: $1) }
      #expect(ends[0].isNaN && ends[1] == (function == .sigmoid ? 1 : .infinity))
      #expect(ends[2] == (function == .elu ? -1 : 0), "\(function)(-∞) = \(ends[2])")
    }
  }

  @Test(arguments: ElementFunction.allCases) func derivatives(_ function: ElementFunction) {
    let x = Self.points
    let y = Self.mapped(x) { reference.apply(function, $0, output: $1) }
    let value = function.gradientReads == .input ? x : y
    let dy = [Float](repeating: 1.5, count: x.count)
    let results = both.map { backend in
      dy.withUnsafeBufferPointer { dy in
        Self.mapped(value) { backend.inputGradient(function, value: $0, outputGradient: dy, inputGradient: $1) }
      }
    }
    for i in x.indices {
      let error = abs(results[1][i] - results[0][i])
      #expect(error <= 1e-6 * max(1, abs(results[0][i])), "\(function)'(\(x[i]))")
      #expect(results[1][i].isFinite)
    }
    // Against differences of the function itself, in float64 by the reference's values.
    for i in stride(from: 3000, to: 9000, by: 37) {
      let step: Float = 0x1p-6
      let ends = Self.mapped([x[i] - step, x[i] + step]) { reference.apply(function, $0, output: $1) }
      let slope = (ends[1] - ends[0]) / ((x[i] + step) - (x[i] - step))
      #expect(abs(slope - results[0][i] / 1.5) < 2e-3 * max(1, abs(slope)), "\(function)'(\(x[i]))")
    }
  }

  private static func mapped(_ x: [Float], _ body: (Floats, MutableFloats) -> Void) -> [Float] {
    var y = [Float](repeating: 7, count: x.count)
    x.withUnsafeBufferPointer { x in y.withUnsafeMutableBufferPointer { body(x, $0) } }
    return y
  }

  // MARK: Products

  /// Strides as attention has them, with anything between the matrices left alone.
  @Test(arguments: 0..<30) func stridedProducts(_ seed: UInt64) throws {
    var numbers = Numbers(seed: 300 + seed)
    let (heads, size, width) = (numbers.pick(1...4), numbers.pick(1...20), numbers.pick(1...20))
    let ofHead = StridedProduct.Strides(batch: width, row: heads * width)
    let ofScores = StridedProduct.Strides(batch: size * size, row: size)
    let products = [
      StridedProduct(batch: heads, m: size, n: size, k: width, a: ofHead, b: ofHead.transposed, c: ofScores),
      StridedProduct(batch: heads, m: size, n: width, k: size, a: ofScores, b: ofHead, c: ofHead),
      StridedProduct(batch: heads, m: size, n: width, k: size, a: ofScores.transposed, b: ofHead, c: ofHead),
    ]
    let longest = heads * size * max(size, width)
    let (a, b, before) = (numbers.floats(longest), numbers.floats(longest), numbers.floats(longest + 5))
    for product in products {
      for accumulating in [false, true] {
        let results = try both.map { backend in
          var c = before
          try a.withUnsafeBufferPointer { a in
            try b.withUnsafeBufferPointer { b in
              try c.withUnsafeMutableBufferPointer {
                try backend.multiply(product, a, b, into: $0, accumulating: accumulating)
              }
            }
          }
          return c
        }
        #expect(largestDifference(results[0], results[1]) < 1e-5, "\(product)")
      }
    }
  }

  @Test(arguments: 0..<20) func affine(_ seed: UInt64) throws {
    var numbers = Numbers(seed: 400 + seed)
    let (rows, inputs, outputs) = (numbers.pick(1...30), numbers.pick(1...40), numbers.pick(1...40))
    let (x, w, bias) = (numbers.floats(rows * inputs), numbers.floats(inputs * outputs), numbers.floats(outputs))
    for hasBias in [true, false] {
      let results = try both.map { backend in
        var y = [Float](repeating: .nan, count: rows * outputs)
        try x.withUnsafeBufferPointer { x in
          try w.withUnsafeBufferPointer { w in
            try bias.withUnsafeBufferPointer { bias in
              try y.withUnsafeMutableBufferPointer {
                try backend.affine(
                  rows: rows, inputs: inputs, outputs: outputs, x, weights: w, bias: hasBias ? bias : nil, into: $0)
              }
            }
          }
        }
        return y
      }
      #expect(largestDifference(results[0], results[1]) < 1e-5)
    }
  }

  /// Sizes on both sides of the kernel's blocks of 4, tiles of 64 and chunks of 256.
  @Test(arguments: [(1, 1, 1), (3, 5, 9), (4, 8, 16), (65, 7, 33), (130, 3, 300), (64, 257, 12)])
  func gramNorms(_ positions: Int, _ inputs: Int, _ outputs: Int) {
    var numbers = Numbers(seed: UInt64(positions))
    let (u, g) = (numbers.floats(2 * positions * inputs), numbers.floats(2 * positions * outputs))
    let results = both.map { gramNorms($0, 2, positions, inputs, outputs, u, g) }
    for (a, b) in zip(results[0], results[1]) { #expect(abs(a - b) <= 1e-12 * a) }
  }

  private func gramNorms(
    _ backend: any NumericBackend, _ count: Int, _ positions: Int, _ inputs: Int, _ outputs: Int, _ u: [Float],
    _ g: [Float]
  ) -> [Double] {
    var norms = [Double](repeating: .nan, count: count)
    u.withUnsafeBufferPointer { u in
      g.withUnsafeBufferPointer { g in
        norms.withUnsafeMutableBufferPointer {
          backend.gramSquaredNorms(
            count: count, positions: positions, inputs: inputs, outputs: outputs, u, g, into: $0)
        }
      }
    }
    return norms
  }

  /// Equal rows whose output gradients cancel but for 2⁻²⁰: in float32 the norm would be lost in rounding, and the example
  /// clipped too little.
  @Test func gramNormsSurviveCancellation() {
    var numbers = Numbers(seed: 21)
    let row = numbers.floats(64)
    let expected = row.reduce(0.0) { $0 + Double($1) * Double($1) } * 0x1p-40
    for backend in both {
      let norm = gramNorms(backend, 1, 2, 64, 1, row + row, [1, -1 + 0x1p-20])[0]
      #expect(abs(norm - expected) < 1e-3 * expected)
      // Exactly cancelling rows have norm 0, and not a negative one.
      #expect(gramNorms(backend, 1, 2, 64, 1, row + row, [1, -1])[0] == 0)
      #expect(gramNorms(backend, 1, 1, 2, 1, [.nan, 1], [1])[0].isNaN)
    }
  }

  // MARK: Losses

  @Test(arguments: [(1, 1, 2), (3, 4, 10), (2, 3, 31), (2, 5, 33), (1, 2, 5000)])
  func tokenCrossEntropy(_ count: Int, _ positions: Int, _ classes: Int) {
    var numbers = Numbers(seed: UInt64(classes))
    for scale in [1, 50, 3000] as [Float] {
      let logits = numbers.floats(count * positions * classes).map { $0 * scale }
      var targets = (0..<count * positions).map { _ in Float(numbers.pick(-1...classes - 1)) }
      targets[0] = 0
      let (expected, got) = (
        tokenLoss(reference, count, positions, classes, logits, targets),
        tokenLoss(fast, count, positions, classes, logits, targets)
      )
      for (a, b) in zip(expected.gradient, got.gradient) { #expect(abs(a - b) < 1e-6) }
      for (a, b) in zip(expected.losses, got.losses) { #expect(abs(a - b) <= 1e-6 * max(1, a) && b > -1e-6) }
    }
  }

  private func tokenLoss(
    _ backend: any NumericBackend, _ count: Int, _ positions: Int, _ classes: Int, _ logits: [Float],
    _ targets: [Float]
  ) -> (losses: [Double], gradient: [Float]) {
    var losses = [Double](repeating: .nan, count: count)
    var gradient = [Float](repeating: .nan, count: count * positions * classes)
    logits.withUnsafeBufferPointer { logits in
      targets.withUnsafeBufferPointer { targets in
        losses.withUnsafeMutableBufferPointer { losses in
          gradient.withUnsafeMutableBufferPointer {
            backend.tokenCrossEntropy(
              count: count, positions: positions, classes: classes, outputs: logits, targets: targets,
              losses: losses, gradient: $0)
          }
        }
      }
    }
    return (losses, gradient)
  }

  /// Ignored positions have no gradient and do not count in the mean; targets that are no class are never an index; logits
  /// that are not finite give a loss that is not, and no trap.
  @Test func targetsAndLogitsAtTheEnds() {
    for backend in both {
      let equal = tokenLoss(backend, 1, 3, 4, [Float](repeating: 2, count: 12), [-1, 3, -1])
      #expect(abs(equal.losses[0] - log(4)) < 1e-7)
      #expect(equal.gradient.enumerated().allSatisfy { (4..<8).contains($0.offset) == ($0.element != 0) })
      for target in [-1, 4, 1e9, -1e30, .nan, .infinity] as [Float] {
        let none = tokenLoss(backend, 1, 1, 4, [1, 2, 3, 4], [target])
        #expect(none.losses == [0] && none.gradient == [0, 0, 0, 0])
      }
      let certain = tokenLoss(backend, 1, 1, 3, [1000, -1000, -.infinity], [0])
      #expect(certain.losses == [0] && certain.gradient == [0, 0, 0])
      for bad in [Float.nan, .infinity] {
        #expect(!tokenLoss(backend, 1, 1, 3, [0, bad, 1], [0]).losses[0].isFinite)
      }
    }
  }

  @Test func lossesOfVectors() {
    var numbers = Numbers(seed: 3)
    let x = numbers.floats(40).map { $0 * 60 } + [1000, -1000]
    let y = x.map { _ in Float(numbers.pick(0...1)) }
    typealias Loss = (any NumericBackend, Floats, Floats, MutableDoubles, MutableFloats) -> Void
    let losses: [Loss] = [
      { $0.binaryCrossEntropy(count: 6, width: 7, outputs: $1, targets: $2, losses: $3, gradient: $4) },
      { $0.meanSquaredError(count: 6, width: 7, outputs: $1, targets: $2, losses: $3, gradient: $4) },
    ]
    for loss in losses {
      let results = both.map { backend in
        var (values, gradient) = ([Double](repeating: .nan, count: 6), [Float](repeating: .nan, count: 42))
        x.withUnsafeBufferPointer { x in
          y.withUnsafeBufferPointer { y in
            values.withUnsafeMutableBufferPointer { values in
              gradient.withUnsafeMutableBufferPointer { loss(backend, x, y, values, $0) }
            }
          }
        }
        return (values: values, gradient: gradient)
      }
      #expect(largestDifference(results[0].gradient, results[1].gradient) < 1e-6)
      for (a, b) in zip(results[0].values, results[1].values) { #expect(abs(a - b) <= 1e-12 * a) }
    }
  }
}
