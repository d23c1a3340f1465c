import NeuralNetworks
import Tensors
import TestSupport
import Testing

/// Networks that hold every layer in every position that matters: first, after another, in place, last.
struct Architecture: Sendable, CustomTestStringConvertible {
  let name: String
  let inputShape: [Int]
  let layers: [LayerConfiguration]
  var testDescription: String { name }

  static let all = [
    Architecture(name: "dense", inputShape: [5], layers: [.dense(name: "0", outputs: 3)]),
    Architecture(
      name: "activations", inputShape: [6],
      layers: [
        .relu, .dense(name: "1", outputs: 7), .tanh, .relu, .tanh, .dense(name: "5", outputs: 4, bias: false), .tanh,
      ]),
    Architecture(
      name: "convolutions", inputShape: [2, 7, 6],
      layers: [
        .convolution(
          name: "0", filters: 4,
          window: Window(kernel: (3, 2), stride: (2, 1), padding: Padding(top: 1, left: 0, bottom: 2, right: 1))),
        .tanh, .convolution(name: "2", filters: 3, window: Window(kernel: 2, stride: 1), bias: false), .flatten,
        .dense(name: "4", outputs: 3),
      ]),
    Architecture(
      name: "max pool", inputShape: [1, 8, 8],
      layers: [
        .convolution(name: "0", filters: 16, window: Window(kernel: 3, stride: 1, padding: .all(1))),
        .maxPool(Window(kernel: 3, stride: 2, padding: Padding(top: 0, left: 1, bottom: 2, right: 0))), .tanh, .flatten,
        .dense(name: "4", outputs: 3),
      ]),
    Architecture(
      name: "average pool", inputShape: [3, 6, 5],
      layers: [
        .averagePool(Window(kernel: 2, stride: 1)),
        .convolution(name: "1", filters: 5, window: Window(kernel: 2, stride: 2)), .tanh,
        .averagePool(Window(kernel: 2, stride: 1, padding: .all(1))), .flatten, .dense(name: "5", outputs: 3),
      ]),
    Architecture(
      name: "one pixel", inputShape: [1, 4, 4],
      layers: [
        .flatten, .dense(name: "1", outputs: 6), .relu, .dense(name: "3", outputs: 2),
      ]),
    Architecture(
      name: "logits from a convolution", inputShape: [3, 3, 3],
      layers: [.convolution(name: "0", filters: 4, window: Window(kernel: 3, stride: 1)), .flatten]),
  ]

  func network() throws -> Network { try Network(inputShape: Shape(inputShape), layers: layers) }
}

@Suite struct LayerTests {
  struct Setting: Sendable, CustomTestStringConvertible {
    let architecture: Architecture
    let backend: BackendKind
    var testDescription: String { "\(architecture.name) \(backend.rawValue)" }
  }

