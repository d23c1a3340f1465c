import Foundation
import Tensors
import TestSupport
import Testing

/// Normalization, embedding, recurrent and attention kernels against the plain loops.
@Suite struct SequenceLayerKernelTests {
  let reference = ReferenceBackend()
  let fast: OneDNNBackend

  init() throws { fast = try OneDNNBackend() }

  private var both: [any NumericBackend] { [reference, fast] }

  static let normalizations: [(Normalization.Kind, Int, Int)] = [
    (.layer, 3, 3), (.layer, 4, 33), (.layer, 1, 256), (.rootMeanSquare, 5, 40), (.group(2), 6, 4), (.group(3), 1, 9),
    (.group(1), 10, 16), (.group(20), 7, 20),
  ]

  @Test(arguments: normalizations, [0, 1000] as [Float])
  func normalization(_ sizes: (Normalization.Kind, Int, Int), _ shift: Float) throws {
    let normalization = try Normalization(sizes.0, rows: sizes.1, columns: sizes.2, epsilon: 1e-5)
    var numbers = Numbers(seed: UInt64(normalization.count))
    // A large mean must cost no more digits than the input itself has lost.
    let x = Values(numbers.floats(3 * normalization.count).map { $0 + shift })
    let dy = Values(numbers.floats(3 * normalization.count))
    let (weight, bias) = (Values(numbers.floats(sizes.2)), Values(numbers.floats(sizes.2)))
    let results = both.map { backend in
      let y = Values(count: 3 * normalization.count), dx = Values(count: 3 * normalization.count)
      let statistics = Values(count: 3 * normalization.statisticsCount)
      let parameters = Values(count: 3 * normalization.parameterCount)
      let scratch = Values(count: normalization.scratchCount)
      backend.normalize(
        normalization, count: 3, input: x.floats, weight: weight.floats,
        bias: normalization.hasBias ? bias.floats : nil,
        output: y.buffer, statistics: statistics.buffer, scratch: scratch.buffer)
      for wanted in [nil, dx] {
        backend.normalizationGradients(
          normalization, count: 3, input: x.floats, weight: weight.floats, statistics: statistics.floats,
          outputGradient: dy.floats, inputGradient: wanted?.buffer, parameterGradients: parameters.buffer,
          scratch: scratch.buffer)
      }
      return [y.array, dx.array, parameters.array]
    }
    for (a, b) in zip(results[0], results[1]) { #expect(largestDifference(a, b) < (shift == 0 ? 2e-6 : 1e-4)) }
  }

  @Test func normalizationsThatCannotBe() {
    for (groups, columns, epsilon) in [(3, 4, 1e-5), (0, 4, 1e-5), (2, 4, 0), (2, 4, -.infinity), (2, 4, .nan)] {
      #expect(throws: TensorError.self) {
        try Normalization(.group(groups), rows: 2, columns: columns, epsilon: epsilon)
      }
    }
    #expect(throws: TensorError.self) { try Normalization(.layer, rows: 1 << 40, columns: 1 << 40, epsilon: 1) }
  }

  // MARK: Embedding

