/// Tight accounting: a certified interval around the least ε, or δ, of an event.
///
/// Every upper bound holds for all neighbouring datasets and all adaptive choices within the event; every lower bound is
/// reached by some neighbouring datasets. Rounding, truncation and quadrature errors are part of the interval.
public struct TightAccountant: Sendable {
  let composition: Composition
  let relation: NeighboringRelation

  /// - Throws: `invalidParameter`, `unsoundCombination` or `limitExceeded`.
  public init(
    event: PrivacyEvent, relation: NeighboringRelation = .addOrRemoveOne
  ) throws(AccountingError) {
    try event.validate()
    composition = try Composition(of: event, relation: relation)
    self.relation = relation
  }

  /// The interval around the least ε such that (ε, δ) holds.
  /// - Parameter delta: in [0, 1].
  /// - Throws: `notCertified` where no interval can be proved within the bounds of time and memory.
  public func epsilon(delta: Double) throws(AccountingError) -> EpsilonBracket {
    try Domain.requireDelta(delta)
    var renyi = CompositionEvaluator(composition)
    return EpsilonBracket(
      lower: nil, upper: renyi.epsilon(delta: delta, orders: nil).epsilon, delta: delta, method: .renyi)
  }

  /// The interval around the least δ such that (ε, δ) holds.
  /// - Parameter epsilon: finite and ≥ 0.
  /// - Throws: `notCertified` where no interval can be proved within the bounds of time and memory.
  public func delta(epsilon: Double) throws(AccountingError) -> DeltaBracket {
    try Domain.requireEpsilon(epsilon)
    var renyi = CompositionEvaluator(composition)
    return DeltaBracket(
      lower: nil, upper: renyi.delta(epsilon: epsilon, orders: nil).delta, epsilon: epsilon, method: .renyi)
  }

  /// The interval around the least ε after each number of repetitions of the whole event.
  /// - Parameters:
  ///   - counts: each ≥ 0, in any order; products with the event's own counts at most `PrivacyEvent.Limits.count`.
  ///   - delta: in [0, 1].
  public func epsilons(
    afterRepetitions counts: [Int], delta: Double
  ) throws(AccountingError) -> [EpsilonBracket] {
    var brackets: [EpsilonBracket] = []
    for count in counts {
      try Domain.require(
        count >= 0 && count <= PrivacyEvent.Limits.count, "steps", Double(count), "must lie between 0 and 1e12")
      var renyi = CompositionEvaluator(composition, repetitions: count)
      brackets.append(
        EpsilonBracket(
          lower: nil, upper: renyi.epsilon(delta: delta, orders: nil).epsilon, delta: delta, method: .renyi))
    }
    return brackets
  }
}
