import Glibc

/// Composes measures on one grid: the law of a sum of independent losses, by one inverse Fourier transform for all of them.
struct GridComposer {
  struct Term {
    var measure: GridMeasure
    /// ≥ 1.
    var count: Int
  }

  let terms: [Term]
  let grid: LossGrid
  /// Number of losses in the sum.
  let total: Double
  /// The losses of the sum that are computed, in grid points, and bounds of the tilted masses outside.
  private(set) var window = 0...0
  private var outside: (upper: Double, lower: Double) = (0, 0)

  /// - Parameter outside: the tilted mass that may lie outside the window.
  /// - Throws: `notCertified` where the window would have more than `CompositionPlan.greatestSize` points.
  init(_ terms: [Term], grid: LossGrid, outside: Double) throws(AccountingError) {
    (self.terms, self.grid) = (terms, grid)
    total = terms.reduce(0.0) { $0 + Double($1.count) }
    try chooseWindow(allowed: outside)
  }

  /// The sum's measure.
  func compose() -> GridMeasure {
    if terms.count == 1 && terms[0].count == 1 { return terms[0].measure }
    var transform = SpectrumProduct(size: max(64, GridComposer.powerOfTwo(atLeast: window.count)))
    var origin = 0
    for term in terms {
      transform.multiply(by: term.measure, power: term.count)
      origin += term.count * term.measure.start
    }
    let (upper, lower) = transform.points(from: window.lowerBound - origin, count: window.count)
    let rounding = transform.error(total: total)
    return summary(upper: upper, lower: lower, rounding: rounding)
  }

  private func summary(upper: [Double], lower: [Double], rounding: Double) -> GridMeasure {
    var result = GridMeasure(
      start: window.lowerBound, upper: upper, lower: lower, offset: 0, logScale: 0, scaleError: 0, lossError: 0)
    var (logMissing, logExcess, logMass, offsets) = (0.0, 0.0, 0.0, 0.0)
    for term in terms {
      let (count, measure) = (Double(term.count), term.measure)
      let mass = max(measure.upper.reduce(0, +), measure.lower.reduce(0, +)) * (1 + 8 * ulp * Double(measure.count))
      logMass += count * log(max(1, mass))
      logMissing += count * log1p(measure.missing)
      logExcess += count * log1p(measure.excess)
      result.offset += count * measure.offset
      offsets += count * abs(measure.offset)
      result.logScale += count * measure.logScale
      result.scaleError += count * (measure.scaleError + ulp * abs(measure.logScale)) + 2 * ulp * abs(result.logScale)
      result.lossError += count * measure.lossError
    }
    let slack = 1 + 1e-9
    result.lossError += ulp * offsets * Double(terms.count + 1)
    result.lossError += ulp * grid.mesh * Double(max(abs(window.lowerBound), abs(window.upperBound)))
    result.missing = (exp(logMass) * expm1(logMissing) + rounding + outside.upper) * slack
    result.excess = (exp(logMass) * expm1(logExcess) + rounding + outside.lower) * slack
    return result
  }

  static func powerOfTwo(atLeast count: Int) -> Int {
    var power = 1
    while power < count { power *= 2 }
    return power
  }
}

extension GridComposer {
  /// The window and the mass outside it, by Chernoff's bound: the tilted mass of sums further than D to the right of c is at
  /// most exp(Σ Tᵢ Λᵢ(s) − sD) for every s ≥ 0, Λᵢ(s) being the logarithm of Σⱼ vⱼ e^{s(lⱼ − cᵢ)} over the masses vⱼ of one
  /// loss and Σ Tᵢcᵢ = c; likewise to the left with s ≤ 0.
  private mutating func chooseWindow(allowed: Double) throws(AccountingError) {
    var (centre, variance, least, greatest) = (0.0, 0.0, 0.0, 0.0)
    var centres: [Double] = []
    for term in terms {
      let (mean, spread) = GridComposer.moments(term.measure)
      centres.append(mean)
      let count = Double(term.count)
      centre += count * mean
      variance += count * spread
      least += count * Double(term.measure.start)
      greatest += count * Double(term.measure.start + term.measure.count - 1)
    }
    guard max(abs(least), abs(greatest)) < 0x1p52 else { throw CompositionPlan.tooLarge }
    let right = reach(1, centres: centres, deviation: variance.squareRoot(), allowed: allowed)
    let left = reach(-1, centres: centres, deviation: variance.squareRoot(), allowed: allowed)
    let low = max(least, (centre - left.distance).rounded(.down) - 1)
    let high = min(greatest, (centre + right.distance).rounded(.up) + 1)
    guard high - low + 1 <= Double(CompositionPlan.greatestSize) else { throw CompositionPlan.tooLarge }
    window = Int(low)...Int(high)
    let isWhole = low == least && high == greatest
    outside = isWhole ? (0, 0) : (left.upper + right.upper, left.lower + right.lower)
  }

  /// More than what Horner's rule loses where powers of a factor ≥ e⁻⁴⁰ vanish.
  private static let underflow = 1e-300

  private static func moments(_ measure: GridMeasure) -> (mean: Double, variance: Double) {
    var (mass, first, second) = (0.0, 0.0, 0.0)
    for (index, weight) in measure.upper.enumerated() {
      let place = Double(index)
      mass += weight
      first += weight * place
      second += weight * place * place
    }
    let mean = first / mass
    return (Double(measure.start) + mean, max(0, second / mass - mean * mean))
  }

  /// The distance from the centre, in grid points, beyond which at most the mass `allowed` lies, and what is proved of both
  /// measures there.
  private func reach(
    _ sign: Double, centres: [Double], deviation: Double, allowed: Double
  ) -> (distance: Double, upper: Double, lower: Double) {
    let goal = -log(allowed)
    func distance(_ s: Double) -> Double { (exponent(s * sign, centres, \.upper) + goal) / s }
    var s = min(30, (2 * goal).squareRoot() / max(deviation, 1e-3))
    var best = distance(s)
    for factor in [1.4, 1 / 1.4] {
      var candidate = s * factor
      for _ in 0..<16 {
        let value = distance(candidate)
        guard value < best, candidate < 40 else { break }
        (s, best) = (candidate, value)
        candidate *= factor
      }
    }
    guard best < 0x1p60 else { return (0x1p60, 1, 1) }
    let reached = max(0, best.rounded(.up))
    let rounding = 1e-12 * (1 + abs(s * reached))
    return (
      reached, exp(exponent(s * sign, centres, \.upper) - s * reached + rounding),
      exp(exponent(s * sign, centres, \.lower) - s * reached + rounding)
    )
  }

  /// An upper bound of Σ Tᵢ Λᵢ(s), s per grid point: the polynomials in e^{−|s|} by Horner's rule from the end that
  /// dominates, where each of n steps makes two roundings, and all of it counts Tᵢ times.
  private func exponent(_ s: Double, _ centres: [Double], _ side: KeyPath<GridMeasure, [Double]>) -> Double {
    var sum = 0.0
    for (term, centre) in zip(terms, centres) {
      let points = term.measure[keyPath: side]
      let first = Double(term.measure.start) - centre
      let end = s * (s >= 0 ? first + Double(points.count - 1) : first)
      let factor = exp(-abs(s))
      var value = 0.0
      if s >= 0 {
        for point in points { value = value * factor + point }
      } else {
        for point in points.reversed() { value = value * factor + point }
      }
      let logarithm = log(value + GridComposer.underflow)
      let rounding = 4 * ulp * (Double(points.count) + abs(end) + abs(logarithm) + 8)
      sum += Double(term.count) * (end + logarithm + rounding)
    }
    return sum
  }
}
