import NeuralNetworks
import Tensors
import TestSupport
import Testing

/// Networks that hold every layer in every position that matters: first, after another, in place, last.
struct Architecture: Sendable, CustomTestStringConvertible {
  let name: String
  let inputShape: [Int]
  let nodes: [LayerNode]
  var testDescription: String { name }

  init(name: String, inputShape: [Int], layers: [LayerConfiguration]) {
    self.init(name: name, inputShape: inputShape, nodes: LayerNode.chain(layers))
  }

  init(name: String, inputShape: [Int], nodes: [LayerNode]) {
    (self.name, self.inputShape, self.nodes) = (name, inputShape, nodes)
  }

  static let all = [
    Architecture(name: "dense", inputShape: [5], layers: [.dense(outputs: 3)]),
    Architecture(
      name: "activations", inputShape: [6],
      layers: [
        .relu, .dense(outputs: 7), .tanh, .relu, .tanh, .dense(outputs: 4, bias: false), .tanh,
      ]),
    Architecture(
      name: "convolutions", inputShape: [2, 7, 6],
      layers: [
        .convolution(
          filters: 4,
          window: Window(kernel: (3, 2), stride: (2, 1), padding: Padding(top: 1, left: 0, bottom: 2, right: 1))),
        .tanh, .convolution(filters: 3, window: Window(kernel: 2, stride: 1), bias: false), .flatten,
        .dense(outputs: 3),
      ]),
    Architecture(
      name: "max pool", inputShape: [1, 8, 8],
      layers: [
        .convolution(filters: 16, window: Window(kernel: 3, stride: 1, padding: .all(1))),
        .maxPool(Window(kernel: 3, stride: 2, padding: Padding(top: 0, left: 1, bottom: 2, right: 0))), .tanh, .flatten,
        .dense(outputs: 3),
      ]),
    Architecture(
      name: "average pool", inputShape: [3, 6, 5],
      layers: [
        .averagePool(Window(kernel: 2, stride: 1)),
        .convolution(filters: 5, window: Window(kernel: 2, stride: 2)), .tanh,
        .averagePool(Window(kernel: 2, stride: 1, padding: .all(1))), .flatten, .dense(outputs: 3),
      ]),
    Architecture(
      name: "one pixel", inputShape: [1, 4, 4],
      layers: [
        .flatten, .dense(outputs: 6), .relu, .dense(outputs: 2),
      ]),
    Architecture(
      name: "logits from a convolution", inputShape: [3, 3, 3],
      layers: [.convolution(filters: 4, window: Window(kernel: 3, stride: 1)), .flatten]),
    Architecture(
      name: "groups and dilation", inputShape: [4, 7, 6],
      layers: [
        .convolution(
          filters: 6, window: Window(kernel: 2, stride: 2), dilation: Extent2(height: 2, width: 1), groups: 2),
        .dropout(rate: 0.3), .tanh, .convolution(filters: 6, window: Window(kernel: 1, stride: 1), groups: 6),
        .globalMaxPool, .dense(outputs: 3),
      ]),
    Architecture(
      name: "sequence", inputShape: [9, 3],
      layers: [
        .convolution(
          filters: 5,
          window: Window(kernel: (1, 3), stride: (1, 1), padding: Padding(top: 0, left: 2, bottom: 0, right: 1))),
        .relu, .maxPool(Window(kernel: (1, 2), stride: (1, 2))), .position(.last), .dropout(rate: 0.5),
        .dense(outputs: 3),
      ]),
    Architecture(
      name: "residual", inputShape: [2, 5, 5],
      nodes: [
        LayerNode(name: "a", .convolution(filters: 4, window: Window(kernel: 1, stride: 1)), inputs: [-1]),
        LayerNode(.tanh, inputs: [0]),
        LayerNode(
          name: "b", .convolution(filters: 4, window: Window(kernel: 3, stride: 1, padding: .all(1))), inputs: [1]),
        LayerNode(.add, inputs: [2, 1]), LayerNode(.add, inputs: [3, 3]), LayerNode(.add, inputs: [1, 4]),
        LayerNode(.positions, inputs: [5]), LayerNode(.globalAveragePool, inputs: [6]),
        LayerNode(.position(.first), inputs: [6]), LayerNode(.add, inputs: [7, 8]),
        LayerNode(name: "c", .dense(outputs: 3), inputs: [9]),
      ]),
  ]

