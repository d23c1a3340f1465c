/// Everything that a run does to data, as one value. The sampler, the clipping, the noise, the denominator and the
/// accounted event are all read from here, so that they cannot disagree.
///
/// One step: draw a Poisson sample; clip each example's gradient to norm C; sum; add Gaussian noise of standard
/// deviation σ·C to every coordinate of the sum; divide by the *expected* batch size; update. A step on an empty sample
/// adds its noise and counts like any other (Abadi et al. 2016, arXiv:1607.00133v2, algorithm 1).
public struct TrainingPlan: Hashable, Sendable {
  public let dataset: DatasetFacts
  /// Public by validation.
  public let evaluation: DatasetFacts?
  public let architecture: ModelArchitecture
  public let optimizer: OptimizerSpecification
  public let sampling: PoissonSampling
  /// Noisy updates, ≥ 1. The unit of progress, of the reservation and of every commit.
  public let steps: Int
  /// Examples processed at once. A sample is cut into batches of exactly this many, the last one filled up with masked
  /// examples of weight 0, so that shapes never depend on the data.
  public let physicalBatchSize: Int
  /// Nil for a run without clipping and noise, which validation allows on public data only.
  public let mechanism: PrivateMechanism?
  /// What the caller should know although the plan is sound.
  public let warnings: [PlanWarning]

  /// More steps than this are refused.
  public static let stepLimit = 1_000_000_000

  /// Expected passes over the data after `count` steps.
  public func epochs(steps count: Int) -> Double {
    Double(count) * Double(sampling.expectedBatchSize) / Double(sampling.datasetSize)
  }
}

/// Clipping and noise of a private run.
public struct PrivateMechanism: Hashable, Sendable {
  /// C, the bound on the norm of each example's gradient.
  public let clippingNorm: Double
  /// σ: the standard deviation of the noise on the *sum*, over C. Under replace-one the sum moves by up to 2C, and the
  /// accountant, which is told the relation, prices that; σ keeps its meaning under every relation.
  public let noiseMultiplier: Double
  public let adjacency: Adjacency
  /// The δ at which ε is stated.
  public let delta: Double

  /// The largest L2 distance between the sums of two neighbors: C, or 2C under replace-one.
  public var sensitivity: Double { adjacency.sensitivityInClippingNorms * clippingNorm }

  /// Of the noise added to each coordinate of the clipped sum, before the division by the expected batch size: σ·C.
  public var noiseStandardDeviation: Double { noiseMultiplier * clippingNorm }
}

/// Something that a caller should know although the plan is sound.
public struct PlanWarning: Hashable, Sendable, Codable {
  public let pointer: String
  public let detail: String
}
