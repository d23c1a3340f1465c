import Glibc

/// One application of a mechanism that cannot be taken apart further, under a relation that is already applied to its
/// parameters. What it costs is a pure function of the order; how often it runs is not its business.
enum Mechanism: Hashable, Sendable {
  case nonPrivate
  case gaussian(noiseMultiplier: Double)
  case laplace(noiseMultiplier: Double)
  case randomizedResponse(noiseParameter: Double, buckets: Int, replaceOne: Bool)
  case zeroConcentrated(rho: Double, xi: Double)
  case pure(epsilon: Double)
  /// 0 < q < 1, σ > 0. Under replace-one σ is over the clipping norm, not over twice of it.
  case poissonGaussian(samplingProbability: Double, noiseMultiplier: Double, replaceOne: Bool)

  /// Upper bound of the Rényi divergence of infinite order: the ε of pure differential privacy.
  var pureEpsilonUpperBound: Double {
    switch self {
    case .nonPrivate, .gaussian, .poissonGaussian: .infinity
    case .laplace(let noise): (1 / noise).nextUp
    case .zeroConcentrated(let rho, let xi): rho == 0 ? xi : .infinity
    case .pure(let epsilon): epsilon
    case .randomizedResponse(let p, let buckets, let replaceOne):
      if buckets == 1 || p == 1 {
        0
      } else if p == 0 {
        .infinity
      } else if replaceOne {
        log1p((1 - p) * Double(buckets) / p) * (1 + 4 * ulp)
      } else {
        max(log1p((Double(buckets) - 1) * (1 - p)), -log(p)) * (1 + 4 * ulp)
      }
    }
  }
}

/// Evaluates the divergence of one mechanism; holds the quadrature nodes of sampled ones so that they serve every order.
struct MechanismEvaluator {
  private let mechanism: Mechanism
  private var profile: PoissonGaussianProfile?

  init(_ mechanism: Mechanism) {
    self.mechanism = mechanism
    if case .poissonGaussian(let probability, let noise, _) = mechanism {
      profile = PoissonGaussianProfile(samplingProbability: probability, noiseMultiplier: noise)
    }
  }

  /// Upper bound of the divergence of order α > 1, finite, of one application.
  mutating func divergence(order: Double) -> Double {
    switch mechanism {
    case .nonPrivate: .infinity
    case .gaussian(let noise): GaussianDivergence.upperBound(noiseMultiplier: noise, order: order)
    case .laplace(let noise): LaplaceDivergence.upperBound(noiseMultiplier: noise, order: order)
    case .randomizedResponse(let p, let buckets, let replaceOne):
      RandomizedResponseDivergence.upperBound(
        noiseParameter: p, buckets: Double(buckets), order: order, replaceOne: replaceOne)
    case .zeroConcentrated(let rho, let xi):
      ZeroConcentratedDivergence.upperBound(rho: rho, xi: xi, order: order)
    case .pure(let epsilon): PureDivergence.upperBound(epsilon: epsilon, order: order)
    case .poissonGaussian(let probability, let noise, let replaceOne):
      replaceOne
        ? replaceOneBound(samplingProbability: probability, noiseMultiplier: noise, order: order)
        : profile?.divergence(order: order) ?? .infinity
    }
  }

  /// Replacing a record in a Poisson-sampled sum. With R the mechanism without the record, P and Q those with either value,
  /// two bounds hold for all values of the records, and the lesser one is given.
  ///  1. Joint convexity of the power divergence over "sampled or not": E_Q[(P/Q)ᵅ] ≤ 1 − q + q·exp(α(α−1)·(2/σ)²/2).
  ///  2. The weak triangle inequality (arXiv:1702.07476v3, Proposition 11) with exponent p, 1/p = 1 − sb, b = α − 1:
  ///     D_α(P‖Q) ≤ (1 + s)·D_{(1+b)/(1−sb)}(P‖R) + D_{1+1/s}(R‖Q), for any 0 < s < 1/b.
  /// Which pair of distributions dominates here is not known to us, so a tighter figure would be a guess.
  private mutating func replaceOneBound(
    samplingProbability q: Double, noiseMultiplier sigma: Double, order: Double
  ) -> Double {
    let b = order - 1
    let exponent = 2 * order * b / (sigma * sigma)
    guard exponent < .infinity else { return .infinity }
    let logExcess =
      exponent < 600
      ? log1p(q * expm1(exponent)) : exponent + log(q) + log1p(exp(log1p(-q) - log(q) - exponent))
    let byConvexity = (logExcess / b).raised(by: 8 * ulp * (exponent + 1 + abs(logExcess)) / b)
    var least = byConvexity * (1 + ulp * 8)
    // p = 2, and the choice s = 1 that stays finite as α → 1.
    for s in [1 / (2 * b), min(1, 1 / (4 * b))] {
      guard let first = profile?.divergence(order: order / (1 - s * b)),
        let second = profile?.divergence(order: 1 + 1 / s)
      else { continue }
      least = min(least, (1 + s) * first * (1 + 4 * ulp) + second * (1 + 4 * ulp))
    }
    return least
  }
}
