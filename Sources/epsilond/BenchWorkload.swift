import ArgumentParser
import NeuralNetworks
import Tensors

/// The networks on which the cost of DP-SGD is usually measured, under the names by which other frameworks' scripts know
/// them, so that all can run side by side.
enum BenchWorkload: String, CaseIterable, ExpressibleByArgument {
  case logisticRegression = "w1_logreg"
  case tutorialCNN = "w2_tutorial_cnn"
  case simpleConvNet = "w3_simpleconvnet"
  case largerConvNet = "w3_largerconvnet"
  case simplifiedResNet34 = "w3_resnet34_simplified"
  case vgg11 = "w4_vgg11"
  case embeddingPool = "w5_embed_pool"
  case lstm = "w5_lstm"
  case transformer = "w6_transformer"

  var defaultBatches: [Int] {
    switch self {
    case .logisticRegression, .simpleConvNet, .largerConvNet, .embeddingPool: [256]
    case .tutorialCNN: [32, 256]
    case .simplifiedResNet34, .vgg11, .lstm: [64]
    case .transformer: [16]
    }
  }

  func network() throws -> Network {
    switch self {
    case .logisticRegression: try Network(inputShape: Shape([104]), layers: [.dense(outputs: 2)])
    case .tutorialCNN:
      // The TF Privacy tutorial's.
      try Network(
        inputShape: Shape([1, 28, 28]),
        layers: [
          .convolution(filters: 16, window: Window(kernel: 8, stride: 2, padding: .all(3))), .relu,
          .maxPool(Window(kernel: 2, stride: 1)), .convolution(filters: 32, window: Window(kernel: 4, stride: 2)),
          .relu,
          .maxPool(Window(kernel: 2, stride: 1)), .flatten, .dense(outputs: 32), .relu, .dense(outputs: 10),
        ])
    case .simpleConvNet:
      try Self.image([
        .convolution(filters: 6, window: Window(kernel: 5, stride: 1)), .relu, .maxPool(Window(kernel: 2, stride: 2)),
        .convolution(filters: 16, window: Window(kernel: 5, stride: 1)), .relu, .maxPool(Window(kernel: 2, stride: 2)),
        .flatten, .dense(outputs: 120), .relu, .dense(outputs: 84), .relu, .dense(outputs: 10),
      ])
    case .largerConvNet:
      try Self.image(
        Self.averaged(32) + Self.averaged(64) + Self.averaged(64) + Self.same(128) + [
          .globalAveragePool, .dense(outputs: 10),
        ])
    case .simplifiedResNet34:
      try Self.image(
        Self.averaged(64, kernel: 7) + Self.averaged(64) + Self.averaged(128) + Self.averaged(512) + [
          .flatten, .dense(outputs: 10),
        ])
    case .vgg11:
      try Self.image(
        Self.pooled(Self.same(64)) + Self.pooled(Self.same(128)) + Self.pooled(Self.same(256) + Self.same(256))
          + Self.pooled(Self.same(512) + Self.same(512)) + Self.pooled(Self.same(512) + Self.same(512)) + [
            .flatten, .dense(outputs: 4096), .relu, .dense(outputs: 10),
          ])
    case .embeddingPool:
      try Network(
        inputShape: Shape([256]),
        layers: [
          .embedding(vocabulary: 10_000, dimension: 16), .globalAveragePool, .dense(outputs: 16), .relu,
          .dense(outputs: 2),
        ])
    case .lstm:
      try Network(
        inputShape: Shape([128]),
        layers: [
          .embedding(vocabulary: 10_000, dimension: 32), .lstm(units: 100), .position(.last), .dense(outputs: 2),
        ])
    case .transformer: try Self.decoder(vocabulary: 5_000, length: 128, width: 256, heads: 4, blocks: 4)
    }
  }

  // MARK: Parts

  private static func image(_ layers: [LayerConfiguration]) throws -> Network {
    try Network(inputShape: Shape([3, 32, 32]), layers: layers)
  }

  private static func same(_ filters: Int, kernel: Int = 3) -> [LayerConfiguration] {
    [.convolution(filters: filters, window: Window(kernel: kernel, stride: 1, padding: .all(kernel / 2))), .relu]
  }

  private static func averaged(_ filters: Int, kernel: Int = 3) -> [LayerConfiguration] {
    same(filters, kernel: kernel) + [.averagePool(Window(kernel: 2, stride: 2))]
  }

  private static func pooled(_ layers: [LayerConfiguration]) -> [LayerConfiguration] {
    layers + [.maxPool(Window(kernel: 2, stride: 2))]
  }

  /// A decoder in the manner of GPT-2, with norms first and a head of its own.
  private static func decoder(vocabulary: Int, length: Int, width: Int, heads: Int, blocks: Int) throws -> Network {
    var nodes = [
      LayerNode(name: "wte", .embedding(vocabulary: vocabulary, dimension: width), inputs: [-1]),
      LayerNode(name: "wpe", .positionEmbedding, inputs: [0]),
    ]
    func append(_ name: String, _ operation: LayerConfiguration, _ inputs: Int...) -> Int {
      nodes.append(LayerNode(name: name, operation, inputs: inputs))
      return nodes.count - 1
    }
    var stream = 1
    for block in 0..<blocks {
      let name = "h.\(block)."
      let attended = append(name + "n1", .layerNorm(), stream)
      let parts = ["q", "k", "v"].map { append(name + $0, .dense(outputs: width), attended) }
      let attention = append(
        name + "attention", .scaledDotProductAttention(heads: heads, isCausal: true), parts[0], parts[1], parts[2])
      stream = append(name + "add1", .add, stream, append(name + "o", .dense(outputs: width), attention))
      let wide = append(name + "a", .dense(outputs: 4 * width), append(name + "n2", .layerNorm(), stream))
      let narrow = append(name + "b", .dense(outputs: width), append(name + "gelu", .activation(.geluTanh), wide))
      stream = append(name + "add2", .add, stream, narrow)
    }
    _ = append("head", .dense(outputs: vocabulary, bias: false), append("nf", .layerNorm(), stream))
    return try Network(inputShape: Shape([length]), nodes: nodes, loss: .tokenCrossEntropy)
  }
}
