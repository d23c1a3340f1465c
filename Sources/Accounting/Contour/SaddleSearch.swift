import Glibc

/// Chooses the vertical line Re t = c on which the integrand peaks least: the saddle point of K(t) − εt − log t − log(t + 1)
/// (arXiv:2208.09595, §3). Any c > 0 gives a valid answer; the choice decides only how many nodes are needed.
struct SaddleSearch {
  private var parts: [ContourPart]

  init(_ parts: [ContourPart]) { self.parts = parts }

  /// The most nodes of all parts together: some tens of milliseconds for each evaluation.
  private static let nodeLimit = 2_000_000

  /// Cumulants of the whole composition at real t ≥ 0, `nil` where they would need too many nodes.
  mutating func cumulants(_ tilt: Double) -> LossCumulants? {
    var sum = LossCumulants(value: 0, first: 0, second: 0)
    var nodes = 0
    for index in parts.indices {
      guard let one = parts[index].cumulants(tilt: tilt) else { return nil }
      nodes += parts[index].nodeCount
      guard nodes <= SaddleSearch.nodeLimit else { return nil }
      sum.value += parts[index].count * one.value
      sum.first += parts[index].count * one.first
      sum.second += parts[index].count * one.second
    }
    return sum.value.isFinite && sum.first.isFinite && sum.second.isFinite ? sum : nil
  }

  var surveyed: [ContourPart] { parts }

  /// The ε whose saddle point c is, and its derivative in c.
  static func epsilon(_ cumulants: LossCumulants, _ c: Double) -> (value: Double, slope: Double) {
    (
      cumulants.first - 1 / c - 1 / (c + 1),
      cumulants.second + 1 / (c * c) + 1 / ((c + 1) * (c + 1))
    )
  }

  /// log δ by the saddle-point approximation at the ε that c belongs to.
  static func logDelta(_ cumulants: LossCumulants, _ c: Double) -> Double {
    let epsilon = SaddleSearch.epsilon(cumulants, c)
    return cumulants.value - c * epsilon.value - log(c) - log1p(c) - 0.5 * log(2 * Double.pi * epsilon.slope)
  }

  /// c for a given ε.
  mutating func line(epsilon: Double) -> Double? {
    search { cumulants, c in
      let point = SaddleSearch.epsilon(cumulants, c)
      return (point.value - epsilon, c * point.slope)
    }
  }

  /// c for a given log δ.
  mutating func line(logDelta: Double) -> Double? {
    search { cumulants, c in
      (logDelta - SaddleSearch.logDelta(cumulants, c), c * c * SaddleSearch.epsilon(cumulants, c).slope)
    }
  }

  /// Root of a function that increases with log c: strides until it is bracketed, then Newton's method, bisecting where that is
  /// slow. K can grow like the exponential of an exponential, so a small Newton step alone does not mean that the root is near.
  private mutating func search(_ function: (LossCumulants, Double) -> (value: Double, slope: Double)) -> Double? {
    guard let atOne = cumulants(1) else { return nil }
    var (low, high) = (-Double.infinity, Double.infinity)
    var position = log(min(max(3 / max(atOne.second, 1e-12).squareRoot(), 1e-3), 1e3))
    var (stride, last) = (0.5, Double.infinity)
    for _ in 0..<100 {
      let point = cumulants(exp(position))
      let (value, slope) = point.map { function($0, exp(position)) } ?? (.infinity, .infinity)
      guard !value.isNaN else { return nil }
      if value < 0 { low = position } else { high = position }
      let newton = position - value / slope
      if low.isInfinite || high.isInfinite {
        // A Newton step that stays within the stride is taken, and ends the search where it is tiny and lands close.
        if abs(value) < 0.01 { return exp(position) }
        let limit = value < 0 ? position + stride : position - stride
        let isShort = abs(value) < 2 && newton.isFinite && abs(newton - position) < stride
        position = isShort ? newton : limit
        stride *= 1.7
        if abs(position) > 45 { return nil }
        continue
      }
      if abs(value) < 0.01 || high - low < 1e-3 { return point == nil ? exp(low) : exp(position) }
      let isFast = abs(value) < last / 4 && newton > low && newton < high
      last = min(last, abs(value))
      position = isFast ? newton : (low + high) / 2
    }
    return nil
  }
}
