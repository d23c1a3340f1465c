import Glibc

/// Finds where an increasing function of x ≥ 0, known by certified intervals, passes through 0.
struct CertifiedInverse {
  /// What is known of the function at one x.
  struct Residual {
    /// The function's value lies in [low, high].
    var low: Double
    var high: Double
    /// Its derivative, > 0, roughly.
    var slope: Double

    var isNotPositive: Bool { high <= 0 }
    var isNotNegative: Bool { low >= 0 }
  }

  /// Whether Newton's steps are taken in log x.
  var isLogarithmic: Bool

  private static let stepLimit = 200

  /// - Parameter start: > 0.
  /// - Returns: `lower`, where the function is certainly at most 0 (or x = 0), and `upper`, where it is certainly at least 0
  ///   (or x = ∞), as close together as the intervals allow.
  func bracket(from start: Double, _ residual: (Double) -> Residual) -> (lower: Double, upper: Double) {
    var (lower, upper) = (0.0, Double.infinity)
    var x = start
    for _ in 0..<CertifiedInverse.stepLimit {
      let here = residual(x)
      if here.isNotPositive { lower = max(lower, x) }
      if here.isNotNegative { upper = min(upper, x) }
      guard !(here.isNotPositive && here.isNotNegative) else { return (x, x) }
      let next = stepped(from: x, here, lower, upper)
      let uncertainty = (here.high - here.low) / here.slope
      let isDone = !(abs(next - x) > max(uncertainty, 4 * ulp * x))
      x = next
      if isDone { break }
    }
    return widened(around: x, lower, upper, residual)
  }

  /// Newton's step from the middle of the interval; halfway where that leaves the bracket.
  private func stepped(from x: Double, _ here: Residual, _ lower: Double, _ upper: Double) -> Double {
    let value = here.low + (here.high - here.low) / 2
    let next = isLogarithmic ? x * exp(-value / (here.slope * x)) : x - value / here.slope
    if next >= lower && next <= upper && next < .infinity { return next }
    if upper == .infinity { return 2 * x }
    return lower == 0 && isLogarithmic ? upper / 2 : lower + (upper - lower) / 2
  }

  /// Steps outward from the best x until both sides are certain.
  private func widened(
    around x: Double, _ lower: Double, _ upper: Double, _ residual: (Double) -> Residual
  ) -> (lower: Double, upper: Double) {
    let here = residual(x)
    let width = max(2 * ulp * x, (here.high - here.low) / here.slope, .leastNonzeroMagnitude)
    return (
      outermost(from: x, step: -width, limit: lower) { residual($0).isNotPositive },
      outermost(from: x, step: width, limit: upper) { residual($0).isNotNegative }
    )
  }

  /// The first of x, x + step, x + 3·step, … that is certain, or `limit` where that comes first.
  private func outermost(
    from x: Double, step: Double, limit: Double, _ isCertain: (Double) -> Bool
  ) -> Double {
    var (x, step) = (x, step)
    while step < 0 ? x > limit : x < limit {
      if isCertain(x) { return x }
      x += step
      step *= 2
    }
    return limit
  }
}
