import Glibc

/// An event as a list of distinct mechanisms and how often each runs.
///
/// Equal mechanisms are counted together, and the list has a fixed order, so the result does not depend on the order in
/// which the parts were written down.
struct Composition: Sendable {
  struct Group: Sendable {
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

/// One walk over an event tree that sorts its leaves into groups.
private struct GroupCollector {
  let relation: NeighboringRelation
  /// Upper bound of the probability that some black box fails.
  var failure = 0.0
  private var counts: [Mechanism: Int] = [:]

  init(relation: NeighboringRelation) { self.relation = relation }

  var sortedGroups: [Composition.Group] {
    counts.map { (key: sortKey($0.key), group: Composition.Group(mechanism: $0.key, count: $0.value)) }
      .sorted { $0.key.lexicographicallyPrecedes($1.key) }
      .map(\.group)
  }

  /// - Parameter count: how often `event` runs, ≥ 0; sums cannot overflow because the event is within its limits.
  mutating func add(_ event: PrivacyEvent, count: Int, path: [PathComponent]) throws(AccountingError) {
    guard count > 0 else { return }
    switch event {
    case .noOp: return
    case .nonPrivate: append(.nonPrivate, count)
    case .gaussian(let noise): append(.gaussian(noiseMultiplier: overSensitivity(noise)), count)
    case .laplace(let noise): append(.laplace(noiseMultiplier: overSensitivity(noise)), count)
    case .zeroConcentrated(let rho, let xi): append(.zeroConcentrated(rho: rho, xi: xi), count)
    case .epsilonDelta(let epsilon, let delta):
      failure = DeltaSplit.total(of: Repetition.failure(of: delta, times: count), and: failure)
      append(.pure(epsilon: epsilon), count)
    case .randomizedResponse(let noise, let buckets):
      guard relation != .addOrRemoveOne else { throw randomizedResponseRefusal(path) }
      let mechanism = Mechanism.randomizedResponse(
        noiseParameter: noise, buckets: buckets, replaceOne: relation == .replaceOne)
      append(mechanism, count)
    case .discreteGaussian, .discreteLaplace, .exponentialMechanism, .sampledWithoutReplacement,
      .truncatedPoissonSampledGaussian, .randomAllocation, .mixtureOfGaussians, .treeAggregation, .matrixFactorization,
      .repeatAndSelect:
      throw .unsoundCombination(
        path: path, reason: "this event has no proved bound here", alternative: "send epsilon_delta, which bounds it")
    case .composed(let events):
      for (index, inner) in events.enumerated() {
        try add(inner, count: count, path: path + [.field("events"), .index(index)])
      }
    case .selfComposed(let inner, let repetitions):
      try add(inner, count: count * repetitions, path: path + [.field("event")])
    case .poissonSampled(let probability, let inner):
      try addSampled(inner, probability: probability, count: count, path: path)
    }
  }

  /// How far one record moves a sum, in units of its clipping norm.
  private var sensitivity: Double { relation == .replaceOne ? 2 : 1 }

  /// The magnitude, because −0 passes for "at least 0" and 1/−0 is −∞: no noise at all would cost less than nothing.
  private func overSensitivity(_ noise: Double) -> Double { noise.magnitude / sensitivity }

  private mutating func append(_ mechanism: Mechanism, _ count: Int) { counts[mechanism, default: 0] += count }

  private mutating func addSampled(
    _ inner: PrivacyEvent, probability: Double, count: Int, path: [PathComponent]
  ) throws(AccountingError) {
    if probability == 0 { return }
    if probability == 1 { return try add(inner, count: count, path: path + [.field("event")]) }
    guard let release = GaussianRelease(of: inner) else {
      throw .unsoundCombination(
        path: path + [.field("event")],
        reason: "Poisson sampling is accounted for Gaussian events and their compositions",
        alternative: "sample a gaussian event, or leave the sampling out, which is an upper bound")
    }
    switch release {
    case .nothing: return
    case .everything: append(.nonPrivate, count)
    case .noise(let multiplier):
      append(
        .poissonGaussian(
          samplingProbability: probability, noiseMultiplier: multiplier, replaceOne: relation == .replaceOne),
        count)
    }
  }

  private func randomizedResponseRefusal(_ path: [PathComponent]) -> AccountingError {
    .unsoundCombination(
      path: path,
      reason: "randomized response publishes a report for each record, so adding a record shows by itself",
      alternative: "ask for replace_one or replace_special")
  }

  /// A total order on mechanisms: their kind, then their parameters.
  private func sortKey(_ mechanism: Mechanism) -> [Double] {
    switch mechanism {
    case .nonPrivate: [0]
    case .gaussian(let noise): [1, noise]
    case .laplace(let noise): [2, noise]
    case .randomizedResponse(let p, let buckets, let replaceOne): [3, p, Double(buckets), replaceOne ? 1 : 0]
    case .zeroConcentrated(let rho, let xi): [4, rho, xi]
    case .pure(let epsilon): [5, epsilon]
    case .poissonGaussian(let q, let noise, let replaceOne): [6, q, noise, replaceOne ? 1 : 0]
    }
  }
}

/// Gaussian releases of the same sample, taken together. Releases with noise multipliers σᵢ of one and the same sample are
/// one release with 1/σ² = Σ 1/σᵢ² (a sufficient statistic), which is how they must be taken *inside* the sampling.
private enum GaussianRelease {
  case nothing
  case everything
  case noise(multiplier: Double)

  /// `nil` where `event` has parts that are not Gaussian.
  init?(of event: PrivacyEvent) {
    if case .gaussian(let noise) = event {
      self = noise > 0 ? .noise(multiplier: noise) : .everything
      return
    }
    guard let precision = GaussianRelease.precision(of: event) else { return nil }
    if precision == 0 {
      self = .nothing
    } else {
      let multiplier = (1 / (precision * (1 + 8 * ulp))).squareRoot().nextDown
      self = multiplier > 0 ? .noise(multiplier: multiplier) : .everything
    }
  }

  /// Σ 1/σᵢ², each sum and product rounded up.
  private static func precision(of event: PrivacyEvent) -> Double? {
    switch event {
    case .noOp: return 0
    case .nonPrivate: return .infinity
    case .gaussian(let noise): return max(1 / noise / noise, .leastNormalMagnitude)
    case .selfComposed(let inner, let count):
      guard let one = precision(of: inner) else { return nil }
      return count == 0 || one == 0 ? 0 : (one * Double(count)).nextUp
    case .composed(let events):
      var sum = 0.0
      for inner in events {
        guard let one = precision(of: inner) else { return nil }
        // A term below half a unit of the sum must not vanish: there may be thousands of them.
        if one > 0 { sum = (sum + one).nextUp }
      }
      return sum
    default: return nil
    }
  }
}
