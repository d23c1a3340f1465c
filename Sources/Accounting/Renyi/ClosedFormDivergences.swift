import Glibc

/// Gaussian mechanism: D_α = α/(2σ²) (arXiv:1702.07476v3, Proposition 7).
enum GaussianDivergence {
  /// Rounded up; infinite at σ = 0.
  static func upperBound(noiseMultiplier sigma: Double, order: Double) -> Double {
    // σ² could underflow or overflow where the quotient does not.
    (order / sigma / sigma / 2 * (1 + 2 * ulp)).nextUp
  }
}

/// A mechanism with D_α ≤ ξ + ρα at every order (arXiv:1605.02065v1, Definition 8.1).
enum ZeroConcentratedDivergence {
  static func upperBound(rho: Double, xi: Double, order: Double) -> Double {
    rho == 0 && xi == 0 ? 0 : ((xi + rho * order) * (1 + ulp)).nextUp
  }
}

/// Laplace mechanism: with ε = 1/b, E_Q[rᵅ] = (α·e^{(α−1)ε} + (α−1)·e^{−αε})/(2α − 1) (arXiv:1702.07476v3, Proposition 6).
enum LaplaceDivergence {
  /// Rounded up; infinite at b = 0.
  static func upperBound(noiseMultiplier: Double, order: Double) -> Double {
    let epsilon = 1 / noiseMultiplier
    let step = order - 1
    guard epsilon < .infinity else { return .infinity }
    if epsilon < 1e-150 { return ((order * epsilon) * epsilon).nextUp }  // D_α ≤ αε²/2; the formula would underflow
    if step * epsilon > 600 {
      let logSum = step * epsilon + log(order / (2 * order - 1)) + step / order * exp((1 - 2 * order) * epsilon)
      return min(epsilon.nextUp, (logSum / step).raised(by: 8 * ulp * (epsilon + 1 / step)))
    }
    // The terms of first order cancel exactly, α(α−1)ε − (α−1)αε, so only remainders are left.
    let excess =
      (order * Stable.exponentialRemainder(step * epsilon) + step * Stable.exponentialRemainder(-order * epsilon))
      / (2 * order - 1)
    return log1p(excess * (1 + ulp * (32 + 4 * step * epsilon))) / step * (1 + 4 * ulp)
  }
}

/// The worst ε-differentially private mechanism, binary randomized response (arXiv:1702.07476v3, Proposition 5):
/// E_Q[rᵅ] = cosh((α − 1/2)ε)/cosh(ε/2) = 1 + 2·sinh(αε/2)·sinh((α−1)ε/2)/cosh(ε/2).
enum PureDivergence {
  /// Rounded up; 0 at ε = 0.
  static func upperBound(epsilon: Double, order: Double) -> Double {
    if epsilon == 0 { return 0 }
    let step = order - 1
    if epsilon < 1e-150 { return (order * epsilon * epsilon).nextUp }  // D_α ≤ αε²/2; the formula would underflow
    if order * epsilon > 600 {
      let logSum = Stable.logCosh((order - 0.5) * epsilon) - Stable.logCosh(epsilon / 2)
      return min(epsilon, (logSum / step).raised(by: 8 * ulp * (2 * order + 1) * (epsilon + 1) / step))
    }
    let excess = 2 * sinh(order * epsilon / 2) * (sinh(step * epsilon / 2) / cosh(epsilon / 2))
    return min(epsilon, log1p(excess * (1 + ulp * (32 + 4 * order * epsilon))) / step * (1 + 4 * ulp))
  }
}

/// k-ary randomized response. With p the noise parameter, the true bucket has probability 1 − p + p/k and each other p/k.
enum RandomizedResponseDivergence {
  /// Rounded up; infinite at p = 0 with more than one bucket.
  static func upperBound(noiseParameter p: Double, buckets k: Double, order: Double, replaceOne: Bool) -> Double {
    if k == 1 || p == 1 { return 0 }
    if p == 0 { return .infinity }
    if replaceOne {
      // Two records differ in which bucket is likely: r is L, 1/L or 1, L = (1 − p + p/k)/(p/k).
      let logLikely = log1p((1 - p) * k / p)
      guard logLikely < .infinity else { return .infinity }
      return AtomsDivergence.upperBound(
        order: order, atoms: [(p / k, logLikely), (1 - p + p / k, -logLikely)])
    }
    // Against the special record, whose report is uniform: r is R = k(1 − p) + p once and p otherwise; either direction.
    let (logLikely, logUnlikely) = (log1p((k - 1) * (1 - p)), log(p))
    let present = AtomsDivergence.upperBound(order: order, atoms: [(1 / k, logLikely), (1 - 1 / k, logUnlikely)])
    let absent = AtomsDivergence.upperBound(
      order: order, atoms: [((1 - p) + p / k, -logLikely), ((1 - 1 / k) * p, -logUnlikely)])
    return max(present, absent)
  }
}