  func network() throws -> Network { try Network(inputShape: Shape(inputShape), nodes: nodes) }
}

@Suite struct LayerTests {
  struct Setting: Sendable, CustomTestStringConvertible {
    let architecture: Architecture
    let backend: BackendKind
    var testDescription: String { "\(architecture.name) \(backend.rawValue)" }
  }

  static let settings = settings(of: Architecture.all)

  static func settings(of architectures: [Architecture]) -> [Setting] {
    architectures.flatMap { architecture in
      BackendKind.allCases.map { Setting(architecture: architecture, backend: $0) }
    }
  }

  /// A batch, its engine and the parameters it runs with.
  struct Batch {
    let network: Network
    let parameters: [Float]
    let examples: [Float]
    let labels: [Int]
    let configuration: EngineConfiguration

    init(_ setting: Setting, count: Int = 4, threads: Int = 1, seed: UInt64 = 11) throws {
      network = try setting.architecture.network()
      var numbers = Numbers(seed: seed)
      parameters = network.initialParameters(using: &numbers)
      examples = numbers.floats(count * network.inputShape.count)
      labels = (0..<count).map { [classes = network.classCount] _ in numbers.pick(0...classes - 1) }
      configuration = EngineConfiguration(
        batchSize: count, backend: setting.backend, threads: threads, timesMethods: false)
    }

    func engine(_ change: (inout EngineConfiguration) -> Void = { _ in }) throws -> GradientEngine {
      var configuration = configuration
      change(&configuration)
      let engine = try GradientEngine(network: network, configuration: configuration)
      try engine.load(examples, labels)
      return engine
    }
  }

  /// Central differences of the loss, in float32. The steps go down to where the loss' rounding, 1e-7, over the step is a
  /// tenth of the tolerance. One of them has to agree: a longer one may cross a kink of ReLU or max pool, but a wrong
  /// gradient agrees with none.
  @Test(arguments: settings) func finiteDifferences(_ setting: Setting) throws {
    let batch = try Batch(setting)
    let engine = try batch.engine()
    let weights: [Float] = [1, -0.5, 2, 0.25]
    let gradient = try engine.gradientSum(batch.parameters, factors: weights)
    let scale = try #require(gradient.map(abs).max())
    func loss(_ i: Int, _ step: Float) throws -> Double {
      var parameters = batch.parameters
      parameters[i] += step
      // Not an evaluation: dropout takes part.
      try engine.accumulate(parameters: parameters, rule: GivenFactors(weights))
      return zip(engine.losses, weights).reduce(0) { $0 + $1.0 * Double($1.1) }
    }
    for i in gradient.indices {
      let errors = try [0x1p-8, 0x1p-10, 0x1p-12].map { (step: Float) in
        abs((try loss(i, step) - loss(i, -step)) / Double(2 * step) - Double(gradient[i]))
      }
      #expect(try #require(errors.min()) < 2e-3 * Double(scale), "parameter \(i): \(errors)")
    }
  }

  /// Per-example norms and gradients against batches of one, by every method that the layers have.
  @Test(arguments: settings) func batchesOfOne(_ setting: Setting) throws {
    let batch = try Batch(setting)
    let width = batch.network.inputShape.count
    for overrides in batch.network.everyMethod {
      let engine = try batch.engine { $0.bookKeeping = overrides }
      for i in batch.labels.indices {
        let single = try GradientEngine(
          network: batch.network,
          configuration: EngineConfiguration(batchSize: 1, backend: setting.backend, mode: .batch))
        try single.load(Array(batch.examples[i * width..<(i + 1) * width]), [batch.labels[i]])
        let alone = try single.gradientSum(batch.parameters)
        var factors = [Float](repeating: 0, count: batch.labels.count)
        factors[i] = 1
        let sum = try engine.gradientSum(batch.parameters, factors: factors)
        #expect(relativeError(sum, alone.map { Double($0) }) < 1e-5, "\(overrides)")
        let squaredNorm = alone.reduce(0.0) { $0 + Double($1) * Double($1) }
        #expect(abs(engine.squaredNorms[i] - squaredNorm) < 1e-5 * squaredNorm, "\(overrides)")
        #expect(abs(engine.losses[i] - single.losses[0]) < 1e-6)
      }
    }
  }