  static let settings = Architecture.all.flatMap { architecture in
    BackendKind.allCases.map { Setting(architecture: architecture, backend: $0) }
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
      configuration = EngineConfiguration(batchSize: count, backend: setting.backend, threads: threads)
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
    try engine.run(parameters: batch.parameters)
    let weights: [Float] = [1, -0.5, 2, 0.25]
    let gradient = try engine.gradientSum(weights)
    let scale = try #require(gradient.map(abs).max())
    func loss(_ i: Int, _ step: Float) throws -> Double {
      var parameters = batch.parameters
      parameters[i] += step
      try engine.evaluate(parameters: parameters)
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
    let names = batch.network.configurations.compactMap {
      if case .convolution(let name, _, _, _) = $0 { name } else { nil }
    }
    for method in BookKeeping.allCases {
      let overrides = Dictionary(uniqueKeysWithValues: names.map { ($0, method) })
      let engine = try batch.engine { $0.bookKeeping = overrides }
      try engine.run(parameters: batch.parameters)
      for i in batch.labels.indices {
        let single = try GradientEngine(
          network: batch.network,
          configuration: EngineConfiguration(batchSize: 1, backend: setting.backend, mode: .batch))
        try single.load(Array(batch.examples[i * width..<(i + 1) * width]), [batch.labels[i]])
        try single.run(parameters: batch.parameters)
        let alone = try single.gradientSum([1])
        var factors = [Float](repeating: 0, count: batch.labels.count)
        factors[i] = 1
        #expect(relativeError(try engine.gradientSum(factors), alone.map { Double($0) }) < 1e-5, "\(method)")
        let squaredNorm = alone.reduce(0.0) { $0 + Double($1) * Double($1) }
        #expect(abs(engine.squaredNorms[i] - squaredNorm) < 1e-5 * squaredNorm, "\(method)")
        #expect(abs(engine.losses[i] - single.losses[0]) < 1e-6)
      }
    }
  }

  /// What an example gives does not depend on the others: to the bit, because privacy rests on it.
  @Test(arguments: settings) func independence(_ setting: Setting) throws {
    let batch = try Batch(setting, count: 5)
    let engine = try batch.engine()
    try engine.run(parameters: batch.parameters)
    let (loss, norm) = (engine.losses[2], engine.squaredNorms[2])
    let gradient = try engine.gradientSum([0, 0, 1, 0, 0])
    var numbers = Numbers(seed: 99)
    for row in [0, 1, 3, 4] {
      let other = numbers.floats(batch.network.inputShape.count).map { $0 * 30 }
      try other.withUnsafeBufferPointer { try engine.load(row: row, features: $0, label: 0) }
    }
    try engine.run(parameters: batch.parameters)
    #expect(engine.losses[2] == loss && engine.squaredNorms[2] == norm)
    #expect(try engine.gradientSum([0, 0, 1, 0, 0]) == gradient)
  }

  /// Rows with factor 0 add nothing, whatever they hold.
  @Test(arguments: settings) func maskedRows(_ setting: Setting) throws {
    for mode in [GradientMode.perExample, .batch] {
      let batch = try Batch(setting)
      let engine = try batch.engine { $0.mode = mode }
      var numbers = Numbers(seed: 5)
      let garbage = numbers.floats(batch.network.inputShape.count).map { $0 * 1000 }
      try garbage.withUnsafeBufferPointer { try engine.load(row: 3, features: $0, label: 1) }
      try engine.run(parameters: batch.parameters)
      let sum = try engine.gradientSum([0.5, 1, 0.25, 0])
      engine.clear(rows: 3..<4)
      try engine.run(parameters: batch.parameters)
      #expect(try engine.gradientSum([0.5, 1, 0.25, 0]) == sum)
      #expect(try engine.gradientSum([0, 0, 0, 0]).allSatisfy { $0 == 0 })
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
      var sums: [[Float]] = []
      for _ in 0..<3 {
        try engine.run(parameters: batch.parameters)
        sums.append(try engine.gradientSum(factors))
      }
      #expect(sums[0] == sums[1] && sums[1] == sums[2])
      if first.isEmpty { first = sums[0] }
      #expect(relativeError(sums[0], first.map { Double($0) }) < 1e-5)
    }
  }

  @Test(arguments: settings) func evaluationIsTheForwardPass(_ setting: Setting) throws {
    let batch = try Batch(setting)
    let engine = try batch.engine()
    try engine.run(parameters: batch.parameters)
    let (logits, losses) = (Array(engine.logits), Array(engine.losses))
    try engine.evaluate(parameters: batch.parameters)
    #expect(Array(engine.logits) == logits && Array(engine.losses) == losses)
    #expect(logits.count == batch.labels.count * batch.network.classCount)
  }

  @Test(arguments: Architecture.all) func backendsAgree(_ architecture: Architecture) throws {
    var results: [(norms: [Double], sum: [Float])] = []
    for backend in BackendKind.allCases {
      let batch = try Batch(Setting(architecture: architecture, backend: backend))
      let engine = try batch.engine()
      try engine.run(parameters: batch.parameters)
      results.append((Array(engine.squaredNorms), try engine.gradientSum([1, 0.5, 2, -1])))
    }
    #expect(worstRelativeDifference(results[1].norms, results[0].norms) < 1e-5)
    #expect(relativeError(results[1].sum, results[0].sum.map { Double($0) }) < 1e-5)
  }
}
