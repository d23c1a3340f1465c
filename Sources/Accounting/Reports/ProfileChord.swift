import Glibc

/// The chord of a profile between two of its points, in y = e^{ε − ε₀} ≥ 1.
struct ProfileChord {
  private let start: SampledProfile.Point
  private let end: SampledProfile.Point
  /// y at the far end.
  private let reach: Double

  init(_ start: SampledProfile.Point, _ end: SampledProfile.Point) {
    (self.start, self.end) = (start, end)
    reach = exp(end.epsilon - start.epsilon)
  }

  /// Whether the profile of N(μ, 1) against N(0, 1) certainly lies on or above the whole chord. It is convex in y, so it lies
  /// above its tangents; the broken line of three of them is compared at its kinks and ends.
  func isBelow(mu: Double) -> Bool {
    guard mu > 0 else { return start.matchedUpper == 0 }
    guard reach < .infinity else {
      // The curve falls: what the far end has is enough for the whole cell.
      return GaussianTradeOff.delta(mu: mu, epsilon: end.epsilon).lower >= start.matchedUpper
    }
    let middle = start.epsilon + (end.epsilon - start.epsilon) / 2
    let tangents = [start.epsilon, middle, end.epsilon].map { Tangent(mu: mu, epsilon: $0, origin: start.epsilon) }
    guard tangents[0].value >= start.matchedUpper, tangents[2].value >= end.matchedUpper else { return false }
    return zip(tangents, tangents.dropFirst()).allSatisfy { left, right in
      let kink = left.meeting(right)
      // Beyond the cell, or where the two do not meet, the ends decide.
      guard kink > 1, kink < reach else { return true }
      return max(left.lowerBound(at: kink), right.lowerBound(at: kink)) >= value(at: kink)
    }
  }

  /// The chord, rounded up.
  private func value(at y: Double) -> Double {
    let share = (y - 1) / (reach - 1)
    return (start.matchedUpper + (end.matchedUpper - start.matchedUpper) * share) * (1 + 8 * ulp)
  }
}

/// A tangent of δ(μ, ·) in y = e^{ε − origin}: dδ/dε = −e^ε·Φ(−μ/2 − ε/μ).
private struct Tangent {
  let value: Double
  private let y: Double
  private let slope: Double

  init(mu: Double, epsilon: Double, origin: Double) {
    value = GaussianTradeOff.delta(mu: mu, epsilon: epsilon).lower
    y = exp(epsilon - origin)
    let b = epsilon / mu + mu / 2
    // e^{origin}·Φ(−b), also where the factors are out of range.
    slope = -exp(origin - b * b / 2) * NormalTail.value(b) / (2 * Double.pi).squareRoot()
  }

  func meeting(_ other: Tangent) -> Double {
    (value - other.value + other.slope * other.y - slope * y) / (other.slope - slope)
  }

  /// Rounded down by the error of the exponent in the slope.
  func lowerBound(at position: Double) -> Double {
    let rise = slope * (position - y)
    return (value + rise).lowered(by: 1e-9 * abs(rise))
  }
}

/// The greatest (δ(μ, ε) − δ_f(ε))/(1 + e^ε) in one cell, from above. δ(μ, ·) is at most its chord; δ_f at least the line through
/// this point and the one before, and the line through the next and the one after it. On either side of where these meet a
/// ratio of linear functions is left, which is greatest at an end.
struct ProfileGap {
  let greatest: Double

  init(_ points: [SampledProfile.Point], _ gaussian: [Double], cell: Int) {
    let (start, end) = (points[cell], points[cell + 1])
    let reach = exp(end.epsilon - start.epsilon)
    guard reach < .infinity else {
      greatest = max(0, gaussian[cell] - end.lower) / (1 + exp(start.epsilon))
      return
    }
    func y(_ index: Int) -> Double { exp(points[index].epsilon - start.epsilon) }
    // A line as its value at y = 1 and its slope; lower at the near point and upper at the far one, so that it lies below.
    var left = (value: end.lower, slope: 0.0)
    var right = left
    if cell > 0 {
      let slope = (start.lower - points[cell - 1].upper) / (1 - y(cell - 1))
      left = (start.lower, slope)
    }
    if cell + 2 < points.count {
      let slope = (points[cell + 2].upper - end.lower) / (y(cell + 2) - reach)
      right = slope < 0 ? (end.lower - slope * (reach - 1), slope) : right
    }
    let kink = (right.value - left.value) / (left.slope - right.slope)
    let positions = [1, kink > 1 && kink < reach ? kink : 1, reach]
    greatest = positions.reduce(0.0) { greatest, y in
      let above = gaussian[cell] + (gaussian[cell + 1] - gaussian[cell]) * ((y - 1) / (reach - 1))
      let below = max(left.value + left.slope * (y - 1), right.value + right.slope * (y - 1), end.lower)
      return max(greatest, (above - below) / (1 + exp(start.epsilon) * y))
    }
  }
}
