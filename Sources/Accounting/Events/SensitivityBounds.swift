/// The L2 sensitivity of a linear query, in units of the clipping norm.
struct SensitivityBounds {
  /// Reached by some participation of some record, rounded down; ≥ 0.
  var lower: Double
  /// Rounded up.
  var upper: Double
  /// Whether both are the same number but for rounding.
  var isExact: Bool

  /// A number that was given.
  static func exactly(_ sensitivity: Double) -> SensitivityBounds {
    SensitivityBounds(lower: sensitivity, upper: sensitivity, isExact: true)
  }

  /// √`squared`, known up to a relative error.
  static func exact(squared: Double, relativeError: Double) -> SensitivityBounds {
    let root = squared.squareRoot()
    return SensitivityBounds(
      lower: max(0, (root * (1 - relativeError)).nextDown), upper: root == 0 ? 0 : (root * (1 + relativeError)).nextUp,
      isExact: true)
  }

  /// A squared sensitivity in an interval whose ends are already on the safe side.
  static func within(squared range: ClosedRange<Double>) -> SensitivityBounds {
    SensitivityBounds(
      lower: max(0, range.lowerBound.squareRoot().nextDown), upper: range.upperBound.squareRoot().nextUp, isExact: false
    )
  }

  func scaled(by scale: Double) -> SensitivityBounds {
    SensitivityBounds(
      lower: max(0, (lower * scale).nextDown), upper: upper == 0 ? 0 : (upper * scale).nextUp, isExact: isExact)
  }
}
