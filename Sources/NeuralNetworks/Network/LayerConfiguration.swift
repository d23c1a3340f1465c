import Tensors

/// One operation of a network, with the places where its inputs come from.
public struct LayerNode: Hashable, Sendable {
  /// The torch module's name, which begins the names of its parameters: "conv1" gives "conv1.weight". Two nodes with
  /// parameters never share one; a node without parameters may leave it empty.
  public var name: String
  public var operation: LayerConfiguration
  /// Indices of earlier nodes; −1 is the network's input.
  public var inputs: [Int]

  public init(name: String = "", _ operation: LayerConfiguration, inputs: [Int]) {
    (self.name, self.operation, self.inputs) = (name, operation, inputs)
  }

  /// Nodes of which each reads the one before it, with the names of a `torch.nn.Sequential`: "0", "1", …
  public static func chain(_ operations: [LayerConfiguration]) -> [LayerNode] {
    chain(operations.enumerated().map { (String($0.offset), $0.element) })
  }

  /// Nodes of which each reads the one before it.
  public static func chain(_ layers: [(name: String, operation: LayerConfiguration)]) -> [LayerNode] {
    layers.enumerated().map { index, layer in
      LayerNode(name: layer.name, layer.operation, inputs: [index - 1])
    }
  }
}

/// What a node computes, before the shapes of its inputs are known.
///
/// An example's tensors are vectors [C], sequences [T, C] (position by position) or images [C, H, W]. A convolution or a
/// pool takes a sequence as an image of height 1.
public enum LayerConfiguration: Hashable, Sendable {
  /// y = W x + b with W [outputs, inputs]; a vector, or each position of a sequence.
  case dense(outputs: Int, bias: Bool = true)
  /// Logits y = E h with the table E [vocabulary, dimension] of the embedding that is node number `embedding`.
  case tiedDense(embedding: Int)
  /// Cross-correlation with weights [filters, channels / groups, height, width], or [filters, channels / groups, width]
  /// for a sequence.
  case convolution(filters: Int, window: Window, dilation: Extent2 = 1, groups: Int = 1, bias: Bool = true)
  case maxPool(Window)
  /// The mean over the pixels of the window that are not padding.
  case averagePool(Window)
  /// [C, H, W] → [C], or [T, C] → [C]: the mean over pixels or positions.
  case globalAveragePool
  /// [C, H, W] → [C], or [T, C] → [C]: the greatest over pixels or positions.
  case globalMaxPool
  /// [T, C] → [C].
  case position(PositionChoice)
  /// Token ids [T] → [T, dimension]; reads the network's input. The gradient of the padding row is 0.
  case embedding(vocabulary: Int, dimension: Int, paddingIndex: Int? = nil)
  /// Adds a table [T, C]. Its one parameter has the node's own name.
  case positionEmbedding
  /// [T, C] → [T, units], all hidden states; gates i, f, g, o; begins with zeros.
  case lstm(units: Int)
  /// [T, C] → [T, units], all hidden states; gates r, z, n; begins with zeros.
  case gru(units: Int)
  /// Over C, of a vector or of each position.
  case layerNorm(epsilon: Double = 1e-5)
  case rmsNorm(epsilon: Double = 1e-6)
  /// Over the channels of a group and all pixels or positions.
  case groupNorm(groups: Int, epsilon: Double = 1e-5)
  /// Three inputs, q, k and v, each [T, D] → [T, D].
  case scaledDotProductAttention(heads: Int, isCausal: Bool)
  /// The sum of two inputs of one shape.
  case add
  /// In training, each element is 0 with probability `rate` and otherwise divided by 1 − rate.
  case dropout(rate: Double)
  case activation(ActivationFunction)
  /// A vector in torch's order: channel, row, column for an image, position, channel for a sequence.
  case flatten
  /// [C, H, W] → [H·W, C]: each pixel becomes a position.
  case positions

  public static let relu = LayerConfiguration.activation(.relu)
  public static let tanh = LayerConfiguration.activation(.tanh)
}

/// A function of each element.
public enum ActivationFunction: String, Hashable, Sendable, CaseIterable {
  case relu, tanh, sigmoid, silu
  /// x where x > 0, else eˣ − 1.
  case elu
  /// x Φ(x).
  case gelu
  /// x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³))).
  case geluTanh = "gelu_tanh"
}

/// Which position of a sequence stands for the whole.
public enum PositionChoice: String, Hashable, Sendable, CaseIterable {
  case first, last
}
