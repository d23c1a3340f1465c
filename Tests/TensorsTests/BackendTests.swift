import Foundation
import Tensors
import TestSupport
import Testing

/// `OneDNNBackend` against the plain loops, over random shapes.
@Suite struct BackendTests {
  let reference = ReferenceBackend()
  let fast: OneDNNBackend

  init() throws { fast = try OneDNNBackend() }

  /// Both backends write into a buffer that holds what `before` says; returns the largest difference in units of the
  /// largest value.
  private func difference(
    _ count: Int, before: [Float]? = nil, _ compute: (any NumericBackend, MutableFloats) throws -> Void
  ) rethrows -> Float {
    var results: [[Float]] = []
    for backend in [reference, fast] as [any NumericBackend] {
      var values = before ?? [Float](repeating: .nan, count: count)
      try values.withUnsafeMutableBufferPointer { try compute(backend, $0) }
      results.append(values)
    }
    return largestDifference(results[0], results[1])
  }

  @Test(arguments: 0..<40) func products(_ seed: UInt64) throws {
    var numbers = Numbers(seed: seed)
    let product = MatrixProduct(
      m: numbers.pick(1...40), n: numbers.pick(1...40), k: numbers.pick(1...70), transposeA: numbers.pick(0...1) == 1,
      transposeB: numbers.pick(0...1) == 1)
    let (a, b) = (numbers.floats(product.m * product.k), numbers.floats(product.k * product.n))
    for accumulating in [false, true] {
      let before = numbers.floats(product.m * product.n)
      let error = try difference(product.m * product.n, before: before) { backend, c in
        try a.withUnsafeBufferPointer { a in
          try b.withUnsafeBufferPointer { b in
            try backend.multiply(product, a, b, into: c, accumulating: accumulating)
          }
        }
      }
      #expect(error < 1e-5, "\(product)")
    }
  }

  @Test(arguments: 0..<60) func convolutions(_ seed: UInt64) throws {
    var numbers = Numbers(seed: 1000 + seed)
    let channels = [1, 1, 2, 3, 8, 16].randomElement(using: &numbers)!
    let filters = [1, 3, 4, 16, 16, 20].randomElement(using: &numbers)!
    let plane = numbers.geometry(channels: channels, greatestDilation: 3)
    let groups = (1...4).filter { channels % $0 == 0 && filters % $0 == 0 }.randomElement(using: &numbers)!
    let geometry = try ConvolutionGeometry(
      channels: channels, height: plane.height, width: plane.width, outputChannels: filters, window: plane.window,
      dilation: plane.dilation, groups: groups)
    try expectAgreement(geometry, count: numbers.pick(1...5), &numbers)
  }

  /// One channel to sixteen takes a layout of its own; the others are those of the tutorial's network.
  @Test func convolutionsOfKnownNetworks() throws {
    var numbers = Numbers(seed: 7)
    for (channels, size, filters, window) in [
      (1, 28, 16, Window(kernel: 8, stride: 2, padding: .all(3))), (16, 13, 32, Window(kernel: 4, stride: 2)),
      (3, 10, 64, Window(kernel: 3, stride: 1, padding: .all(1))),
      (1, 12, 16, Window(kernel: 4, stride: 2, padding: Padding(top: 0, left: 1, bottom: 3, right: 2))),
      (256, 2, 256, Window(kernel: 3, stride: 1, padding: .all(1))),
    ] {
      let geometry = try ConvolutionGeometry(
        channels: channels, height: size, width: size, outputChannels: filters, window: window)
      try expectAgreement(geometry, count: 3, &numbers)
    }
  }

  /// Few pixels of many channels: the weight gradient of many examples is taken in parts, the last of them shorter.
  @Test func weightGradientsInParts() throws {
    var numbers = Numbers(seed: 8)
    let geometry = try ConvolutionGeometry(
      channels: 256, height: 4, width: 4, outputChannels: 256, window: Window(kernel: 3, stride: 1, padding: .all(1)))
    let count = 18
    let input = numbers.floats(count * geometry.inputCount), gradient = numbers.floats(count * geometry.outputCount)
    var (together, oneByOne) = (numbers.floats(geometry.weightCount), [Float]())
    oneByOne = together
    try input.withUnsafeBufferPointer { input in
      try gradient.withUnsafeBufferPointer { gradient in
        try together.withUnsafeMutableBufferPointer {
          try fast.addConvolutionWeightGradientSum(
            geometry, count: count, input: input, outputGradient: gradient, to: $0)
        }
        try oneByOne.withUnsafeMutableBufferPointer { sum in
          for i in 0..<count {
            try fast.addConvolutionWeightGradientSum(
              geometry, count: 1, input: input.slice(i * geometry.inputCount, geometry.inputCount),
              outputGradient: gradient.slice(i * geometry.outputCount, geometry.outputCount), to: sum)
          }
        }
      }
    }
    #expect(largestDifference(together, oneByOne) < 1e-5)
  }

