import Glibc

/// User-level guarantees from record-level ones.
///
/// Vadhan, "The Complexity of Differential Privacy" (2017), Lemma 2.2 with the tighter δ of its proof: a mechanism that is
/// (ε, δ)-differentially private for one record is (kε, δ·(e^{kε} − 1)/(e^ε − 1)) for k records.
public enum GroupPrivacy {
  /// The least user-level ε found at a user-level δ.
  ///
  /// The record-level δ′ must satisfy log δ′ + log((e^{kε} − 1)/(e^ε − 1)) ≤ log δ with ε = ε(δ′). The left side need not be
  /// monotone in δ′, because ε grows as δ′ falls; the largest solution gives the least ε. From any δ′ that fails by a gap, every
  /// δ″ in (δ′·exp(−gap), δ′] fails too, as ε(δ″) ≥ ε(δ′); so the search steps down by the gap and cannot jump over a solution.
  /// - Parameters:
  ///   - delta: the user-level δ in [0, 1].
  ///   - groupSize: k ≥ 1.
  ///   - recordEpsilon: ε of one record at a given δ; falls with δ.
  /// - Returns: an upper bound; `infinity` where no representable δ′ solves the condition.
  public static func epsilonUpperBound(
    delta: Double, groupSize: Int, recordEpsilon: (Double) -> Double
  ) -> Double {
    let size = Double(groupSize)
    guard groupSize > 1, delta > 0 else { return (size * recordEpsilon(delta)).nextUp }
    var logDelta = log(delta)
    // Convergence is geometric; where it is slow, a little more than the gap is stepped over, which gives up as little ε.
    for _ in 0..<10_000 {
      let candidate = exp(logDelta).nextDown
      guard candidate > 0 else { return .infinity }
      let epsilon = recordEpsilon(candidate)
      guard epsilon < .infinity else { return .infinity }
      let gap = log(candidate) + logRatio(epsilon: epsilon, groupSize: size) - log(delta)
      if gap <= 0 { return (size * epsilon).nextUp }
      logDelta = min(logDelta, log(candidate)) - gap - 1e-9
    }
    return .infinity
  }

  /// log((e^{kε} − 1)/(e^ε − 1)), rounded up.
  private static func logRatio(epsilon: Double, groupSize k: Double) -> Double {
    if epsilon == 0 { return log(k).raised(by: 2 * ulp) }
    let ratio = (k - 1) * epsilon + log(-expm1(-k * epsilon)) - log(-expm1(-epsilon))
    return ratio.raised(by: 8 * ulp * (1 + k * epsilon + abs(log(-expm1(-epsilon)))))
  }
}
