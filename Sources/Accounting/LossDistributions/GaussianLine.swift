import Glibc

/// Mixtures P and Q of unit Gaussians on the line, dP/dQ not decreasing.
struct GaussianLine: Sendable {
  let p: GaussianMixture
  let q: GaussianMixture
  /// The losses that are approached far left and far right.
  let limits: (lower: Double, upper: Double)
  private let form: Form

  /// Means further apart than that leave one of the laws without a mass that a `Double` can hold.
  static let greatestSpread = 1e3

  /// How a loss is inverted.
  private enum Form {
    /// One Gaussian each.
    case shift(distance: Double, middle: Double)
    /// (1 − w)N(m) + wN(m + distance) against N(m), and `middle` = m + distance/2.
    case sampled(weight: Double, distance: Double, middle: Double)
    case general
  }

  init(p: GaussianMixture, q: GaussianMixture) {
    self.p = p
    self.q = q
    limits = GaussianLine.limits(p, q)
    if p.means.count == 1 && q.means.count == 1 {
      form = .shift(distance: p.means[0] - q.means[0], middle: (p.means[0] + q.means[0]) / 2)
    } else if p.means.count == 2 && q.means.count == 1 && p.means[0] == q.means[0] {
      form = .sampled(
        weight: p.weights[1], distance: p.means[1] - p.means[0], middle: (p.means[0] + p.means[1]) / 2)
    } else {
      form = .general
    }
  }

  /// 37 standard deviations beyond the outermost means: less than 10⁻²⁹⁹ lies beyond.
  var bounds: (lower: Double, upper: Double) {
    let least = min(p.means.first ?? 0, q.means.first ?? 0)
    let greatest = max(p.means.last ?? 0, q.means.last ?? 0)
    return (least - 37, greatest + 37)
  }

  /// The distance of the outermost means.
  var spread: Double { bounds.upper - bounds.lower - 74 }

  /// log p(z) − log q(z).
  func loss(at z: Double) -> Double {
    switch form {
    case .shift(let distance, let middle): distance * (z - middle)
    case .sampled(let weight, let distance, let middle): LossStep.sampled(weight).loss(distance * (z - middle))
    case .general: GaussianLine.shape(p, z).log - GaussianLine.shape(q, z).log
    }
  }

  /// What finding a position costs, about, in units of the simplest.
  var positionCost: Double {
    if case .general = form { 6 * Double(p.means.count + q.means.count) } else { 1 }
  }

  func position(of loss: Double) -> Double {
    switch form {
    case .shift(let distance, let middle): return loss / distance + middle
    case .sampled(let weight, let distance, let middle):
      let original = LossStep.sampled(weight).original(of: loss)
      return original.isFinite ? original / distance + middle : original
    case .general: return generalPosition(of: loss)
    }
  }

  /// The inversions above are within a few ulp of the loss itself; their rounding of z counts dl/dz times, which for
  /// `sampled` is distance·(1 − (1 − w)e⁻ˡ) ≤ distance·(w + |l|).
  func lossError(loss: Double, position: Double) -> Double {
    switch form {
    case .shift(let distance, _): 8 * ulp * (loss + distance * position)
    case .sampled(let weight, let distance, _):
      16 * ulp * loss + 8 * ulp * distance * position * min(1, weight + loss)
    case .general: 32 * ulp * (1 + (abs(bounds.lower) + abs(bounds.upper)) * position)
    }
  }

  @inline(__always)
  func tails(at z: Double) -> OutcomeLine.Tails {
    let (pTails, qTails) = (GaussianLine.tails(p, z), GaussianLine.tails(q, z))
    return OutcomeLine.Tails(
      low: OutcomeLine.Masses(p: pTails.low, q: qTails.low, pError: pTails.lowError, qError: qTails.lowError),
      high: OutcomeLine.Masses(p: pTails.high, q: qTails.high, pError: pTails.highError, qError: qTails.highError))
  }

  /// Both tails of a mixture at z. The rounding of (z − m)/√2 counts (z − m)² times in the smaller one.
  @inline(__always)
  private static func tails(
    _ mixture: GaussianMixture, _ z: Double
  ) -> (low: Double, high: Double, lowError: Double, highError: Double) {
    var (low, high, lowError, highError) = (0.0, 0.0, 0.0, 0.0)
    for index in mixture.means.indices {
      let weight = mixture.weights[index]
      let x = z - mixture.means[index]
      let distance = min(abs(x), 40)
      let small = weight * erfc(distance * 0.5.squareRoot()) / 2
      let smallError = small * ulp * (8 + distance * distance)
      let (large, largeError) = (weight - small, smallError + weight * ulp)
      if x > 0 {
        (low, high, lowError, highError) = (low + large, high + small, lowError + largeError, highError + smallError)
      } else {
        (low, high, lowError, highError) = (low + small, high + large, lowError + smallError, highError + largeError)
      }
    }
    return (low, high, lowError, highError)
  }

  private func generalPosition(of loss: Double) -> Double {
    if loss <= limits.lower { return -.infinity }
    if loss >= limits.upper { return .infinity }
    var (lower, upper) = bounds
    if self.loss(at: lower) >= loss { return lower }
    if self.loss(at: upper) <= loss { return upper }
    // Newton's method, halving where it would leave the bracket or is slow; monotonicity is all that is asked of the loss.
    var position = (lower + upper) / 2
    var last = Double.infinity
    for _ in 0..<100 {
      let (above, below) = (GaussianLine.shape(p, position), GaussianLine.shape(q, position))
      let excess = above.log - below.log - loss
      if excess < 0 { lower = position } else { upper = position }
      let next = position - excess / (above.mean - below.mean)
      let isFast = abs(excess) < last / 2 && next > lower && next < upper
      last = abs(excess)
      let moved = isFast ? next : (lower + upper) / 2
      if abs(moved - position) <= 2 * ulp * abs(position) || !(moved > lower && moved < upper) { return moved }
      position = moved
    }
    return position
  }

  /// log of a mixture's density over that of a Gaussian, and the mean of the means given z: the loss rises by the difference of two
  /// such means.
  private static func shape(_ mixture: GaussianMixture, _ z: Double) -> (log: Double, mean: Double) {
    var greatest = -Double.infinity
    for mean in mixture.means { greatest = max(greatest, -(z - mean) * (z - mean) / 2) }
    var (sum, moment) = (0.0, 0.0)
    for index in mixture.means.indices {
      let mean = mixture.means[index]
      let share = mixture.weights[index] * exp(-(z - mean) * (z - mean) / 2 - greatest)
      sum += share
      moment += share * mean
    }
    return (greatest + log(sum), moment / sum)
  }

  private static func limits(_ p: GaussianMixture, _ q: GaussianMixture) -> (lower: Double, upper: Double) {
    var limits = (lower: -Double.infinity, upper: Double.infinity)
    if let a = p.means.first, let b = q.means.first, let v = p.weights.first, let w = q.weights.first, a == b {
      limits.lower = log(v / w)
    }
    if let a = p.means.last, let b = q.means.last, let v = p.weights.last, let w = q.weights.last, a == b {
      limits.upper = log(v / w)
    }
    return limits
  }
}

extension GaussianMixture {
  func density(at z: Double) -> Double {
    zip(means, weights).reduce(0) { $0 + $1.1 * exp(-(z - $1.0) * (z - $1.0) / 2) } / (2 * Double.pi).squareRoot()
  }
}
