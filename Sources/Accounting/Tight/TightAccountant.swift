import Glibc

/// Tight accounting: a certified interval around the least ε, or δ, of an event.
///
/// Every upper bound holds for all neighbouring datasets and all adaptive choices within the event; every lower bound is
/// reached by some neighbouring datasets. Rounding, truncation and quadrature errors are part of the interval.
///
/// Three ways are known, and the first that certifies an interval answers: closed forms, the contour integral, and loss
/// distributions on a grid. Where only the Rényi divergence of some mechanism is known it gives the upper bound, and `AttainedPairs` a
/// lower one.
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
    return try computation.epsilon(delta: delta)
  }

  /// The interval around the least δ such that (ε, δ) holds.
  /// - Parameter epsilon: finite and ≥ 0.
  /// - Throws: `notCertified` where no interval can be proved within the bounds of time and memory.
  public func delta(epsilon: Double) throws(AccountingError) -> DeltaBracket {
    try Domain.requireEpsilon(epsilon)
    return try computation.delta(epsilon: epsilon)
  }

  /// The same for a curve, where no single δ need give its ε back.
  func profilePoint(epsilon: Double) throws(AccountingError) -> DeltaBracket {
    try Domain.requireEpsilon(epsilon)
    return try TightComputation(composition).unsettledDelta(epsilon: epsilon)
  }

  /// Whether an answer takes well below a millisecond: mixtures of Gaussians throughout, with not too many means.
  var isQuick: Bool {
    var means = 0
    for group in composition.groups {
      switch group.mechanism {
      case .gaussian, .gaussianWithin: means += 1
      case .poissonGaussian: means += 2
      case .gaussianMixture(let mixture): means += mixture.means.count
      default: return false
      }
    }
    return means <= 256
  }

  private var computation: TightComputation {
    var computation = TightComputation(composition)
    computation.seeksAttained = true
    return computation
  }

  /// The interval around the least ε after each number of repetitions of the whole event.
  /// - Parameters:
  ///   - counts: each ≥ 0, in any order; products with the event's own counts at most `PrivacyEvent.Limits.count`.
  ///   - delta: in [0, 1].
  public func epsilons(
    afterRepetitions counts: [Int], delta: Double
  ) throws(AccountingError) -> [EpsilonBracket] {
    try Domain.requireDelta(delta)
    var brackets: [EpsilonBracket] = []
    for count in counts {
      try Domain.require(count >= 0, "steps", Double(count), "must be at least 0")
      brackets.append(try TightComputation(try composition.repeated(count)).epsilon(delta: delta))
    }
    return brackets
  }
}

extension Composition {
  /// The same composition run `times` ≥ 0 times.
  func repeated(_ times: Int) throws(AccountingError) -> Composition {
    var repeated: [Group] = []
    for group in groups where times > 0 {
      let (count, overflow) = group.count.multipliedReportingOverflow(by: times)
      guard !overflow, count <= PrivacyEvent.Limits.count else {
        throw .limitExceeded(
          path: [.field("steps")], what: "the number of repetitions", limit: PrivacyEvent.Limits.count)
      }
      repeated.append(Group(mechanism: group.mechanism, count: count))
    }
    return Composition(groups: repeated, additiveDelta: Repetition.failure(of: additiveDelta, times: times))
  }
}
