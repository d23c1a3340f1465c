import Glibc

/// Mechanisms of bounded range ε, like the exponential mechanism: log r lies in some [t − ε, t], 0 ≤ t ≤ ε (arXiv:1905.04273,
/// arXiv:1909.13830).
///
/// rᵅ is convex and E_Q[r] = 1, so for a given t the two ends of the range are worst: Q(r = eᵗ) = w(t) = (e⁻ᵗ − e^{−ε})/(1 − e^{−ε}).
/// Over t, E_Q[rᵅ] is greatest at eᵗ = (α − 1)(1 − e^{−αε})/(α(e^{−ε} − e^{−αε})), and every t is reached by an exponential
/// mechanism: the divergence is exact.
enum BoundedRangeDivergence {
  /// Rounded up.
  static func upperBound(epsilon: Double, order: Double) -> Double {
    if epsilon < 1e-150 { return (order * epsilon * epsilon).nextUp }  // D_α ≤ αε²/8; the formula would underflow
    // An error of t costs its square only: relative to the maximum, (error/ε)², which 2⁻⁴⁰ covers.
    let bound = AtomsDivergence.upperBound(order: order, atoms: atoms(epsilon: epsilon, order: order))
    return min(epsilon, bound * (1 + 0x1p-40))
  }

  private static func atoms(epsilon: Double, order: Double) -> [(probability: Double, logRatio: Double)] {
    let high = worstUpperEnd(epsilon: epsilon, order: order)
    let likely = likelyProbability(epsilon: epsilon, upperEnd: high)
    return [(likely, high), (1 - likely, high - epsilon)]
  }

  /// t as above, by log((1 − e⁻ˣ)/x) at x = αε and (α − 1)ε.
  static func worstUpperEnd(epsilon: Double, order: Double) -> Double {
    let shift = logMeanDecay(order * epsilon) - logMeanDecay((order - 1) * epsilon)
    return min(max(epsilon + shift, 0), epsilon)
  }

  /// Q(r = eᵗ).
  static func likelyProbability(epsilon: Double, upperEnd t: Double) -> Double {
    exp(-t) * (expm1(t - epsilon) / expm1(-epsilon))
  }

  /// log((1 − e⁻ˣ)/x) for x > 0; −x/2 + x²/24 − … for small x.
  private static func logMeanDecay(_ x: Double) -> Double {
    x < 0.02 ? x * (-0.5 + x * (1.0 / 24 - x * x / 2880)) : log(-expm1(-x) / x)
  }
}
