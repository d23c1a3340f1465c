import Glibc

/// Between Rényi divergence and (ε, δ), one order at a time.
///
/// Two facts are used, and the better one counts:
///  1. arXiv:2004.00010v4, Proposition 12: D_α ≤ r gives (ε, δ) with ε = r + log(1 − 1/α) − log(δα)/(α − 1).
///  2. D_1 ≤ D_α, and the total variation is at most √(1 − exp(−D_1)) (Bretagnolle and Huber): where δ² ≥ 1 − exp(−r)
///     already ε = 0 holds. (And (0, 1) holds for anything.)
///
/// Every result is on the safe side: the error of each logarithm and sum is bounded by a few units in the last place of
/// the largest term and added.
public enum RenyiConversion {
  /// The least ε ≥ 0 that (ε, δ) holds for, by both facts.
  /// - Parameters:
  ///   - divergence: an upper bound of the Rényi divergence, in [0, ∞].
  ///   - order: α > 1.
  ///   - delta: in [0, 1].
  /// - Returns: an upper bound, `infinity` where there is none.
  public static func epsilonUpperBound(divergence: Double, order: Double, delta: Double) -> Double {
    if divergence == 0 || impliesZeroEpsilon(divergence: divergence, delta: delta) { return 0 }
    guard delta > 0, divergence < .infinity else { return .infinity }
    let terms = ConversionTerms(order: order, logDelta: log(delta))
    return max(0, (divergence + terms.offset).raised(by: ulp * divergence + terms.error))
  }

  /// The least ε ≥ 0 by both facts and by the joint range of the two divergences (Asoodeh et al., arXiv:2001.05990): never more
  /// than `epsilonUpperBound`.
  ///
  /// Let P and Q have hockey-stick divergence δ₀ > δ at e^ε, reached on the outcomes A. Then "in A or not" keeps it, p − e^ε·q = δ₀,
  /// and cannot raise D_α (data processing): with b = α − 1
  ///
  ///     e^{b·D_α} ≥ pᵅq⁻ᵇ + (1 − p)ᵅ(1 − q)⁻ᵇ > e^{bε}·pᵅ(p − δ)⁻ᵇ + max(0, 1 − αp).
  ///
  /// So (ε, δ) holds where e^{bε} ≥ g(p) = (c + αp)·(p − δ)ᵇ·p⁻ᵅ for p ≤ 1/α, with c = e^{b·r} − 1. The logarithmic derivative of g has one
  /// zero, p* = αδc/(c − αbδ), where g is greatest; inserting it gives
  ///
  ///     ε = log(1 − 1/α) + (log c + α·log(1 + αδ/c) − log(αδ))/b       if c > αbδ and p* ≤ 1/α.
  ///
  /// For p > 1/α ≥ p* > αδ the factor pᵅ(p − δ)⁻ᵇ grows with p, so 1/α decides there. The formula differs from fact 1 by log c in
  /// place of log(1 + c): much where r is small, as early in a run, and by about δ where b·r is log(1/δ). Against the
  /// best binary pair it loses Bernoulli's inequality, a relative O(p²) of e^{bε}.
  /// - Parameters: as for `epsilonUpperBound`.
  public static func sharpEpsilonUpperBound(divergence: Double, order: Double, delta: Double) -> Double {
    let byFacts = epsilonUpperBound(divergence: divergence, order: order, delta: delta)
    let step = order - 1
    let exponent = step * divergence
    guard byFacts > 0, delta > 0, exponent < 40 else { return byFacts }
    let excess = expm1(exponent) * (1 + 8 * ulp * (1 + exponent))  // the formula grows with c
    let slack = excess * (1 - 4 * ulp) - order * step * delta
    guard slack > 0, order * order * delta * excess * (1 + 8 * ulp) <= slack else { return byFacts }
    let terms = ConversionTerms(order: order, logDelta: log(delta))
    let correction = order * log1p(order * delta / excess)
    let sharpened = (log(excess) + correction) / step
    let error = 8 * ulp * ((abs(log(excess)) + correction) / step + 1 / step) + terms.error
    return min(byFacts, max(0, (sharpened + terms.offset).raised(by: ulp * abs(sharpened) + error)))
  }

