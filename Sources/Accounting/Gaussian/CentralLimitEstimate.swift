import Glibc

/// What the central limit theorem says about a run of sampled Gaussian releases: an *estimate* of μ-Gaussian differential
/// privacy (Bu, Dong, Long and Su, arXiv:1911.11607, section 3).
///
/// The limit is one of many steps with q·√steps fixed. At a finite number of steps it lies below the truth as often as above:
/// none of these figures is a guarantee, and none may be charged or reported as ε.
public struct CentralLimitEstimate: Hashable, Sendable {
  /// The μ of the limit, ≥ 0; may be infinite.
  public let mu: Double

  /// Poisson sampling: μ = q·√(T·(e^{1/σ²} − 1)).
  /// - Parameters:
  ///   - samplingProbability: q in (0, 1].
  ///   - noiseMultiplier: σ > 0, finite.
  ///   - steps: T ≥ 0.
  public static func poissonSampled(
    samplingProbability: Double, noiseMultiplier: Double, steps: Int
  ) throws(AccountingError) -> CentralLimitEstimate {
    try validate(samplingProbability, noiseMultiplier, steps)
    let excess = expm1(1 / noiseMultiplier / noiseMultiplier)
    return CentralLimitEstimate(perStep: excess, samplingProbability, steps)
  }

  /// Batches of one size, drawn uniformly: μ = q·√(2T·(e^{1/σ²}·Φ(3/2σ) + 3Φ(−1/2σ) − 2)).
  /// - Parameters: as for `poissonSampled`.
  public static func uniformlySampled(
    samplingProbability: Double, noiseMultiplier: Double, steps: Int
  ) throws(AccountingError) -> CentralLimitEstimate {
    try validate(samplingProbability, noiseMultiplier, steps)
    let shift = 1 / noiseMultiplier
    let excess = expm1(shift * shift)
    // Φ(x) − 1/2; without the halves the bracket would cancel.
    let (far, near) = (erf(1.5 * shift / 2.0.squareRoot()) / 2, erf(0.5 * shift / 2.0.squareRoot()) / 2)
    return CentralLimitEstimate(
      perStep: 2 * (excess / 2 + excess * far + (far - 3 * near)), samplingProbability, steps)
  }

  /// An estimate of the least ε at a δ in [0, 1].
  public func epsilonEstimate(delta: Double) throws(AccountingError) -> Double {
    try Domain.requireDelta(delta)
    let interval = GaussianTradeOff.epsilon(mu: mu, delta: delta)
    return interval.upper < .infinity ? interval.lower + (interval.upper - interval.lower) / 2 : .infinity
  }

  /// An estimate of the least δ at an ε ≥ 0, finite.
  public func deltaEstimate(epsilon: Double) throws(AccountingError) -> Double {
    try Domain.requireEpsilon(epsilon)
    let interval = GaussianTradeOff.delta(mu: mu, epsilon: epsilon)
    return interval.lower + (interval.upper - interval.lower) / 2
  }

  private init(perStep: Double, _ samplingProbability: Double, _ steps: Int) {
    mu = steps == 0 ? 0 : samplingProbability * (max(0, perStep) * Double(steps)).squareRoot()
  }

  private static func validate(
    _ samplingProbability: Double, _ noiseMultiplier: Double, _ steps: Int
  ) throws(AccountingError) {
    try Domain.requireSampleRate(samplingProbability)
    try Domain.require(
      noiseMultiplier > 0 && noiseMultiplier.isFinite, "noise_multiplier", noiseMultiplier,
      "must be finite and greater than 0")
    try Domain.require(steps >= 0, "steps", Double(steps), "must be at least 0")
  }
}
