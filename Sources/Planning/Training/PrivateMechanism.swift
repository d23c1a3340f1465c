import Glibc

/// Clipping and noise of a private run. Sensitivity, noise and the price's noise multiplier all follow from it.
public struct PrivateMechanism: Hashable, Sendable {
  /// C: the bound on the norm of each contribution to the sum. For adaptive clipping it is the first step's; every later step
  /// has its own, with noise in proportion.
  public let clippingNorm: Double
  public let clipping: ClippingRule
  /// Nil where each example's own gradient is clipped.
  public let microbatches: Microbatches?
  /// σ: the standard deviation of the noise on the *sum*, over C, whatever the relation and the sensitivity: these are
  /// priced by the event.
  public internal(set) var noiseMultiplier: Double
  public let adjacency: Adjacency
  /// The δ at which ε is stated.
  public let delta: Double

  /// How far the presence of one example moves the sum, in units of C.
  ///
  /// Without microbatches an example is one contribution of norm at most C under every clipping rule: C·g/(‖g‖ + γ) and
  /// C·g/‖g‖ are no longer than C, and parts of norms at most C_l make a vector of norm at most √(Σ C_l²) = C. A microbatch
  /// is a contribution of norm at most C with the example and another one without, so the sum moves by at most 2C. No other
  /// microbatch changes, because which one an example belongs to depends on its own number and a key only.
  public var contributionInClippingNorms: Double { microbatches == nil ? 1 : 2 }

  /// The largest L2 distance between the sums of two neighbors. Under replace-one a contribution appears and another
  /// vanishes: twice as far, by the triangle inequality.
  public var sensitivity: Double {
    adjacency.sensitivityInClippingNorms * contributionInClippingNorms * clippingNorm
  }

  /// Of the noise added to each coordinate of the clipped sum, before the division by the public denominator: σ·C.
  public var noiseStandardDeviation: Double { noiseStandardDeviation(clippingNorm: clippingNorm) }

  /// The same at a step that clips to `clippingNorm`.
  public func noiseStandardDeviation(clippingNorm: Double) -> Double { noiseMultiplier * clippingNorm }
}

/// What a contribution g is multiplied with, so that its norm is at most C.
public enum ClippingRule: Hashable, Sendable {
  /// min(1, C/‖g‖).
  case flat
  /// C/(‖g‖ + γ).
  case automatic(gamma: Double)
  /// C/‖g‖, and 0 where g is 0.
  case normalised
  /// min(1, C_l/‖g_l‖) for each part g_l.
  case grouped(ParameterGroups)
  /// min(1, C_t/‖g‖) with the norm C_t of step t.
  case adaptive(AdaptiveClipping)
}

/// Parts of the gradient that are clipped each by itself.
public struct ParameterGroups: Hashable, Sendable {
  /// The group of each parameter tensor of `ModelArchitecture.parameters`, in that order; groups are 0 ..< norms.count, and
  /// each has a trained tensor. A tensor that is not trained has group 0 and is in none.
  public let groupOfParameter: [Int]
  /// C_l > 0, in the order of the groups, with Σ C_l² = C².
  public let norms: [Double]
}

/// Clipping to a norm that is learnt (Andrew et al. 2021, arXiv:1905.03871, §2).
///
/// With b_i = 1 for a gradient within the norm and 0 for any other, each step publishes b̃ = (Σ (b_i − ½) + noise)/m + ½, m
/// the denominator, and sets C ← C·exp(−η_C·(b̃ − γ)). Counting ±½ halves the sensitivity of the count.
public struct AdaptiveClipping: Hashable, Sendable {
  /// γ in [0, 1].
  public let targetQuantile: Double
  /// η_C > 0.
  public let learningRate: Double
  /// Of the noise on Σ (b_i − ½).
  public let countStandardDeviation: Double

  /// The norm never leaves this range.
  public static let normRange = IssueCollector.clippingNormRange

  /// The next step's norm.
  /// - Parameters:
  ///   - noisyCount: Σ (b_i − ½) over the step's contributions, and noise of `countStandardDeviation`.
  ///   - denominator: the plan's.
  public func norm(after norm: Double, noisyCount: Double, denominator: Int) -> Double {
    let share = noisyCount / Double(denominator) + 0.5
    let next = norm * exp(-learningRate * (share - targetQuantile))
    return min(max(next, Self.normRange.lowerBound), Self.normRange.upperBound)
  }
}

/// Examples that are clipped together. An example belongs to microbatch h mod `count`, where h is a keyed hash of its number.
/// The sum of a microbatch's gradients is divided by `size`, a public constant, and clipped as if it were one example's.
public struct Microbatches: Hashable, Sendable {
  /// The expected number of examples in one, ≥ 2.
  public let size: Int
  /// How many there are in each step: ceil(expected batch / size), ≥ 1; some may be empty.
  public let count: Int

  init?(size: Int, expectedBatchSize: Int) {
    guard size > 1 else { return nil }
    self.size = size
    count = (expectedBatchSize - 1) / size + 1
  }
}
