import Foundation
import NeuralNetworks
import Tensors
import TestSupport
import Testing

/// One of the tiny networks whose per-example gradients were computed by brute force in float64.
struct GoldenCase: Sendable, CustomTestStringConvertible {
  let name: String
  let nodes: [LayerNode]
  var testDescription: String { name }

  static let all = [
    GoldenCase(name: "logreg", nodes: LayerNode.chain([("l1", .dense(outputs: 2))])),
    GoldenCase(
      name: "mlp",
      nodes: LayerNode.chain([
        ("l1", .dense(outputs: 8)), ("", .tanh), ("l2", .dense(outputs: 8, bias: false)), ("", .relu),
        ("l3", .dense(outputs: 4)),
      ])),
    GoldenCase(
      name: "tutorial_cnn",
      nodes: LayerNode.chain(
        zip(["c1", "", "", "c2", "", "", "", "l1", "", "l2"], tutorialLayers(filters: (3, 4), hidden: 6)).map {
          ($0, $1)
        })),
  ]

  func load() throws -> Loaded {
    let file = try Safetensors(path: Golden.url("dpsgd/\(name).safetensors").path)
    let x = file.entry(named: "x")!
    let network = try Network(inputShape: Shape(Array(x.shape.dropFirst())), nodes: nodes)
    let parameters = network.parameters.flatMap { file.floats("w.\($0.name)")! }
    return Loaded(
      file: file, network: network, parameters: parameters, examples: file.floats("x")!,
      labels: file.integers("y")!.map { Int($0) })
  }

  struct Loaded {
    let file: Safetensors
    let network: Network
    let parameters: [Float]
    let examples: [Float]
    let labels: [Int]
    var count: Int { labels.count }

    /// Gradients of the file in the layout of the parameter buffer.
    func gradients(_ prefix: String) -> [Double] {
      network.parameters.flatMap { file.doubles("\(prefix).\($0.name)")! }
    }

    func engine(_ configuration: EngineConfiguration) throws -> GradientEngine {
      let engine = try GradientEngine(network: network, configuration: configuration)
      try engine.load(examples, labels)
      return engine
    }
  }
}

/// TensorFlow Privacy's tutorial network.
func tutorialLayers(filters: (Int, Int) = (16, 32), hidden: Int = 32) -> [LayerConfiguration] {
  [
    .convolution(filters: filters.0, window: Window(kernel: 8, stride: 2, padding: .all(3))),
    .relu, .maxPool(Window(kernel: 2, stride: 1)),
    .convolution(filters: filters.1, window: Window(kernel: 4, stride: 2)),
    .relu, .maxPool(Window(kernel: 2, stride: 1)), .flatten,
    .dense(outputs: hidden), .relu, .dense(outputs: 10),
  ]
}

extension GradientEngine {
  /// Loads examples that lie one after another, from row 0, with one label each.
  func load(_ examples: [Float], _ labels: [Int]) throws {
    let width = network.inputShape.count
    for (row, label) in labels.enumerated() { try load(examples[row * width..<(row + 1) * width], label, row: row) }
  }

  func load(_ features: some Collection<Float>, _ label: Int, row: Int) throws {
    try Array(features).withUnsafeBufferPointer { features in
      try [Float(label)].withUnsafeBufferPointer { try load(row: row, features: features, targets: $0) }
    }
  }

  /// The weighted sum of the loaded examples' gradients.
  func gradientSum(_ parameters: [Float], _ rule: some FactorRule) throws -> [Float] {
    try accumulate(parameters: parameters, rule: rule)
    var gradient = [Float](repeating: 0, count: network.parameterCount)
    try takeGradient(addingTo: &gradient)
    return gradient
  }

  func gradientSum(_ parameters: [Float], factors: [Float]? = nil) throws -> [Float] {
    try gradientSum(
      parameters, GivenFactors(factors ?? [Float](repeating: 1, count: configuration.batchSize)))
  }
}

/// min(1, C / norm) for every group.
struct FlatClipping: FactorRule {
  let clippingNorm: Double

  func setFactors(
    squaredNorms: UnsafeBufferPointer<Double>, isExample: UnsafeBufferPointer<Bool>, firstRow: Int, count: Int,
    into factors: MutableFloats
  ) {
    for i in factors.indices { factors[i] = Float(min(1, clippingNorm / squaredNorms[i].squareRoot())) }
  }
}

/// The largest difference, in units of the largest expected entry.
func relativeError(_ got: some Collection<Float>, _ expected: some Collection<Double>) -> Double {
  precondition(got.count == expected.count)
  let scale = expected.map(abs).max() ?? 0
  return zip(got, expected).map { abs(Double($0) - $1) }.max().map { $0 / max(scale, 1e-300) } ?? 0
}

/// The largest relative difference of single values; NaN counts as infinite.
func worstRelativeDifference(_ got: some Collection<Double>, _ expected: some Collection<Double>) -> Double {
  precondition(got.count == expected.count)
  return zip(got, expected).map {
    let difference = abs($0 - $1) / max(abs($1), 1e-12)
    return difference.isNaN ? .infinity : difference
  }.max() ?? 0
}
