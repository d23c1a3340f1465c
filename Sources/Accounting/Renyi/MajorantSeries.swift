import Glibc

/// The Rényi divergence of the Poisson-sampled Gaussian at a fractional order, as TF Privacy bounds it.
///
/// Mironov, Talwar and Zhang (arXiv:1908.10530, section 3.3) expand E_Q[(P/Q)^α] into two binomial series, left and right
/// of the point z₀ where both densities of the mixture are equal. At fractional α the signs alternate from the term i > α
/// on; dp_accounting, on which TF Privacy's statement rests, adds the absolute values of all terms. That is an upper bound
/// as well, though up to several times the divergence. The statement prints it, so that its text can be held against TF
/// Privacy's to the digit; nothing else here uses it.
struct MajorantSeries {
  /// q in (0, 1).
  let samplingProbability: Double
  /// σ > 0.
  let noiseMultiplier: Double

  /// As dp_accounting: an order whose series is not done by then has no bound.
  private static let termLimit = 1_000
  /// Terms that are smaller than the sum by this factor, in logarithms, end it.
  private static let negligible = 30.0

  /// - Parameter order: α > 1, not a whole number.
  /// - Returns: the divergence in nats; `infinity` where the series does not end in time.
  func divergence(order: Double) -> Double {
    let (logRate, logRest) = (log(samplingProbability), log1p(-samplingProbability))
    let variance = noiseMultiplier * noiseMultiplier
    let crossing = variance * (logRest - logRate) + 0.5
    var total = -Double.infinity
    var last = (left: -Double.infinity, right: -Double.infinity)
    for index in 0..<Self.termLimit {
      let (i, j) = (Double(index), order - Double(index))
      let coefficient = Self.logBinomial(order, i)
      let left =
        coefficient + i * logRate + j * logRest + (i * i - i) / (2 * variance)
        + Self.logNormalTail((i - crossing) / noiseMultiplier)
      let right =
        coefficient + j * logRate + i * logRest + (j * j - j) / (2 * variance)
        + Self.logNormalTail((crossing - j) / noiseMultiplier)
      total = Self.logSum(total, Self.logSum(left, right))
      if left < last.left, right < last.right, max(left, right) < total - Self.negligible {
        return max(0, total / (order - 1))
      }
      last = (left, right)
    }
    return .infinity
  }

  /// log |Γ(n + 1)/(Γ(k + 1)·Γ(n − k + 1))|.
  private static func logBinomial(_ n: Double, _ k: Double) -> Double {
    var sign: Int32 = 0
    return lgamma_r(n + 1, &sign) - lgamma_r(k + 1, &sign) - lgamma_r(n - k + 1, &sign)
  }

  /// log P(N(0, 1) > x). Beyond 30 the first terms of the asymptotic series, which lie above the tail.
  private static func logNormalTail(_ x: Double) -> Double {
    if x < 30 { return log(erfc(x / 2.0.squareRoot()) / 2) }
    let inverse = 1 / (x * x)
    return -x * x / 2 - log(x) - log(2 * Double.pi) / 2 + log1p(-inverse + 3 * inverse * inverse)
  }

  private static func logSum(_ a: Double, _ b: Double) -> Double {
    let (high, low) = (max(a, b), min(a, b))
    return low == -.infinity ? high : high + log1p(exp(low - high))
  }
}
