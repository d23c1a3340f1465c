import Glibc

/// Rényi divergence of a Gaussian release of a uniform fixed-size sample, under replace-one and zero-out.
///
/// In units of σ let H_g(P, Q) = ∫(P − gQ)₊, M = (1 − q)N(0) + qN(μ), and y, x, x' as in `FixedSizeDraw`. For f = Σ cᵢN(aᵢ) the
/// integral of f₊ grows with |aᵢ − aⱼ| where cᵢcⱼ < 0 and falls where cᵢcⱼ > 0 (Gaussian interpolation). Hence
///  - replace-one, g ≥ 1: y = x', |x − y| = 2, so M(μ = 2/σ) against N(0); g < 1: y = x, |x' − y| = 2, so N(0) against M;
///  - zero-out (x' = 0), P with the record, g < 1: y = x, |x| = 1, so N(0) against M(μ = 1/σ);
///  - zero-out, g ≥ 1: y = −ρx, and the derivative in ρ has the sign of (1 + ρ)N(x) − ρgN(0) where f = 0; there N(x) ≥ gN(0), so
///    ρ = 1: A = (1 − q)N(−μ) + qN(μ) against B = (1 − q)N(−μ) + qN(0).
/// The other direction of zero-out mirrors this. The divergence of such a spliced curve is the sum of its halves: E_Q[rᵅ] − 1 =
/// α(α − 1)∫ g^{α−2}·(H_g − (1 − g)₊) dg, so g ≥ 1 gives the excess over {P ≥ Q} of the pair that dominates above, g < 1 the
/// excess over {P ≤ Q} of the pair that dominates below. Both regions are z ≥ μ/2.
struct FixedSizeProfile {
  private let q: Double
  private let mu: Double
  private let zeroOut: Bool
  private var halves: [MixtureProfile]

  init(_ sample: FixedSizeGaussian) {
    // Both are safe: curves grow with q, and less noise is worse.
    let q = max(sample.samplingProbability, 1e-60)
    let mu = (sample.zeroOut ? 1 : 2) / min(sample.noiseMultiplier, 1e60)
    let rest = 1 - q
    (self.q, self.mu, zeroOut) = (q, mu, sample.zeroOut)
    guard mu < 1e6 else {
      halves = []
      return
    }
    let none = GaussianMixture(means: [0], weights: [1])
    let one = GaussianMixture(means: [0, mu], weights: [rest, q])
    func half(_ p: GaussianMixture, _ q: GaussianMixture) -> MixtureProfile { MixtureProfile(p: p, q: q, from: mu / 2) }
    halves = [half(one, none), half(none, one)]
    if zeroOut {
      let opposite = GaussianMixture(means: [-mu, mu], weights: [rest, q])
      let absent = GaussianMixture(means: [-mu, 0], weights: [rest, q])
      halves += [half(opposite, absent), half(absent, opposite)]
    }
  }

  /// Upper bound of the divergence of order α > 1, in the worse direction.
  mutating func divergence(order: Double) -> Double {
    // Without sampling: the parts of both mixtures, taken one by one, are no further apart than x and x'.
    let plain = GaussianDivergence.upperBound(noiseMultiplier: 1 / mu, order: order) * (1 + 4 * ulp)
    let sampled = LogExcess.divergence(logExcess: logExcess(order: order), order: order)
    return sampled < plain ? sampled : plain
  }

  private mutating func logExcess(order: Double) -> Double {
    let present = quadrature(0, order) ?? minkowski(order: order)
    let absent = quadrature(1, order) ?? totalVariation(order: order)
    guard zeroOut else { return LogExcess.sum(present, absent) }
    let oppositePresent = quadrature(2, order) ?? oppositeMinkowski(order: order)
    let oppositeAbsent = quadrature(3, order) ?? totalVariation(order: order)
    return max(LogExcess.sum(oppositePresent, absent), LogExcess.sum(present, oppositeAbsent))
  }

  private mutating func quadrature(_ half: Int, _ order: Double) -> Double? {
    halves.indices.contains(half) ? halves[half].logExcess(order: order) : nil
  }

  /// Minkowski's inequality: E_Q[(M/N(0))ᵅ] ≤ (1 − q + q·e^{(α−1)μ²/2})ᵅ.
  private func minkowski(order: Double) -> Double { power(order: order, exponent: (order - 1) * mu * mu / 2) }

  /// (1 − q)N(−μ) ≤ B, and E_B[(N(μ)/B)ᵅ] is at most its mean over the parts of B, of which e^{α(α−1)(2μ)²/2} is the greater.
  private func oppositeMinkowski(order: Double) -> Double { power(order: order, exponent: (order - 1) * 2 * mu * mu) }

  /// α·log(1 + q·e^{exponent}), rounded up.
  private func power(order: Double, exponent: Double) -> Double {
    let logTerm = log(q) + exponent
    let value = logTerm > 40 ? logTerm + exp(-logTerm) : log1p(exp(logTerm))
    return (order * value).raised(by: 16 * ulp * order * (1 + exponent + abs(logTerm)))
  }

  /// The excess is at most (α − 1)·∫(Q − P)₊ where P ≤ Q, as rᵅ ≤ r there.
  private func totalVariation(order: Double) -> Double {
    let value = log((order - 1) * q * min(1, erf(mu / 8.0.squareRoot())))
    return value.raised(by: 16 * ulp * (1 + abs(value)))
  }
}
