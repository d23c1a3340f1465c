/// Search for the greatest integer that meets a target, for a bound that (mostly) grows with the integer.
struct IntegerSearch {
  /// Its name, for the error.
  var parameter: String
  var greatest: Int
  var target: PrivacyTarget

  typealias Evaluate = (Int) throws(AccountingError) -> Evaluation

  /// - Parameter start: in 1…`greatest`.
  /// - Throws: `targetUnreachable` where not even 1 meets the target.
  func solution(
    from start: Int, _ stride: SearchStride, _ evaluate: Evaluate
  ) throws(AccountingError) -> Solution<Int> {
    let first = try probe(start, evaluate)
    var factor = stride.firstFactor(exponent: 2, ratio: max(1, target.epsilon / first.evaluation.epsilon))
    var (met, failed) = (first, first)
    while isMet(failed) {
      met = failed
      if met.value == greatest { return met.solution(miss: nil) }
      let next = max(met.value + 1, Int((Double(met.value) * factor).rounded(.up)))
      failed = try probe(min(next, greatest), evaluate)
      factor = min(factor * factor, 4)
    }
    while !isMet(met) {
      failed = met
      if failed.value == 1 { throw unreachable(failed) }
      met = try probe(failed.value / 2, evaluate)
    }
    while failed.value - met.value > 1 {
      let middle = try probe(met.value + (failed.value - met.value) / 2, evaluate)
      if isMet(middle) { met = middle } else { failed = middle }
    }
    return met.solution(miss: try miss(failed, evaluate))
  }

  private struct Probe {
    var value: Int
    var evaluation: Evaluation

    func solution(miss: Miss<Int>?) -> Solution<Int> {
      Solution(value: value, bound: evaluation.bound, bracket: evaluation.bracket, miss: miss)
    }
  }

  private func probe(_ value: Int, _ evaluate: Evaluate) throws(AccountingError) -> Probe {
    Probe(value: value, evaluation: try evaluate(value))
  }

  private func isMet(_ probe: Probe) -> Bool { probe.evaluation.epsilon <= target.epsilon }

  /// The next value, or one a little further, where the lower bound says so.
  private func miss(_ failed: Probe, _ evaluate: Evaluate) throws(AccountingError) -> Miss<Int>? {
    var candidate = failed
    for doubling in 0..<12 {
      guard let lower = candidate.evaluation.epsilonLower else { return nil }
      if lower > target.epsilon { return Miss(value: candidate.value, epsilonLower: lower) }
      if candidate.value == greatest { return nil }
      candidate = try probe(min(greatest, failed.value + (1 << doubling)), evaluate)
    }
    return nil
  }

  private func unreachable(_ probe: Probe) -> AccountingError {
    .targetUnreachable(
      parameter: parameter, closest: Double(probe.value), epsilon: probe.evaluation.epsilon,
      targetEpsilon: target.epsilon)
  }
}