  @Test(arguments: 0..<20) func embedding(_ seed: UInt64) throws {
    var numbers = Numbers(seed: seed)
    let (vocabulary, dimension) = (numbers.pick(1...40), [1, 3, 16, 20, 37].randomElement(using: &numbers)!)
    let (count, positions) = (numbers.pick(1...4), numbers.pick(1...30))
    let padding = [nil, numbers.pick(0...vocabulary - 1)].randomElement(using: &numbers)!
    let table = Values(numbers.floats(vocabulary * dimension))
    let dy = Values(numbers.floats(count * positions * dimension))
    // Some tokens have no row: they are never an index.
    let strange: [Float] = [-1, Float(vocabulary), 1e20, -.infinity, .nan]
    let tokens = Values(
      (0..<count * positions).map { _ -> Float in
        if numbers.pick(0...9) == 0 { return strange.randomElement(using: &numbers)! }
        return Float(numbers.pick(0...vocabulary - 1))
      })
    let factors = Values(numbers.floats(count))
    let results = try both.map { backend in
      let (y, sum, plain) = (Values(count: dy.array.count), Values(table.array), Values(table.array))
      backend.embed(
        count: count * positions, vocabulary: vocabulary, dimension: dimension, tokens: tokens.floats,
        table: table.floats, output: y.buffer)
      for (target, factors) in [(sum, factors.floats), (plain, nil)] {
        backend.addEmbeddingGradientSum(
          count: count, positions: positions, vocabulary: vocabulary, dimension: dimension, padding: padding,
          tokens: tokens.floats, outputGradient: dy.floats, factors: factors, to: target.buffer)
      }
      let scratch = Values(count: try backend.embeddingScratchCount(positions: positions, dimension: dimension))
      var norms = [Double](repeating: .nan, count: count)
      norms.withUnsafeMutableBufferPointer {
        backend.embeddingSquaredNorms(
          count: count, positions: positions, vocabulary: vocabulary, dimension: dimension, padding: padding,
          tokens: tokens.floats, outputGradient: dy.floats, scratch: scratch.buffer, into: $0)
      }
      return (arrays: [y.array, sum.array, plain.array], norms: norms)
    }
    for (a, b) in zip(results[0].arrays, results[1].arrays) { #expect(largestDifference(a, b) < 1e-6) }
    for (a, b) in zip(results[0].norms, results[1].norms) { #expect(abs(a - b) <= 1e-12 * a) }
  }

  /// The mean of an embedding against the embedding and its rows; vocabularies that have a place for each token, and that
  /// have not.
  @Test(arguments: 0..<20) func meanEmbedding(_ seed: UInt64) throws {
    var numbers = Numbers(seed: seed)
    let vocabulary = [numbers.pick(1...40), 40_000][Int(seed % 2)], dimension = [1, 3, 16, 20, 37][Int(seed % 5)]
    let (count, positions) = (numbers.pick(1...4), numbers.pick(1...30))
    let geometry = MeanEmbeddingGeometry(
      positions: positions, vocabulary: vocabulary, dimension: dimension,
      padding: [nil, numbers.pick(0...vocabulary - 1)].randomElement(using: &numbers)!)
    let table = Values(numbers.floats(vocabulary * dimension)), dy = Values(numbers.floats(count * dimension))
    // A few different tokens, far apart, so that they repeat; and some without a row.
    let few = (0..<8).map { _ in Float(numbers.pick(0...vocabulary - 1)) } + [-1, Float(vocabulary), .nan]
    let tokens = Values((0..<count * positions).map { _ in few.randomElement(using: &numbers)! })
    let factors = Values(numbers.floats(count))
    let results = both.map { backend in
      let (y, sum, plain) = (Values(count: dy.array.count), Values(table.array), Values(table.array))
      backend.embedMeans(geometry, count: count, tokens: tokens.floats, table: table.floats, output: y.buffer)
      for (target, factors) in [(sum, factors.floats), (plain, nil)] {
        backend.addMeanEmbeddingGradientSum(
          geometry, count: count, tokens: tokens.floats, outputGradient: dy.floats, factors: factors,
          to: target.buffer)
      }
      // What is in the scratch must not matter.
      let scratch = Values(Array(repeating: Float(1), count: backend.meanEmbeddingScratchCount(geometry)))
      var norms = [Double](repeating: .nan, count: count)
      norms.withUnsafeMutableBufferPointer {
        backend.meanEmbeddingSquaredNorms(
          geometry, count: count, tokens: tokens.floats, outputGradient: dy.floats, scratch: scratch.buffer, into: $0)
      }
      return (arrays: [y.array, sum.array, plain.array], norms: norms)
    }
    for (a, b) in zip(results[0].arrays, results[1].arrays) { #expect(largestDifference(a, b) < 1e-6) }
    // The reference rounds the gradient of a position to float32.
    for (a, b) in zip(results[0].norms, results[1].norms) { #expect(abs(a - b) <= 1e-6 * a) }
  }

  /// Equal tokens whose rows cancel, and tokens that all fall into one slot of the hash table.
  @Test func embeddingNorms() throws {
    for backend in both {
      let scratch = Values(count: try backend.embeddingScratchCount(positions: 4, dimension: 2))
      var norms = [Double.nan]
      func norm(_ tokens: [Float], _ rows: [Float]) -> Double {
        let (tokens, rows) = (Values(tokens), Values(rows))
        norms.withUnsafeMutableBufferPointer {
          backend.embeddingSquaredNorms(
            count: 1, positions: 4, vocabulary: 1 << 24, dimension: 2, padding: nil, tokens: tokens.floats,
            outputGradient: rows.floats, scratch: scratch.buffer, into: $0)
        }
        return norms[0]
      }
      #expect(norm([5, 5, 5, 5], [1, 2, 1, 2, 1, 2, 1, 2]) == 16 * 5)
      #expect(norm([5, 6, 7, 8], [1, 2, 1, 2, 1, 2, 1, 2]) == 4 * 5)
      #expect(norm([5, 5, 9, 5], [3, 0, -3, 0x1p-20, 0, 0, 0, 0]) == 0x1p-40)
      #expect(norm([0, 0x1p20, 0x1p21, 0x1p22], [1, 2, 1, 2, 1, 2, 1, 2]) == 4 * 5)
    }
  }

  @Test(arguments: [(1, 1, 1), (5, 3, 7), (4, 9, 16), (7, 2, 33)])
  func tiedInnerProduct(_ heads: Int, _ positions: Int, _ dimension: Int) {
    var numbers = Numbers(seed: UInt64(dimension))
    let geometry = TiedGeometry(
      headPositions: heads, positions: positions, vocabulary: 6, dimension: dimension, padding: 2)
    let tokens = Values((0..<positions).map { _ in Float(numbers.pick(0...5)) })
    let (h, p, e) = (
      Values(numbers.floats(heads * dimension)), Values(numbers.floats(heads * 6)),
      Values(numbers.floats(positions * dimension))
    )
    let results = both.map {
      $0.tiedInnerProduct(
        geometry, tokens: tokens.floats, input: h.floats, outputGradient: p.floats, embeddingGradient: e.floats)
    }
    #expect(abs(results[0] - results[1]) <= 1e-12 * max(1, abs(results[0])))
  }

  // MARK: Recurrent layers

  @Test(
    arguments: [RecurrentGeometry.Cell.lstm, .gru],
    [(1, 1, 1, 1), (5, 4, 3, 16), (3, 6, 40, 17), (9, 2, 5, 70), (4, 3, 2, 100)])
  func recurrent(_ cell: RecurrentGeometry.Cell, _ sizes: (Int, Int, Int, Int)) throws {
    let count = sizes.0
    let geometry = try RecurrentGeometry(cell, steps: sizes.1, inputs: sizes.2, units: sizes.3)
    var numbers = Numbers(seed: UInt64(sizes.3))
    let weights = [
      geometry.inputWeightCount, geometry.hiddenWeightCount, geometry.biasCount, geometry.biasCount,
    ].map { Values(numbers.floats($0)) }
    let (x, dh) = (
      Values(numbers.floats(count * geometry.inputCount)), Values(numbers.floats(count * geometry.outputCount))
    )
    let results = try both.map { backend in
      let packed = Values(count: backend.packedWeightCount(geometry))
      backend.packWeights(
        geometry,
        RecurrentWeights(
          input: weights[0].floats, hidden: weights[1].floats, inputBias: weights[2].floats,
          hiddenBias: weights[3].floats), into: packed.buffer)
      // One more float, which nobody may write.
      let state = Values(count: count * geometry.stateCount + 1)
      let h = Values(count: count * geometry.outputCount + 1)
      let scratch = Values(count: try backend.recurrentScratchCount(geometry, count: count))
      backend.recur(
        geometry, count: count, input: x.floats, packedWeights: packed.floats, output: h.buffer, state: state.buffer,
        scratch: scratch.buffer)
      var gradients: [[Float]] = []
      // Backward may run twice after one forward pass.
      for _ in 0..<2 {
        backend.recurrentGateGradients(
          geometry, count: count, packedWeights: packed.floats, output: h.floats, state: state.buffer,
          outputGradient: dh.floats, scratch: scratch.buffer)
        gradients.append(state.array)
      }
      #expect(gradients[0].dropLast() == gradients[1].dropLast())
      #expect(state.array.last!.isNaN && h.array.last!.isNaN)
      return [Array(h.array.dropLast()), Array(state.array.dropLast())]
    }
    for (a, b) in zip(results[0], results[1]) { #expect(largestDifference(a, b) < 3e-6) }
  }

  @Test func recurrentSizesThatCannotBe() {
    for sizes in [(0, 1, 1), (1, 0, 1), (1, 1, 0), (1 << 40, 1, 1), (1, 1 << 40, 1), (1, 1, 1 << 30), (1, 1, .max)] {
      #expect(throws: TensorError.self) {
        try RecurrentGeometry(.lstm, steps: sizes.0, inputs: sizes.1, units: sizes.2)
      }
    }
  }

  // MARK: Attention

  @Test(arguments: [1, 2, 15, 16, 31, 33, 70], [true, false])
  func attention(_ size: Int, _ isCausal: Bool) {
    var numbers = Numbers(seed: UInt64(size))
    let count = 3 * size * size
    for scale in [0.125, 100] as [Float] {
      let (scores, gradient) = (numbers.floats(count), numbers.floats(count))
      let results = both.map { backend in
        let (p, d) = (Values(scores), Values(gradient))
        backend.attentionSoftmax(matrices: 3, size: size, scale: scale, isCausal: isCausal, p.buffer)
        backend.attentionSoftmaxGradient(
          matrices: 3, size: size, scale: scale, isCausal: isCausal, probabilities: p.floats, d.buffer)
        return [p.array, d.array]
      }
      #expect(largestDifference(results[0][0], results[1][0]) < 1e-5)
      // Where the softmax is all but certain the gradient is a difference of nearly equal numbers.
      for (a, b) in zip(results[0][1], results[1][1]) { #expect(abs(a - b) < 1e-6 * max(1, scale)) }
      for row in 0..<3 * size {
        let p = results[1][0][row * size..<(row + 1) * size]
        #expect(abs(p.reduce(0, +) - 1) < 1e-5)
        if isCausal { #expect(p.dropFirst(row % size + 1).allSatisfy { $0 == 0 }) }
      }
    }
  }

  /// What a causal position may not see has no influence, whatever it is.
  @Test func causalAttentionIgnoresTheFuture() {
    for backend in both {
      let scores = Values([1, .nan, .infinity, 2, 3, .nan, 1, 1, 1])
      backend.attentionSoftmax(matrices: 1, size: 3, scale: 1, isCausal: true, scores.buffer)
      #expect(scores.array[0..<3] == [1, 0, 0] && scores.array.allSatisfy { $0.isFinite })
    }
  }
}

/// Floats in memory of their own, aligned like an arena's; NaN where nothing was written.
final class Values {
  let buffer: MutableFloats

  init(count: Int) {
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(count, 1) * 4, alignment: 64)
    buffer = MutableFloats(start: memory.bindMemory(to: Float.self).baseAddress, count: count)
    buffer.initialize(repeating: .nan)
  }

  convenience init(_ values: [Float]) {
    self.init(count: values.count)
    _ = buffer.update(from: values)
  }

  deinit { UnsafeMutableRawPointer(buffer.baseAddress)?.deallocate() }

  var floats: Floats { Floats(buffer) }
  var array: [Float] { Array(buffer) }
}
