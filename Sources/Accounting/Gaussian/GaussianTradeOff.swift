import Glibc

/// The exact privacy of the Gaussian mechanism, and of everything that is μ-Gaussian differentially private.
///
/// N(μ, 1) against N(0, 1), with μ = sensitivity/standard deviation (√Σμᵢ² for a composition), satisfies (ε, δ)-differential
/// privacy exactly for
///
///     δ ≥ δ(μ, ε) = Φ(μ/2 − ε/μ) − e^ε·Φ(−μ/2 − ε/μ)
///
/// (Balle and Wang, arXiv:1805.06530, Theorem 8). With a = ε/μ − μ/2, b = a + μ, Mills' ratio R and S = −R', the identity
/// e^ε·φ(b) = φ(a) turns this into three forms without cancellation:
///
///     δ = φ(a)·(R(a) − R(b)) = φ(a)·∫ₐᵇ S(x) dx = 1 − φ(a)·(R(−a) + R(b)).
///
/// The second is for μ ≤ max(1/2, a/4), by Gauss and Legendre's rule of n = 8 points. Its error is (8!)⁴/(17·(16!)³)·μ¹⁷·S⁽¹⁶⁾(ξ)
/// with S⁽¹⁶⁾(x) = ∫₀^∞ t¹⁷e^{−xt−t²/2}dt ≤ min(17!/x¹⁸, 3·2⁸·8!): against S(x) > 1/(x² + 3) that is below 2⁻⁵⁴ of the
/// integral. The first is for larger μ and a ≥ 0, where R(a) + R(b) ≤ 11·(R(a) − R(b)); the third for larger μ and a < 0.
/// a and a² are carried with what their rounding left out, so that the exponent a²/2 costs no digits.
///
/// All results are certified intervals, `lower` ≤ truth ≤ `upper`: the computed value is within `relativeError` of the truth and
/// is widened by that much. While δ is a normal number its relative width is below 1e-13.
public enum GaussianTradeOff {
  /// Bound on the relative error before the result is rounded outward, 128 ulp: the first form makes at most 70 of the errors
  /// of R (`NormalTail`), the second 28 of those of S; the exponential, its argument and the products add fewer than 10.
  static let relativeError = 0x1p-45
  /// The same for 1 − δ in the third form, 32 ulp: a sum of two R, where 1 − δ < 0.81.
  static let complementError = 0x1p-47

  /// The least δ for a given ε.
  /// - Parameters:
  ///   - mu: μ in [0, ∞].
  ///   - epsilon: in [0, ∞].
  /// - Returns: bounds in [0, 1]; a δ below the smallest positive number has that number as its upper bound.
  public static func delta(mu: Double, epsilon: Double) -> (lower: Double, upper: Double) {
    if let limit = limit(mu: mu, epsilon: epsilon) { return (limit, limit) }
    let terms = GaussianTerms(mu: mu, epsilon: epsilon)
    if let complement = terms.complement {
      let delta = 1 - complement
      let error = complementError + terms.exponentError
      return (max(0, delta.lowered(by: complement * error)), min(1, delta.raised(by: complement * error)))
    }
    let error = relativeError + terms.exponentError
    let delta = exp(-terms.halfSquare) * exp(-terms.halfSquareRest) * (terms.factor / (2 * Double.pi).squareRoot())
    return (max(0, (delta * (1 - error)).nextDown), min(1, (delta * (1 + error)).nextUp))
  }

  /// log δ of the above, which may lie far below the logarithm of the smallest positive number.
  /// - Returns: bounds in [−∞, 0].
  public static func logDelta(mu: Double, epsilon: Double) -> (lower: Double, upper: Double) {
    if let limit = limit(mu: mu, epsilon: epsilon) { return (log(limit), log(limit)) }
    let terms = GaussianTerms(mu: mu, epsilon: epsilon)
    if let complement = terms.complement {
      let value = log1p(-complement)
      let margin = 1.01 * (complementError + terms.exponentError) * complement / (1 - complement)
      return (value.lowered(by: margin), min(0, value.raised(by: margin)))
    }
    guard terms.halfSquare < .infinity else { return (-.infinity, -.greatestFiniteMagnitude) }
    let logFactor = log(terms.factor) - log(2 * Double.pi) / 2
    let value = logFactor - terms.halfSquareRest - terms.halfSquare
    let margin = relativeError + terms.exponentError + 4 * ulp * (terms.halfSquare + abs(logFactor) + 2)
    return (value.lowered(by: margin), min(0, value.raised(by: margin)))
  }

