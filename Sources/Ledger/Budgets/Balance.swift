/// A budget's figures for showing. No decision is made from them: the filter decides on whole numbers.
public struct Balance: Hashable, Sendable {
  public let limit: Guarantee
  /// Rounded up; 0 while nothing is spent.
  public let spent: Guarantee
  /// What open reservations add to `spent`, rounded up.
  public let reserved: Guarantee
  /// Limit less spent and reserved, rounded down; never negative, and the limit itself while nothing is spent.
  public let remaining: Guarantee
  /// What (ε, δ) black boxes may still take of δ, rounded down: their own share of it, less what they took.
  public let blackBoxDelta: Double
  public let state: State

  public struct Guarantee: Hashable, Sendable {
    public let epsilon: Double
    public let delta: Double

    public init(epsilon: Double, delta: Double) {
      self.epsilon = epsilon
      self.delta = delta
    }
  }

  public enum State: String, Hashable, Sendable, CaseIterable {
    case active, frozen
    /// No order of the filter has a unit left.
    case exhausted
  }
}

extension Budget {
  /// Spent and reserved together: what admission counts with.
  var committedSum: Spend {
    // Each of the two is admitted by the filter, and their sum was checked when it was written.
    spent.adding(reserved) ?? Spend(divergences: spent.divergences.map { _ in Int64.max }, delta: .max)
  }

  /// The figures of this budget alone. As an ε for a few orders does not add up, `reserved` is the difference between ε
  /// with and without what is held.
  ///
  /// δ: as soon as anything is spent in Rényi divergence the whole of its share of δ counts as spent, and more such
  /// spending adds no δ; black boxes add theirs.
  public func balance() -> Balance {
    let all = committedSum
    let spentEpsilon = filter.epsilonUpperBound(of: spent, budgetDelta: delta)
    let allEpsilon = max(spentEpsilon, filter.epsilonUpperBound(of: all, budgetDelta: delta))
    let (spentDelta, allDelta) = (deltaUpperBound(of: spent), deltaUpperBound(of: all))
    let deltaRoom = max(0, filter.deltaAllowance - min(all.delta, filter.deltaAllowance))
    let state: Balance.State = isFrozen ? .frozen : filter.hasRoom(beyond: all) ? .active : .exhausted
    return Balance(
      limit: .init(epsilon: epsilon, delta: delta),
      spent: .init(epsilon: spentEpsilon, delta: spentDelta),
      reserved: .init(
        epsilon: Self.difference(allEpsilon, spentEpsilon).nextUpUnlessZero,
        delta: Self.difference(allDelta, spentDelta).nextUpUnlessZero),
      remaining: .init(
        epsilon: Self.rest(of: epsilon, less: allEpsilon), delta: Self.rest(of: delta, less: allDelta)),
      blackBoxDelta: Amount.deltaRoundedDown(deltaRoom), state: state)
  }

  private func deltaUpperBound(of sum: Spend) -> Double {
    let usesOrders = sum.divergences.contains { $0 != 0 }
    let orders = usesOrders ? filter.weights.reduce(0, +) * delta : 0
    return min(delta, orders + Amount.delta(sum.delta))
  }

  private static func rest(of limit: Double, less used: Double) -> Double {
    used == 0 ? limit : max(0, (limit - min(used, limit)).nextDown)
  }

  private static func difference(_ whole: Double, _ part: Double) -> Double {
    whole == part ? 0 : whole - part
  }
}

extension Double {
  fileprivate var nextUpUnlessZero: Double { self == 0 ? 0 : nextUp }
}
