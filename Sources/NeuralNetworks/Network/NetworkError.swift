/// Why nodes are not a network, or an array does not fit it.
public enum NetworkError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The node at this index, counted from 0, cannot be; `name` may be empty.
  case layer(index: Int, name: String, reason: String)
  /// Two nodes with parameters have the same name.
  case duplicateName(String)
  /// The network has no nodes, or ends in what its loss cannot take.
  case output(String)
  /// An array has the wrong number of elements.
  case count(what: String, expected: Int, got: Int)
  /// A target is not a class.
  case label(Float, classes: Int)
  /// A target is not a number that the loss can take.
  case target(String)
  /// A token is not in the vocabulary.
  case token(Float, vocabulary: Int)
  /// A file of parameters, or a choice of methods, does not fit the network.
  case parameters(String)

  public var description: String {
    switch self {
    case .layer(let index, let name, let reason):
      name.isEmpty ? "layer \(index): \(reason)" : "layer \(index) (“\(name)”): \(reason)"
    case .duplicateName(let name): "two layers are named “\(name)”"
    case .output(let reason): reason
    case .count(let what, let expected, let got): "\(what): \(got) values where \(expected) are needed"
    case .label(let label, let classes): "label \(label) is not a whole number in 0..<\(classes)"
    case .target(let reason): reason
    case .token(let token, let vocabulary): "token \(token) is not a whole number in 0..<\(vocabulary)"
    case .parameters(let reason): reason
    }
  }
}
