import Glibc

/// Random allocation: a record takes part in one of t Gaussian releases, chosen uniformly (arXiv:2502.08202).
///
/// Under add-or-remove-one P = (1/t)·Σᵢ N(eᵢ/σ, I) against Q = N(0, I) dominates. For whole α, by independence of the coordinates,
///
///     E_Q[(P/Q)ᵅ] = α!/tᵅ · [xᵅ] (Σₖ e^{(k²−k)/2σ²}·xᵏ/k!)ᵗ,
///
/// a power of a series with positive coefficients, found by squaring in logarithms. Between whole orders (α − 1)D_α is at most
/// its chord, as it is convex in α and 0 at α = 1. Beyond `greatestOrder` the plain Gaussian's α/2σ² is given.
///
/// **Direction.** L = log(P/Q) is a convex function of a Gaussian vector, so by Ehrhard's inequality Φ⁻¹(Q(L ≤ s)) is concave in s: L has
/// the law of a convex increasing function of one Gaussian z. Compare it with the line l = mz − m²/2 for which E e^{(1−α)l} =
/// E e^{(1−α)L}; also E eˡ = E eᴸ = 1. A convex function and a line differ in sign like (+, −, +) at most, so c ↦ E e^{cL} − E e^{cl},
/// being −c·∫e^{cs}·(difference of the distribution functions)ds, has no zeros but 0, 1 − α and 1 (total positivity of e^{cs}) and is
/// positive beyond 1. Hence E e^{αL} ≥ E e^{αl} = E e^{(1−α)l} = E e^{(1−α)L}: removing a record is never better than adding one. The
/// same holds for any mixture of Gaussians with one-sided shifts against N(0).
struct AllocationDivergence {
  private let noiseMultiplier: Double
  private let bins: Int
  /// log E_Q[rⁿ] at index n, with a bound on the absolute error; n = 0 and 1 give 0.
  private var logMoments: [Double] = [0, 0]

  /// Whole orders beyond this would cost more than they help: the curve is the Gaussian's less (log t)·α/(α − 1) there.
  static let greatestOrder = 256

  /// Exponentials that the moments up to there take, at most.
  static let greatestCost = 2 * 0.5 * 256 * 256 * 80.0

  /// - Parameters:
  ///   - noiseMultiplier: σ > 0.
  ///   - bins: t ≥ 1.
  init(noiseMultiplier: Double, bins: Int) {
    self.noiseMultiplier = noiseMultiplier
    self.bins = bins
  }

  /// Upper bound of the divergence of order α > 1.
  mutating func divergence(order: Double) -> Double {
    let plain = GaussianDivergence.upperBound(noiseMultiplier: noiseMultiplier, order: order)
    guard order <= Double(Self.greatestOrder), plain < .infinity else { return plain }
    let upper = max(2, Int(order.rounded(.up)))
    prepare(upTo: upper)
    let share = order - Double(upper - 1)
    let chord = (1 - share) * logMoments[upper - 1] + share * logMoments[upper]
    return min(plain, max(chord, 0) / (order - 1) * (1 + 8 * ulp))
  }

  /// Makes moments up to a whole order, or somewhat beyond.
  private mutating func prepare(upTo order: Int) {
    guard logMoments.count <= order else { return }
    var count = 16
    while count < order { count *= 2 }
    let variance = noiseMultiplier * noiseMultiplier
    var sign: Int32 = 0
    let logFactorials = (0...count).map { lgamma_r(Double($0) + 1, &sign) }
    let one = (0...count).map { k in Double(k) * Double(k - 1) / (2 * variance) - logFactorials[k] }
    let power = LogSeries.power(one, exponent: bins)
    let logBins = log(Double(bins))
    logMoments = (0...count).map { n in
      guard n > 1 else { return 0 }
      let value = power[n] + logFactorials[n] - Double(n) * logBins
      // Every product of the powering adds logarithms of at most this size; each of its sums loses an ulp.
      let size = one[n] + 2 * logFactorials[n] + Double(n) * logBins + 1
      return max(0, value) + 16 * ulp * (abs(size) + Double(n)) * (2 + log2(Double(bins)))
    }
  }
}

/// Power series with positive coefficients, given by their logarithms and cut off at a fixed degree.
private enum LogSeries {
  /// - Parameter exponent: ≥ 1.
  static func power(_ series: [Double], exponent: Int) -> [Double] {
    var result: [Double]?
    var square = series
    var rest = exponent
    while true {
      if rest & 1 == 1 { result = result.map { product($0, square) } ?? square }
      rest >>= 1
      guard rest > 0 else { break }
      square = product(square, square)
    }
    return result ?? series
  }

  private static func product(_ a: [Double], _ b: [Double]) -> [Double] {
    a.indices.map { n in
      var largest = -Double.infinity
      for k in 0...n { largest = max(largest, a[k] + b[n - k]) }
      guard largest > -.infinity else { return -.infinity }
      var sum = 0.0
      for k in 0...n { sum += exp(a[k] + b[n - k] - largest) }
      return largest + log(sum)
    }
  }
}
