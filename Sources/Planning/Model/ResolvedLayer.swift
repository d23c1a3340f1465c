/// One operation of a network whose shapes are all known. Each activation is a layer of its own, and blocks are laid out.
public struct ResolvedLayer: Hashable, Sendable {
  public enum Kind: Hashable, Sendable {
    case dense(DenseLayer)
    /// Logits from the table of the embedding that is layer number `embedding`.
    case tiedDense(embedding: Int)
    case convolution(ConvolutionLayer)
    case maxPooling(PoolingLayer)
    case averagePooling(PoolingLayer)
    case globalAveragePooling
    case globalMaxPooling
    case position(SequencePosition)
    case embedding(EmbeddingLayer)
    case positionEmbedding
    case recurrent(RecurrentCell, units: Int)
    case layerNorm(epsilon: Double)
    case rmsNorm(epsilon: Double)
    case groupNorm(groups: Int, epsilon: Double)
    /// Queries, keys and values are its three inputs.
    case attention(heads: Int, isCausal: Bool)
    case add
    case dropout(rate: Double)
    case activation(Activation)
    case flatten
    case positions
  }

  public let kind: Kind
  /// Its path among the torch modules, the prefix of its parameters' names: `3` or `layer1.0`.
  public let name: String
  /// The layers it reads, by their places in the network; −1 is the network's input.
  public let inputs: [Int]
  /// Where the caller wrote it: `/model/layers/3`, or `/model/preset`.
  public let pointer: String
  /// The number of the layer, of those written outside of any block, that it belongs to.
  public let block: Int
  public let inputShapes: [TensorShape]
  public let output: TensorShape

  /// What the first input has.
  public var input: TensorShape { inputShapes[0] }
}

/// `y = W x + b`, with W of shape [outputs, inputs] as in `torch.nn.Linear`; at each position of a sequence.
public struct DenseLayer: Hashable, Sendable {
  public let inputs: Int
  public let outputs: Int
  public let hasBias: Bool
}

/// A cross-correlation with weights [filters, channels / groups, height, width] as in `torch.nn.Conv2d`; along a sequence
/// [filters, channels / groups, width], and windows have one row.
public struct ConvolutionLayer: Hashable, Sendable {
  public let spatial: Spatial
  public let channels: Int
  public let filters: Int
  public let kernel: Extent
  public let strides: Extent
  public let padding: BorderWidths
  public let dilation: Extent
  public let groups: Int
  public let hasBias: Bool

  public var weightShape: [Int] {
    [filters, channels / groups] + (spatial == .one ? [kernel.width] : [kernel.height, kernel.width])
  }
}

/// A maximum or average over what windows cover of the image; zeros around it are never counted.
public struct PoolingLayer: Hashable, Sendable {
  public let window: Extent
  public let strides: Extent
  public let padding: Extent
}

/// A table [vocabularySize, dimension] whose row `paddingIndex` is not learnt.
public struct EmbeddingLayer: Hashable, Sendable {
  public let vocabularySize: Int
  public let dimension: Int
  public let paddingIndex: Int?
}

/// Rows and columns of zeros around an image.
public struct BorderWidths: Hashable, Sendable {
  public let top: Int
  public let left: Int
  public let bottom: Int
  public let right: Int

  public static let none = BorderWidths(top: 0, left: 0, bottom: 0, right: 0)

  public init(top: Int, left: Int, bottom: Int, right: Int) {
    self.top = top
    self.left = left
    self.bottom = bottom
    self.right = right
  }

  /// `torch.nn.Conv2d` pads both sides alike; anything else needs an `nn.ZeroPad2d` before it.
  public var isSymmetric: Bool { top == bottom && left == right }
}
