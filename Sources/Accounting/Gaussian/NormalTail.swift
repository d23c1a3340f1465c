import Glibc

/// The upper tail Q of the standard normal law over its density φ, R(x) = Q(x)/φ(x) = ∫₀^∞ e^{−xt − t²/2} dt (Mills' ratio), and
/// its negative derivative S(x) = 1 − x·R(x) = ∫₀^∞ t·e^{−xt − t²/2} dt, with the error bounds that `GaussianTradeOff` is built
/// on. Both are positive and completely monotone.
///
/// From x = 3/2 on Laplace's continued fraction serves, R = 1/(x + c), c = 1/(x + 2/(x + 3/(x + …))). Then S = c/(x + c): only
/// positive terms, so nothing cancels, and the relative error of R and of S is below 4 ulp (`ulp` = 2⁻⁵²): an error further
/// down counts by the product of the factors tail/(x + tail) above it. The convergents lie on either side of the limit in turn;
/// with the number of terms used here neighbours agree to 2⁻⁵².
///
/// Below 3/2 R comes from `erfc`, within 8 ulp: 5 units in the last place for the function, 4.4 for the rounding of its argument
/// (x/R(x) ≤ 2.91 times), the rest for the exponential and the products. In S = 1 − xR that counts at most 3.5 times.
enum NormalTail {
  /// R(x) for x ≥ −1/2.
  static func value(_ x: Double) -> Double {
    x < switchPoint ? byErrorFunction(x) : 1 / (x + continuedFraction(x))
  }

  /// S(x) for x ≥ −1/2.
  static func negativeDerivative(_ x: Double) -> Double {
    if x < switchPoint { return 1 - x * byErrorFunction(x) }
    let tail = continuedFraction(x)
    return tail / (x + tail)
  }

  private static let switchPoint = 1.5

  private static func byErrorFunction(_ x: Double) -> Double {
    (Double.pi / 2).squareRoot() * exp(x * x / 2) * erfc(x / 2.0.squareRoot())
  }

  /// c above, from the number of terms on which two neighbouring convergents agree to all digits.
  private static func continuedFraction(_ x: Double) -> Double {
    var tail = 0.0
    for term in stride(from: 10 + (440 / (x * x)).rounded(.up), to: 1, by: -1) { tail = term / (x + tail) }
    return 1 / (x + tail)
  }
}
