import Glibc

/// Functions that vanish to second order at 0 and are evaluated without cancellation there. All are non-negative, so sums
/// of them lose no digits: each result is within 16 units in the last place.
enum Stable {
  /// eʸ − 1 − y.
  @inline(__always)
  static func exponentialRemainder(_ y: Double) -> Double {
    if abs(y) > 0.25 { return expm1(y) - y }
    // Taylor series from y²/2; the first term left out is below 2⁻⁵³ of the sum for |y| ≤ 1/4.
    var sum = 1.0 / 6_227_020_800
    sum = sum * y + 1.0 / 479_001_600
    sum = sum * y + 1.0 / 39_916_800
    sum = sum * y + 1.0 / 3_628_800
    sum = sum * y + 1.0 / 362_880
    sum = sum * y + 1.0 / 40_320
    sum = sum * y + 1.0 / 5_040
    sum = sum * y + 1.0 / 720
    sum = sum * y + 1.0 / 120
    sum = sum * y + 1.0 / 24
    sum = sum * y + 1.0 / 6
    sum = sum * y + 0.5
    return sum * y * y
  }

  /// x·eˣ − eˣ + 1 = r log r − r + 1 for r = eˣ.
  static func entropyRemainder(_ x: Double) -> Double {
    if abs(x) > 0.25 { return exp(x) * (x - 1) + 1 }
    // Σ_{n ≥ 2} xⁿ (n − 1)/n!.
    var sum = 12.0 / 6_227_020_800
    sum = sum * x + 11.0 / 479_001_600
    sum = sum * x + 10.0 / 39_916_800
    sum = sum * x + 9.0 / 3_628_800
    sum = sum * x + 8.0 / 362_880
    sum = sum * x + 7.0 / 40_320
    sum = sum * x + 6.0 / 5_040
    sum = sum * x + 5.0 / 720
    sum = sum * x + 4.0 / 120
    sum = sum * x + 3.0 / 24
    sum = sum * x + 2.0 / 6
    sum = sum * x + 0.5
    return sum * x * x
  }

  /// e^{αx} − 1 − α(eˣ − 1), the excess of the power rᵅ over its tangent at r = eˣ = 1, as (α − 1)·(x eˣ − eˣ + 1) +
  /// eˣ·(e^{(α−1)x} − 1 − (α − 1)x): both terms are non-negative for α > 1.
  static func powerExcess(order: Double, logRatio x: Double) -> Double {
    (order - 1) * entropyRemainder(x) + exp(x) * exponentialRemainder((order - 1) * x)
  }

  /// log((eˣ + e⁻ˣ)/2).
  static func logCosh(_ x: Double) -> Double { abs(x) + log1p(expm1(-2 * abs(x)) / 2) }
}
