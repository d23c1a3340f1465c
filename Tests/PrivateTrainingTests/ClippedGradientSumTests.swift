import Datasets
import Foundation
import NeuralNetworks
import PrivateTraining
import Tensors
import Testing

/// Small networks that together have every layer.
enum TestNetwork: String, CaseIterable {
  case logistic, tanhPerceptron, convolutional

  func network() throws -> Network {
    switch self {
    case .logistic: try Network(inputShape: Shape([12]), layers: [.dense(outputs: 3)])
    case .tanhPerceptron:
      try Network(
        inputShape: Shape([12]),
        layers: [
          .dense(outputs: 9), .tanh, .dense(outputs: 7, bias: false), .relu,
          .dense(outputs: 3),
        ])
    case .convolutional:
      try Network(
        inputShape: Shape([1, 8, 8]),
        layers: [
          .convolution(
            filters: 4,
            window: Window(kernel: 4, stride: 2, padding: Padding(top: 1, left: 1, bottom: 2, right: 2))),
          .relu, .maxPool(Window(kernel: 2, stride: 1)),
          .convolution(filters: 5, window: Window(kernel: 2, stride: 1)),
          .tanh, .averagePool(Window(kernel: 2, stride: 1)), .flatten, .dense(outputs: 3),
        ])
    }
  }
}

func randomExamples(_ count: Int, shape: [Int], scale: Float, using random: inout TestRandom) -> Examples {
  let size = shape.reduce(1, *)
  return Examples(
    features: (0..<count * size).map { _ in Float.random(in: -1...1, using: &random) * scale }, shape: shape,
    labels: (0..<count).map { _ in Int32.random(in: 0..<3, using: &random) }, classCount: 3)
}

extension Examples {
  func replacing(_ example: Int, features new: (Int) -> Float, label: Int32? = nil) -> Examples {
    var features = features
    for i in 0..<elementCount { features[example * elementCount + i] = new(i) }
    var targets = targets
    if let label { targets[example] = Float(label) }
    return Examples(features: features, shape: shape, targets: targets, classCount: classCount)
  }
}

func norm(_ values: [Float]) -> Double { values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot() }
func difference(_ left: [Float], _ right: [Float]) -> [Float] { zip(left, right).map { $0 - $1 } }

extension ClippedGradientSum {
  /// What the sample adds to a sum that begins at 0.
  func sum(
    of sample: [Int32], step: Int = 0, parameters: [Float], factors: ClippingFactors?
  ) throws -> [Float] {
    try parameters.withUnsafeBufferPointer { try add(sample, step: step, parameters: $0, factors: factors) }
    var total = [Float](repeating: 0, count: parameters.count)
    for part in sums {
      for i in total.indices { total[i] += (factors?.sumScale ?? 1) * part[i] }
      part.update(repeating: 0)
    }
    return total
  }
}

@Suite struct ClippedGradientSumTests {
  static func sum(
    _ sample: [Int32], of examples: Examples, network: Network, parameters: [Float], clippingNorm: Double?,
    batchSize: Int = 8, threads: Int = 1, backend: BackendKind = .oneDNN
  ) throws -> [Float] {
    let engine = try GradientEngine(
      network: network,
      configuration: EngineConfiguration(
        batchSize: batchSize, backend: backend, threads: threads, mode: clippingNorm == nil ? .batch : .perExample))
    let gradients = try ClippedGradientSum(engine: engine, examples: examples, key: knownKey(1))
    return try gradients.sum(
      of: sample, parameters: parameters, factors: clippingNorm.map { ClippingFactors(norms: [$0]) })
  }

  static func parameters(_ network: Network, scale: Float, using random: inout TestRandom) -> [Float] {
    network.initialParameters(.torch, using: &random).map { $0 * scale }
  }

