import Accounting

/// What the central limit theorem says of a run of equal, sampled Gaussian releases: an estimate, which only `gdp` gives.
struct CentralLimit {
  private let estimate: CentralLimitEstimate

  /// - Throws: `unsoundCombination` for an event that the limit is not about.
  init(_ event: PrivacyEvent, _ relation: NeighboringRelation) throws {
    guard relation != .replaceOne else { throw Self.refusal }
    let (step, count) =
      if case .selfComposed(let step, let count) = event { (step, count) } else { (event, 1) }
    switch step {
    case .gaussian(let noise):
      estimate = try .poissonSampled(samplingProbability: 1, noiseMultiplier: noise, steps: count)
    case .poissonSampled(let probability, .gaussian(let noise)):
      estimate = try .poissonSampled(samplingProbability: probability, noiseMultiplier: noise, steps: count)
    case .sampledWithoutReplacement(let datasetSize, let sampleSize, .gaussian(let noise)):
      let rate = Double(sampleSize) / Double(datasetSize)
      estimate = try .uniformlySampled(samplingProbability: rate, noiseMultiplier: noise, steps: count)
    default: throw Self.refusal
    }
  }

  func epsilon(delta: Double) throws -> EpsilonFigure {
    EpsilonFigure(
      upper: try estimate.epsilonEstimate(delta: delta), lower: nil, provenance: .centralLimit)
  }

  func delta(epsilon: Double) throws -> DeltaFigure {
    DeltaFigure(upper: try estimate.deltaEstimate(epsilon: epsilon), lower: nil, provenance: .centralLimit)
  }

  private static let refusal = AccountingError.unsoundCombination(
    path: [],
    reason:
      "gdp estimates runs of equal Gaussian steps, Poisson-sampled, sampled without replacement or not at all, under "
      + "add_or_remove_one or zero_out", alternative: "ask for auto")
}
