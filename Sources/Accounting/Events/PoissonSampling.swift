import Glibc

/// Poisson sampling of one mechanism that is not Gaussian.
///
/// Where M(S) against M(S ∪ {x}) is dominated by (Q, P) for every S, the sampled mechanism is dominated by (1 − q)Q + qP
/// against Q when a record is removed, and by its reverse when one is added (Zhu, Dong and Wang, AISTATS 2022, Theorem 11).
/// For an additive mechanism a record without contribution is none, so zero-out is the same relation.
enum PoissonSampling {
  /// - Parameters:
  ///   - event: not a composition of Gaussians.
  ///   - probability: in (0, 1).
  static func mechanism(
    of event: PrivacyEvent, probability: Double, relation: NeighboringRelation, path: [PathComponent]
  ) throws(AccountingError) -> Mechanism {
    var collector = GroupCollector(relation: relation)
    try collector.add(event, count: 1, path: path)
    let groups = collector.sortedGroups
    guard groups.count == 1, groups[0].count == 1, collector.failure == 0, relation != .replaceOne else {
      throw Refusal.sampled(path)
    }
    let base = groups[0].mechanism
    switch base {
    case .nonPrivate: return base
    case .laplace(let noise): return noise > 0 ? .sampled(base: base, probability: probability) : .nonPrivate
    case .discreteLaplace, .discreteGaussian: return .sampled(base: base, probability: probability)
    case .pure, .boundedRange:
      // Its ε speaks of a record that is there or not; under zero-out both datasets hold one.
      guard relation == .addOrRemoveOne else { throw Refusal.sampled(path) }
      return .sampled(base: base, probability: probability)
    default: throw Refusal.sampled(path)
    }
  }

  /// log(1 + q(e^ε − 1)), rounded up; the other direction's −log(1 − q + q·e^{−ε}) is less (harmonic and arithmetic mean).
  static func pureEpsilonUpperBound(base epsilon: Double, probability: Double) -> Double {
    if epsilon == .infinity { return .infinity }
    let bound = epsilon < 600 ? log1p(probability * expm1(epsilon)) : epsilon + log(probability) + 1e-200
    return min(epsilon, (max(bound, 0) * (1 + 16 * ulp)).raised(by: 8 * ulp * (bound > 1 ? 1 : bound)))
  }
}
