import Datasets
import Foundation
import NeuralNetworks
import Tensors

/// Tiny networks that together have every layer and every loss, for the replay of neighbouring datasets.
enum ReplayNetwork: String, CaseIterable {
  case logistic, perceptron, convolution, dilatedGroups, sequenceConvolution, residual, patches
  case tokenMean, lstm, gru, decoder

  func network() throws -> Network {
    switch self {
    case .logistic: try Network(inputShape: Shape([6]), layers: [.dense(outputs: 3)])
    case .perceptron:
      try Network(
        inputShape: Shape([6]),
        layers: [.dense(outputs: 5), .tanh, .dense(outputs: 4, bias: false), .relu, .dense(outputs: 3)])
    case .convolution:
      try Network(
        inputShape: Shape([1, 6, 6]),
        layers: [
          .convolution(filters: 3, window: Window(kernel: 3, stride: 1, padding: .all(1))), .relu,
          .maxPool(Window(kernel: 2, stride: 2)), .convolution(filters: 4, window: Window(kernel: 2, stride: 1)),
          .tanh, .averagePool(Window(kernel: 2, stride: 1)), .flatten, .dense(outputs: 3),
        ])
    case .dilatedGroups:
      try Network(
        inputShape: Shape([2, 7, 7]),
        layers: [
          .convolution(filters: 4, window: Window(kernel: 2, stride: 1), dilation: 2, groups: 2),
          .relu, .convolution(filters: 2, window: Window(kernel: 3, stride: 2), bias: false), .flatten,
          .dense(outputs: 3),
        ])
    case .sequenceConvolution:
      try Network(
        inputShape: Shape([6, 2]),
        layers: [
          .convolution(filters: 3, window: Window(kernel: (1, 3), stride: (1, 1))), .activation(.gelu),
          .maxPool(Window(kernel: (1, 2), stride: (1, 1))), .groupNorm(groups: 3), .activation(.sigmoid), .flatten,
          .dense(outputs: 2),
        ], loss: .binaryCrossEntropy)
    case .residual:
      try Network(
        inputShape: Shape([2, 5, 5]),
        nodes: [
          LayerNode(
            name: "stem", .convolution(filters: 4, window: Window(kernel: 3, stride: 1, padding: .all(1))), inputs: [-1]
          ),
          LayerNode(name: "norm", .groupNorm(groups: 2), inputs: [0]),
          LayerNode(.activation(.silu), inputs: [1]),
          LayerNode(
            name: "conv", .convolution(filters: 4, window: Window(kernel: 3, stride: 1, padding: .all(1))), inputs: [2]),
          LayerNode(.add, inputs: [0, 3]),
          LayerNode(.dropout(rate: 0.3), inputs: [4]),
          LayerNode(.globalAveragePool, inputs: [5]),
          LayerNode(name: "head", .dense(outputs: 3), inputs: [6]),
        ], loss: .meanSquaredError)
    case .patches:
      try Network(
        inputShape: Shape([2, 3, 2]),
        layers: [
          .positions, .dense(outputs: 4), .rmsNorm(), .activation(.elu), .dense(outputs: 3, bias: false), .layerNorm(),
          .position(.first), .dense(outputs: 3),
        ])
    case .tokenMean:
      try Network(
        inputShape: Shape([7]),
        layers: [.embedding(vocabulary: 6, dimension: 3, paddingIndex: 0), .globalAveragePool, .dense(outputs: 3)])
    case .lstm:
      try Network(
        inputShape: Shape([5]),
        layers: [.embedding(vocabulary: 6, dimension: 3), .lstm(units: 3), .position(.last), .dense(outputs: 3)])
    case .gru:
      try Network(
        inputShape: Shape([4, 3]), layers: [.gru(units: 3), .globalMaxPool, .dense(outputs: 2)],
        loss: .binaryCrossEntropy)
    case .decoder: try Self.decoder()
    }
  }

  /// One block of attention and a head that shares the embedding's table.
  private static func decoder() throws -> Network {
    let attention = LayerConfiguration.scaledDotProductAttention(heads: 2, isCausal: true)
    return try Network(
      inputShape: Shape([5]),
      nodes: [
        LayerNode(name: "wte", .embedding(vocabulary: 6, dimension: 4), inputs: [-1]),
        LayerNode(name: "wpe", .positionEmbedding, inputs: [0]),
        LayerNode(name: "norm", .layerNorm(), inputs: [1]),
        LayerNode(name: "q", .dense(outputs: 4), inputs: [2]),
        LayerNode(name: "k", .dense(outputs: 4), inputs: [2]),
        LayerNode(name: "v", .dense(outputs: 4), inputs: [2]),
        LayerNode(attention, inputs: [3, 4, 5]),
        LayerNode(name: "o", .dense(outputs: 4), inputs: [6]),
        LayerNode(.add, inputs: [1, 7]),
        LayerNode(name: "head", .tiedDense(embedding: 0), inputs: [8]),
      ], loss: .tokenCrossEntropy)
  }
}

/// Examples for a network that somebody wrote to do harm: of any size, with zeros, infinities and NaN among them, and with
/// values that cancel.
struct HostileExamples {
  let network: Network
  var random: TestRandom

  mutating func examples(_ count: Int) -> Examples {
    var features: [Float] = [], targets: [Float] = []
    for _ in 0..<count {
      features += self.features()
      targets += self.targets()
    }
    let isOfClasses = network.loss == .softmaxCrossEntropy || network.loss == .tokenCrossEntropy
    return Examples(
      features: features, shape: network.inputShape.dimensions, targets: targets, targetCount: network.targetCount,
      classCount: isOfClasses ? network.classCount : nil, vocabularySize: network.vocabulary)
  }

  mutating func features() -> [Float] {
    let count = network.inputShape.count
    if let vocabulary = network.vocabulary {
      // Few different tokens, so that some repeat.
      let used = Int.random(in: 1...vocabulary, using: &random)
      return (0..<count).map { _ in Float(Int.random(in: 0..<used, using: &random)) }
    }
    let size = Float(pow(10, Double.random(in: -3...5, using: &random)))
    let values = (0..<count).map { _ in Float.random(in: -1...1, using: &random) }
    let kind = Int.random(in: 0..<20, using: &random)
    switch kind {
    case 0: return values.map { _ in 0 }
    case 1: return values.map { $0 * 1e-30 }
    case 2: return values.map { $0 * .leastNormalMagnitude / 4096 }
    case 3: return values.map { $0 * 1e15 }
    case 4: return values.map { $0 * 3e38 }
    case 5: return values.map { _ in size }
    case 6: return values.indices.map { $0 % 2 == 0 ? size * 1e6 : -size * 1e6 }
    case 7: return values.indices.map { $0 % 3 == 0 ? 1e18 : values[$0] }
    case 8, 9, 10:
      var spoilt = values
      spoilt[Int.random(in: 0..<count, using: &random)] = [.nan, .infinity, -.infinity][kind - 8]
      return spoilt
    default: return values.map { $0 * size }
    }
  }

  mutating func targets() -> [Float] {
    (0..<network.targetCount).map { _ in
      switch network.loss {
      case .softmaxCrossEntropy: Float(Int.random(in: 0..<network.classCount, using: &random))
      case .tokenCrossEntropy: Float(Int.random(in: -1..<network.classCount, using: &random))
      case .binaryCrossEntropy: Bool.random(using: &random) ? 1 : 0
      case .meanSquaredError: Float.random(in: -1...1, using: &random) * [1, 1e20, 1e38].randomElement(using: &random)!
      }
    }
  }
}
