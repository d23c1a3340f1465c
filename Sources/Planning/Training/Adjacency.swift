/// The neighboring relation in the API's spelling, with what it means for a sum of clipped gradients.
public enum Adjacency: String, Codable, Hashable, Sendable, CaseIterable {
  /// One example more or one fewer.
  case addOrRemoveOne = "add_or_remove_one"
  /// One example exchanged for any other.
  case replaceOne = "replace_one"
  /// One example's contribution replaced by zero; the size of the dataset stays.
  case zeroOut = "zero_out"

  /// How many clipping norms the sum of clipped gradients can move between neighbors: one gradient appears or
  /// vanishes (1), or one turns into another, by the triangle inequality at most twice its norm (2).
  public var sensitivityInClippingNorms: Double {
    switch self {
    case .addOrRemoveOne, .zeroOut: 1
    case .replaceOne: 2
    }
  }
}
