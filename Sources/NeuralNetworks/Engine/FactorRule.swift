import Tensors

/// How much of each example's gradient enters the sum, from the norms of that gradient alone.
///
/// A rule is a pure function; the engine asks it on several threads at once, for a few examples at a time. After it the
/// engine sets to 0 the factors of rows without an example and of examples with a norm that is not finite.
public protocol FactorRule: Sendable {
  /// - Parameters:
  ///   - squaredNorms: [groups, count]; an example's squared norm over each group's parameters. Not always finite.
  ///   - isExample: by row; false for one that holds none.
  ///   - firstRow: the place in the batch of the first of these rows.
  ///   - factors: [groups, count], to be set.
  func setFactors(
    squaredNorms: UnsafeBufferPointer<Double>, isExample: UnsafeBufferPointer<Bool>, firstRow: Int, count: Int,
    into factors: MutableFloats)
}

/// Factors that are known beforehand, the same for all groups of a row; for tools and tests.
public struct GivenFactors: FactorRule {
  private let byRow: [Float]

  /// - Parameter byRow: as many as the batch has rows.
  public init(_ byRow: [Float]) { self.byRow = byRow }

  public func setFactors(
    squaredNorms: UnsafeBufferPointer<Double>, isExample: UnsafeBufferPointer<Bool>, firstRow: Int, count: Int,
    into factors: MutableFloats
  ) {
    for place in factors.indices { factors[place] = byRow[firstRow + place % count] }
  }
}