  /// What an example gives does not depend on the others: to the bit, because privacy rests on it.
  @Test(arguments: settings) func independence(_ setting: Setting) throws {
    let batch = try Batch(setting, count: 5)
    let engine = try batch.engine()
    let alone: [Float] = [0, 0, 1, 0, 0]
    let gradient = try engine.gradientSum(batch.parameters, factors: alone)
    let (loss, norm) = (engine.losses[2], engine.squaredNorms[2])
    var numbers = Numbers(seed: 99)
    for row in [0, 1, 3, 4] {
      try engine.load(numbers.floats(batch.network.inputShape.count).map { $0 * 30 }, 0, row: row)
    }
    #expect(try engine.gradientSum(batch.parameters, factors: alone) == gradient)
    #expect(engine.losses[2] == loss && engine.squaredNorms[2] == norm)
  }

  /// Rows without an example add nothing, and neither do those with factor 0, whatever they hold.
  @Test(arguments: settings) func maskedRows(_ setting: Setting) throws {
    let batch = try Batch(setting)
    let engine = try batch.engine()
    var numbers = Numbers(seed: 5)
    let garbage = numbers.floats(batch.network.inputShape.count).map { $0 * 1000 }
    try engine.load(garbage, 1, row: 3)
    let sum = try engine.gradientSum(batch.parameters, factors: [0.5, 1, 0.25, 0])
    #expect(try engine.gradientSum(batch.parameters, factors: [0, 0, 0, 0]).allSatisfy { $0 == 0 })
    engine.clear(rows: 3..<4)
    #expect(try engine.gradientSum(batch.parameters, factors: [0.5, 1, 0.25, 1]) == sum)
    #expect(engine.factors[3] == 0)

    // The plain sum knows no factors, but rows without an example all the same.
    let plain = try batch.engine { $0.mode = .batch }
    try plain.load(garbage, 1, row: 3)
    plain.clear(rows: 3..<4)
    let three = try engine.gradientSum(batch.parameters)
    #expect(relativeError(try plain.gradientSum(batch.parameters), three.map { Double($0) }) < 1e-5)
  }

  /// An example whose gradient is not finite counts as 0; the others give what they gave before.
  @Test(arguments: settings) func nonFiniteExamples(_ setting: Setting) throws {
    let batch = try Batch(setting)
    for overrides in batch.network.everyMethod {
      let engine = try batch.engine { $0.bookKeeping = overrides }
      let without = try engine.gradientSum(batch.parameters, factors: [1, 0, 1, 1])
      for bad in [Float.nan, .infinity, 1e38] {
        try engine.load(batch.examples, batch.labels)
        var features = [Float](repeating: bad, count: batch.network.inputShape.count)
        features[0] = -bad
        try engine.load(features, 1, row: 1)
        let sum = try engine.gradientSum(batch.parameters)
        if engine.squaredNorms[1].isFinite { continue }
        #expect(engine.factors[1] == 0)
        #expect(relativeError(sum, without.map { Double($0) }) < 1e-6, "\(overrides) \(bad)")
      }
    }
  }

  /// The same, with a second backward pass.
  @Test(arguments: settings) func strategies(_ setting: Setting) throws {
    let batch = try Batch(setting)
    let expected = try batch.engine().gradientSum(batch.parameters, FlatClipping(clippingNorm: 0.5))
    for strategy in GradientStrategy.allCases {
      let engine = try batch.engine {
        $0.strategy = strategy
        $0.blockSize = 3
      }
      let sum = try engine.gradientSum(batch.parameters, FlatClipping(clippingNorm: 0.5))
      #expect(relativeError(sum, expected.map { Double($0) }) < 1e-5, "\(strategy)")
      var features = [Float](repeating: .infinity, count: batch.network.inputShape.count)
      features[0] = -.infinity
      let without = try engine.gradientSum(batch.parameters, factors: [1, 0, 1, 1])
      try engine.load(features, 1, row: 1)
      let with = try engine.gradientSum(batch.parameters)
      if engine.squaredNorms[1].isFinite { continue }
      #expect(relativeError(with, without.map { Double($0) }) < 1e-5, "\(strategy)")
    }
  }

