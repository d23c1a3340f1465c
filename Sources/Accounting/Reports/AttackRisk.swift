import Glibc

/// How much any attacker can learn about whether one record (or user) is in the data, from the privacy profile.
///
/// An (ε, δ) guarantee bounds every test of one dataset against its neighbour: with false positive rate α, its false negative
/// rate is at least max(0, 1 − δ − e^ε·α, e^{−ε}·(1 − δ − α)) (Kairouz, Oh and Viswanath, arXiv:1311.0776, Theorem 2.1; Dong, Roth
/// and Su, arXiv:1905.02383, Proposition 3). All ε of the profile hold at once, so the best of them counts. Unlike ε these figures have
/// a meaning of their own (Kulynych et al., arXiv:2407.02191).
public struct AttackRisk: Hashable, Sendable {
  /// Upper bound of max over all tests of true minus false positive rate: the total variation, δ(0).
  public let advantage: Double
  /// Upper bounds of the true positive rate at the false positive rates of `falsePositiveRates`.
  public let truePositiveRates: [Double]
  public let falsePositiveRates: [Double]

  /// The false positive rates that reports give.
  public static let standardRates = [0.001, 0.01, 0.1]

  /// - Parameter falsePositiveRates: each in [0, 1].
  public init(
    _ profile: SampledProfile, falsePositiveRates: [Double] = standardRates
  ) throws(AccountingError) {
    for rate in falsePositiveRates {
      try Domain.require(rate >= 0 && rate <= 1, "false_positive_rate", rate, "must lie in [0, 1]")
    }
    advantage = profile.points[0].upper
    self.falsePositiveRates = falsePositiveRates
    truePositiveRates = falsePositiveRates.map { AttackRisk.truePositiveRate(at: $0, profile) }
  }

  /// Least probability of error of any test where both datasets are equally likely beforehand: (1 − advantage)/2.
  public var bayesError: Double { ((1 - advantage) / 2).lowered(by: 0) }

  /// Between two points of the profile the bounds, with the chord for δ, are monotone in e^ε: the points are enough.
  private static func truePositiveRate(at rate: Double, _ profile: SampledProfile) -> Double {
    profile.points.reduce(1.0) { least, point in
      let growth = exp(point.epsilon) * (1 + 2 * ulp)
      let direct = (point.upper + growth * rate) * (1 + 2 * ulp)
      let mirrored = (1 - (1 - point.upper - rate) / growth) + 4 * ulp
      return min(least, direct, mirrored)
    }
  }
}
