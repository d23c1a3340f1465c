import Datasets
import Foundation
import NeuralNetworks
import Tensors

/// Tiny networks that together have every layer and every loss, for the replay of neighbouring datasets.
enum ReplayNetwork: String, CaseIterable {
  case logistic, perceptron, convolution, dilatedGroups

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
    }
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
