import Glibc

/// User-level guarantees: from record-level ones, and of Poisson-sampled Gaussians exactly.
public enum GroupPrivacy {
  /// The least user-level ε found at a user-level δ, whatever the mechanism.
  ///
  /// Vadhan, "The Complexity of Differential Privacy" (2017), Lemma 2.2 with the tighter δ of its proof: a mechanism that is
  /// (ε, δ)-differentially private for one record is (kε, δ·(e^{kε} − 1)/(e^ε − 1)) for k records.
  ///
  /// The record-level δ′ must satisfy log δ′ + log((e^{kε} − 1)/(e^ε − 1)) ≤ log δ with ε = ε(δ′). Any δ′ that does gives a valid
  /// bound; the larger δ′, the smaller the bound. A δ′ that fails by a gap shows that every larger one down to δ′·exp(−gap)
  /// fails too, because ε(δ′) only grows as δ′ falls. So the search steps down by more than the gap until a δ′ holds, and then
  /// closes in on the largest that does.
  /// - Parameters:
  ///   - delta: the user-level δ in [0, 1].
  ///   - groupSize: k ≥ 1.
  ///   - recordEpsilon: ε of one record at a given δ; falls with δ.
  /// - Returns: an upper bound; `infinity` where no representable δ′ solves the condition.
  public static func epsilonUpperBound(
    delta: Double, groupSize: Int, recordEpsilon: (Double) -> Double
  ) -> Double {
    guard groupSize > 1 else { return recordEpsilon(delta) }
    let size = Double(groupSize)
    guard delta > 0 else {
      // Pure differential privacy, where there is no δ to split: k records cost k times what one does.
      let epsilon = recordEpsilon(0)
      return epsilon == 0 ? 0 : (size * epsilon).nextUp
    }
    func probe(_ logDelta: Double) -> (epsilon: Double, gap: Double) {
      let candidate = exp(logDelta).nextDown
      guard candidate > 0 else { return (.infinity, .infinity) }
      let epsilon = recordEpsilon(candidate)
      return (epsilon, log(candidate) + logRatio(epsilon: epsilon, groupSize: size) - log(delta))
    }
    var failing = log(delta)
    var holding = failing - log(10)
    var found = probe(holding)
    while found.gap > 0 {
      guard found.gap < .infinity else { return .infinity }
      failing = holding - found.gap
      holding = failing - log(10)
      found = probe(holding)
    }
    while failing - holding > 1e-10 * abs(holding) {
      let middle = (failing + holding) / 2
      let attempt = probe(middle)
      if attempt.gap <= 0 { (holding, found) = (middle, attempt) } else { failing = middle }
    }
    return (size * found.epsilon).nextUp
  }

  /// A run as it looks to a user with k records that are Poisson-sampled each on its own: in every step the sum moves by as many
  /// clipping norms as records were drawn, which is binomial, and all of them in one direction is the worst (Ganesh,
  /// arXiv:2401.10294, Theorem 3.1). The accountants' bounds on that event are bounds for the user, and are reached.
  /// - Parameters:
  ///   - size: k ≥ 1.
  ///   - samplingProbability: q in (0, 1].
  /// - Returns: `nil` where k + 1 exceeds the parts that a mixture may have.
  public static func sampledGroup(
    size: Int, samplingProbability: Double, noiseMultiplier: Double, steps: Int
  ) -> PrivacyEvent? {
    if size == 1 {
      return .dpsgd(samplingProbability: samplingProbability, noiseMultiplier: noiseMultiplier, steps: steps)
    }
    if samplingProbability == 1 {
      return .selfComposed(event: .gaussian(noiseMultiplier: noiseMultiplier / Double(size)), count: steps)
    }
    guard size < PrivacyEvent.Limits.mixtureParts else { return nil }
    let weights = binomialWeights(size: size, probability: samplingProbability)
    let step = PrivacyEvent.mixtureOfGaussians(
      standardDeviation: noiseMultiplier, sensitivities: weights.map { Double($0.count) },
      samplingProbabilities: weights.map(\.weight))
    // What counts were left out may do anything, with a probability that is charged.
    let rest = PrivacyEvent.epsilonDelta(epsilon: 0, delta: Double(size + 1 - weights.count) * negligibleWeight)
    return .selfComposed(event: weights.count > size ? step : .composed([step, rest]), count: steps)
  }

  /// Counts of records that are less likely than this are left out of a step.
  private static let negligibleWeight = 1e-40

  /// Binomial(k, q) over the counts that are not negligible.
  private static func binomialWeights(size: Int, probability: Double) -> [(count: Int, weight: Double)] {
    let (logRate, logRest) = (log(probability), log1p(-probability))
    var logBinomial = 0.0
    var weights: [(count: Int, weight: Double)] = []
    for count in 0...size {
      let weight = exp(logBinomial + Double(count) * logRate + Double(size - count) * logRest)
      if weight >= negligibleWeight { weights.append((count, weight)) }
      if count < size { logBinomial += log(Double(size - count)) - log(Double(count + 1)) }
    }
    return weights
  }

  /// log((e^{kε} − 1)/(e^ε − 1)), rounded up.
  private static func logRatio(epsilon: Double, groupSize k: Double) -> Double {
    if epsilon == .infinity { return .infinity }
    if epsilon == 0 { return log(k).raised(by: 2 * ulp) }
    let ratio = (k - 1) * epsilon + log(-expm1(-k * epsilon)) - log(-expm1(-epsilon))
    return ratio.raised(by: 8 * ulp * (1 + k * epsilon + abs(log(-expm1(-epsilon)))))
  }
}
