/// Everything that a run does to data, as one value. The sampler, the clipping, the noise, the denominator and the
/// accounted event are all read from here, so that they cannot disagree.
///
/// One step: draw a Poisson sample; clip each example's gradient to norm C; sum; add Gaussian noise of standard
/// deviation σ·C to every trained coordinate of the sum; divide by a public constant, the *expected* batch size; update. A
/// step on an empty sample adds its noise and counts like any other (Abadi et al. 2016, arXiv:1607.00133v2, algorithm 1).
public struct TrainingPlan: Hashable, Sendable {
  public let dataset: DatasetFacts
  /// Public by validation.
  public let evaluation: DatasetFacts?
  public let architecture: ModelArchitecture
  public let optimizer: OptimizerSpecification
  public let schedule: ScheduleSpecification
  /// Of the exponential moving average that is published in place of the last weights; nil publishes those.
  public let averageDecay: Double?
  public let sampling: PoissonSampling
  /// Noisy updates, ≥ 1. The unit of progress, of the reservation and of every commit.
  public let steps: Int
  /// Examples processed at once. A sample is cut into batches of exactly this many, the last one filled up with masked
  /// examples of weight 0, so that shapes never depend on the data.
  public let physicalBatchSize: Int
  /// Nil for a run without clipping and noise, which validation allows on public data only.
  public let mechanism: PrivateMechanism?
  /// A safetensors file below a data folder to begin with; nil draws the weights.
  public let initialWeights: String?
  /// How the per-example gradients are formed; the result is the same up to rounding.
  public let method: TrainingMethod
  /// What the caller should know although the plan is sound.
  public let warnings: [PlanWarning]

  /// More steps than this are refused.
  public static let stepLimit = 1_000_000_000

  /// The public constant that the noisy sum is divided by: the expected batch size, or with microbatches their number.
  public var denominator: Int { mechanism?.microbatches?.count ?? sampling.expectedBatchSize }

  /// η of step `step`, from 0.
  public func learningRate(step: Int) -> Double {
    optimizer.learningRate * schedule.factor(step: step, of: steps)
  }

  /// How much of the average stays when the weights of step `step`, from 0, come in: min(decay, (1 + t)/(10 + t)) with
  /// t = step + 1, so that a short run is not dominated by the initial weights; nil without an average.
  public func averageDecay(step: Int) -> Double? {
    averageDecay.map { min($0, (2 + Double(step)) / (11 + Double(step))) }
  }

  /// Expected passes over the data after `count` steps.
  public func epochs(steps count: Int) -> Double {
    Double(count) * Double(sampling.expectedBatchSize) / Double(sampling.datasetSize)
  }
}

/// Something that a caller should know although the plan is sound.
public struct PlanWarning: Hashable, Sendable, Codable {
  public let pointer: String
  public let detail: String
}
