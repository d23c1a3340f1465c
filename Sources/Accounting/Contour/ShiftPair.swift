import Glibc

/// A pair of mixtures of unit Gaussians in which every mean under P is at least every mean under Q, so that the loss L(z) =
/// log(dP/dQ)(z) increases with z. Coordinates are moved so that 0 lies between the two.
///
/// Sampled Gaussians, their user-level mixtures and their replace-one pairs have this form, in both directions: the reverse of
/// such a pair is one after reflection.
struct ShiftPair: Hashable, Sendable {
  /// Of P; means ≥ 0, increasing.
  let numerator: GaussianMixture
  /// Of Q; means ≤ 0, increasing.
  let denominator: GaussianMixture

  init?(_ pair: LossPair) {
    switch pair {
    case .gaussianMixtures(let p, let q): self.init(p, q)
    case .reversed(let inner):
      guard let pair = ShiftPair(inner) else { return nil }
      self.init(pair.denominator.reflected, pair.numerator.reflected)
    case .sampled(let inner, let probability):
      guard let pair = ShiftPair(inner), probability > 0, probability < 1 else { return nil }
      self.init(pair.numerator.mixed(probability, with: pair.denominator), pair.denominator)
    case .laplace, .discrete, .spliced, .branched: return nil
    }
  }

  private init?(_ p: GaussianMixture, _ q: GaussianMixture) {
    guard let least = p.means.first, let greatest = q.means.last, least >= greatest else { return nil }
    let origin = q.means.count == 1 ? greatest : least
    numerator = p.moved(by: -origin)
    denominator = q.moved(by: -origin)
    guard largestMean < 1e6, leastMean > -1e6 else { return nil }
  }

  var largestMean: Double { numerator.means[numerator.means.count - 1] }
  var leastMean: Double { denominator.means[0] }
  /// The distance between the outermost means.
  var spread: Double { largestMean - leastMean }

  /// Upper bound of the loss; `infinity` where it grows without bound.
  var largestLoss: Double {
    guard largestMean == denominator.means[denominator.means.count - 1] else { return .infinity }
    let ratio = numerator.weights[numerator.weights.count - 1] / denominator.weights[denominator.weights.count - 1]
    return log(ratio).raised(by: 8 * ulp)
  }

  /// The pair at one point.
  struct Point {
    /// log(dP/dQ).
    var loss: Double
    /// log of the density of P.
    var logDensity: Double
    /// dL/dz ≥ 0.
    var slope: Double
  }

  func point(at z: Double) -> Point {
    let (above, meanAbove) = numerator.ratio(at: z)
    let (below, meanBelow) = denominator.ratio(at: z)
    return Point(
      loss: above - below, logDensity: above - z * z / 2 - ShiftPair.logRootOfTwoPi, slope: meanAbove - meanBelow)
  }

  static let logRootOfTwoPi = 0.5 * log(2 * Double.pi)
}

extension GaussianMixture {
  /// log of the mixture's density over that of N(0, 1) at z, and the mean of the means given z.
  func ratio(at z: Double) -> (log: Double, mean: Double) {
    if means.count == 1 { return (means[0] * (z - means[0] / 2), means[0]) }
    // 1 + Σ w(e^g − 1) keeps every digit where the weight lies at 0; elsewhere, and for large g, shift by the largest g.
    var (sum, moment, largest) = (0.0, 0.0, -Double.infinity)
    for index in means.indices {
      let mean = means[index]
      let exponent = mean * (z - mean / 2)
      largest = max(largest, exponent)
      let excess = mean == 0 ? 0 : weights[index] * expm1(exponent)
      sum += excess
      moment += mean * (excess + weights[index])
    }
    if largest < 300, sum > -0.5 { return (log1p(sum), moment / (1 + sum)) }
    (sum, moment) = (0, 0)
    for index in means.indices {
      let share = weights[index] * exp(means[index] * (z - means[index] / 2) - largest)
      sum += share
      moment += means[index] * share
    }
    return (largest + log(sum), moment / sum)
  }

  fileprivate var reflected: GaussianMixture {
    GaussianMixture(means: means.reversed().map { -$0 }, weights: weights.reversed())
  }

  fileprivate func moved(by distance: Double) -> GaussianMixture {
    GaussianMixture(means: means.map { $0 + distance }, weights: weights)
  }

  /// `probability` of this mixture and the rest of `other`.
  fileprivate func mixed(_ probability: Double, with other: GaussianMixture) -> GaussianMixture {
    var weightOf: [Double: Double] = [:]
    for (mean, weight) in zip(other.means, other.weights) { weightOf[mean, default: 0] += (1 - probability) * weight }
    for (mean, weight) in zip(means, weights) { weightOf[mean, default: 0] += probability * weight }
    let sorted = weightOf.sorted { $0.key < $1.key }
    return GaussianMixture(means: sorted.map(\.key), weights: sorted.map(\.value))
  }
}
