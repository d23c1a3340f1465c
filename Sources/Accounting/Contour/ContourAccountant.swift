import Glibc

/// ε and δ of a composition for one order of its two datasets, by `ContourIntegral`.
struct ContourAccountant: Sendable {
  private let parts: [ContourPart]
  /// Sum of the largest losses, rounded up; `infinity` where a loss has no bound.
  private let largestLoss: Double
  /// Probability under P that some loss is infinite: bounds.
  private let infiniteMass: (lower: Double, upper: Double)

  /// `nil` where some pair has no form that the integral can use, or nothing smooth takes part.
  init?(_ composition: [(pair: LossPair, count: Int)]) {
    var parts: [ContourPart] = []
    for (pair, count) in composition where count > 0 {
      guard let part = ContourPart(pair, count: count) else { return nil }
      parts.append(part)
    }
    guard parts.contains(where: \.isSmooth) else { return nil }
    self.parts = parts
    largestLoss = parts.reduce(0.0) { sum, part in
      (sum + (part.largestLoss * part.count).raised(by: ulp * abs(part.largestLoss * part.count))).nextUp
    }
    let logFinite = parts.reduce(0.0) { $0 + $1.count * log1p(-$1.infiniteMass) }
    infiniteMass = logFinite == 0 ? (0, 0) : (-expm1(logFinite) * (1 - 1e-12), min(1, -expm1(logFinite) * (1 + 1e-12)))
  }

  /// Bounds of log δ(ε), ε ≥ 0; `nil` where they could not be computed.
  func logDelta(epsilon: Double) -> (lower: Double, upper: Double)? {
    guard epsilon < largestLoss else { return withInfiniteMass((-.infinity, -.infinity)) }
    var search = SaddleSearch(parts)
    guard let line = search.line(epsilon: epsilon),
      let integral = ContourIntegral(&search, line: line, epsilon: epsilon)
    else { return nil }
    let value = integral.delta(epsilon: epsilon)
    guard value.logUpper - value.logLower < 1e-3 else { return nil }
    return withInfiniteMass((value.logLower, value.logUpper))
  }

  /// Bounds of the least ε ≥ 0 with δ(ε) ≤ δ; `nil` where they could not be computed.
  func epsilon(delta: Double) -> (lower: Double, upper: Double)? {
    guard delta > infiniteMass.upper else {
      return delta > infiniteMass.lower ? nil : (largestLoss, .infinity)
    }
    // The upper bound of ε must hold with all of the infinite mass counted, the lower one with no more than is certain.
    let upper = finiteEpsilon(delta: (delta - infiniteMass.upper) * (1 - 4 * ulp))
    guard infiniteMass.upper > 0, let upper else { return upper }
    guard let lower = finiteEpsilon(delta: min(1, (delta - infiniteMass.lower) * (1 + 4 * ulp))) else { return nil }
    return (lower.lower, upper.upper)
  }

  private func withInfiniteMass(_ bounds: (lower: Double, upper: Double)) -> (lower: Double, upper: Double) {
    guard infiniteMass.upper > 0 else { return bounds }
    return (
      log(exp(bounds.lower) + infiniteMass.lower).lowered(by: 4 * ulp),
      min(0, log(exp(bounds.upper) + infiniteMass.upper).raised(by: 4 * ulp))
    )
  }

  private func finiteEpsilon(delta: Double) -> (lower: Double, upper: Double)? {
    guard delta < 1 else { return (0, 0) }
    let target = log(delta)
    var search = SaddleSearch(parts)
    guard let line = search.line(logDelta: target), let cumulants = search.cumulants(line) else { return nil }
    var epsilon = max(0, min(SaddleSearch.epsilon(cumulants, line).value, largestLoss))
    if epsilon == 0 {
      guard let atZero = logDelta(epsilon: 0) else { return nil }
      if atZero.upper <= target { return (0, 0) }
    }
    var found: (lower: Double, upper: Double)?
    // The first line is that of an approximation; a second one, of the ε it led to, is as good as any.
    for attempt in 0..<3 {
      let nearest = attempt == 0 ? line : search.line(epsilon: epsilon)
      guard let nearest, let integral = ContourIntegral(&search, line: nearest, epsilon: epsilon) else { break }
      found = integral.epsilon(logDelta: target, from: epsilon)
      guard let bounds = found else { break }
      if bounds.upper - bounds.lower <= max(1e-8 * bounds.upper, 1e-13) { break }
      epsilon = min(bounds.upper, bounds.lower + (bounds.upper - bounds.lower) / 2)
    }
    guard let found, found.upper - found.lower <= max(1e-4 * found.upper, 1e-9) else { return nil }
    return (max(0, found.lower), min(found.upper, largestLoss))
  }

  /// Whether Chernoff's bound alone shows that log δ(ε) ≤ `logDelta`: for the direction that hardly matters beside the other.
  func isDelta(atMost logDelta: Double, epsilon: Double) -> Bool {
    if epsilon >= largestLoss { return infiniteMass.upper == 0 || log(infiniteMass.upper) < logDelta }
    guard infiniteMass.upper == 0 else { return false }
    var search = SaddleSearch(parts)
    guard let line = search.line(epsilon: epsilon), let cumulants = search.cumulants(line) else { return false }
    let runs = parts.reduce(0.0) { $0 + $1.count }
    let slack = 4 * ContourPart.surveySlack * runs + 1e-9 * (1 + abs(cumulants.value) + line * epsilon)
    return cumulants.value - line * epsilon + slack + line * log(line) - (1 + line) * log1p(line) <= logDelta
  }
}

extension ContourIntegral {
  /// Bounds of the ε with log δ(ε) = `target`: Newton's method, then outward until the bounds of δ prove them.
  fileprivate func epsilon(logDelta target: Double, from start: Double) -> (lower: Double, upper: Double)? {
    var epsilon = start
    for _ in 0..<40 {
      let value = delta(epsilon: epsilon)
      guard value.slope < 0, value.logUpper.isFinite else { return nil }
      let move = (value.logUpper - target) / -value.slope
      guard move.isFinite else { return nil }
      let next = max(0, epsilon + max(-0.5 - epsilon / 2, min(0.5 + epsilon / 2, move)))
      let isDone = abs(next - epsilon) <= 1e-13 * epsilon
      epsilon = next
      if isDone { break }
    }
    guard let upper = outward(from: epsilon, by: 1, until: { delta(epsilon: $0).logUpper <= target }) else {
      return nil
    }
    if upper <= 0 { return (0, 0) }
    let lower = outward(from: epsilon, by: -1) { $0 <= 0 || delta(epsilon: $0).logLower >= target }
    return (max(0, lower ?? 0), upper)
  }

  private func outward(from epsilon: Double, by sign: Double, until holds: (Double) -> Bool) -> Double? {
    var stride = max(epsilon * 4e-15, 1e-18)
    var candidate = epsilon
    for _ in 0..<60 {
      if holds(candidate) { return candidate }
      candidate = epsilon + sign * stride
      stride *= 4
    }
    return nil
  }
}
