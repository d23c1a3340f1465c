import Foundation
import NeuralNetworks
import Tensors
import TestSupport
import Testing

/// One of the tiny networks whose per-example gradients were computed by brute force in float64.
struct GoldenCase: Sendable, CustomTestStringConvertible {
  let name: String
  let layers: [LayerConfiguration]
  var testDescription: String { name }

  static let all = [
    GoldenCase(name: "logreg", layers: [.dense(name: "l1", outputs: 2)]),
    GoldenCase(
      name: "mlp",
      layers: [
        .dense(name: "l1", outputs: 8), .tanh, .dense(name: "l2", outputs: 8, bias: false), .relu,
        .dense(name: "l3", outputs: 4),
      ]),
    GoldenCase(
      name: "tutorial_cnn", layers: tutorialLayers(filters: (3, 4), hidden: 6, names: ("c1", "c2", "l1", "l2"))),
  ]

  func load() throws -> Loaded {
    let file = try Safetensors(path: Golden.url("dpsgd/\(name).safetensors").path)
    let x = file.entry(named: "x")!
    let network = try Network(inputShape: Shape(Array(x.shape.dropFirst())), layers: layers)
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
func tutorialLayers(
  filters: (Int, Int) = (16, 32), hidden: Int = 32, names: (String, String, String, String) = ("0", "3", "7", "9")
) -> [LayerConfiguration] {
  [
    .convolution(name: names.0, filters: filters.0, window: Window(kernel: 8, stride: 2, padding: .all(3))),
    .relu, .maxPool(Window(kernel: 2, stride: 1)),
    .convolution(name: names.1, filters: filters.1, window: Window(kernel: 4, stride: 2)),
    .relu, .maxPool(Window(kernel: 2, stride: 1)), .flatten,
    .dense(name: names.2, outputs: hidden), .relu, .dense(name: names.3, outputs: 10),
  ]
}

extension GradientEngine {
  /// Loads examples that lie one after another, from row 0.
  func load(_ examples: [Float], _ labels: [Int]) throws {
    let width = network.inputShape.count
    try examples.withUnsafeBufferPointer { examples in
      for (row, label) in labels.enumerated() {
        let features = UnsafeBufferPointer(rebasing: examples[row * width..<(row + 1) * width])
        try load(row: row, features: features, label: label)
      }
    }
  }

  func gradientSum(_ factors: [Float]) throws -> [Float] {
    var gradient = [Float](repeating: 0, count: network.parameterCount)
    try addGradientSum(factors: factors, to: &gradient)
    return gradient
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
