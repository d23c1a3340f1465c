/// One layer as a caller writes it.
public struct LayerSpecification: Hashable, Sendable {
  /// What other layers and `freeze` call it, and the prefix of its parameters' names; nil names it by its place.
  public var name: String?
  /// The layers it reads, by name; "input" is what the network, or the block that it stands in, takes. Nil reads the layer
  /// before it.
  public var inputs: [String]?
  public var operation: LayerOperation

  public init(name: String? = nil, inputs: [String]? = nil, _ operation: LayerOperation) {
    self.name = name
    self.inputs = inputs
    self.operation = operation
  }
}

/// What a layer computes. Activations may be fused (`"activation": "relu"`) or stand alone.
public indirect enum LayerOperation: Hashable, Sendable {
  /// Of a vector, or of each position of a sequence.
  case dense(units: Int, activation: Activation?, bias: Bool)
  /// Logits from the table of the embedding of that name.
  case tiedDense(embedding: String)
  case convolution(ConvolutionSpecification)
  case pooling(PoolingSpecification)
  case globalPooling(Pooling)
  case position(SequencePosition)
  /// A `vocabularySize` of nil is the dataset's.
  case embedding(vocabularySize: Int?, dimension: Int, paddingIndex: Int?)
  case positionEmbedding
  case recurrent(RecurrentCell, units: Int)
  case layerNorm(epsilon: Double)
  case rmsNorm(epsilon: Double)
  case groupNorm(groups: Int, epsilon: Double)
  /// Of queries, keys and values that are there already; no parameters.
  case attention(heads: Int, isCausal: Bool)
  /// Self-attention with its four projections.
  case multiHeadAttention(heads: Int, isCausal: Bool, bias: Bool)
  case add
  case residual(ResidualSpecification)
  case transformerBlock(TransformerBlockSpecification)
  case dropout(rate: Double)
  case activation(Activation)
  case flatten
  /// An image as a sequence, a pixel a position.
  case positions
}

/// A cross-correlation.
public struct ConvolutionSpecification: Hashable, Sendable {
  public var spatial = Spatial.two
  public var filters: Int
  public var kernel: Extent
  public var strides = Extent(1)
  public var padding = Padding.valid
  public var dilation = Extent(1)
  public var groups = 1
  public var activation: Activation?
  public var bias = true

  public init(filters: Int, kernel: Extent) {
    self.filters = filters
    self.kernel = kernel
  }
}

/// A pool over windows.
public struct PoolingSpecification: Hashable, Sendable {
  public var kind: Pooling
  public var spatial = Spatial.two
  public var window: Extent
  public var strides: Extent
  public var padding = Padding.valid

  /// - Parameter strides: nil puts windows side by side, as in Keras and PyTorch.
  public init(_ kind: Pooling, spatial: Spatial = .two, window: Extent, strides: Extent? = nil) {
    self.kind = kind
    self.spatial = spatial
    self.window = window
    self.strides = strides ?? window
  }
}

/// `activation(layers(x) + shortcut(x))`; without a shortcut x itself is added.
public struct ResidualSpecification: Hashable, Sendable {
  public var layers: [LayerSpecification]
  public var shortcut: [LayerSpecification]?
  public var activation: Activation?

  public init(layers: [LayerSpecification], shortcut: [LayerSpecification]? = nil, activation: Activation? = nil) {
    self.layers = layers
    self.shortcut = shortcut
    self.activation = activation
  }
}

/// Self-attention and a feed-forward part, each with a residual connection and a layer norm: before the part where
/// `isNormFirst` (GPT-2), after the sum otherwise (the original transformer, BERT, RoBERTa).
public struct TransformerBlockSpecification: Hashable, Sendable {
  public var heads: Int
  /// Units of the hidden layer of the feed-forward part; nil takes four times the channels.
  public var feedForward: Int?
  public var activation = Activation.gelu
  public var isCausal = false
  public var isNormFirst = true
  public var bias = true
  /// After each of the two parts; 0 leaves it out.
  public var dropout = 0.0
  public var epsilon = 1e-5

  public init(heads: Int, feedForward: Int? = nil) {
    self.heads = heads
    self.feedForward = feedForward
  }
}

// MARK: Short forms

extension LayerSpecification {
  public static let flatten = LayerSpecification(.flatten)
  public static let positions = LayerSpecification(.positions)
  public static let add = LayerSpecification(.add)

  public static func activation(_ activation: Activation) -> LayerSpecification {
    LayerSpecification(.activation(activation))
  }

  public static func dense(units: Int, activation: Activation?, bias: Bool) -> LayerSpecification {
    LayerSpecification(.dense(units: units, activation: activation, bias: bias))
  }

  public static func dense(_ units: Int, _ activation: Activation? = nil) -> LayerSpecification {
    dense(units: units, activation: activation, bias: true)
  }

  public static func conv2d(
    filters: Int, kernel: Extent, strides: Extent, padding: Padding, activation: Activation?, bias: Bool
  ) -> LayerSpecification {
    var convolution = ConvolutionSpecification(filters: filters, kernel: kernel)
    convolution.strides = strides
    convolution.padding = padding
    convolution.activation = activation
    convolution.bias = bias
    return LayerSpecification(.convolution(convolution))
  }

  public static func maxPool2d(window: Extent, strides: Extent) -> LayerSpecification {
    LayerSpecification(.pooling(PoolingSpecification(.maximum, window: window, strides: strides)))
  }

  public static func averagePool2d(window: Extent, strides: Extent) -> LayerSpecification {
    LayerSpecification(.pooling(PoolingSpecification(.average, window: window, strides: strides)))
  }
}
