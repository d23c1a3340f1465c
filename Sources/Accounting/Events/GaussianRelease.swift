/// Gaussian releases of the same sample, taken together. Releases with noise multipliers σᵢ of one and the same sample are
/// one release with 1/σ² = Σ 1/σᵢ² (a sufficient statistic), which is how they must be taken *inside* the sampling.
enum GaussianRelease {
  case nothing
  case everything
  case noise(multiplier: Double)

  /// `nil` where `event` has parts that are not Gaussian.
  init?(of event: PrivacyEvent) {
    if case .gaussian(let noise) = event {
      self = noise != 0 ? .noise(multiplier: noise) : .everything
      return
    }
    var precisions: [Double] = []
    guard GaussianRelease.collect(event, times: 1, into: &precisions) else { return nil }
    // Sorted, so that the order of the parts does not decide how the sum is rounded. A term below half a unit of the sum must
    // not vanish: there may be thousands of them.
    let precision = precisions.sorted().reduce(0.0) { ($0 + $1).nextUp }
    if precision == 0 {
      self = .nothing
    } else {
      let multiplier = (1 / (precision * (1 + 8 * ulp))).squareRoot().nextDown
      self = multiplier > 0 ? .noise(multiplier: multiplier) : .everything
    }
  }

  /// Appends 1/σᵢ² of every part, rounded up; `false` where a part is not Gaussian.
  private static func collect(_ event: PrivacyEvent, times: Int, into precisions: inout [Double]) -> Bool {
    guard times > 0 else { return true }
    switch event {
    case .noOp: return true
    case .nonPrivate:
      precisions.append(.infinity)
      return true
    case .gaussian(let noise):
      let magnitude = noise.magnitude
      precisions.append((max(1 / magnitude / magnitude, .leastNormalMagnitude) * Double(times)).nextUp)
      return true
    case .selfComposed(let inner, let count): return collect(inner, times: times * count, into: &precisions)
    case .composed(let events):
      return events.allSatisfy { collect($0, times: times, into: &precisions) }
    default: return false
    }
  }
}