  /// An example whose gradient overflows or is NaN counts as absent, and spoils nobody else's contribution.
  @Test(arguments: TestNetwork.allCases, BackendKind.allCases)
  func nonFiniteGradientsContributeNothing(kind: TestNetwork, backend: BackendKind) throws {
    let network = try kind.network()
    var random = TestRandom(7)
    let examples = randomExamples(11, shape: network.inputShape.dimensions, scale: 1, using: &random)
    let parameters = Self.parameters(network, scale: 1, using: &random)
    func sum(_ sample: [Int32], _ examples: Examples) throws -> [Float] {
      try Self.sum(sample, of: examples, network: network, parameters: parameters, clippingNorm: 0.5, backend: backend)
    }
    let all: [Int32] = Array(0..<11)
    for hostile in [Float.nan, .infinity, -.infinity] {
      for place in [0, 3, 10] {
        let spoilt = examples.replacing(place, features: { $0 % 2 == 0 ? hostile : 1 })
        let without = try sum(all.filter { $0 != place }, examples)
        let with = try sum(all, spoilt)
        #expect(with.allSatisfy { $0.isFinite })
        #expect(norm(difference(with, without)) < 1e-5)
        let alone = try sum([Int32(place)], spoilt)
        #expect(alone.allSatisfy { $0 == 0 })
      }
    }
    let allSpoilt = Examples(
      features: examples.features.map { _ in .nan }, shape: examples.shape, targets: examples.targets, classCount: 3)
    let nothing = try sum(all, allSpoilt)
    #expect(nothing.allSatisfy { $0 == 0 })
    // Features near the end of float32 overflow somewhere on the way; whatever is added stays within the norm.
    let huge = examples.replacing(4, features: { $0 % 2 == 0 ? 3e38 : -3e38 })
    let moved = difference(try sum(all, huge), try sum(all.filter { $0 != 4 }, examples))
    #expect(moved.allSatisfy { $0.isFinite } && norm(moved) <= 0.5 + 1e-5)
  }

  /// Weights that are themselves not finite give a sum of zeros, not NaN: the step is then noise only.
  @Test func nonFiniteParametersGiveNothing() throws {
    let network = try TestNetwork.tanhPerceptron.network()
    var random = TestRandom(8)
    let examples = randomExamples(5, shape: [12], scale: 1, using: &random)
    let broken = [Float](repeating: .nan, count: network.parameterCount)
    let sum = try Self.sum([0, 1, 2, 3, 4], of: examples, network: network, parameters: broken, clippingNorm: 1)
    #expect(sum.allSatisfy { $0 == 0 })
  }

  /// Against one example at a time in float64: Σ min(1, C(1 − margin)/‖g‖)·g, also over several physical batches.
  @Test(arguments: TestNetwork.allCases) func sumIsThatOfClippedGradients(kind: TestNetwork) throws {
    let network = try kind.network()
    var random = TestRandom(9)
    let examples = randomExamples(37, shape: network.inputShape.dimensions, scale: 1, using: &random)
    let parameters = Self.parameters(network, scale: 1, using: &random)
    let sample = (0..<Int32(37)).filter { $0 % 5 != 0 }
    var expected = [Double](repeating: 0, count: network.parameterCount)
    var clipped = 0
    for example in sample {
      let gradient = try Self.sum(
        [example], of: examples, network: network, parameters: parameters, clippingNorm: nil, batchSize: 1)
      let factor = min(1, 0.9 * (1 - ClippingFactors.margin) / norm(gradient))
      clipped += factor < 1 ? 1 : 0
      for i in expected.indices { expected[i] += factor * Double(gradient[i]) }
    }
    #expect(clipped > 0)
    let largest = expected.map(abs).max()!
    for (batchSize, threads) in [(1, 1), (3, 1), (8, 2), (30, 1), (64, 2)] {
      let sum = try Self.sum(
        sample, of: examples, network: network, parameters: parameters, clippingNorm: 0.9, batchSize: batchSize,
        threads: threads)
      #expect(zip(sum, expected).allSatisfy { abs(Double($0) - $1) <= 1e-5 * largest }, "batch \(batchSize)")
    }
  }

  @Test func emptySampleAddsNothing() throws {
    let network = try TestNetwork.convolutional.network()
    var random = TestRandom(10)
    let examples = randomExamples(3, shape: [1, 8, 8], scale: 1, using: &random)
    let parameters = Self.parameters(network, scale: 1, using: &random)
    for clippingNorm in [nil, 1.0] {
      let sum = try Self.sum([], of: examples, network: network, parameters: parameters, clippingNorm: clippingNorm)
      #expect(sum.allSatisfy { $0 == 0 })
    }
  }
}
