import Glibc

/// Upper bounds of a mechanism's Rényi divergence at a fixed list of orders, together with a probability of failure.
///
/// The statement is approximate Rényi differential privacy: outside of an event of probability `additiveDelta` the
/// divergence of order `orders[i]` is at most `divergences[i]`. Curves of mechanisms that run one after another add up.
public struct RenyiCurve: Hashable, Sendable {
  /// α > 1, in the order they were asked for.
  public let orders: [Double]
  /// In [0, ∞], in nats, one for each order.
  public let divergences: [Double]
  /// In [0, 1]; more than 0 only where an (ε, δ) black box takes part.
  public let additiveDelta: Double

  public init(orders: [Double], divergences: [Double], additiveDelta: Double = 0) {
    precondition(orders.count == divergences.count, "one divergence for each order")
    self.orders = orders
    self.divergences = divergences
    self.additiveDelta = additiveDelta
  }

  /// The least ε over the orders such that (ε, δ) holds. As in dp_accounting, orders up to 1.01 serve only the rule for
  /// ε = 0 because Proposition 12 loses its digits there.
  /// - Parameter delta: in [0, 1].
  public func epsilonUpperBound(delta: Double) -> EpsilonBound {
    var best = EpsilonBound(epsilon: .infinity, delta: delta, order: nil)
    guard let remaining = DeltaSplit.remainder(of: delta, after: additiveDelta) else { return best }
    for (order, divergence) in zip(orders, divergences) {
      let epsilon = RenyiConversion.epsilonUpperBound(divergence: divergence, order: order, delta: remaining)
      guard epsilon < best.epsilon, epsilon == 0 || order > RenyiCurve.leastConvertedOrder else { continue }
      best = EpsilonBound(epsilon: epsilon, delta: delta, order: order)
    }
    return best
  }

  /// The least δ over the orders such that (ε, δ) holds; at most 1.
  /// - Parameter epsilon: ≥ 0.
  public func deltaUpperBound(epsilon: Double) -> DeltaBound {
    var best = DeltaBound(delta: 1, epsilon: epsilon, order: orders.first)
    var leastLog = Double.infinity
    for (order, divergence) in zip(orders, divergences) {
      let logDelta =
        if divergence == 0 {
          -Double.infinity
        } else if order > RenyiCurve.leastConvertedOrder {
          RenyiConversion.logDeltaUpperBound(divergence: divergence, order: order, epsilon: epsilon)
        } else {
          min(0, RenyiConversion.logTotalVariationUpperBound(divergence: divergence))
        }
      guard logDelta < leastLog else { continue }
      leastLog = logDelta
      let delta = logDelta == -.infinity ? 0 : min(1, exp(logDelta).raised(by: 0))
      best = DeltaBound(
        delta: DeltaSplit.total(of: delta, and: additiveDelta), epsilon: epsilon, order: order)
    }
    return best
  }

  /// The curve of `times` ≥ 0 runs one after another.
  public func repeated(_ times: Int) -> RenyiCurve {
    RenyiCurve(
      orders: orders, divergences: divergences.map { Repetition.cost(of: $0, times: times) },
      additiveDelta: Repetition.failure(of: additiveDelta, times: times))
  }

  /// The curve of both mechanisms, one after the other. Both must have the same orders.
  public static func + (left: RenyiCurve, right: RenyiCurve) -> RenyiCurve {
    precondition(left.orders == right.orders, "curves add up order by order")
    return RenyiCurve(
      orders: left.orders, divergences: zip(left.divergences, right.divergences).map { ($0 + $1).nextUp },
      additiveDelta: DeltaSplit.total(of: left.additiveDelta, and: right.additiveDelta))
  }

  /// Orders up to this one are left out of Proposition 12, as dp_accounting does.
  static let leastConvertedOrder = 1.01
}

/// ε such that (ε, δ)-differential privacy holds.
public struct EpsilonBound: Hashable, Sendable {
  /// ≥ 0, rounded up; `infinity` where no finite bound exists.
  public var epsilon: Double
  /// In [0, 1].
  public var delta: Double
  /// The Rényi order the bound comes from: finite and > 1, `infinity` where pure differential privacy decides, `nil`
  /// where ε is infinite.
  public var order: Double?

  public init(epsilon: Double, delta: Double, order: Double?) {
    self.epsilon = epsilon
    self.delta = delta
    self.order = order
  }
}

/// δ such that (ε, δ)-differential privacy holds.
public struct DeltaBound: Hashable, Sendable {
  /// In [0, 1], rounded up.
  public var delta: Double
  /// ≥ 0.
  public var epsilon: Double
  /// As in `EpsilonBound.order`.
  public var order: Double?
}

/// How the δ of black boxes and the δ of a conversion make one δ. A mechanism that fails with probability e and otherwise
/// is (ε, d) is (ε, e + (1 − e)d): the hockey-stick divergence of the mixture.
enum DeltaSplit {
  /// What is left for the conversion, rounded down; `nil` where the failures alone exceed `delta`.
  static func remainder(of delta: Double, after additiveDelta: Double) -> Double? {
    if additiveDelta == 0 { return delta }
    guard additiveDelta <= delta else { return nil }
    if additiveDelta >= 1 { return 1 }
    return max(0, ((delta - additiveDelta) / (1 - additiveDelta)) * (1 - 4 * ulp))
  }

  /// The sum, rounded up.
  static func total(of delta: Double, and additiveDelta: Double) -> Double {
    if additiveDelta == 0 { return delta }
    return min(1, additiveDelta.raised(by: delta * (1 - additiveDelta) * (1 + 4 * ulp)))
  }
}
