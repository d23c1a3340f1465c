import Datasets
import Foundation
import NeuralNetworks
import Planning
import PrivateTraining
import TestSupport
import Testing

@Suite struct NetworkBuilderTests {
  static func plan(_ model: ModelSpecification, shape: TensorShape = .image(channels: 1, height: 28, width: 28)) throws
    -> TrainingPlan
  {
    let training = TrainingSpecification(
      batchSize: 256, epochs: 1, optimizer: OptimizerSpecification(learningRate: 0.25),
      clipping: ClippingSpecification(norm: 1))
    return try TrainingPlan(
      JobSpecification(
        name: "preset", budget: "bud_x", dataset: "d", model: model, training: training,
        privacy: PrivacySpecification(noiseMultiplier: 1, delta: 1e-5)),
      dataset: DatasetFacts(reference: "d", exampleCount: 60_000, inputShape: shape, classCount: 10, isPublic: true))
  }

  /// Names and shapes are those of the state dictionary of the `nn.Sequential` that the plan spells out.
  @Test func presetsHaveTorchNames() throws {
    let expected: [(ModelPreset, [String: [Int]])] = [
      (.logisticRegression, ["1.weight": [10, 784], "1.bias": [10]]),
      (.mlp, ["1.weight": [128, 784], "1.bias": [128], "3.weight": [10, 128], "3.bias": [10]]),
      (
        .tutorialCNN,
        [
          "0.weight": [16, 1, 8, 8], "0.bias": [16], "3.weight": [32, 16, 4, 4], "3.bias": [32], "7.weight": [32, 512],
          "7.bias": [32], "9.weight": [10, 32], "9.bias": [10],
        ]
      ),
    ]
    for (preset, shapes) in expected {
      let plan = try Self.plan(.preset(preset))
      let network = try Network(plan.architecture)
      let got = Dictionary(uniqueKeysWithValues: network.parameters.map { ($0.name, $0.shape.dimensions) })
      #expect(got == shapes, "\(preset)")
      #expect(network.parameterCount == plan.architecture.parameterCount)
      #expect(network.classCount == 10)
      for slice in network.parameters {
        let module = plan.architecture.torchModules[Int(slice.name.prefix { $0 != "." })!]
        #expect(module.hasPrefix("nn.Linear") || module.hasPrefix("nn.Conv2d"), "\(slice.name): \(module)")
      }
    }
  }

  /// Planning and the network infer the same shapes: every padding, kernel and stride that planning admits can be built.
  @Test func everyPlannedWindowCanBeBuilt() throws {
    for kernel in 1...6 {
      for stride in 1...4 {
        for padding in [Planning.Padding.same, .valid, .zeros(Extent(height: kernel - 1, width: 1))] {
          let layers: [LayerSpecification] = [
            .conv2d(
              filters: 2, kernel: Extent(height: kernel, width: 2), strides: Extent(height: stride, width: 1),
              padding: padding, activation: .tanh, bias: stride % 2 == 0),
            .averagePool2d(window: Extent(2), strides: Extent(height: 1, width: 2)), .flatten,
            .dense(units: 10, activation: nil, bias: true),
          ]
          let plan = try Self.plan(.layers(layers), shape: .image(channels: 3, height: 17, width: 7))
          let network = try Network(plan.architecture)
          #expect(network.parameterCount == plan.architecture.parameterCount, "\(kernel) \(stride) \(padding)")
        }
      }
    }
  }

  /// A small network of the tutorial's layout, planned and built like a job's: clipped sums against those by brute force in
  /// float64 (golden/README.md).
  @Test(arguments: [("C", "abadi"), ("C2", "abadi2")])
  func clippedSumsArrivingThroughAPlanAreTheGoldenOnes(norm: String, prefix: String) throws {
    let golden = try Safetensors(path: Golden.url("dpsgd/tutorial_cnn.safetensors").path)
    func outputs(_ name: String) -> Int { golden.entry(named: "w.\(name).weight")!.shape[0] }
    let pool = LayerSpecification.maxPool2d(window: Extent(2), strides: Extent(1))
    let plan = try Self.plan(
      .layers([
        .conv2d(
          filters: outputs("c1"), kernel: Extent(8), strides: Extent(2), padding: .same, activation: .relu, bias: true),
        pool,
        .conv2d(
          filters: outputs("c2"), kernel: Extent(4), strides: Extent(2), padding: .valid, activation: .relu, bias: true),
        pool, .flatten, .dense(units: outputs("l1"), activation: .relu, bias: true),
        .dense(units: outputs("l2"), activation: nil, bias: true),
      ]))
    let network = try Network(plan.architecture)
    let order = ["c1.weight", "c1.bias", "c2.weight", "c2.bias", "l1.weight", "l1.bias", "l2.weight", "l2.bias"]
    let examples = Examples(
      features: golden.floats("x")!, shape: [1, 28, 28], labels: golden.integers("y")!.map { Int32($0) }, classCount: 10
    )
    let clippingNorm = try #require(Double(golden.metadata[norm]!))
    let sum = try ClippedGradientSumTests.sum(
      Array(0..<Int32(examples.count)), of: examples, network: network,
      parameters: order.flatMap { golden.floats("w." + $0)! }, clippingNorm: clippingNorm)
    let expected = order.flatMap { golden.doubles("\(prefix).\($0)")! }
    // The margin below the clipping norm is part of the difference.
    let tolerance = (1e-5 + ClippingFactors.margin) * expected.map(abs).max()!
    #expect(zip(sum, expected).allSatisfy { abs(Double($0) - $1) <= tolerance })
  }
}
