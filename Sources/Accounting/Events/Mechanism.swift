import Glibc

/// One application of a mechanism that cannot be taken apart further, under a relation that is already applied to its
/// parameters. What it costs is a pure function of the order; how often it runs is not its business.
indirect enum Mechanism: Hashable, Sendable {
  case nonPrivate
  case gaussian(noiseMultiplier: Double)
  /// A Gaussian whose sensitivity is known from both sides only: `noiseMultiplier` bounds it from above, and
  /// `reachedNoiseMultiplier`, which is no smaller, is that of some neighbouring datasets.
  case gaussianWithin(noiseMultiplier: Double, reachedNoiseMultiplier: Double)
  case laplace(noiseMultiplier: Double)
  case randomizedResponse(noiseParameter: Double, buckets: Int, replaceOne: Bool)
  case zeroConcentrated(rho: Double, xi: Double)
  case pure(epsilon: Double)
  /// 0 < q < 1, σ > 0. Under replace-one σ is over the clipping norm, not over twice of it.
  case poissonGaussian(samplingProbability: Double, noiseMultiplier: Double, replaceOne: Bool)
  /// `scale` > 0; `sensitivity` is a whole number ≥ 1.
  case discreteGaussian(scale: Double, sensitivity: Double)
  /// `scale` > 0; `sensitivity` is a whole number ≥ 1.
  case discreteLaplace(scale: Double, sensitivity: Double)
  /// Log-likelihood ratios within some interval of length `epsilon` > 0: the exponential mechanism.
  case boundedRange(epsilon: Double)
  /// `base` on a Poisson sample, 0 < q < 1, for a base with one pair of distributions that is its own reverse.
  case sampled(base: Mechanism, probability: Double)
  case gaussianMixture(GaussianMixture)
  case fixedSizeGaussian(FixedSizeGaussian)
  case truncatedPoissonGaussian(TruncatedPoissonGaussian)
  case allocatedGaussian(AllocatedGaussian)
  case selection(PrivateSelection)

  /// Upper bound of the Rényi divergence of infinite order: the ε of pure differential privacy.
  var pureEpsilonUpperBound: Double {
    switch self {
    case .nonPrivate, .gaussian, .gaussianWithin, .poissonGaussian, .discreteGaussian, .gaussianMixture,
      .fixedSizeGaussian, .truncatedPoissonGaussian, .allocatedGaussian:
      .infinity
    case .laplace(let noise): (1 / noise).nextUp
    case .zeroConcentrated(let rho, let xi): rho == 0 ? xi : .infinity
    case .pure(let epsilon), .boundedRange(let epsilon): epsilon
    case .discreteLaplace(let scale, let sensitivity): (sensitivity / scale).nextUp
    case .sampled(let base, let probability):
      PoissonSampling.pureEpsilonUpperBound(base: base.pureEpsilonUpperBound, probability: probability)
    case .selection(let selection): selection.pureEpsilonUpperBound
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

/// A Gaussian release of a uniform sample of fixed size, 0 < q = sample/dataset < 1, under replace-one or zero-out.
struct FixedSizeGaussian: Hashable, Sendable {
  var samplingProbability: Double
  /// σ > 0 over the clipping norm.
  var noiseMultiplier: Double
  /// Whether the other dataset has a record without contribution in the place of this one, rather than any record.
  var zeroOut: Bool
}

/// A Gaussian release of a Poisson sample that is cut down, uniformly, to at most B records.
///
/// Given how many of the other records are sampled, whether that is B or more is independent of which they are. If it is
/// less, the record joins with probability p; otherwise with probability pB/(N + 1) it takes the place of one of a uniform
/// B-subset of the others. The branch can only tell more than the output does.
struct TruncatedPoissonGaussian: Hashable, Sendable {
  /// p in (0, 1).
  var samplingProbability: Double
  /// P(N < B) and P(N ≥ B) for N sampled others, in (0, 1).
  var roomProbability: Double
  var fullProbability: Double
  /// E[pB/(N + 1) | N ≥ B], in (0, 1).
  var placeProbability: Double
  /// σ > 0 over the clipping norm.
  var noiseMultiplier: Double
  var relation: NeighboringRelation
}

/// One of `bins` ≥ 2 Gaussian releases, chosen uniformly, has the record.
struct AllocatedGaussian: Hashable, Sendable {
  /// σ > 0 over the clipping norm.
  var noiseMultiplier: Double
  var bins: Int
  var replaceOne: Bool
  /// σ of a Gaussian release that shows no more than this one: of its share in the sum of all releases.
  var sumNoiseMultiplier: Double
  /// Whether the release is just this, rather than one of the blocks that bound a record in several releases.
  var isWhole: Bool
}

/// A composition repeated a random number of times, of which the best run is published.
struct PrivateSelection: Hashable, Sendable {
  var base: Composition
  var meanRepetitions: Double
  /// η ≥ 0 of the truncated negative binomial; `nil` for Poisson.
  var shape: Double?
}
