import Glibc

/// The Mills ratio of the standard Gaussian, R(x) = Φ(−x)/φ(x) = ∫₀^∞ exp(−xt − t²/2) dt: positive, decreasing, convex.
enum MillsRatio {
  /// R(x) for x > −38 (it overflows below), within `relativeError`.
  static func value(_ x: Double) -> Double {
    // e^{x²/2} magnifies the rounding of its exponent x²/2 times; the continued fraction converges faster the larger x is.
    x < 3 ? erfc(x * halfRoot) * exp(x * x / 2) * rootOfHalfPi : 1 / continuedFraction(x)
  }

  /// R(x − distance) − R(x) for distance ≥ 0, without cancellation where the distance is small.
  static func drop(from x: Double, distance: Double) -> Double {
    guard distance < 0.25 else { return value(x - distance) - value(x) }
    // R⁽ⁿ⁾ = (−1)ⁿ∫tⁿ exp(−xt − t²/2): all terms of the series around x are positive. Mₙ = ∫tⁿ… obeys Mₙ₊₁ = n·Mₙ₋₁ − x·Mₙ, which
    // cancels for x > 0; there a Gauss rule on the integral serves instead.
    return x < 0.5 ? dropBySeries(x, distance) : dropByQuadrature(x, distance)
  }

  /// Bound on the relative error of `value` (for x ≥ −10) and `drop`.
  static let relativeError = 256 * ulp

  private static let halfRoot = 0.5.squareRoot()
  private static let rootOfHalfPi = (Double.pi / 2).squareRoot()

  /// x + 1/(x + 2/(x + 3/(x + …))), cut where the rest changes nothing (Abramowitz and Stegun 26.2.14).
  private static func continuedFraction(_ x: Double) -> Double {
    let terms = Int(20 + 1200 / (x * x))
    var tail = x
    for index in stride(from: terms, through: 1, by: -1) { tail = x + Double(index) / tail }
    return tail
  }

  private static func dropBySeries(_ x: Double, _ distance: Double) -> Double {
    let zeroth = value(x)
    var (previous, current) = (zeroth, 1 - x * zeroth)
    var (power, sum) = (distance, 0.0)
    for order in 1...40 {
      let term = current * power
      sum += term
      if term <= sum * 0x1p-56 { break }
      (previous, current) = (current, Double(order) * previous - x * current)
      power *= distance / Double(order + 1)
    }
    return sum
  }

  /// ∫₀^∞ exp(−xt − t²/2)·(e^{dt} − 1) dt: trapezoidal rule after t = e^{s − e^{−s}}, which decays doubly exponentially at both
  /// ends (Takahasi and Mori 1974).
  private static func dropByQuadrature(_ x: Double, _ distance: Double) -> Double {
    let step = 1.0 / 16
    var sum = 0.0
    // Scaled to the width of the integrand, 1/x, the range below holds all of it to the last digit.
    let scale = 1 / (x + 1)
    for index in -60...96 {
      let s = Double(index) * step
      let decay = exp(-s)
      let t = scale * exp(s - decay)
      let exponent = -t * (x + t / 2)
      if exponent < -745 { break }
      sum += exp(exponent) * expm1(distance * t) * t * (1 + decay)
    }
    return sum * step
  }
}