  private func expectAgreement(_ geometry: ConvolutionGeometry, count: Int, _ numbers: inout Numbers) throws {
    let input = numbers.floats(count * geometry.inputCount)
    let weights = numbers.floats(geometry.weightCount)
    let bias = numbers.floats(geometry.outputChannels)
    let gradient = numbers.floats(count * geometry.outputCount)
    let before = numbers.floats(geometry.weightCount)
    try input.withUnsafeBufferPointer { input in
      try gradient.withUnsafeBufferPointer { gradient in
        for (hasBias, isRectified) in [(true, false), (false, false), (true, true), (false, true)] {
          let forward = try difference(count * geometry.outputCount) { backend, output in
            try bias.withUnsafeBufferPointer { bias in
              try backend.convolve(
                geometry, count: count, input: input, packedWeights: Floats(try pack(backend, geometry, weights)),
                bias: hasBias ? bias : nil, isRectified: isRectified, output: output)
            }
          }
          #expect(forward < 1e-5, "forward \(geometry)")
        }
        let backward = try difference(count * geometry.inputCount) { backend, inputGradient in
          try backend.convolutionInputGradient(
            geometry, count: count, outputGradient: gradient,
            packedWeights: Floats(try pack(backend, geometry, weights)), inputGradient: inputGradient)
        }
        #expect(backward < 1e-5, "input gradient \(geometry)")
        let sum = try difference(geometry.weightCount, before: before) { backend, sum in
          try backend.addConvolutionWeightGradientSum(
            geometry, count: count, input: input, outputGradient: gradient, to: sum)
        }
        #expect(sum < 1e-5, "weight gradient \(geometry)")
        try expectEqualExampleGradients(geometry, count: count, input, gradient)
      }
    }
  }

  /// Weights in the backend's own form; lives until the test ends.
  private func pack(
    _ backend: any NumericBackend, _ geometry: ConvolutionGeometry, _ weights: [Float]
  ) throws -> MutableFloats {
    var layout = ArenaLayout()
    let region: ArenaRegion<Float> = try layout.reserve(try backend.packedWeightCount(geometry))
    let arena = try Arena(layout)
    Self.arenas.keep(arena)
    try weights.withUnsafeBufferPointer { try backend.packWeights(geometry, weights: $0, into: arena[region]) }
    return arena[region]
  }

