import Glibc

/// An event as a list of distinct mechanisms and how often each runs.
///
/// Equal mechanisms are counted together, and the list has a fixed order, so the result does not depend on the order in
/// which the parts were written down.
struct Composition: Hashable, Sendable {
  struct Group: Hashable, Sendable {
    var mechanism: Mechanism
    var count: Int
  }

  let groups: [Group]
  /// Upper bound of the probability that some (ε, δ) black box fails: 1 − Π(1 − δᵢ).
  let additiveDelta: Double

  init(of event: PrivacyEvent, relation: NeighboringRelation) throws(AccountingError) {
    var collector = GroupCollector(relation: relation)
    try collector.add(event, count: 1, path: [])
    groups = collector.sortedGroups
    additiveDelta = collector.failure
  }

  init(groups: [Group], additiveDelta: Double) {
    self.groups = groups
    self.additiveDelta = additiveDelta
  }

  /// Upper bound of the Rényi divergence of infinite order: the ε of pure composition.
  var pureEpsilonUpperBound: Double {
    groups.reduce(0.0) { sum, group in
      let one = Repetition.cost(of: group.mechanism.pureEpsilonUpperBound, times: group.count)
      return one == 0 ? sum : sum == 0 ? one : (sum + one).nextUp
    }
  }
}

/// The cost of doing the same thing again and again: the one place where a cost is multiplied by a count. Once is exact, so
/// that a black box keeps to its own ε and δ.
enum Repetition {
  /// Upper bound of `times` equal divergences (or pure ε) of at most `cost` each; 0 · ∞ is 0, for what never runs.
  static func cost(of cost: Double, times: Int) -> Double {
    if times == 1 { return cost }
    return cost == 0 || times == 0 ? 0 : (cost * Double(times) * (1 + ulp)).nextUp
  }

  /// Upper bound of the probability that one of `times` failures of probability at most `failure` happens.
  static func failure(of failure: Double, times: Int) -> Double {
    if times == 1 { return failure }
    return failure == 0 || times == 0 ? 0 : min(1, (-expm1(Double(times) * log1p(-failure)) * (1 + 8 * ulp)).nextUp)
  }
}
