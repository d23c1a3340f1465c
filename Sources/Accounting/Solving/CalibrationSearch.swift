import Glibc

/// Search for a real parameter on a logarithmic scale.
struct Bisection {
  /// Its name, for the error.
  var parameter: String
  var range: ClosedRange<Double>
  var target: PrivacyTarget

  typealias Evaluation = (Double) throws(AccountingError) -> EpsilonBound

  /// The least value found that meets the target, for a bound that falls with the value.
  func leastMeeting(_ evaluate: Evaluation) throws(AccountingError) -> Solution<Double> {
    var meeting = try probe(min(max(1, range.lowerBound), range.upperBound), evaluate)
    var failing: Probe
    var factor = 2.0
    if isMet(meeting) {
      failing = meeting
      while isMet(failing) {
        meeting = failing
        if meeting.value == range.lowerBound { return meeting.solution }
        failing = try probe(max(meeting.value / factor, range.lowerBound), evaluate)
        factor *= 2
      }
    } else {
      failing = meeting
      while !isMet(meeting) {
        failing = meeting
        if failing.value == range.upperBound { throw unreachable(failing) }
        meeting = try probe(min(failing.value * factor, range.upperBound), evaluate)
        factor *= 2
      }
    }
    return try close(meeting: meeting, failing: failing, evaluate).solution
  }

  /// The greatest value found that meets the target, for a bound that (mostly) grows with the value.
  func greatestMeeting(_ evaluate: Evaluation) throws(AccountingError) -> Solution<Double> {
    var meeting = try probe(range.upperBound, evaluate)
    if isMet(meeting) { return meeting.solution }
    var failing = meeting
    var factor = 2.0
    while !isMet(meeting) {
      failing = meeting
      if failing.value == range.lowerBound { throw unreachable(failing) }
      meeting = try probe(max(failing.value / factor, range.lowerBound), evaluate)
      factor *= 2
    }
    return try close(meeting: meeting, failing: failing, evaluate).solution
  }

  private struct Probe {
    var value: Double
    var bound: EpsilonBound
    var solution: Solution<Double> { Solution(value: value, bound: bound) }
  }

  private func probe(_ value: Double, _ evaluate: Evaluation) throws(AccountingError) -> Probe {
    Probe(value: value, bound: try evaluate(value))
  }

  private func isMet(_ probe: Probe) -> Bool { probe.bound.epsilon <= target.epsilon }

  private func unreachable(_ probe: Probe) -> AccountingError {
    .targetUnreachable(
      parameter: parameter, closest: probe.value, epsilon: probe.bound.epsilon, targetEpsilon: target.epsilon)
  }

  /// Brings the two sides together: false position on log ε over the log of the parameter in the Illinois form, which moves
  /// both sides, and a bisection whenever two steps have not halved the interval.
  private func close(
    meeting: Probe, failing: Probe, _ evaluate: Evaluation
  ) throws(AccountingError) -> Probe {
    var (met, failed) = (meeting, failing)
    var (metWeight, failedWeight) = (1.0, 1.0)
    var widthTwoAgo = Double.infinity
    var widthBefore = Double.infinity
    while true {
      let width = abs(log(failed.value / met.value))
      if width <= Calibration.precision { return met }
      let isSlow = width > widthTwoAgo / 2
      (widthTwoAgo, widthBefore) = (widthBefore, width)
      let candidate = try probe(
        isSlow ? (met.value * failed.value).squareRoot() : interpolate(met, metWeight, failed, failedWeight), evaluate)
      if candidate.value == met.value || candidate.value == failed.value { return met }
      if isMet(candidate) {
        (met, metWeight, failedWeight) = (candidate, 1, failedWeight / 2)
      } else {
        (failed, failedWeight, metWeight) = (candidate, 1, metWeight / 2)
      }
    }
  }

  /// Where the weighted chord of log ε meets the target, kept a little inside the interval so that both sides can move.
  private func interpolate(_ met: Probe, _ metWeight: Double, _ failed: Probe, _ failedWeight: Double) -> Double {
    let below = (log(target.epsilon) - log(met.bound.epsilon)) * metWeight
    let above = (log(failed.bound.epsilon) - log(target.epsilon)) * failedWeight
    let width = log(failed.value / met.value)
    let share = below / (below + above)
    guard below.isFinite, above.isFinite, share.isFinite else { return (met.value * failed.value).squareRoot() }
    let inset = min(0.5, 0.4 * Calibration.precision / abs(width))
    return met.value * exp(width * min(max(share, inset), 1 - inset))
  }
}

/// Search for the greatest integer that meets a target, for a bound that (mostly) grows with the integer.
struct IntegerSearch {
  /// Its name, for the error.
  var parameter: String
  var greatest: Int
  var target: PrivacyTarget

  func greatestMeeting(
    _ evaluate: (Int) throws(AccountingError) -> EpsilonBound
  ) throws(AccountingError) -> Solution<Int> {
    let whole = try evaluate(greatest)
    if whole.epsilon <= target.epsilon { return Solution(value: greatest, bound: whole) }
    var (met, failed) = (Solution(value: 0, bound: whole), greatest)
    // Gallop from 1, then halve the gap.
    var next = 1
    while next < failed {
      let bound = try evaluate(next)
      if bound.epsilon <= target.epsilon { met = Solution(value: next, bound: bound) } else { failed = next }
      next = met.value >= failed / 2 ? met.value + (failed - met.value + 1) / 2 : max(1, met.value * 2)
      if failed - met.value <= 1 { break }
    }
    guard met.value > 0 else {
      let bound = try evaluate(1)
      throw .targetUnreachable(
        parameter: parameter, closest: 1, epsilon: bound.epsilon, targetEpsilon: target.epsilon)
    }
    return met
  }
}
