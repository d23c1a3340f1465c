import Foundation
import NeuralNetworks
import Planning
import PrivateTraining
import Tensors
import TestSupport
import Testing

/// The golden networks as a caller writes them, planned and run: every norm and clipped sum against brute force in float64
/// (golden/README.md).
@Suite struct GradientComparisonTests {
  static let cases = [
    "logreg", "mlp", "tutorial_cnn", "conv_variants", "norms", "resblock", "embed_pool", "lstm", "gru", "attention",
    "tied", "padding", "conv1d",
  ]

  func model(_ name: String) throws -> ModelSpecification {
    try JSONDecoder().decode(
      ModelSpecification.self, from: Data(contentsOf: Golden.url("dpsgd/models/\(name).json")))
  }

  func reference(_ name: String) throws -> GradientReference {
    try GradientReference(Safetensors(path: Golden.url("dpsgd/\(name).safetensors").path))
  }

  @Test(arguments: cases, [BackendKind.oneDNN, .reference])
  func everyGoldenQuantityAgrees(name: String, backend: BackendKind) throws {
    let comparison = try GradientComparison(model(name), reference(name), backend: backend)
    #expect(
      comparison.differences.map(\.name)
        == ["norms", "param_norms", "out", "losses", "sum", "abadi", "abadi2", "autos", "perparam"])
    for difference in comparison.differences { #expect(difference.error <= 1e-5, "\(difference)") }
  }

  @Test(arguments: cases, [GradientStrategy.instantiate, .ghost, .mixedGhost, .bookKeeping])
  func theLiteraturesMethodsAgreeToo(name: String, strategy: GradientStrategy) throws {
    let comparison = try GradientComparison(model(name), reference(name), threads: 1, strategy: strategy)
    #expect(comparison.worst <= 1e-5, "\(comparison.differences)")
  }

  /// A comparison that cannot fail would say nothing.
  @Test func anotherNetworkDisagrees() throws {
    var model = try model("norms")
    guard case .layers(var layers) = model.network else {
      Issue.record("the golden models are written in layers")
      return
    }
    layers[6] = .activation(.sigmoid)
    model.network = .layers(layers)
    #expect(try GradientComparison(model, reference("norms")).worst > 1e-2)
  }

  @Test func aModelOfOtherShapesIsRefusedWithBothSides() throws {
    let error = #expect(throws: GradientReferenceError.self) {
      try GradientComparison(
        ModelSpecification.layers([.dense(9, .tanh), .dense(8), .dense(4)]), reference("mlp"))
    }
    #expect(error?.description.contains("6 parameters") == true)
    let shapes = #expect(throws: GradientReferenceError.self) {
      try GradientComparison(
        ModelSpecification.layers([.dense(9, .tanh), .dense(units: 8, activation: .relu, bias: false), .dense(4)]),
        reference("mlp"))
    }
    #expect(
      shapes?.description.contains("0.weight [9, 13]") == true
        && shapes?.description.contains("l1.weight [8, 13]") == true)
  }

  /// A table that embeds tokens and gives logits has a gradient of two parts, whose inner product is in its norm: every method
  /// against the gradients of one example after another.
  @Test(arguments: GradientStrategy.allCases, [BackendKind.oneDNN, .reference])
  func sharedTablesCountTheirCrossTerm(strategy: GradientStrategy, backend: BackendKind) throws {
    let layers: [LayerSpecification] = [
      LayerSpecification(name: "wte", .embedding(vocabularySize: nil, dimension: 8, paddingIndex: 3)),
      LayerSpecification(.positionEmbedding),
      LayerSpecification(.transformerBlock(TransformerBlockSpecification(heads: 2))),
      LayerSpecification(.layerNorm(epsilon: 1e-5)), LayerSpecification(.tiedDense(embedding: "wte")),
    ]
    let network = try Network(
      ModelArchitecture(
        ModelSpecification(.layers(layers), loss: .tokenCrossEntropy),
        input: ModelInput(shape: .features(7), vocabularySize: 11, classCount: 11, targetCount: 7)))
    var random = TestRandom(5)
    let parameters = (0..<network.parameterCount).map { _ in Float.random(in: -0.5...0.5, using: &random) }
    let tokens = (0..<5).map { _ in (0..<14).map { _ in Float(Int.random(in: 0..<11, using: &random)) } }
    func engine(_ examples: [[Float]], _ mode: GradientMode, _ strategy: GradientStrategy) throws -> GradientEngine {
      let engine = try GradientEngine(
        network: network,
        configuration: EngineConfiguration(
          batchSize: examples.count, backend: backend, threads: 1, mode: mode, strategy: strategy))
      for (row, example) in examples.enumerated() {
        try example.withUnsafeBufferPointer {
          try engine.load(row: row, features: $0.extracting(0..<7), targets: $0.extracting(7..<14))
        }
      }
      return engine
    }
    let together = try engine(tokens, .perExample, strategy)
    try together.accumulate(parameters: parameters, rule: GivenFactors(Array(repeating: 1, count: tokens.count)))
    for (row, example) in tokens.enumerated() {
      let alone = try engine([example], .batch, .auto)
      try alone.accumulate(parameters: parameters, rule: GivenFactors([1]))
      var gradient = Array(repeating: Float(0), count: network.parameterCount)
      try alone.takeGradient(addingTo: &gradient)
      let expected = gradient.reduce(0.0) { $0 + Double($1) * Double($1) }
      #expect(abs(together.squaredNorms[row] - expected) <= 1e-5 * expected, "\(strategy) row \(row)")
    }
  }
}
