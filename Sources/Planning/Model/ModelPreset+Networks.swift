// The presets' layers below the last dense one.

extension ModelPreset {
  // MARK: Convolutional networks

  static func tutorial(_ activation: Activation) -> [LayerSpecification] {
    let pool = LayerSpecification.maxPool2d(window: Extent(2), strides: Extent(1))
    return [
      .conv2d(filters: 16, kernel: Extent(8), strides: Extent(2), padding: .same, activation: activation, bias: true),
      pool,
      .conv2d(filters: 32, kernel: Extent(4), strides: Extent(2), padding: .valid, activation: activation, bias: true),
      pool, .flatten, .dense(32, activation),
    ]
  }

  static let cifar: [LayerSpecification] =
    [32, 64, 128].flatMap { filters in
      [.conv(filters, 3, .tanh), .conv(filters, 3, .tanh), .averagePool2d(window: Extent(2), strides: Extent(2))]
    } + [.flatten, .dense(128, .tanh)]

  static let simple: [LayerSpecification] =
    [6, 16].flatMap { filters in
      [.conv(filters, 5, .relu, padding: 0), .maxPool2d(window: Extent(2), strides: Extent(2))]
    } + [.flatten, .dense(120, .relu), .dense(84, .relu)]

  static let larger: [LayerSpecification] =
    [32, 64, 64].flatMap { filters in
      [.conv(filters, 3, .relu), .averagePool2d(window: Extent(2), strides: Extent(2))]
    } + [.conv(128, 3, .relu), .globalAveragePool]

  static let simplifiedResidual: [LayerSpecification] =
    [(64, 7), (64, 3), (128, 3), (512, 3)].flatMap { filters, kernel in
      [.conv(filters, kernel, .relu), .averagePool2d(window: Extent(2), strides: Extent(2))]
    } + [.flatten]

  static func vgg(_ stages: [[Int]]) -> [LayerSpecification] {
    stages.flatMap { filters in
      filters.map { .conv($0, 3, .relu) } + [.maxPool2d(window: Extent(2), strides: Extent(2))]
    } + [.flatten, .dense(4096, .relu)]
  }

  static let residual18: [LayerSpecification] =
    [.conv(64, 3, padding: 1, bias: false), .groupNorm(16), .activation(.relu)]
    + [(64, 1), (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1)].map { filters, stride in
      residualBlock(filters, stride: stride)
    } + [.globalAveragePool]

  /// The first block of a stage halves the sides and doubles the channels, so its shortcut is a 1×1 convolution.
  private static func residualBlock(_ filters: Int, stride: Int) -> LayerSpecification {
    let layers: [LayerSpecification] = [
      .conv(filters, 3, stride: stride, bias: false), .groupNorm(16), .activation(.relu),
      .conv(filters, 3, bias: false), .groupNorm(16),
    ]
    let shortcut: [LayerSpecification]? =
      stride == 1 ? nil : [.conv(filters, 1, stride: stride, padding: 0, bias: false), .groupNorm(16)]
    return LayerSpecification(
      .residual(ResidualSpecification(layers: layers, shortcut: shortcut, activation: .relu)))
  }

  // MARK: Transformers

  static let decoder: [LayerSpecification] =
    [.embedding(256), .positionEmbedding]
    + repeatElement(
      .transformer(heads: 4) {
        $0.activation = .geluTanh
        $0.isCausal = true
      }, count: 4) + [.layerNorm]

  static let encoder: [LayerSpecification] =
    [.embedding(256), .positionEmbedding, .layerNorm]
    + repeatElement(.transformer(heads: 4) { $0.isNormFirst = false }, count: 4)
    + [LayerSpecification(.position(.first))]

  static let visionTransformer: [LayerSpecification] =
    [.conv(192, 4, stride: 4, padding: 0), .positions, .positionEmbedding]
    + repeatElement(.transformer(heads: 3) { _ in }, count: 12) + [.layerNorm, .globalAveragePool]
}

extension LayerSpecification {
  /// A square convolution; without a padding the sides stay as they are at stride 1.
  static func conv(
    _ filters: Int, _ side: Int, _ activation: Activation? = nil, stride: Int = 1, padding: Int? = nil,
    bias: Bool = true
  ) -> LayerSpecification {
    .conv2d(
      filters: filters, kernel: Extent(side), strides: Extent(stride), padding: .zeros(Extent(padding ?? side / 2)),
      activation: activation, bias: bias)
  }

  static func embedding(_ dimension: Int) -> LayerSpecification {
    LayerSpecification(.embedding(vocabularySize: nil, dimension: dimension, paddingIndex: nil))
  }

  static func groupNorm(_ groups: Int) -> LayerSpecification {
    LayerSpecification(.groupNorm(groups: groups, epsilon: 1e-5))
  }

  static func transformer(
    heads: Int, _ change: (inout TransformerBlockSpecification) -> Void
  ) -> LayerSpecification {
    var block = TransformerBlockSpecification(heads: heads)
    change(&block)
    return LayerSpecification(.transformerBlock(block))
  }

  static let positionEmbedding = LayerSpecification(.positionEmbedding)
  static let layerNorm = LayerSpecification(.layerNorm(epsilon: 1e-5))
  static let globalAveragePool = LayerSpecification(.globalPooling(.average))
  static let lastPosition = LayerSpecification(.position(.last))
}
