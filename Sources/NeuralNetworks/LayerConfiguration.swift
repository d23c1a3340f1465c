import Tensors

/// One layer of a feed-forward network, before its input shape is known.
///
/// Layers with parameters take the name of the module that they would have in torch; their parameters are then
/// `NAME.weight` and `NAME.bias`.
public enum LayerConfiguration: Hashable, Sendable {
  /// y = W x + b with W [outputs, inputs]; takes a vector.
  case dense(name: String, outputs: Int, bias: Bool = true)
  /// A two-dimensional convolution with weights [filters, channels, height, width]; takes an image.
  case convolution(name: String, filters: Int, window: Window, bias: Bool = true)
  case maxPool(Window)
  /// The mean over the pixels of the window that are not padding.
  case averagePool(Window)
  case relu
  case tanh
  /// An image becomes a vector in the order channel, row, column, as in torch.
  case flatten
}

/// Why a list of layers is not a network, or an array does not fit it.
public enum NetworkError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The layer at this index, counted from 0, cannot follow what is before it.
  case layer(index: Int, reason: String)
  /// Two layers have the same name.
  case duplicateName(String)
  /// The network has no layers, or does not end in a vector of logits.
  case output(String)
  /// An array has the wrong number of elements.
  case count(what: String, expected: Int, got: Int)
  /// A label is not a class.
  case label(Int, classes: Int)
  /// A file of parameters does not fit the network.
  case parameters(String)

  public var description: String {
    switch self {
    case .layer(let index, let reason): "layer \(index): \(reason)"
    case .duplicateName(let name): "two layers are named “\(name)”"
    case .output(let reason): reason
    case .count(let what, let expected, let got): "\(what): \(got) values where \(expected) are needed"
    case .label(let label, let classes): "label \(label) is not in 0..<\(classes)"
    case .parameters(let reason): reason
    }
  }
}
