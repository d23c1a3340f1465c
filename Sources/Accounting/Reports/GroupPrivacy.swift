import Glibc

/// User-level guarantees from record-level ones.
///
/// Vadhan, "The Complexity of Differential Privacy" (2017), Lemma 2.2 with the tighter δ of its proof: a mechanism that is
/// (ε, δ)-differentially private for one record is (kε, δ·(e^{kε} − 1)/(e^ε − 1)) for k records.
public enum GroupPrivacy {
  /// The least user-level ε found at a user-level δ.
  ///
  /// The record-level δ′ must satisfy log δ′ + log((e^{kε} − 1)/(e^ε − 1)) ≤ log δ with ε = ε(δ′). Any δ′ that does gives a valid
  /// bound; the larger δ′, the smaller the bound. A δ′ that fails by a gap shows that every larger one down to δ′·exp(−gap)
  /// fails too, because ε(δ′) only grows as δ′ falls. So the search steps down by more than the gap until a δ′ holds, and then
  /// closes in on the largest that does.
  /// - Parameters:
  ///   - delta: the user-level δ in [0, 1].
  ///   - groupSize: k ≥ 1.
  ///   - recordEpsilon: ε of one record at a given δ; falls with δ.
  /// - Returns: an upper bound; `infinity` where no representable δ′ solves the condition.
  public static func epsilonUpperBound(
    delta: Double, groupSize: Int, recordEpsilon: (Double) -> Double
  ) -> Double {
    guard groupSize > 1 else { return recordEpsilon(delta) }
    let size = Double(groupSize)
    guard delta > 0 else {
      // Pure differential privacy, where there is no δ to split: k records cost k times what one does.
      let epsilon = recordEpsilon(0)
      return epsilon == 0 ? 0 : (size * epsilon).nextUp
    }
    func probe(_ logDelta: Double) -> (epsilon: Double, gap: Double) {
      let candidate = exp(logDelta).nextDown
      guard candidate > 0 else { return (.infinity, .infinity) }
      let epsilon = recordEpsilon(candidate)
      return (epsilon, log(candidate) + logRatio(epsilon: epsilon, groupSize: size) - log(delta))
    }
    var failing = log(delta)
    var holding = failing - log(10)
    var found = probe(holding)
    while found.gap > 0 {
      guard found.gap < .infinity else { return .infinity }
      failing = holding - found.gap
      holding = failing - log(10)
      found = probe(holding)
    }
    while failing - holding > 1e-10 * abs(holding) {
      let middle = (failing + holding) / 2
      let attempt = probe(middle)
      if attempt.gap <= 0 { (holding, found) = (middle, attempt) } else { failing = middle }
    }
    return (size * found.epsilon).nextUp
  }

  /// log((e^{kε} − 1)/(e^ε − 1)), rounded up.
  private static func logRatio(epsilon: Double, groupSize k: Double) -> Double {
    if epsilon == .infinity { return .infinity }
    if epsilon == 0 { return log(k).raised(by: 2 * ulp) }
    let ratio = (k - 1) * epsilon + log(-expm1(-k * epsilon)) - log(-expm1(-epsilon))
    return ratio.raised(by: 8 * ulp * (1 + k * epsilon + abs(log(-expm1(-epsilon)))))
  }
}