  /// A frozen parameter has no part in the norm, and the others' sums are as before.
  @Test(arguments: settings) func frozenParameters(_ setting: Setting) throws {
    let batch = try Batch(setting)
    let all = try batch.engine()
    let sum = try all.gradientSum(batch.parameters)
    for frozen in batch.network.parameters.indices {
      let engine = try batch.engine {
        $0.groups = batch.network.parameters.indices.map { $0 == frozen ? -1 : 0 }
      }
      let partial = try engine.gradientSum(batch.parameters)
      for (p, parameter) in batch.network.parameters.enumerated() where p != frozen {
        #expect(relativeError(partial[parameter.range], sum[parameter.range].map { Double($0) }) < 1e-6)
      }
      let ofFrozen = try #require(all.parameterSquaredNorms(of: batch.network.parameters[frozen].name))
      for i in batch.labels.indices {
        let expected = all.squaredNorms[i] - ofFrozen[i]
        #expect(abs(engine.squaredNorms[i] - expected) < 1e-6 * all.squaredNorms[i])
      }
    }
  }

  /// Two runs agree to the bit; another number of threads or another block size agrees up to rounding.
  @Test(arguments: settings) func threadsAndBlocks(_ setting: Setting) throws {
    let batch = try Batch(setting, count: 7)
    let factors: [Float] = [1, 0.5, 0.25, 1, 0, 0.125, 1]
    var first: [Float] = []
    for (threads, block) in [(1, 7), (1, 2), (2, 3), (3, 1), (7, 1)] {
      let engine = try batch.engine {
        $0.threads = threads
        $0.blockSize = block
      }
      let sums = try (0..<3).map { _ in try engine.gradientSum(batch.parameters, factors: factors) }
      #expect(sums[0] == sums[1] && sums[1] == sums[2])
      if first.isEmpty { first = sums[0] }
      #expect(relativeError(sums[0], first.map { Double($0) }) < 1e-5)
    }
  }

  @Test(arguments: settings) func evaluationIsTheForwardPass(_ setting: Setting) throws {
    let batch = try Batch(setting)
    guard !batch.network.nodes.contains(where: { if case .dropout = $0.operation { true } else { false } }) else {
      return
    }
    let engine = try batch.engine()
    _ = try engine.gradientSum(batch.parameters)
    let losses = Array(engine.losses)
    try engine.evaluate(parameters: batch.parameters)
    #expect(Array(engine.losses) == losses)
    #expect(engine.outputs.count == batch.labels.count * batch.network.outputShape.count)
  }

  @Test(arguments: Architecture.all) func backendsAgree(_ architecture: Architecture) throws {
    var results: [(norms: [Double], sum: [Float])] = []
    for backend in BackendKind.allCases {
      let batch = try Batch(Setting(architecture: architecture, backend: backend))
      let engine = try batch.engine()
      let sum = try engine.gradientSum(batch.parameters, factors: [1, 0.5, 2, -1])
      results.append((Array(engine.squaredNorms), sum))
    }
    #expect(worstRelativeDifference(results[1].norms, results[0].norms) < 1e-5)
    #expect(relativeError(results[1].sum, results[0].sum.map { Double($0) }) < 1e-5)
  }
}

extension Network {
  /// Choices of methods by layer in which every method of every layer occurs.
  var everyMethod: [[String: BookKeeping]] {
    let methods = zip(nodes, layers).compactMap { node, layer in
      (layer as? any ParameterizedLayer).map { (node.name, $0.bookKeepings) }
    }
    let most = methods.map(\.1.count).max() ?? 0
    return (0..<most).map { choice in
      Dictionary(uniqueKeysWithValues: methods.map { ($0.0, $0.1[min(choice, $0.1.count - 1)]) })
    }
  }
}
