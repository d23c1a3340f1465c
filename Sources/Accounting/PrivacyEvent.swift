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
  /// `event` applied to a sample that holds each record independently with `samplingProbability` in [0, 1].
  case poissonSampled(samplingProbability: Double, event: PrivacyEvent)
  /// All of the events, each may depend on the outcomes of those before it.
  case composed([PrivacyEvent])
  /// The event `count` ≥ 0 times.
  case selfComposed(event: PrivacyEvent, count: Int)
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
