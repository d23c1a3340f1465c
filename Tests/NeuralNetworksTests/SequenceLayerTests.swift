import NeuralNetworks
import Tensors
import TestSupport
import Testing

/// Layers over sequences, norms, attention and losses, inside networks: gradients against differences of the loss, and
/// per-example norms and sums against batches of one.
@Suite struct SequenceLayerTests {
  struct Setting: Sendable, CustomTestStringConvertible {
    let sequence: SequenceCase
    let backend: BackendKind
    var testDescription: String { "\(sequence.name) \(backend.rawValue)" }
  }

  static let settings = SequenceCase.all.flatMap { sequence in
    BackendKind.allCases.map { Setting(sequence: sequence, backend: $0) }
  }

  /// Central differences of the loss, in float32; see `LayerTests.finiteDifferences`. The padding row of an embedding has no
  /// gradient although the loss depends on it, unless it is the output layer's too.
  @Test(arguments: settings) func finiteDifferences(_ setting: Setting) throws {
    let batch = try SequenceBatch(setting.sequence, setting.backend)
    let engine = try batch.engine()
    let weights: [Float] = [1, -0.5, 2, 0.25]
    let gradient = try engine.gradientSum(batch.parameters, factors: weights)
    let scale = try #require(gradient.map(abs).max())
    func loss(_ i: Int, _ step: Float) throws -> Double {
      var parameters = batch.parameters
      parameters[i] += step
      try engine.evaluate(parameters: parameters)
      return zip(engine.losses, weights).reduce(0) { $0 + $1.0 * Double($1.1) }
    }
    let padding = try setting.sequence.paddingRow()
    for i in gradient.indices where !padding.contains(i) {
      let errors = try [0x1p-6, 0x1p-8, 0x1p-10, 0x1p-12].map { (step: Float) in
        abs((try loss(i, step) - loss(i, -step)) / Double(2 * step) - Double(gradient[i]))
      }
      #expect(try #require(errors.min()) < 2e-3 * Double(scale), "parameter \(i): \(errors)")
    }
    if !setting.sequence.isTied { #expect(padding.allSatisfy { gradient[$0] == 0 }) }
  }

  /// By every method that the layers have: an example's norm, and what it adds to the sum, are those of the plain gradient
  /// of a batch that holds it alone.
  @Test(arguments: settings) func batchesOfOne(_ setting: Setting) throws {
    let batch = try SequenceBatch(setting.sequence, setting.backend)
    let alone = try batch.examples.indices.map { index in
      try batch.engine(rows: [index]) { $0.mode = .batch }.gradientSum(batch.parameters)
    }
    for overrides in batch.network.everyMethod {
      let engine = try batch.engine { $0.bookKeeping = overrides }
      for i in batch.examples.indices {
        var factors = [Float](repeating: 0, count: batch.examples.count)
        factors[i] = 0.5
        let sum = try engine.gradientSum(batch.parameters, factors: factors)
        #expect(relativeError(sum, alone[i].map { Double($0) / 2 }) < 1e-5, "\(overrides)")
        for parameter in batch.network.parameters {
          let expected = alone[i][parameter.range].reduce(0.0) { $0 + Double($1) * Double($1) }
          let norms = try #require(engine.parameterSquaredNorms(of: parameter.name))
          #expect(abs(norms[i] - expected) <= 1e-5 * expected + 1e-12, "\(parameter.name) \(overrides)")
        }
        let squaredNorm = alone[i].reduce(0.0) { $0 + Double($1) * Double($1) }
        #expect(abs(engine.squaredNorms[i] - squaredNorm) <= 1e-5 * squaredNorm, "\(overrides)")
      }
      let whole = try engine.gradientSum(batch.parameters, factors: [1, 0.25, -2, 0.5])
      let expected = alone[0].indices.map { j in
        zip(alone, [1, 0.25, -2, 0.5]).reduce(0.0) { $0 + Double($1.0[j]) * $1.1 }
      }
      #expect(relativeError(whole, expected) < 1e-5, "\(overrides)")
    }
  }

  /// A plain sum, and sums from several blocks and threads, are one and the same.
  @Test(arguments: settings) func blocksAndModes(_ setting: Setting) throws {
    let batch = try SequenceBatch(setting.sequence, setting.backend)
    let sum = try batch.engine().gradientSum(batch.parameters)
    for (mode, threads, block) in [
      (GradientMode.batch, 1, 4), (.batch, 2, 1), (.perExample, 1, 3), (.perExample, 2, 1),
    ] {
      let engine = try batch.engine {
        $0.mode = mode
        $0.threads = threads
        $0.blockSize = block
      }
      #expect(relativeError(try engine.gradientSum(batch.parameters), sum.map { Double($0) }) < 1e-5)
    }
  }

  /// What an example gives does not depend on the others: to the bit, because privacy rests on it.
  @Test(arguments: settings) func independence(_ setting: Setting) throws {
    var batch = try SequenceBatch(setting.sequence, setting.backend, count: 5)
    for overrides in batch.network.everyMethod {
      let engine = try batch.engine { $0.bookKeeping = overrides }
      let gradient = try engine.gradientSum(batch.parameters, factors: [0, 0, 1, 0, 0])
      let (loss, norm) = (engine.losses[2], engine.squaredNorms[2])
      var numbers = Numbers(seed: 99)
      for row in [0, 1, 3, 4] {
        batch.examples[row] = SequenceBatch.example(batch.network, &numbers)
        if batch.network.vocabulary == nil { batch.examples[row] = batch.examples[row].map { $0 * 30 } }
        try batch.load(row, into: engine, row: row)
      }
      #expect(try engine.gradientSum(batch.parameters, factors: [0, 0, 1, 0, 0]) == gradient, "\(overrides)")
      #expect(engine.losses[2] == loss && engine.squaredNorms[2] == norm, "\(overrides)")
    }
  }

  /// An example whose gradient is not finite counts as 0, and spoils nothing.
  @Test(arguments: settings) func examplesThatAreNotFinite(_ setting: Setting) throws {
    var batch = try SequenceBatch(setting.sequence, setting.backend)
    guard batch.network.vocabulary == nil else { return }
    let good = batch.examples[1]
    for overrides in batch.network.everyMethod {
      batch.examples[1] = good
      let without = try batch.engine { $0.bookKeeping = overrides }.gradientSum(
        batch.parameters, factors: [1, 0, 1, 1])
      for bad in [Float.nan, .infinity, -.infinity, 3e38, -3e38] {
        batch.examples[1] = [bad] + good.dropFirst()
        let engine = try batch.engine { $0.bookKeeping = overrides }
        let sum = try engine.gradientSum(batch.parameters)
        if engine.squaredNorms[1].isFinite { continue }
        #expect(engine.factors[1] == 0)
        #expect(relativeError(sum, without.map { Double($0) }) < 1e-6, "\(overrides) \(bad)")
      }
    }
  }

  @Test(arguments: SequenceCase.all) func backendsAgree(_ sequence: SequenceCase) throws {
    let results = try BackendKind.allCases.map { backend in
      let batch = try SequenceBatch(sequence, backend)
      let engine = try batch.engine()
      let sum = try engine.gradientSum(batch.parameters, factors: [1, 0.5, 2, -1])
      return (norms: Array(engine.squaredNorms), sum: sum, losses: Array(engine.losses))
    }
    #expect(worstRelativeDifference(results[1].norms, results[0].norms) < 2e-5)
    #expect(worstRelativeDifference(results[1].losses, results[0].losses) < 1e-5)
    #expect(relativeError(results[1].sum, results[0].sum.map { Double($0) }) < 1e-5)
  }

  /// A table that is embedding and output layer has the sum a + b of two gradients: its squared norm is |a|² + |b|² + 2⟨a, b⟩,
  /// with a and b those of two tables that hold the same values.
  @Test(arguments: BackendKind.allCases) func tiedTableHasCrossTerms(_ backend: BackendKind) throws {
    let tied = try SequenceBatch(SequenceCase.all.first { $0.name == "tied language model" }!, backend)
    let table = tied.network.parameters[0]
    let engine = try tied.engine()
    _ = try engine.gradientSum(tied.parameters)
    let apart = try GradientEngine(
      network: Network(
        inputShape: Shape([5]), nodes: SequenceCase.languageModel(isTied: false, isCausal: false),
        loss: .tokenCrossEntropy),
      configuration: EngineConfiguration(batchSize: 4, backend: backend))
    let places = try ["wte.weight", "head.weight"].map { try #require(apart.network.parameter(named: $0)).range }
    var greatest = 0.0
    for i in 0..<4 {
      for row in 0..<4 { try tied.load(row, into: apart, row: row) }
      var factors: [Float] = [0, 0, 0, 0]
      factors[i] = 1
      let gradient = try apart.gradientSum(tied.parameters + tied.parameters[table.range], factors: factors)
      let cross = zip(gradient[places[0]], gradient[places[1]]).reduce(0.0) { $0 + 2 * Double($1.0) * Double($1.1) }
      let expected = apart.squaredNorms[i] + cross
      #expect(abs(engine.squaredNorms[i] - expected) < 1e-5 * expected)
      greatest = max(greatest, abs(cross) / expected)
    }
    #expect(greatest > 1e-3, "the cross terms are too small to be seen")
  }
}

extension SequenceCase {
  var isTied: Bool {
    nodes.contains { if case .tiedDense = $0.operation { true } else { false } }
  }

  /// Places of the padding row's values in the parameter buffer.
  func paddingRow() throws -> Range<Int> {
    for case .embedding(_, let dimension, let padding?) in nodes.map(\.operation) {
      // The embedding is the first layer.
      return padding * dimension..<(padding + 1) * dimension
    }
    return 0..<0
  }
}
