import Glibc

/// Rényi divergence of a Poisson sample's release through a mechanism with a discrete dominating pair (P, Q): (1 − q)Q + qP against
/// Q, or the reverse, whichever is greater.
///
/// Laplace noise is replaced by the discrete Laplace noise on a fine grid, whose hockey-stick curve consists of chords of its own
/// and so dominates it. Orders that need too many outcomes get Minkowski's bound, α/(α − 1)·log(1 − q + q·e^{(α−1)D_α/α}).
struct SampledAtomsDivergence {
  private let base: Mechanism
  private let probability: Double
  /// Outcomes by their log-probability under the second distribution and their log-ratio, for both directions.
  private let removing: [Outcome]
  private let adding: [Outcome]

  private struct Outcome {
    var logProbability: Double
    var logRatio: Double
  }

  /// Outcomes of a discrete Gaussian beyond which Minkowski's bound is given.
  private static let outcomeLimit = 100_000.0

  init(base: Mechanism, probability: Double) {
    self.base = base
    self.probability = probability
    if case .discreteGaussian = base {
      (removing, adding) = ([], [])
      return
    }
    let outcomes = (base.outcomes?.atoms ?? []).filter { $0.q > 0 }.map {
      Outcome(logProbability: log($0.q), logRatio: Self.sampled(log($0.p) - log($0.q), probability))
    }
    removing = outcomes
    adding = outcomes.map {
      Outcome(logProbability: $0.logProbability + $0.logRatio, logRatio: -$0.logRatio)
    }
  }

  /// log(1 − q + q·eˣ).
  private static func sampled(_ x: Double, _ q: Double) -> Double {
    x < 600 ? log1p(q * expm1(x)) : x + log(q)
  }

  /// Upper bound of the divergence of order α > 1.
  func upperBound(order: Double) -> Double {
    var once = MechanismEvaluator(base)
    let plain = once.divergence(order: order)
    let minkowski = min(plain, minkowskiBound(plain: plain, order: order))
    if case .discreteGaussian(let scale, let sensitivity) = base {
      guard order * sensitivity + 24 * scale <= Self.outcomeLimit else { return minkowski }
      let outcomes = gaussianOutcomes(scale: scale, sensitivity: sensitivity, order: order)
      // Symmetric noise: removing is never better than adding (see `PoissonGaussianProfile`).
      return min(minkowski, Self.divergence(outcomes, order: order))
    }
    guard !removing.isEmpty else { return minkowski }
    return min(minkowski, max(Self.divergence(removing, order: order), Self.divergence(adding, order: order)))
  }

  private func minkowskiBound(plain: Double, order: Double) -> Double {
    guard plain < .infinity else { return .infinity }
    let exponent = (order - 1) * plain / order
    let value = Self.sampled(exponent, probability)
    return (value * order / (order - 1)).raised(by: 16 * ulp * (1 + exponent - log(probability)) * order / (order - 1))
  }

  /// The outcomes that count at order α: from −(α − 1)Δ − 12σ, where the largest terms lie, to Δ + 12σ. Less than e⁻⁷⁰ is cut off.
  private func gaussianOutcomes(scale: Double, sensitivity: Double, order: Double) -> [Outcome] {
    let first = -((order - 1) * sensitivity + 12 * scale).rounded(.up)
    let count = Int(-first + sensitivity + (12 * scale).rounded(.up))
    let logNorm = log(DiscreteGaussianTable.normalizer(scale: scale))
    return (0...count).map { index in
      let k = first + Double(index)
      let (near, far) = (k / scale, (k - sensitivity) / scale)
      let logRatio = (far - near) * (far + near) / 2
      return Outcome(logProbability: -far * far / 2 - logNorm, logRatio: Self.sampled(logRatio, probability))
    }
  }

  private static func divergence(_ outcomes: [Outcome], order: Double) -> Double {
    let step = order - 1
    var (largest, exponent) = (-Double.infinity, 0.0)
    for outcome in outcomes {
      largest = max(largest, outcome.logProbability + order * outcome.logRatio)
      exponent = max(exponent, abs(outcome.logProbability) + order * abs(outcome.logRatio))
    }
    let margin = ulp * (64 + 8 * exponent) + 0x1p-40
    if largest > 600 {
      let sum = outcomes.reduce(0.0) { $0 + exp($1.logProbability + order * $1.logRatio - largest) }
      return ((largest + log(sum)) / step).raised(by: 2 * margin / step + 8 * ulp * largest / step)
    }
    let excess = outcomes.reduce(0.0) { sum, outcome in
      let power = order * outcome.logRatio
      if power > 600 { return sum + exp(outcome.logProbability + power) }
      return sum + exp(outcome.logProbability) * Stable.powerExcess(order: order, logRatio: outcome.logRatio)
    }
    return log1p(excess * (1 + margin)) / step * (1 + 4 * ulp)
  }
}
