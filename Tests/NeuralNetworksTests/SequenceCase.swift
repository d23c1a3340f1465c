import NeuralNetworks
import Tensors
import TestSupport
import Testing

/// A small network over sequences, with inputs and targets of the kind it takes.
struct SequenceCase: Sendable, CustomTestStringConvertible {
  let name: String
  let inputShape: [Int]
  let nodes: [LayerNode]
  var loss = Loss.softmaxCrossEntropy
  var testDescription: String { name }

  static func chain(
    _ name: String, _ inputShape: [Int], _ layers: [LayerConfiguration], loss: Loss = .softmaxCrossEntropy
  ) -> SequenceCase {
    SequenceCase(name: name, inputShape: inputShape, nodes: LayerNode.chain(layers), loss: loss)
  }

  static let all = [
    chain(
      "dense", [4, 3], [.dense(outputs: 5), .tanh, .dense(outputs: 2, bias: false), .flatten, .dense(outputs: 3)]),
    chain("one position", [1, 3], [.dense(outputs: 5), .lstm(units: 4), .gru(units: 3), .flatten]),
    chain("lstm", [5, 3], [.lstm(units: 4), .tanh, .lstm(units: 3), .flatten, .dense(outputs: 3)]),
    chain("wide lstm", [3, 2], [.lstm(units: 18), .flatten, .dense(outputs: 2)]),
    chain("gru", [5, 3], [.gru(units: 4), .gru(units: 3), .flatten, .dense(outputs: 3)]),
    chain("wide gru", [2, 2], [.gru(units: 17), .flatten, .dense(outputs: 2)]),
    chain(
      "norms of sequences", [3, 6],
      [
        .layerNorm(), .dense(outputs: 4), .rmsNorm(), .dense(outputs: 6), .groupNorm(groups: 3), .flatten,
        .layerNorm(epsilon: 0.1), .dense(outputs: 3),
      ]),
    chain(
      "norms of images", [2, 4, 3],
      [
        .convolution(filters: 4, window: Window(kernel: 2, stride: 1)), .groupNorm(groups: 2), .tanh, .flatten,
        .rmsNorm(), .dense(outputs: 3),
      ]),
    chain(
      "activations", [4],
      ActivationFunction.allCases.filter { $0 != .relu }.flatMap { [.dense(outputs: 5), .activation($0)] }
        + [.dense(outputs: 3)]),
    chain(
      "embedding", [6],
      [.embedding(vocabulary: 5, dimension: 4, paddingIndex: 1), .positionEmbedding, .flatten, .dense(outputs: 3)]),
    SequenceCase(
      name: "language model", inputShape: [5], nodes: languageModel(isTied: false, isCausal: true),
      loss: .tokenCrossEntropy),
    SequenceCase(
      name: "tied language model", inputShape: [5], nodes: languageModel(isTied: true, isCausal: false),
      loss: .tokenCrossEntropy),
    SequenceCase(
      name: "tied head of another length", inputShape: [5],
      nodes: [
        LayerNode(name: "e", .embedding(vocabulary: 7, dimension: 4), inputs: [-1]),
        LayerNode(.flatten, inputs: [0]), LayerNode(name: "d", .dense(outputs: 4), inputs: [1]),
        LayerNode(name: "head", .tiedDense(embedding: 0), inputs: [2]),
      ]),
    chain("binary", [4], [.dense(outputs: 6), .tanh, .dense(outputs: 3)], loss: .binaryCrossEntropy),
    chain("regression", [4], [.dense(outputs: 6), .tanh, .dense(outputs: 3)], loss: .meanSquaredError),
  ]

  /// Tokens and positions, one head of attention round which everything has a name, and logits for each position.
  static func languageModel(isTied: Bool, isCausal: Bool) -> [LayerNode] {
    [
      LayerNode(name: "wte", .embedding(vocabulary: 7, dimension: 6, paddingIndex: 2), inputs: [-1]),
      LayerNode(name: "wpe", .positionEmbedding, inputs: [0]),
      LayerNode(name: "q", .dense(outputs: 6), inputs: [1]),
      LayerNode(name: "k", .dense(outputs: 6), inputs: [1]),
      LayerNode(name: "v", .dense(outputs: 6), inputs: [1]),
      LayerNode(.scaledDotProductAttention(heads: 2, isCausal: isCausal), inputs: [2, 3, 4]),
      LayerNode(name: "n", .layerNorm(), inputs: [5]),
      LayerNode(name: "head", isTied ? .tiedDense(embedding: 0) : .dense(outputs: 7, bias: false), inputs: [6]),
    ]
  }

  func network() throws -> Network { try Network(inputShape: Shape(inputShape), nodes: nodes, loss: loss) }
}

/// A network with parameters and examples, all drawn from one seed.
struct SequenceBatch {
  let network: Network
  var parameters: [Float]
  var examples: [[Float]]
  let targets: [[Float]]
  let backend: BackendKind

  init(_ setting: SequenceCase, _ backend: BackendKind, count: Int = 4, seed: UInt64 = 11) throws {
    let network = try setting.network()
    var numbers = Numbers(seed: seed)
    self.network = network
    self.backend = backend
    parameters = network.initialParameters(using: &numbers)
    // Norms begin with ones and zeros, which would hide a mistake.
    for i in parameters.indices where parameters[i] == 0 || parameters[i] == 1 {
      parameters[i] += Float(numbers.uniform()) / 2
    }
    examples = (0..<count).map { _ in Self.example(network, &numbers) }
    targets = (0..<count).map { _ in Self.targets(network, &numbers) }
  }

  static func example(_ network: Network, _ numbers: inout Numbers) -> [Float] {
    guard let vocabulary = network.vocabulary else { return numbers.floats(network.inputShape.count) }
    return (0..<network.inputShape.count).map { _ in Float(numbers.pick(0...vocabulary - 1)) }
  }

  static func targets(_ network: Network, _ numbers: inout Numbers) -> [Float] {
    (0..<network.targetCount).map { _ in
      switch network.loss {
      case .softmaxCrossEntropy: Float(numbers.pick(0...network.classCount - 1))
      case .tokenCrossEntropy: Float(numbers.pick(-1...network.classCount - 1))
      case .binaryCrossEntropy: Float(numbers.pick(0...1))
      case .meanSquaredError: Float(numbers.uniform())
      }
    }
  }

  func engine(
    rows: [Int]? = nil, _ change: (inout EngineConfiguration) -> Void = { _ in }
  ) throws -> GradientEngine {
    let rows = rows ?? Array(examples.indices)
    var configuration = EngineConfiguration(batchSize: rows.count, backend: backend)
    change(&configuration)
    let engine = try GradientEngine(network: network, configuration: configuration)
    for (row, index) in rows.enumerated() { try load(index, into: engine, row: row) }
    return engine
  }

  func load(_ index: Int, into engine: GradientEngine, row: Int) throws {
    try examples[index].withUnsafeBufferPointer { features in
      try targets[index].withUnsafeBufferPointer { try engine.load(row: row, features: features, targets: $0) }
    }
  }
}
