import Glibc

/// The dominating pairs of a composition, in both orders of the two datasets, and pairs that some datasets reach.
struct CompositionPairs: Sendable {
  /// δ less what black boxes take: the least of it, for upper bounds of ε, and the most, for lower ones.
  struct Remainder {
    var upper: Double
    var lower: Double
  }

  /// One list where both orders have the same pairs.
  private var dominating: [DirectedPairs]
  /// `nil` where the dominating pairs are reached.
  private var reached: [DirectedPairs]?
  /// Upper bound of the probability that a loss is unbounded, beyond what the pairs hold.
  private(set) var unboundedMass = 0.0

  /// `nil` where some mechanism has no pairs.
  /// - Parameter negligible: events of a probability up to this, all together, may count as failures where that is simpler.
  init?(_ composition: Composition, negligible: Double = 1e-36) {
    var (dominating, reached) = (
      [DirectedPairs(parts: []), DirectedPairs(parts: [])], [DirectedPairs(parts: []), DirectedPairs(parts: [])]
    )
    var (isReached, isSymmetric) = (true, true)
    for group in composition.groups {
      let share = negligible / Double(composition.groups.count) / Double(group.count)
      guard let pairs = group.mechanism.pairs(neglecting: share) else { return nil }
      let low = pairs.reached ?? (pairs.removing, pairs.adding)
      isReached = isReached && pairs.reached == nil
      isSymmetric = isSymmetric && pairs.removing == pairs.adding && low.0 == low.1
      dominating[0].parts.append((pairs.removing, group.count))
      dominating[1].parts.append((pairs.adding, group.count))
      reached[0].parts.append((low.0, group.count))
      reached[1].parts.append((low.1, group.count))
      let mass = Repetition.failure(of: pairs.unboundedMass, times: group.count)
      unboundedMass = DeltaSplit.total(of: mass, and: unboundedMass)
    }
    self.dominating = isSymmetric ? [dominating[0]] : dominating
    self.reached = isReached ? nil : isSymmetric ? [reached[0]] : reached
  }

  /// Lower bound of the largest loss, where it is finite and reached.
  var reachedLoss: Double? {
    (reached ?? dominating).compactMap(\.reachedLoss).max()
  }

  /// The larger ε of both orders.
  func greatestEpsilon(
    delta: Remainder, _ solve: (DirectedPairs, Double) throws(AccountingError) -> DirectedPairs.Bounds
  ) throws(AccountingError) -> DirectedPairs.Bounds {
    var best: DirectedPairs.Bounds = (0, 0, .closedForm)
    for (index, pairs) in dominating.enumerated() {
      if index > 0, best.lower > 0, pairs.isDelta(atMost: log(delta.upper), epsilon: best.lower) { continue }
      let bounds = try solve(pairs, delta.upper)
      if bounds.upper > best.upper || index == 0 { (best.upper, best.method) = (bounds.upper, bounds.method) }
      if reached == nil, delta.lower == delta.upper { best.lower = max(best.lower, bounds.lower) }
    }
    if reached != nil || delta.lower != delta.upper {
      for pairs in reached ?? dominating {
        best.lower = max(best.lower, try Self.lower(0) { () throws(AccountingError) in try solve(pairs, delta.lower) })
      }
    }
    return best
  }

  /// The larger δ of both orders, as logarithms.
  func greatestLogDelta(
    epsilon: Double, _ solve: (DirectedPairs, Double) throws(AccountingError) -> DirectedPairs.Bounds
  ) throws(AccountingError) -> DirectedPairs.Bounds {
    var best: DirectedPairs.Bounds = (-.infinity, -.infinity, .closedForm)
    for (index, pairs) in dominating.enumerated() {
      if index > 0, best.lower > -.infinity, pairs.isDelta(atMost: best.lower, epsilon: epsilon) { continue }
      let bounds = try solve(pairs, epsilon)
      if bounds.upper > best.upper || index == 0 { (best.upper, best.method) = (bounds.upper, bounds.method) }
      if reached == nil { best.lower = max(best.lower, bounds.lower) }
    }
    for pairs in reached ?? [] {
      let lower = try Self.lower(-.infinity) { () throws(AccountingError) in try solve(pairs, epsilon) }
      best.lower = max(best.lower, lower)
    }
    return best
  }

  /// The lower bound that a solution gives, or `least` where none can be certified: pairs that serve the lower bound alone are no
  /// reason to refuse the upper one.
  private static func lower(
    _ least: Double, _ solve: () throws(AccountingError) -> DirectedPairs.Bounds
  ) throws(AccountingError) -> Double {
    do throws(AccountingError) { return try solve().lower } catch {
      guard case .notCertified = error else { throw error }
      return least
    }
  }
}
