/// A normalization ŷ = (x − mean)/√(variance + ε), y = weight · ŷ + bias, over a part of an example [rows, columns] (row
/// by row a position's features, or a pixel's channels).
public struct Normalization: Hashable, Sendable {
  public enum Kind: Hashable, Sendable {
    /// Over each row (Ba, Kiros and Hinton, arXiv:1607.06450).
    case layer
    /// Over each row, with mean 0 and no bias (Zhang and Sennrich, arXiv:1910.07467).
    case rootMeanSquare
    /// Over so many groups of neighbouring columns, each with all rows (Wu and He, arXiv:1803.08494).
    case group(Int)
  }

  public let kind: Kind
  public let rows, columns: Int
  public let epsilon: Double

  /// - Throws: `TensorError` for sizes out of range, groups that do not divide the columns, or an ε that is not positive.
  public init(_ kind: Kind, rows: Int, columns: Int, epsilon: Double) throws(TensorError) {
    // Twice the elements bounds the statistics too.
    _ = try checkedProduct([8, rows, columns])
    if case .group(let groups) = kind {
      guard groups >= 1, columns % groups == 0 else {
        throw .shape("\(groups) groups do not divide \(columns) channels")
      }
    }
    guard epsilon > 0, epsilon.isFinite else { throw .shape("a normalization's epsilon is \(epsilon), not positive") }
    (self.kind, self.rows, self.columns, self.epsilon) = (kind, rows, columns, epsilon)
  }

  public var count: Int { rows * columns }
  public var hasBias: Bool { kind != .rootMeanSquare }
  /// Floats an example of its means and inverse standard deviations.
  public var statisticsCount: Int {
    if case .group(let groups) = kind { 2 * groups } else { 2 * rows }
  }
  /// Floats an example of the gradients of its weight and bias.
  public var parameterCount: Int { hasBias ? 2 * columns : columns }
  /// Floats of scratch that the operations need.
  public var scratchCount: Int { 8 * columns }
}
