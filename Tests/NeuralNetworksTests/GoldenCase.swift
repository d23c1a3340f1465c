import Foundation
import NeuralNetworks
import Tensors
import TestSupport
import Testing

/// One of the tiny networks whose per-example gradients were computed by brute force in float64.
struct GoldenCase: Sendable, CustomTestStringConvertible {
  let name: String
  let nodes: [LayerNode]
  var loss = Loss.softmaxCrossEntropy
  var testDescription: String { name }

  static let all =
    [
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
      GoldenCase(
        name: "conv_variants",
        nodes: LayerNode.chain([
          (
            "c1",
            .convolution(
              filters: 4,
              window: Window(
                kernel: (3, 5), stride: (2, 1), padding: Padding(top: 1, left: 2, bottom: 1, right: 2)))
          ),
          ("", .activation(.elu)), ("", .averagePool(Window(kernel: 2, stride: 2))),
          (
            "c2",
            .convolution(filters: 4, window: Window(kernel: 3, stride: 1, padding: .all(2)), dilation: 2, groups: 2)
          ),
          ("", .activation(.sigmoid)),
          ("c3", .convolution(filters: 8, window: Window(kernel: 1, stride: 1), bias: false)),
          ("", .activation(.geluTanh)), ("", .globalAveragePool), ("l", .dense(outputs: 5)),
        ])),
      GoldenCase(name: "resblock", nodes: residualNodes),
    ] + sequences

  /// A convolution, and a residual block with stride 2 whose shortcut is a 1×1 convolution.
  private static let residualNodes: [LayerNode] = {
    func convolution(_ filters: Int, stride: Int) -> LayerConfiguration {
      .convolution(filters: filters, window: Window(kernel: 3, stride: stride, padding: .all(1)), bias: false)
    }
    return [
      LayerNode(name: "c0", convolution(2, stride: 1), inputs: [-1]),
      LayerNode(name: "n0", .groupNorm(groups: 2), inputs: [0]), LayerNode(.relu, inputs: [1]),
      LayerNode(name: "c1", convolution(4, stride: 2), inputs: [2]),
      LayerNode(name: "n1", .groupNorm(groups: 2), inputs: [3]), LayerNode(.relu, inputs: [4]),
      LayerNode(name: "c2", convolution(4, stride: 1), inputs: [5]),
      LayerNode(name: "n2", .groupNorm(groups: 2), inputs: [6]),
      LayerNode(name: "sc", .convolution(filters: 4, window: Window(kernel: 1, stride: 2), bias: false), inputs: [2]),
      LayerNode(.add, inputs: [7, 8]), LayerNode(.relu, inputs: [9]), LayerNode(.globalAveragePool, inputs: [10]),
      LayerNode(name: "l", .dense(outputs: 4), inputs: [11]),
    ]
  }()

  func load() throws -> Loaded {
    let file = try Safetensors(path: Golden.url("dpsgd/\(name).safetensors").path)
    let x = file.entry(named: "x")!
    let network = try Network(inputShape: Shape(Array(x.shape.dropFirst())), nodes: nodes, loss: loss)
    let parameters = network.parameters.flatMap { file.floats("w.\($0.name)")! }
    return Loaded(
      file: file, network: network, parameters: parameters, count: x.shape[0],
      examples: file.floats("x") ?? file.integers("x")!.map { Float($0) },
      targets: file.integers("y")!.map { Float($0) })
  }

  struct Loaded {
    let file: Safetensors
    let network: Network
    let parameters: [Float]
    let count: Int
    let examples, targets: [Float]

    /// Names of the parameters in the order of the file's norms.
    var parameterOrder: [String] {
      file.metadata["param_order"]!.split { "[]\", ".contains($0) }.map(String.init)
    }

    /// Gradients of the file in the layout of the parameter buffer.
    func gradients(_ prefix: String) -> [Double] {
      network.parameters.flatMap { file.doubles("\(prefix).\($0.name)")! }
    }

    func engine(_ configuration: EngineConfiguration) throws -> GradientEngine {
      let engine = try GradientEngine(network: network, configuration: configuration)
      let (width, targetCount) = (network.inputShape.count, network.targetCount)
      for row in 0..<count {
        try Array(examples[row * width..<(row + 1) * width]).withUnsafeBufferPointer { features in
          try Array(targets[row * targetCount..<(row + 1) * targetCount]).withUnsafeBufferPointer {
            try engine.load(row: row, features: features, targets: $0)
          }
        }
      }
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

/// The largest difference, in units of the largest expected entry; see `isRounding` for what is 0 but for rounding.
func relativeError(_ got: some Collection<Float>, _ expected: some Collection<Double>) -> Double {
  precondition(got.count == expected.count)
  let scale = isRounding(expected) ? 1e-2 : expected.map(abs).max() ?? 0
  return zip(got, expected).map { abs(Double($0) - $1) }.max().map { $0 / max(scale, 1e-300) } ?? 0
}

/// Whether values, computed in float64 from numbers of order 1, are all 0 but for rounding: a key's bias adds the same to
/// all scores of a row, so that softmax leaves it no gradient. In float32 the rounding is 10⁻⁸ rather than 10⁻¹⁷.
func isRounding(_ expected: some Collection<Double>) -> Bool {
  expected.contains { $0 != 0 } && expected.allSatisfy { abs($0) < 1e-13 }
}

/// The largest relative difference of single values; NaN counts as infinite.
func worstRelativeDifference(_ got: some Collection<Double>, _ expected: some Collection<Double>) -> Double {
  precondition(got.count == expected.count)
  let floor = isRounding(expected) ? 1e-2 : 1e-12
  return zip(got, expected).map {
    let difference = abs($0 - $1) / max(abs($1), floor)
    return difference.isNaN ? .infinity : difference
  }.max() ?? 0
}
