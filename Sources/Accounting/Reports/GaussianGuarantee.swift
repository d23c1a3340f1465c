import Glibc

/// The least μ for which a mechanism is μ-Gaussian differentially private, and how much that gives away.
///
/// A mechanism is μ-GDP where its profile lies on or below δ(μ, ε) at every ε ≥ 0 (Dong, Roth and Su, arXiv:1905.02383, Corollary 1).
/// Far out, where δ is negligible, the profile of a subsampled mechanism is that of an unsampled one; so the comparison ends at
/// the profile's `floor` δ₀: the trade-off curve lies on or above that of N(μ, 1) against N(0, 1) less δ₀.
///
/// **Regret** (Gomez et al., arXiv:2503.10945; the divergence of Kaissis et al., arXiv:2406.08918): the least Δ by which the
/// mechanism's trade-off curve f must be moved left and down to lie below the Gaussian's, f(α + Δ) − Δ ≤ G_μ(α). Taking the
/// convex conjugate of both sides this is δ_f(ε) + (1 + e^ε)·Δ ≥ δ(μ, ε) for all ε: Δ = max (δ(μ, ε) − δ_f(ε))/(1 + e^ε).
///
/// **Between two points** of the profile, in x = e^ε: δ_f is at most its chord, and δ(μ, ·) is convex with slope −Φ(−μ/2 − ε/μ), so
/// their difference is least where that slope is the chord's, or at an end; there the comparison is made. For the regret δ(μ, ·) is
/// at most its own chord and δ_f at least the lines through the neighbouring points.
public struct GaussianGuarantee: Hashable, Sendable {
  /// Upper bound: the mechanism is μ-GDP, but for `floor`.
  public let mu: Double
  /// Lower bound of the least such μ.
  public let muLower: Double
  /// δ₀, the probability left out.
  public let floor: Double
  /// Upper bound of the regret at `mu`, in [0, 1]; 0 for a Gaussian.
  public let regret: Double

  public init(_ profile: SampledProfile) {
    floor = profile.floor
    var (upper, lower) = GaussianGuarantee.extremes(profile)
    for (left, right) in zip(profile.points, profile.points.dropFirst()) {
      upper = GaussianGuarantee.raised(upper, over: ProfileChord(left, right))
    }
    (mu, muLower) = (upper, lower)
    regret = GaussianGuarantee.regret(mu: upper, profile.points)
  }

  /// The cells between whose points μ would have to grow by more than 1e-6.
  static func looseCells(_ profile: SampledProfile) -> [Int] {
    let aim = extremes(profile).upper * (1 + 1e-6)
    return profile.points.indices.dropLast().filter {
      !ProfileChord(profile.points[$0], profile.points[$0 + 1]).isBelow(mu: aim)
    }
  }

  /// What μ must be at the points themselves.
  private static func extremes(_ profile: SampledProfile) -> (upper: Double, lower: Double) {
    profile.points.reduce((0, 0)) { extremes, point in
      guard point.upper > 0 else { return extremes }
      return (
        max(extremes.0, GaussianTradeOff.mu(epsilon: point.epsilon, delta: point.matchedUpper).upper),
        max(extremes.1, GaussianTradeOff.mu(epsilon: point.epsilon, delta: point.lower).lower)
      )
    }
  }

  /// The least μ found, at least the given one, whose profile lies above the chord; infinite where there is none.
  private static func raised(_ mu: Double, over chord: ProfileChord) -> Double {
    var (mu, growth) = (mu, 1e-7)
    while !chord.isBelow(mu: mu) {
      guard mu > 0, mu < .infinity else { return .infinity }
      mu *= 1 + growth
      growth *= 1.3
    }
    return mu
  }

  private static func regret(mu: Double, _ points: [SampledProfile.Point]) -> Double {
    guard mu > 0 else { return 0 }
    guard mu < .infinity, points.count > 1 else { return 1 }
    let gaussian = points.map { GaussianTradeOff.delta(mu: mu, epsilon: $0.epsilon).upper }
    let greatest = points.indices.dropLast().reduce(0.0) {
      max($0, ProfileGap(points, gaussian, cell: $1).greatest)
    }
    return min(1, greatest.raised(by: 64 * ulp))
  }
}