  /// What needs no computation: no release at all, no noise at all, or an ε that allows anything.
  private static func limit(mu: Double, epsilon: Double) -> Double? {
    precondition(mu >= 0 && epsilon >= 0, "neither μ nor ε is negative")
    if mu == 0 { return 0 }
    if mu == .infinity { return 1 }
    return epsilon == .infinity ? 0 : nil
  }
}

/// The parts of δ = exp(−a²/2)/√(2π)·factor at one (μ, ε).
struct GaussianTerms {
  /// a²/2, and what its rounding left out.
  private(set) var halfSquare: Double
  private(set) var halfSquareRest: Double
  /// Bound on the error of their sum: a itself is known to 4·2⁻¹⁰⁴ of ε/μ + μ/2.
  private(set) var exponentError: Double
  /// R(a) − R(b), but for a < 0 only where μ is small.
  private(set) var factor = 0.0
  /// 1 − δ where a < 0 and μ is not small.
  private(set) var complement: Double?
  /// R(b).
  private let farRatio: Double

  /// −d log δ/dε = φ(a)·R(b)/δ.
  var logSlopeInEpsilon: Double { farRatio * derivativeScale }
  /// d log δ/dμ = φ(a)/δ.
  var logSlopeInMu: Double { derivativeScale }

  private var derivativeScale: Double {
    guard let complement else { return 1 / factor }
    return GaussianTerms.density(halfSquare) / (1 - complement)
  }

  /// - Parameters:
  ///   - mu: finite and > 0.
  ///   - epsilon: finite and ≥ 0.
  init(mu: Double, epsilon: Double) {
    let quotient = epsilon / mu
    let half = mu / 2
    let a = quotient - half
    let b = quotient + half
    farRatio = NormalTail.value(b)
    halfSquare = a * a / 2
    halfSquareRest = 0
    exponentError = 0
    if halfSquare < .infinity {
      // What a's difference (Knuth's two-sum) and quotient left out, then what a's square did.
      let back = a - quotient
      let differenceRest = (quotient - (a - back)) - (half + back)
      let rest = differenceRest + epsilon.addingProduct(-quotient, mu) / mu
      halfSquareRest = (-a * a).addingProduct(a, a) / 2 + a * rest
      exponentError = 4 * ulp * ulp * abs(a) * b
    }
    if mu <= max(0.5, a / 4) {
      factor = mu * GaussianTerms.mean(from: a, width: mu)
    } else if a >= 0 {
      factor = NormalTail.value(a) - farRatio
    } else {
      complement = GaussianTerms.density(halfSquare + halfSquareRest) * (NormalTail.value(-a) + farRatio)
    }
  }

  private static func density(_ halfSquare: Double) -> Double { exp(-halfSquare) / (2 * Double.pi).squareRoot() }

  /// The mean of S over [start, start + width].
  private static func mean(from start: Double, width: Double) -> Double {
    rule.reduce(0.0) { sum, point in
      sum
        + point.weight
        * (NormalTail.negativeDerivative(start + width * point.low)
          + NormalTail.negativeDerivative(start + width * point.high))
    }
  }

  /// Gauss and Legendre's rule of eight points on [0, 1]: pairs of nodes and their common weight.
  private static let rule: [(low: Double, high: Double, weight: Double)] = [
    (0.40828267875217509753, 0.59171732124782490247, 0.18134189168918099148),
    (0.23723379504183550709, 0.76276620495816449291, 0.15685332293894364367),
    (0.1016667612931866302, 0.8983332387068133698, 0.11119051722668723527),
    (0.019855071751231884158, 0.98014492824876811584, 0.050614268145188129576),
  ]
}
