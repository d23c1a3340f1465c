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
}
