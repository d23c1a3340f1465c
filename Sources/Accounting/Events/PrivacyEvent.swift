/// A description of what was, or will be, released from private data.
///
/// The vocabulary follows dp_accounting's `dp_event`. An event is only a description: any value can be written down, and
/// `RenyiAccountant` refuses those outside their domain (see `invalidParameters()`).
public indirect enum PrivacyEvent: Hashable, Sendable {
  /// Touches no private data.
  case noOp
  /// Releases private data as it is; every ε is infinite.
  case nonPrivate
  /// Adds N(0, s²) noise to a sum of vectors of L2 norm at most C; `noiseMultiplier` = s/C ≥ 0, finite.
  case gaussian(noiseMultiplier: Double)
  /// Adds Laplace noise of scale b to a sum of vectors of L1 norm at most C; `noiseMultiplier` = b/C ≥ 0, finite.
  case laplace(noiseMultiplier: Double)
  /// Reports the true one of `numBuckets` ≥ 1 buckets with probability 1 − p, and a uniform one with probability p =
  /// `noiseParameter` in [0, 1].
  case randomizedResponse(noiseParameter: Double, numBuckets: Int)
  /// Any mechanism with D_α ≤ ξ + ρα for every α > 1 (ρ, ξ ≥ 0) under the relation that is asked about.
  case zeroConcentrated(rho: Double, xi: Double)
  /// Any (ε, δ)-differentially private mechanism under the relation that is asked about; ε ≥ 0, δ in [0, 1].
  case epsilonDelta(epsilon: Double, delta: Double)
  /// Adds discrete Gaussian noise of parameter σ = `scale` > 0 (arXiv:2004.00010, Definition 1) to an integer query that one
  /// record moves by at most `sensitivity` ≥ 1.
  case discreteGaussian(scale: Double, sensitivity: Int)
  /// Adds discrete Laplace noise, P(k) ∝ exp(−|k|/scale), `scale` > 0, to an integer query that one record moves by at most
  /// `sensitivity` ≥ 1.
  case discreteLaplace(scale: Double, sensitivity: Int)
  /// The exponential mechanism whose log-probabilities one record moves within a range of `epsilon` ≥ 0, finite.
  case exponentialMechanism(epsilon: Double)
  /// `event` applied to a uniform sample of `sampleSize` of `datasetSize` records, 0 ≤ sampleSize ≤ datasetSize ≥ 1.
  case sampledWithoutReplacement(datasetSize: Int, sampleSize: Int, event: PrivacyEvent)
  /// A Gaussian release of a Poisson sample of `datasetSize` ≥ 1 records, cut down to `truncatedBatchSize` ≥ 1 of them,
  /// chosen uniformly, when it is larger.
  case truncatedPoissonSampledGaussian(
    datasetSize: Int, samplingProbability: Double, truncatedBatchSize: Int, noiseMultiplier: Double)
  /// `bins` ≥ 1 Gaussian releases; each record takes part in `selected` of them, 1 ≤ selected ≤ bins, chosen uniformly.
  case randomAllocation(noiseMultiplier: Double, bins: Int, selected: Int)
  /// A Gaussian release with standard deviation > 0 whose sum one record moves by `sensitivities[i]` ≥ 0, finite, with
  /// probability `samplingProbabilities[i]`; these add up to 1 (arXiv:2401.10294).
  case mixtureOfGaussians(standardDeviation: Double, sensitivities: [Double], samplingProbabilities: [Double])
  /// Sums over the nodes of binary trees, each with N(0, σ²C²) noise.
  case treeAggregation(noiseMultiplier: Double, schedule: TreeSchedule)
  /// Releases A = BC through B(Cx + z), z of standard deviation noiseMultiplier · clipping norm.
  case matrixFactorization(noiseMultiplier: Double, strategy: MatrixStrategy)
  /// `event` repeated a random number of times, the best run published (arXiv:2110.03620): the truncated negative binomial
  /// with `shape` η ≥ 0 (0 logarithmic, 1 geometric), or Poisson where `shape` is `nil`; mean > 0, above 1 with a shape.
  case repeatAndSelect(event: PrivacyEvent, meanRepetitions: Double, shape: Double?)
  /// `event` applied to a sample that holds each record independently with `samplingProbability` in [0, 1].
  case poissonSampled(samplingProbability: Double, event: PrivacyEvent)
  /// All of the events, each may depend on the outcomes of those before it.
  case composed([PrivacyEvent])
  /// The event `count` ≥ 0 times.
  case selfComposed(event: PrivacyEvent, count: Int)
}

/// How steps are laid out over the trees of `PrivacyEvent.treeAggregation`.
public enum TreeSchedule: Hashable, Sendable {
  /// One tree after another, of `stepCounts[i]` ≥ 1 steps each; a record takes part in one step of one of them.
  case restarts(stepCounts: [Int])
  /// One tree of `totalSteps` ≥ 1 steps; a record takes part at most `maxParticipation` ≥ 1 times, with at least `minSeparation`
  /// ≥ 0 steps between two of them.
  case single(totalSteps: Int, maxParticipation: Int, minSeparation: Int)
}

/// The strategy matrix C of `PrivacyEvent.matrixFactorization`, as far as its sensitivity needs it.
public enum MatrixStrategy: Hashable, Sendable {
  /// The L2 sensitivity of Cx itself, ≥ 0, finite, in units of the clipping norm.
  case sensitivity(Double)
  /// Lower triangular Toeplitz: `coefficients` are C's first column, shorter than `steps` for a banded C. A record takes part at
  /// most `maxParticipation` ≥ 1 times, with at least `minSeparation` ≥ 1 steps from one to the next.
  case toeplitz(coefficients: [Double], steps: Int, maxParticipation: Int, minSeparation: Int)
  /// A lower triangular C row by row, with the same participation.
  case dense(rows: [[Double]], maxParticipation: Int, minSeparation: Int)
}

extension PrivacyEvent {
  /// One DP-SGD run: `steps` Poisson-sampled Gaussian releases.
  public static func dpsgd(samplingProbability: Double, noiseMultiplier: Double, steps: Int) -> PrivacyEvent {
    .selfComposed(
      event: .poissonSampled(
        samplingProbability: samplingProbability, event: .gaussian(noiseMultiplier: noiseMultiplier)),
      count: steps)
  }
}
