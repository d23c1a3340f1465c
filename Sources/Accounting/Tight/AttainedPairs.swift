import Glibc

/// Pairs of distributions that certainly show no more than a composition does, for lower bounds where no dominating pairs are known of
/// some of its mechanisms. By data processing it is enough that the pairs are those of something computed from the outputs, on some
/// neighbouring datasets; of a mechanism that is known by a property alone, like ρ-zCDP, that some mechanism with the property has them.
struct AttainedPairs {
  /// One list for each order of the two datasets.
  private let directions: [DirectedPairs]
  /// The probability that anything is published, rounded down; it is the same on both datasets.
  private var publishing = 1.0

  /// `nil` where a mechanism has no such pairs.
  init?(_ composition: Composition, allocation: AllocationView) {
    var directions = [DirectedPairs(parts: []), DirectedPairs(parts: [])]
    for group in composition.groups {
      guard let shown = group.mechanism.attained(allocation) else { return nil }
      for part in shown.parts {
        let (count, overflow) = part.count.multipliedReportingOverflow(by: group.count)
        guard !overflow, count <= PrivacyEvent.Limits.count else { return nil }
        directions[0].parts.append((part.removing, count))
        directions[1].parts.append((part.adding, count))
      }
      guard shown.publishing < 1 else { continue }
      // Which of several runs publish nothing would have to be told.
      guard composition.groups.count == 1, group.count == 1 else { return nil }
      publishing = shown.publishing
    }
    self.directions = directions[0] == directions[1] ? [directions[0]] : directions
  }

  /// A lower bound of the least ε for which (ε, δ) holds, 0 < δ ≤ 1; `nil` where none is known.
  static func epsilonLowerBound(of composition: Composition, delta: Double) throws(AccountingError) -> Double? {
    try greatest(of: composition) { (pairs, publishing) throws(AccountingError) in
      let conditional = delta / publishing * (1 + 4 * ulp)
      return conditional < 1 ? try pairs.epsilon(delta: conditional).lower : 0
    }
  }

  /// A lower bound of the least δ for which (ε, δ) holds, ε ≥ 0; `nil` where none is known.
  static func deltaLowerBound(of composition: Composition, epsilon: Double) throws(AccountingError) -> Double? {
    try greatest(of: composition) { (pairs, publishing) throws(AccountingError) in
      let delta = exp(try pairs.logDelta(epsilon: epsilon).lower) * publishing
      return max(0, delta.lowered(by: 8 * ulp * delta))
    }
  }

  /// The greatest of the bounds that can be certified.
  private static func greatest(
    of composition: Composition, _ bound: (DirectedPairs, Double) throws(AccountingError) -> Double
  ) throws(AccountingError) -> Double? {
    var best: Double?
    for view in AllocationView.allCases where view == .sum || composition.hasWholeAllocation {
      guard let attained = AttainedPairs(composition, allocation: view) else { continue }
      for pairs in attained.directions {
        do throws(AccountingError) {
          best = max(best ?? 0, try bound(pairs, attained.publishing))
        } catch {
          guard case .notCertified = error else { throw error }
        }
      }
    }
    return best
  }
}

/// What is looked at of the releases among which a record was allocated at random.
enum AllocationView: CaseIterable {
  /// Their sum: a Gaussian. It tells most where noise is large.
  case sum
  /// Their maximum. It tells most where noise is small and δ too.
  case maximum
}

extension Composition {
  fileprivate var hasWholeAllocation: Bool {
    groups.contains { group in
      if case .allocatedGaussian(let release) = group.mechanism { AllocationMaximum(release) != nil } else { false }
    }
  }
}

extension Mechanism {
  fileprivate typealias Attained = (parts: [(removing: LossPair, adding: LossPair, count: Int)], publishing: Double)

  /// Pairs that show no more than one application; `nil` where none are known.
  fileprivate func attained(_ view: AllocationView) -> Attained? {
    switch self {
    case .zeroConcentrated(let rho, let xi):
      // Gaussian noise of σ = 1/√(2ρ) and ξ-private randomized response have D_α = ρα and D_α ≤ ξ.
      var parts: [Mechanism] = []
      if rho > 0 { parts.append(.gaussian(noiseMultiplier: (1 / (2 * rho).squareRoot() * (1 + 4 * ulp)).nextUp)) }
      if xi > 0 { parts.append(.pure(epsilon: xi.nextDown)) }
      return Mechanism.attained(parts.map { ($0, 1) }, view, publishing: 1)
    case .allocatedGaussian(let release):
      if view == .maximum, let pairs = AllocationMaximum(release)?.pairs { return ([(pairs.0, pairs.1, 1)], 1) }
      return Mechanism.attained([(.gaussian(noiseMultiplier: release.sumNoiseMultiplier), 1)], view, publishing: 1)
    case .selection(let selection):
      // Where all runs are rated alike, the first is as good as any: one run is published.
      let publishing = selection.shape == nil ? -expm1(-selection.meanRepetitions) * (1 - 4 * ulp) : 1
      return Mechanism.attained(
        selection.base.groups.map { ($0.mechanism, $0.count) }, view, publishing: publishing)
    default:
      guard let pairs else { return nil }
      let reached = pairs.reached ?? (pairs.removing, pairs.adding)
      return ([(reached.removing, reached.adding, 1)], 1)
    }
  }

  private static func attained(
    _ mechanisms: [(mechanism: Mechanism, count: Int)], _ view: AllocationView, publishing: Double
  ) -> Attained? {
    var all: Attained = ([], publishing)
    for (mechanism, count) in mechanisms {
      // Selection among selections that may publish nothing is left out.
      guard let shown = mechanism.attained(view), shown.publishing == 1 else { return nil }
      for part in shown.parts {
        let (product, overflow) = part.count.multipliedReportingOverflow(by: count)
        guard !overflow else { return nil }
        all.parts.append((part.removing, part.adding, product))
      }
    }
    return all
  }
}
