import Glibc

/// How a search moves before it has the target between two values.
enum SearchStride {
  /// By factors that grow, from a value that may be far off.
  case wide
  /// By the factor that the distance from the target suggests, from a value that is nearly right.
  case near

  /// - Parameters:
  ///   - exponent: a high guess of how the parameter answers to ε: parameter ∝ ε^exponent.
  ///   - ratio: how far ε is from the target, ≥ 1.
  func firstFactor(exponent: Double, ratio: Double) -> Double {
    switch self {
    case .wide: 2
    case .near: ratio.isFinite ? min(4, max(1.01, pow(ratio, exponent))) : 2
    }
  }
}

/// Search for a real parameter on a logarithmic scale.
struct RealSearch {
  /// Its name, for the error.
  var parameter: String
  var range: ClosedRange<Double>
  /// Whether ε grows with the parameter, so that smaller values meet the target.
  var isRising: Bool
  var target: PrivacyTarget

  /// Searches end when the two sides are this close, relatively.
  static let precision = 1e-10

  typealias Evaluate = (Double) throws(AccountingError) -> Evaluation

  /// The value found that meets the target and is closest to those that do not.
  /// - Throws: `targetUnreachable` where none in the range does.
  func solution(
    from start: Double, _ stride: SearchStride, _ evaluate: Evaluate
  ) throws(AccountingError) -> Solution<Double> {
    let first = try probe(start, evaluate)
    let ratio = target.epsilon / first.evaluation.epsilon
    var factor = stride.firstFactor(exponent: 0.9, ratio: max(ratio, 1 / ratio))
    var (met, failed) = (first, first)
    while isMet(failed) {
      met = failed
      let next = moved(met.value, by: factor, up: isRising)
      if next == met.value { return met.solution(miss: nil) }
      failed = try probe(next, evaluate)
      factor = grown(factor)
    }
    while !isMet(met) {
      failed = met
      let next = moved(failed.value, by: factor, up: !isRising)
      if next == failed.value { throw unreachable(failed) }
      met = try probe(next, evaluate)
      factor = grown(factor)
    }
    try close(&met, &failed, evaluate)
    return met.solution(miss: try miss(met, failed, evaluate))
  }

  private func moved(_ value: Double, by factor: Double, up: Bool) -> Double {
    up ? min(value * factor, range.upperBound) : max(value / factor, range.lowerBound)
  }

  private func grown(_ factor: Double) -> Double { factor < 2 ? factor * factor : factor * 2 }

  private struct Probe {
    var value: Double
    var evaluation: Evaluation

    func solution(miss: Miss<Double>?) -> Solution<Double> {
      Solution(value: value, bound: evaluation.bound, bracket: evaluation.bracket, miss: miss)
    }
  }

  private func probe(_ value: Double, _ evaluate: Evaluate) throws(AccountingError) -> Probe {
    Probe(value: value, evaluation: try evaluate(value))
  }

  private func isMet(_ probe: Probe) -> Bool { probe.evaluation.epsilon <= target.epsilon }

  private func unreachable(_ probe: Probe) -> AccountingError {
    .targetUnreachable(
      parameter: parameter, closest: probe.value, epsilon: probe.evaluation.epsilon, targetEpsilon: target.epsilon)
  }

  /// Brings the two sides together: false position on log ε over the log of the parameter in the Illinois form, which moves
  /// both sides, and a bisection whenever two steps have not halved the interval.
  private func close(_ met: inout Probe, _ failed: inout Probe, _ evaluate: Evaluate) throws(AccountingError) {
    var (metWeight, failedWeight) = (1.0, 1.0)
    var widthTwoAgo = Double.infinity
    var widthBefore = Double.infinity
    while true {
      let width = abs(log(failed.value / met.value))
      if width <= RealSearch.precision { return }
      let isSlow = width > widthTwoAgo / 2
      (widthTwoAgo, widthBefore) = (widthBefore, width)
      let candidate = try probe(
        isSlow ? (met.value * failed.value).squareRoot() : interpolate(met, metWeight, failed, failedWeight), evaluate)
      if candidate.value == met.value || candidate.value == failed.value { return }
      if isMet(candidate) {
        (met, metWeight, failedWeight) = (candidate, 1, failedWeight / 2)
      } else {
        (failed, failedWeight, metWeight) = (candidate, 1, metWeight / 2)
      }
    }
  }

  /// Where the weighted chord of log ε meets the target, kept a little inside the interval so that both sides can move.
  private func interpolate(_ met: Probe, _ metWeight: Double, _ failed: Probe, _ failedWeight: Double) -> Double {
    let below = (log(target.epsilon) - log(met.evaluation.epsilon)) * metWeight
    let above = (log(failed.evaluation.epsilon) - log(target.epsilon)) * failedWeight
    let width = log(failed.value / met.value)
    let share = below / (below + above)
    guard below.isFinite, above.isFinite, share.isFinite else { return (met.value * failed.value).squareRoot() }
    let inset = min(0.5, 0.4 * RealSearch.precision / abs(width))
    return met.value * exp(width * min(max(share, inset), 1 - inset))
  }

  /// A value on the far side that certainly fails: where the search ended, or a little further by the width of ε's interval.
  private func miss(_ met: Probe, _ failed: Probe, _ evaluate: Evaluate) throws(AccountingError) -> Miss<Double>? {
    guard let metLower = met.evaluation.epsilonLower else { return nil }
    var candidate = failed
    var width = max(4 * RealSearch.precision, 2 * (met.evaluation.epsilon - metLower) / target.epsilon)
    for _ in 0..<12 {
      guard let lower = candidate.evaluation.epsilonLower else { return nil }
      if lower > target.epsilon { return Miss(value: candidate.value, epsilonLower: lower) }
      let next = moved(met.value, by: 1 + width, up: isRising)
      guard next != candidate.value else { return nil }
      candidate = try probe(next, evaluate)
      width *= 2
    }
    return nil
  }
}
