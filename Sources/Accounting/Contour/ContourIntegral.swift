import Glibc

/// The hockey-stick divergence of a composition for one order of its two datasets, as an integral over a vertical line.
///
/// With L the privacy loss under P and K(t) = log E[e^{tL}], (1 − e^{ε−l})₊ is the inverse Laplace transform of 1/(t(t + 1)), so for any c > 0
///
///     δ(ε) = E[(1 − e^{ε−L})₊] = (1/2πi)·∫ e^{K(t) − εt}/(t(t + 1)) dt over Re t = c        (arXiv:2208.09595, Theorem 3).
///
/// **Trapezoidal rule.** g(x) = e^{cx}δ(x) ≥ 0 has the Fourier transform F(u) = e^{K(c+iu)}/((c+iu)(c+1+iu)). By Poisson's summation formula
/// the rule with step Δ = 2π/W gives exactly Σⱼ g(ε + jW): δ(ε) plus aliases e^{cjW}·δ(ε + jW), j ≠ 0, all of them ≥ 0. So the full sum
/// is an upper bound, and a lower one less a bound of the aliases: δ(x) ≤ tᵗ/(1+t)^{1+t}·e^{K(t) − tx} for any t ≥ 0 (arXiv:2004.00010,
/// Proposition 12), with t = c + s for j > 0 and t = c − s for j < 0, each a geometric series.
///
/// **Cut-off** after u = U = MΔ: the rest is at most e^{K(c)−cε}·sup|E e^{iuL}|/(πU), as |t(t + 1)| ≥ u² (`DecayBound`).
///
/// Rounding and the errors of K are added up node by node (`LogRatio.error`). All errors are relative to e^{K(c)−cε}, which near the
/// saddle point exceeds δ by a small factor only: relative accuracy is kept however small δ is.
struct ContourIntegral: Sendable {
  /// Bounds of δ, as logarithms, and the derivative of the upper one in ε.
  struct Value {
    var logLower: Double
    var logUpper: Double
    var slope: Double
  }

  private let line: Double
  private let step: Double
  /// log E[e^{(c+iu)L}]/E[e^{cL}] at u = Δ, 2Δ, …
  private let ratios: [LogRatio]
  private let logMoment: Double
  private let logMomentError: Double
  /// log of sup|E e^{iuL}| beyond the last node.
  private let logDecay: Double
  /// K(c ± s) − K(c), raised, and s.
  private let above: Alias
  private let below: Alias

  private struct Alias {
    var shift: Double
    var logGrowth: Double
    /// log tᵗ/(1+t)^{1+t} at t = c ± s.
    var logFactor: Double
  }

  /// Prepares the integral for ε near `epsilon`, the saddle point of `line`.
  /// - Returns: `nil` where no line or too many nodes would be needed.
  init?(_ search: inout SaddleSearch, line saddle: Double, epsilon: Double) {
    guard let atSaddle = search.cumulants(saddle) else { return nil }
    // Where δ is large the saddle lies close to 0, and so would the poles; a line further off costs a factor only.
    let deviation = max(atSaddle.second, 1e-300).squareRoot()
    let line = max(saddle, min(1.5 / deviation, 50))
    guard line == saddle || search.cumulants(line) != nil, let center = search.cumulants(line) else { return nil }
    let slope = SaddleSearch.epsilon(center, line).slope
    // How far δ lies below e^{K(c)−cε}, about.
    let logScale =
      -log(line) - log1p(line) - 0.5 * log(2 * Double.pi * slope) + (line == saddle ? 0 : -2.5)
    let tolerance = ContourIntegral.logTolerance + logScale
    let plan = ContourPlan(&search, line: line, center: center, epsilon: epsilon, tolerance: tolerance)
    guard let plan, let nodes = plan.nodeCount(search.surveyed, line: line, tolerance: tolerance) else { return nil }
    let work = search.surveyed.reduce(0.0) { $0 + Double($1.nodeCount) } * Double(nodes.count)
    guard work < ContourPart.workLimit else { return nil }
    var ratios = [LogRatio](repeating: .one, count: nodes.count)
    var (logMoment, error) = (0.0, 0.0)
    for part in search.surveyed {
      guard let one = part.accumulate(into: &ratios, tilt: line, step: plan.step) else { return nil }
      logMoment += one.logMoment
      error += one.error + ulp * abs(logMoment)
    }
    self.line = line
    self.step = plan.step
    self.ratios = ratios
    self.logMoment = logMoment
    logMomentError = error
    logDecay = nodes.logDecay
    let slack = plan.slack + abs(center.value) * 1e-9
    above = Alias(
      shift: plan.above.shift, logGrowth: plan.above.value - center.value + slack,
      logFactor: Self.logFactor(line + plan.above.shift))
    below = Alias(
      shift: plan.below.shift, logGrowth: plan.below.value - center.value + slack,
      logFactor: Self.logFactor(line - plan.below.shift))
  }

  /// Errors aimed at, relative to δ.
  static let logTolerance = log(1e-11)

  private static func logFactor(_ t: Double) -> Double { t <= 0 ? 0 : t * log(t) - (1 + t) * log1p(t) }