  /// Each example's gradient, and its norm by the three ways there are.
  private func expectEqualExampleGradients(
    _ geometry: ConvolutionGeometry, count: Int, _ input: Floats, _ gradient: Floats
  ) throws {
    var norms: [[Double]] = []
    var gradients: [[Float]] = []
    let isShiftable = geometry.window.strideHeight == 1 && geometry.window.strideWidth == 1
    for backend in [reference, fast] as [any NumericBackend] {
      let width = try backend.exampleGradientCount(geometry)
      var formed = [Float](repeating: .nan, count: count * width)
      var plain = [Float](repeating: 0, count: count * geometry.weightCount)
      var ofFormed = [Double](repeating: .nan, count: count)
      try formed.withUnsafeMutableBufferPointer { formed in
        try ofFormed.withUnsafeMutableBufferPointer {
          try backend.convolutionExampleGradients(
            geometry, count: count, input: input, outputGradient: gradient, gradients: formed, squaredNorms: $0)
        }
        try plain.withUnsafeMutableBufferPointer { plain in
          for i in 0..<count {
            try backend.addExampleGradient(
              geometry, Floats(formed).slice(i * width, width),
              to: plain.slice(i * geometry.weightCount, geometry.weightCount))
          }
        }
      }
      norms.append(ofFormed)
      gradients.append(plain)
      var (one, ofOne) = ([Float](repeating: .nan, count: width), ofFormed.map { _ in Double.nan })
      try one.withUnsafeMutableBufferPointer { one in
        try ofOne.withUnsafeMutableBufferPointer {
          try backend.convolutionExampleGradients(
            geometry, count: count, input: input, outputGradient: gradient, gradients: one, squaredNorms: $0)
        }
      }
      #expect(count == 0 || ofOne == ofFormed)
      for form in isShiftable ? [GhostForm.patches, .shifted] : [.patches] {
        norms.append(try ghostNorms(backend, geometry, form, count: count, input, gradient))
      }
    }
    #expect(largestDifference(gradients[0], gradients[1]) < 1e-5, "example gradients \(geometry)")
    for other in norms {
      for (a, b) in zip(other, norms[0]) { #expect(abs(a - b) <= 1e-5 * b + 1e-9, "norms \(geometry)") }
    }
  }

  private func ghostNorms(
    _ backend: any NumericBackend, _ geometry: ConvolutionGeometry, _ form: GhostForm, count: Int, _ input: Floats,
    _ gradient: Floats
  ) throws -> [Double] {
    var ghost = [Double](repeating: .nan, count: count)
    var scratch = [Float](repeating: .nan, count: try backend.ghostScratchCount(geometry, form))
    try scratch.withUnsafeMutableBufferPointer { scratch in
      try ghost.withUnsafeMutableBufferPointer { ghost in
        try backend.ghostSquaredNorms(
          geometry, form, count: count, input: input, outputGradient: gradient, scratch: scratch, into: ghost)
      }
    }
    return ghost
  }

  /// Two equal patches whose output gradients cancel but for 2⁻²⁰: in float32 the ghost norm would be lost in rounding.
  @Test func ghostNormsSurviveCancellation() throws {
    let geometry = try ConvolutionGeometry(
      channels: 64, height: 1, width: 2, outputChannels: 1, window: Window(kernel: 1, stride: 1))
    var numbers = Numbers(seed: 21)
    let pixel = numbers.floats(64)
    let rest: Float = 0x1p-20
    let expected = pixel.reduce(0.0) { $0 + Double($1) * Double($1) } * Double(rest) * Double(rest)
    for backend in [reference, fast] as [any NumericBackend] {
      for form in [GhostForm.patches, .shifted] {
        let norm = try (pixel + pixel).withUnsafeBufferPointer { input in
          try [1, -1 + rest].withUnsafeBufferPointer {
            try ghostNorms(backend, geometry, form, count: 1, input, $0)
          }
        }
        #expect(abs(norm[0] - expected) < 1e-3 * expected)
      }
    }
  }

  @Test(arguments: 0..<40) func pools(_ seed: UInt64) throws {
    var numbers = Numbers(seed: 2000 + seed)
    let geometry = numbers.geometry(channels: [1, 3, 16, 20, 32].randomElement(using: &numbers)!)
    let count = numbers.pick(1...4)
    let input = numbers.floats(count * geometry.inputCount)
    let gradient = numbers.floats(count * geometry.outputCount)
    var winners = [[UInt16]](repeating: .init(repeating: 9999, count: count * geometry.outputCount), count: 2)
    input.withUnsafeBufferPointer { input in
      gradient.withUnsafeBufferPointer { gradient in
        var backendIndex = 0
        let greatest = difference(count * geometry.outputCount) { backend, output in
          winners[backendIndex].withUnsafeMutableBufferPointer {
            backend.maxPool(geometry, count: count, input: input, output: output, winners: $0)
          }
          backendIndex += 1
        }
        #expect(greatest == 0)
        #expect(winners[0] == winners[1])
        let spread = difference(count * geometry.inputCount) { backend, inputGradient in
          winners[0].withUnsafeMutableBufferPointer {
            backend.maxPoolInputGradient(
              geometry, count: count, outputGradient: gradient, winners: $0, inputGradient: inputGradient)
          }
        }
        #expect(spread < 1e-6)
        #expect(
          difference(count * geometry.outputCount) {
            $0.averagePool(geometry, count: count, input: input, output: $1)
          } < 1e-6)
        #expect(
          difference(count * geometry.inputCount) {
            $0.averagePoolInputGradient(geometry, count: count, outputGradient: gradient, inputGradient: $1)
          } < 1e-6)
      }
    }
  }

  /// A window of nothing but −∞ has no winner, and its gradient must not be written outside the image.
  @Test func poolWithoutWinner() throws {
    let geometry = try WindowGeometry(
      channels: 3, height: 2, width: 2,
      window: Window(kernel: 2, stride: 1, padding: Padding(top: 1, left: 1, bottom: 1, right: 1)))
    let input = [Float](repeating: -.infinity, count: geometry.inputCount)
    let gradient = [Float](repeating: 1, count: geometry.outputCount)
    for backend in [reference, fast] as [any NumericBackend] {
      var output = [Float](repeating: 0, count: geometry.outputCount)
      var winners = [UInt16](repeating: 0, count: geometry.outputCount)
      // One more on each side, to see what is written there.
      var spread = [Float](repeating: 7, count: geometry.inputCount + 32)
      input.withUnsafeBufferPointer { input in
        winners.withUnsafeMutableBufferPointer { winners in
          output.withUnsafeMutableBufferPointer {
            backend.maxPool(geometry, count: 1, input: input, output: $0, winners: winners)
          }
          gradient.withUnsafeBufferPointer { gradient in
            spread.withUnsafeMutableBufferPointer {
              backend.maxPoolInputGradient(
                geometry, count: 1, outputGradient: gradient, winners: winners,
                inputGradient: $0.slice(16, geometry.inputCount))
            }
          }
        }
      }
      #expect(spread.prefix(16).allSatisfy { $0 == 7 } && spread.suffix(16).allSatisfy { $0 == 7 })
      #expect(output.allSatisfy { $0 == -.infinity })
    }
  }

  @Test(arguments: [1, 5, 16, 31, 100]) func elementwise(_ count: Int) {
    var numbers = Numbers(seed: UInt64(count))
    let (x, g) = (numbers.floats(count).map { $0 * 4 }, numbers.floats(count))
    x.withUnsafeBufferPointer { x in
      g.withUnsafeBufferPointer { g in
        #expect(difference(count) { $0.relu(x, output: $1) } == 0)
        #expect(difference(count) { $0.reluInputGradient(output: x, outputGradient: g, inputGradient: $1) } == 0)
        #expect(difference(count) { $0.tanh(x, output: $1) } < 5e-7)
        #expect(difference(count) { $0.tanhInputGradient(output: x, outputGradient: g, inputGradient: $1) } < 1e-6)
      }
    }
    // In place, as the networks do it.
    #expect(difference(count, before: x.map { $0 }) { $0.relu(Floats($1), output: $1) } == 0)
    #expect(difference(count, before: x.map { $0 }) { $0.tanh(Floats($1), output: $1) } < 5e-7)
  }

  /// The polynomial against libm in float64: 4 ulp, and the ends.
  @Test func hyperbolicTangent() {
    let points =
      (-4000...4000).map { Float($0) * 0.0051 } + (0..<200).map { Float(Foundation.pow(10.0, -Double($0) / 10)) }
    let special: [Float] = [0, 30, -30, .infinity, -.infinity, .greatestFiniteMagnitude, .leastNonzeroMagnitude]
    var values = points + special
    values.withUnsafeMutableBufferPointer { fast.tanh(Floats($0), output: $0) }
    for (x, y) in zip(points + special, values) {
      let exact = Float(Foundation.tanh(Double(x)))
      #expect(abs(y - exact) <= 4 * max(exact.ulp, .leastNormalMagnitude), "tanh(\(x)) = \(y), not \(exact)")
    }
    var nan: [Float] = [.nan]
    nan.withUnsafeMutableBufferPointer { fast.tanh(Floats($0), output: $0) }
    #expect(nan[0].isNaN)
  }

  @Test(arguments: [(1, 2), (3, 10), (17, 1), (5, 1000)]) func crossEntropy(_ count: Int, _ classes: Int) {
    var numbers = Numbers(seed: UInt64(classes))
    // Large logits would overflow without the shift.
    let logits = numbers.floats(count * classes).map { $0 * 500 }
    let labels = (0..<count).map { _ in Float(numbers.pick(0...classes - 1)) }
    var losses: [[Double]] = []
    let error = logits.withUnsafeBufferPointer { logits in
      labels.withUnsafeBufferPointer { labels in
        difference(count * classes) { backend, gradient in
          var loss = [Double](repeating: .nan, count: count)
          loss.withUnsafeMutableBufferPointer {
            backend.softmaxCrossEntropy(
              count: count, classes: classes, logits: logits, labels: labels, losses: $0, gradient: gradient)
          }
          losses.append(loss)
        }
      }
    }
    #expect(error < 1e-6)
    for (a, b) in zip(losses[0], losses[1]) { #expect(abs(a - b) <= 1e-12 * max(1, abs(b)) && a >= 0) }
  }

  /// Both backends drop the same; the share that stays has 8 deviations of room: false alarm 1e-15.
  @Test(arguments: [0, 0.1, 0.5, 0.99]) func dropOut(_ rate: Double) {
    let (rows, columns) = (3, 4001)
    let ones = [Float](repeating: 1, count: rows * columns)
    var results: [[Float]] = []
    for backend in [reference, fast] as [any NumericBackend] {
      var output = [Float](repeating: .nan, count: rows * columns)
      ones.withUnsafeBufferPointer { ones in
        [UInt64(5), 6, 5].withUnsafeBufferPointer { seeds in
          output.withUnsafeMutableBufferPointer {
            backend.dropOut(rate: rate, salt: 3, seeds: seeds, columns: columns, ones, output: $0)
          }
        }
      }
      results.append(output)
    }
    let output = results[0]
    #expect(output == results[1])
    let scale = Float(1 / (1 - rate))
    #expect(output.allSatisfy { $0 == 0 || $0 == scale })
    let kept = Double(output[..<(2 * columns)].count { $0 != 0 })
    let expected = 2 * Double(columns) * (1 - rate)
    #expect(abs(kept - expected) <= 8 * (expected * rate).squareRoot())
    #expect(output[..<columns] == output[(2 * columns)...])
    #expect(rate == 0 || output[..<columns] != output[columns..<(2 * columns)])
  }

  @Test(arguments: [(1, 1), (4, 16), (7, 33), (9, 130), (2, 1000)]) func rows(_ rows: Int, _ columns: Int) {
    var numbers = Numbers(seed: UInt64(rows * columns))
    let matrix = numbers.floats(rows * columns)
    let (factors, sum) = (numbers.floats(rows), numbers.floats(columns))
    matrix.withUnsafeBufferPointer { m in
      factors.withUnsafeBufferPointer { f in
        sum.withUnsafeBufferPointer { s in
          #expect(difference(0, before: matrix) { $0.addToRows(s, rows: rows, columns: columns, $1) } == 0)
          #expect(difference(rows * columns) { $0.scaleRows(rows: rows, columns: columns, m, by: f, output: $1) } == 0)
          #expect(
            difference(0, before: sum) {
              $0.addWeightedRowSum(rows: rows, columns: columns, m, factors: f, to: $1)
            } < 1e-6)
          #expect(difference(0, before: sum) { $0.addRowSum(rows: rows, columns: columns, m, to: $1) } < 1e-6)
          #expect(difference(0, before: matrix) { $0.add(m, to: $1) } == 0)
          #expect(
            difference(columns) { $0.groupRowSums(groups: 1, group: rows, columns: columns, m, output: $1) } < 1e-6)
          #expect(
            difference(rows * columns) { $0.groupRowSums(groups: rows, group: 1, columns: columns, m, output: $1) } == 0
          )
        }
      }
      var norms = [[Double]](repeating: .init(repeating: .nan, count: rows), count: 2)
      for (i, backend) in ([reference, fast] as [any NumericBackend]).enumerated() {
        norms[i].withUnsafeMutableBufferPointer { backend.rowSquaredNorms(rows: rows, columns: columns, m, into: $0) }
      }
      for (a, b) in zip(norms[0], norms[1]) { #expect(abs(a - b) <= 1e-14 * b) }
    }
  }

  private static let arenas = ArenaKeeper()
}

/// Keeps packed weights alive.
private final class ArenaKeeper: @unchecked Sendable {
  private let lock = NSLock()
  private var arenas: [Arena] = []
  func keep(_ arena: Arena) { lock.withLock { arenas.append(arena) } }
}

/// In units of the largest value; NaN counts as infinite.
func largestDifference(_ a: [Float], _ b: [Float]) -> Float {
  let scale = max(a.map(abs).max() ?? 0, 1e-30)
  return zip(a, b).map { a, b in a == b ? 0 : (abs(a - b).isNaN ? .infinity : abs(a - b) / scale) }.max() ?? 0
}
