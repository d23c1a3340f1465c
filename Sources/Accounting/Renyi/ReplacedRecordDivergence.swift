import Glibc

/// Replacing a record in releases of random samples, with R the mechanism without the record, P and Q those with either value.
///
/// Poisson-sampled Gaussian: (1 − q)N(0) + qN(1/σ) against (1 − q)N(0) + qN(−1/σ) dominates (and is reached), so its divergence is
/// exact. Where its nodes would be too many, and for random allocation, the least of these holds for all values of the records:
///  1. Joint convexity of the power divergence over where the record takes part: E_Q[(P/Q)ᵅ] ≤ 1 − q + q·exp(α(α−1)·(2/σ)²/2); under
///     allocation the record always takes part, q = 1.
///  2. The weak triangle inequality (arXiv:1702.07476v3, Proposition 11) with exponent p, 1/p = 1 − sb, b = α − 1:
///     D_α(P‖Q) ≤ (1 + s)·D_{(1+b)/(1−sb)}(P‖R) + D_{1+1/s}(R‖Q), for any 0 < s < 1/b.
struct ReplacedRecordDivergence {
  private let participation: Double
  private let noiseMultiplier: Double
  private var absence: MechanismEvaluator
  private var pair: MixtureProfile?

  /// - Parameters:
  ///   - samplingProbability: q in (0, 1).
  ///   - noiseMultiplier: σ > 0 over the clipping norm.
  init(samplingProbability: Double, noiseMultiplier: Double) {
    participation = samplingProbability
    self.noiseMultiplier = noiseMultiplier
    absence = MechanismEvaluator(
      .poissonGaussian(
        samplingProbability: samplingProbability, noiseMultiplier: noiseMultiplier, replaceOne: false))
    // Both are safe: curves grow with q, and less noise is worse.
    let (q, mean) = (max(samplingProbability, 1e-60), 1 / min(noiseMultiplier, 1e60))
    guard mean < 1e6 else { return }
    pair = MixtureProfile(
      p: GaussianMixture(means: [0, mean], weights: [1 - q, q]),
      q: GaussianMixture(means: [-mean, 0], weights: [q, 1 - q]))
  }

  /// - Parameters:
  ///   - noiseMultiplier: σ > 0 over the clipping norm.
  ///   - bins: t ≥ 2.
  init(noiseMultiplier: Double, bins: Int) {
    participation = 1
    self.noiseMultiplier = noiseMultiplier
    let added = AllocatedGaussian(
      noiseMultiplier: noiseMultiplier, bins: bins, replaceOne: false,
      sumNoiseMultiplier: noiseMultiplier * Double(bins).squareRoot(), isWhole: true)
    absence = MechanismEvaluator(.allocatedGaussian(added))
  }

  /// Upper bound of the divergence of order α > 1.
  mutating func upperBound(order: Double) -> Double {
    if let logExcess = pair?.logExcess(order: order) {
      return LogExcess.divergence(logExcess: logExcess, order: order)
    }
    var least = byConvexity(order: order)
    guard least < .infinity else { return .infinity }
    let b = order - 1
    // p = 2, and the choice s = 1 that stays finite as α → 1.
    for s in [1 / (2 * b), min(1, 1 / (4 * b))] {
      let first = absence.divergence(order: order / (1 - s * b))
      let second = absence.divergence(order: 1 + 1 / s)
      least = min(least, (1 + s) * first * (1 + 4 * ulp) + second * (1 + 4 * ulp))
    }
    return least
  }

  private func byConvexity(order: Double) -> Double {
    let b = order - 1
    let exponent = 2 * order * b / noiseMultiplier / noiseMultiplier
    guard exponent < .infinity else { return .infinity }
    if participation == 1 {
      return GaussianDivergence.upperBound(noiseMultiplier: noiseMultiplier / 2, order: order)
    }
    let q = participation
    let logExcess =
      exponent < 600
      ? log1p(q * expm1(exponent)) : exponent + log(q) + log1p(exp(log1p(-q) - log(q) - exponent))
    return (logExcess / b).raised(by: 8 * ulp * (exponent + 1 + abs(logExcess)) / b) * (1 + ulp * 8)
  }
}

/// A Gaussian release that one record moves by mᵢ with probability pᵢ (in units of the noise): P = Σ pᵢN(mᵢ) against Q = N(0).
/// Removing a record is never better than adding one; see `AllocationDivergence`.
struct MixtureDivergence {
  private let mixture: GaussianMixture
  private var profile: MixtureProfile

  init(_ mixture: GaussianMixture) {
    self.mixture = mixture
    profile = MixtureProfile(p: mixture, q: GaussianMixture(means: [0], weights: [1]))
  }

  /// Upper bound of the divergence of order α > 1; where the nodes would be too many, Minkowski's
  /// α/(α − 1)·log Σ pᵢ·exp((α − 1)mᵢ²/2).
  mutating func upperBound(order: Double) -> Double {
    if let logExcess = profile.logExcess(order: order) {
      return LogExcess.divergence(logExcess: logExcess, order: order)
    }
    let step = order - 1
    var logSum = -Double.infinity
    for (mean, weight) in zip(mixture.means, mixture.weights) {
      logSum = LogExcess.sum(logSum, log(weight) + step * mean * mean / 2)
    }
    return (max(0, logSum) / step * order).raised(by: 16 * ulp * (order / step) * (1 + abs(logSum)))
  }
}

extension TruncatedPoissonGaussian {
  /// The branches, which are drawn independently of the record, and what each is.
  var branches: [(weight: Double, mechanism: Mechanism)] {
    let room = Mechanism.poissonGaussian(
      samplingProbability: samplingProbability, noiseMultiplier: noiseMultiplier, replaceOne: relation == .replaceOne)
    let full: Mechanism =
      switch relation {
      case .addOrRemoveOne:
        .poissonGaussian(
          samplingProbability: placeProbability, noiseMultiplier: noiseMultiplier / 2, replaceOne: false)
      case .replaceOne, .replaceSpecial:
        .fixedSizeGaussian(
          FixedSizeGaussian(
            samplingProbability: placeProbability, noiseMultiplier: noiseMultiplier,
            zeroOut: relation == .replaceSpecial))
      }
    return [(roomProbability, room), (fullProbability, full)]
  }
}
