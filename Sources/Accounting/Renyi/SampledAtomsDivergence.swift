import Glibc

/// Rényi divergence of a Poisson sample's release through a mechanism whose dominating pair (P, Q) is its own reverse: (1 − q)Q + qP
/// against Q, which by that symmetry is never better than the reverse (see `PoissonGaussianProfile`).
///
///  - Laplace noise of scale b (sensitivity 1): losses ±1/b, and (1 − 2z)/b with density e^{−(1−z)/b}/2b under Q for 0 < z < 1. There
///    rᵅ grows by less than a factor of e²¹ on the ellipses of `GaussLegendreRule` for panels of half-width w ≤ min(b/4, 9b/α), and
///    has no singularity, so that its error is far below what the margin covers.
///  - Discrete Gaussian noise: the sum over the integers is the trapezoidal rule of `PoissonGaussianProfile` for σ/Δ with step 1/Δ. For
///    σ ≥ 3 and Δ ≤ σ²/5 that step is at most the one that is shown there to be exact to 2⁻⁵², and the normaliser is at least σ√(2π).
///  - Others by their outcomes.
///
/// Orders that need too many terms get Minkowski's bound, α/(α − 1)·log(1 − q + q·e^{(α−1)D_α/α}).
struct SampledAtomsDivergence {
  private let base: Mechanism
  private let probability: Double
  private var gaussian: PoissonGaussianProfile?
  private let outcomes: [Outcome]

  /// An outcome by its log-probability under Q and its log-ratio after sampling.
  private struct Outcome {
    var logProbability: Double
    var logRatio: Double
  }

  private static let outcomeLimit = 20_000.0

  init(base: Mechanism, probability: Double) {
    self.base = base
    self.probability = probability
    switch base {
    case .discreteGaussian(let scale, let sensitivity):
      outcomes = []
      if scale >= 3, sensitivity <= scale * scale / 5 {
        gaussian = PoissonGaussianProfile(
          samplingProbability: probability, noiseMultiplier: (scale / sensitivity).nextDown)
      }
    case .laplace: outcomes = []
    default:
      // An outcome of Q that underflowed would be lost with its ratio.
      let atoms = base.outcomes?.atoms ?? []
      let isWhole = atoms.allSatisfy { $0.p == 0 || $0.q >= .leastNormalMagnitude }
      outcomes =
        !isWhole
        ? []
        : atoms.filter { $0.q > 0 }.map {
          Outcome(logProbability: log($0.q), logRatio: Self.sampled(log($0.p) - log($0.q), probability))
        }
    }
  }

  /// log(1 − q + q·eˣ).
  private static func sampled(_ x: Double, _ q: Double) -> Double {
    x < 600 ? log1p(q * expm1(x)) : x + log(q)
  }

  /// Upper bound of the divergence of order α > 1.
  mutating func upperBound(order: Double) -> Double {
    var once = MechanismEvaluator(base)
    let plain = once.divergence(order: order)
    let minkowski = min(plain, minkowskiBound(plain: plain, order: order))
    switch base {
    case .laplace(let scale):
      return min(
        minkowski, laplaceOutcomes(scale: scale, order: order).map { Self.divergence($0, order: order) } ?? minkowski)
    case .discreteGaussian(let scale, let sensitivity):
      if let continuous = gaussian?.divergence(order: order) { return min(minkowski, continuous * (1 + 0x1p-45)) }
      guard order * sensitivity + 24 * scale <= Self.outcomeLimit else { return minkowski }
      let outcomes = gaussianOutcomes(scale: scale, sensitivity: sensitivity, order: order)
      return min(minkowski, Self.divergence(outcomes, order: order))
    default:
      return outcomes.isEmpty ? minkowski : min(minkowski, Self.divergence(outcomes, order: order))
    }
  }

  private func laplaceOutcomes(scale b: Double, order: Double) -> [Outcome]? {
    let panels = max(1, (0.5 / min(b / 4, 9 * b / order)).rounded(.up))
    guard panels <= 2_000 else { return nil }
    let rule = GaussLegendreRule.twenty
    let half = 0.5 / panels
    var outcomes = [
      Outcome(logProbability: -1 / b - log(2), logRatio: Self.sampled(1 / b, probability)),
      Outcome(logProbability: -log(2), logRatio: Self.sampled(-1 / b, probability)),
    ]
    for panel in 0..<Int(panels) {
      for (node, weight) in zip(rule.nodes, rule.weights) {
        let z = (Double(2 * panel + 1) + node) * half
        outcomes.append(
          Outcome(
            logProbability: log(weight * half / (2 * b)) - (1 - z) / b,
            logRatio: Self.sampled((1 - 2 * z) / b, probability)))
      }
    }
    return outcomes
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
    // What is too small for a number is rounded up to one.
    return max(log1p(max(excess * (1 + margin), .leastNormalMagnitude)) / step * (1 + 4 * ulp), .leastNormalMagnitude)
  }
}