  /// The least δ in [0, 1] that (ε, δ) holds for, by both facts.
  /// - Parameters:
  ///   - divergence: an upper bound of the Rényi divergence, in [0, ∞].
  ///   - order: α > 1.
  ///   - epsilon: ≥ 0.
  /// - Returns: an upper bound. Below the smallest positive number it is that number, not 0, unless it is truly 0.
  public static func deltaUpperBound(divergence: Double, order: Double, epsilon: Double) -> Double {
    if divergence == 0 { return 0 }
    return min(1, exp(logDeltaUpperBound(divergence: divergence, order: order, epsilon: epsilon)).raised(by: 0))
  }

  /// The largest divergence at `order` that converts to (ε, δ): what a budget may spend at that order.
  /// - Returns: a lower bound of it, ≥ 0.
  public static func largestDivergence(order: Double, epsilon: Double, delta: Double) -> Double {
    if delta >= 1 { return .infinity }
    guard delta > 0 else { return 0 }
    let terms = ConversionTerms(order: order, logDelta: log(delta))
    let byProposition = (epsilon - terms.offset).lowered(by: 2 * (ulp * epsilon + terms.error))
    // Fact 2 turned round: r ≤ −log(1 − δ²). It decides at small ε only.
    let byTotalVariation = -log1p(-delta * delta) * (1 - 8 * ulp)
    return max(0, byProposition, byTotalVariation)
  }

  /// log of the bound on δ, which may lie far below the smallest `Double`; at most 0.
  static func logDeltaUpperBound(divergence: Double, order: Double, epsilon: Double) -> Double {
    min(
      0, logTotalVariationUpperBound(divergence: divergence),
      logDeltaByProposition(divergence: divergence, order: order, epsilon: epsilon))
  }

  /// log of the bound on δ by fact 1 alone: log δ ≤ (α − 1)(r − ε + log(1 − 1/α)) − log α, which can exceed 0.
  static func logDeltaByProposition(divergence: Double, order: Double, epsilon: Double) -> Double {
    guard divergence < .infinity else { return .infinity }
    let step = order - 1
    let shift = logComplementOfReciprocal(order)
    let error = 4 * ulp * (step * (divergence + epsilon - shift) + log(order) + 1)
    return (step * (divergence - epsilon + shift) - log(order)).raised(by: error)
  }

  /// log of the bound on δ by fact 2 alone, at most 0 but for rounding.
  static func logTotalVariationUpperBound(divergence: Double) -> Double {
    let bound = 0.5 * log(-expm1(-divergence))
    // Wide enough that the δ, given back, passes `impliesZeroEpsilon`.
    return bound.raised(by: 12 * ulp * (1 - bound))
  }

  /// log(1 − 1/α) to a few units in the last place of the result or of 1, whichever is larger. Near α = 1 the rounding of 1/α
  /// would count 1/(α − 1) times, while α − 1 is exact.
  fileprivate static func logComplementOfReciprocal(_ order: Double) -> Double {
    order < 2 ? log((order - 1) / order) : log1p(-1 / order)
  }

  private static func impliesZeroEpsilon(divergence: Double, delta: Double) -> Bool {
    // (0, 1) holds for anything.
    delta >= 1 || delta * delta * (1 - 4 * ulp) + expm1(-divergence) > 0
  }
}

/// What fact 1 adds to the divergence, log(1 − 1/α) − (log δ + log α)/(α − 1), with a bound on its rounding error.
private struct ConversionTerms {
  var offset: Double
  var error: Double

  init(order: Double, logDelta: Double) {
    let step = order - 1
    let shift = RenyiConversion.logComplementOfReciprocal(order)
    let tail = (logDelta + log(order)) / step
    offset = shift - tail
    error = 2 * ulp * (2 - shift + abs(tail) + (abs(logDelta) + log(order)) / step)
  }
}