  /// δ(ε) for ε near the one that the integral was prepared for; far from it the bounds are valid but wide.
  func delta(epsilon: Double) -> Value {
    // What adding up so many terms rounds, relative to their moduli.
    let summation = ulp * Double(ratios.count + 16)
    var (sum, slope) = (0.5 / (line * (line + 1)), -0.5 / (line + 1))
    var error = sum * summation
    for index in ratios.indices {
      let u = step * Double(index + 1)
      let ratio = ratios[index]
      let modulus = exp(ratio.real)
      let phase = ratio.imaginary - u * epsilon
      // 1/(t + 1) and 1/(t(t + 1)) at t = c + iu.
      let square = (line + 1) * (line + 1) + u * u
      let one = (real: (line + 1) / square, imaginary: -u / square)
      let lineSquare = line * line + u * u
      let both = (
        real: (one.real * line + one.imaginary * u) / lineSquare,
        imaginary: (one.imaginary * line - one.real * u) / lineSquare
      )
      let (cosine, sine) = (cos(phase), sin(phase))
      sum += modulus * (both.real * cosine - both.imaginary * sine)
      slope -= modulus * (one.real * cosine - one.imaginary * sine)
      let relative = ratio.error + 2 * ulp * (abs(ratio.imaginary) + u * epsilon + 8)
      let growth = relative < 0.5 ? expm1(relative) : 2
      error += modulus * (growth + summation) / (square * lineSquare).squareRoot()
    }
    let scale = step / Double.pi
    return bounds(sum: sum * scale, slope: slope * scale, error: error * scale * 1.001, epsilon: epsilon)
  }

  private func bounds(sum: Double, slope: Double, error: Double, epsilon: Double) -> Value {
    let end = step * Double(ratios.count)
    let cut = exp(logDecay) / (Double.pi * end)
    let period = 2 * Double.pi / step
    // log of e^{K(c±s) − K(c) ∓ sε}·Σⱼ e^{−sjW}, relative to e^{K(c)−cε}.
    func alias(_ alias: Alias, _ sign: Double) -> Double {
      exp(alias.logFactor + alias.logGrowth - sign * alias.shift * epsilon - alias.shift * period)
        / -expm1(-alias.shift * period)
    }
    let spread = error + cut * 1.001
    let aliases = (alias(above, 1) + alias(below, -1)) * 1.001
    let logPeak = logMoment - line * epsilon
    let peakError = logMomentError + 4 * ulp * (abs(logMoment) + line * epsilon + 1)
    return Value(
      logLower: sum - spread - aliases > 0 ? log(sum - spread - aliases) + logPeak - peakError : -.infinity,
      logUpper: sum + spread >= 0 ? min(0, log(sum + spread) + logPeak + peakError) : 0, slope: slope / sum)
  }
}

/// The step and the number of nodes of one integral.
private struct ContourPlan {
  var step: Double
  var above: (shift: Double, value: Double)
  var below: (shift: Double, value: Double)
  /// Bound on the error of the cumulants that the aliases rest on.
  var slack: Double

  init?(
    _ search: inout SaddleSearch, line: Double, center: LossCumulants, epsilon: Double, tolerance: Double
  ) {
    slack = search.surveyed.reduce(0.0) { $0 + $1.count } * ContourPart.surveySlack * 4 + 1e-9
    let deviation = max(center.second, 1e-300).squareRoot()
    let above = ContourPlan.alias(&search, line, center, epsilon, tolerance, from: 7 / deviation, sign: 1)
    let below = ContourPlan.alias(
      &search, line, center, epsilon, tolerance, from: min(7 / deviation, line * 0.999), sign: -1)
    guard let above, let below else { return nil }
    let period = max(above.period, below.period, 4 * deviation)
    guard period.isFinite, period > 0 else { return nil }
    step = 2 * Double.pi / period
    self.above = (above.shift, above.value)
    self.below = (below.shift, below.value)
  }

  private static let nodeLimit = 40_000

  /// The shift s = |t − c| whose bound makes the aliases negligible at the shortest period, searched downwards from a first one.
  private static func alias(
    _ search: inout SaddleSearch, _ line: Double, _ center: LossCumulants, _ epsilon: Double, _ tolerance: Double,
    from first: Double, sign: Double
  ) -> (period: Double, shift: Double, value: Double)? {
    var best: (period: Double, shift: Double, value: Double)?
    var shift = first
    for _ in 0..<24 {
      if let shifted = search.cumulants(line + sign * shift) {
        let period = (shifted.value - center.value - sign * shift * epsilon - tolerance) / shift
        if let best, period > best.period { break }
        best = (period, shift, shifted.value)
      }
      shift *= 0.7
    }
    return best
  }

  /// The least number of nodes after which what is left out is within the tolerance.
  func nodeCount(_ parts: [ContourPart], line: Double, tolerance: Double) -> (count: Int, logDecay: Double)? {
    var parts = parts
    var decays: [(Double) -> Double] = []
    let runs = parts.reduce(0.0) { $0 + ($1.isSmooth ? $1.count : 0) }
    for index in parts.indices where parts[index].isSmooth {
      guard let moment = parts[index].cumulants(tilt: line)?.value else { return nil }
      decays.append(parts[index].decay(tilt: line, logMoment: moment, runs: runs))
    }
    func logDecay(_ count: Double) -> Double { decays.reduce(0.0) { $0 + $1(step * count) } }
    func isEnough(_ count: Double) -> Bool { logDecay(count) - log(Double.pi * step * count) < tolerance }
    var high = 8.0
    while !isEnough(high) {
      high *= 2
      if high > Double(ContourPlan.nodeLimit) { return nil }
    }
    var low = high / 2
    while high - low > max(1, low / 16) {
      let middle = ((low + high) / 2).rounded()
      if isEnough(middle) { high = middle } else { low = middle }
    }
    return (Int(high), logDecay(high))
  }
}
