import Glibc

extension GaussianTradeOff {
  /// The least ε ≥ 0 for a given δ.
  /// - Parameters:
  ///   - mu: μ in [0, ∞].
  ///   - delta: in [0, 1].
  /// - Returns: bounds in [0, ∞].
  public static func epsilon(mu: Double, delta: Double) -> (lower: Double, upper: Double) {
    precondition(delta >= 0 && delta <= 1, "δ is a probability")
    return epsilon(mu: mu, logDelta: log(delta))
  }

  /// The least ε ≥ 0 for a given log δ in [−∞, 0], which may lie far below that of the smallest positive number.
  public static func epsilon(mu: Double, logDelta: Double) -> (lower: Double, upper: Double) {
    if mu == 0 || logDelta == 0 { return (0, 0) }
    if mu == .infinity || logDelta == -.infinity { return (.infinity, .infinity) }
    let target = LogTarget(logDelta)
    if self.logDelta(mu: mu, epsilon: 0).upper <= target.low { return (0, 0) }
    // δ ≤ Q(a) ≤ exp(−a²/2)/2 for a ≥ 0. As log δ is concave in ε, Newton's steps stay on this side of the root.
    let highest = mu * (mu / 2 + (-2 * target.low).squareRoot()) * (1 + 8 * ulp)
    guard highest < .infinity else { return (0, .infinity) }
    return CertifiedInverse(isLogarithmic: false).bracket(from: highest) { epsilon in
      let value = self.logDelta(mu: mu, epsilon: epsilon)
      let slope = GaussianTerms(mu: mu, epsilon: epsilon).logSlopeInEpsilon
      return .init(low: target.low - value.upper, high: target.high - value.lower, slope: slope)
    }
  }

  /// The largest μ for which (ε, δ) holds.
  /// - Parameters:
  ///   - epsilon: in [0, ∞].
  ///   - delta: in [0, 1].
  /// - Returns: bounds in [0, ∞]; what is μ-GDP for a μ up to the lower one satisfies (ε, δ).
  public static func mu(epsilon: Double, delta: Double) -> (lower: Double, upper: Double) {
    precondition(delta >= 0 && delta <= 1, "δ is a probability")
    return mu(epsilon: epsilon, logDelta: log(delta))
  }

  /// The largest μ for which (ε, δ) holds, for a given log δ in [−∞, 0].
  public static func mu(epsilon: Double, logDelta: Double) -> (lower: Double, upper: Double) {
    precondition(epsilon >= 0, "ε is not negative")
    if epsilon == .infinity || logDelta == 0 { return (.infinity, .infinity) }
    if logDelta == -.infinity { return (0, 0) }
    let target = LogTarget(logDelta)
    // As above with a = √(2 log(1/δ)), and δ ≤ μ/√(2π) at any ε. From below, log δ is concave in log μ.
    let quantile = (-2 * target.low).squareRoot()
    let byTail = 2 * epsilon / (quantile + (quantile * quantile + 2 * epsilon).squareRoot())
    let lowest = max(byTail, 2.5 * exp(target.low)) * (1 - 8 * ulp)
    guard lowest > 0 else { return (0, .leastNormalMagnitude) }
    return CertifiedInverse(isLogarithmic: true).bracket(from: lowest) { mu in
      let value = self.logDelta(mu: mu, epsilon: epsilon)
      let slope = GaussianTerms(mu: mu, epsilon: epsilon).logSlopeInMu
      return .init(low: value.lower - target.high, high: value.upper - target.low, slope: slope)
    }
  }

  /// A given log δ with the rounding of the logarithm that it came from.
  private struct LogTarget {
    var low: Double
    var high: Double

    init(_ value: Double) {
      low = value * (1 + 2 * ulp)
      high = value * (1 - 2 * ulp)
    }
  }
}
