import Glibc

/// ε and δ of an event by Rényi divergence.
///
/// Divergences of the parts add up at each order; what one part costs is multiplied by its count in one place
/// (`CompositionEvaluator.divergence`). Without a list of orders the order is optimised continuously, and pure differential
/// privacy (order ∞) takes part.
public struct RenyiAccountant: Sendable {
  public let event: PrivacyEvent
  public let relation: NeighboringRelation
  let composition: Composition

  /// - Throws: the first of `event.invalidParameters()`, or `unsoundCombination` where no bound is proved for the event
  ///   under the relation.
  public init(event: PrivacyEvent, relation: NeighboringRelation = .addOrRemoveOne) throws(AccountingError) {
    try event.validate()
    self.event = event
    self.relation = relation
    composition = try Composition(of: event, relation: relation)
  }

  /// The Rényi curve of the whole event.
  /// - Parameter orders: α > 1, finite; at most `RenyiOrders.limit` of them.
  public func curve(orders: [Double]) throws(AccountingError) -> RenyiCurve {
    try RenyiOrders.validate(orders)
    var evaluator = CompositionEvaluator(composition)
    return evaluator.curve(orders: orders)
  }

  /// The least ε found such that the event is (ε, δ)-differentially private.
  /// - Parameters:
  ///   - delta: in [0, 1].
  ///   - orders: the minimum is taken over exactly these; `nil` optimises the order.
  public func epsilon(delta: Double, orders: [Double]? = nil) throws(AccountingError) -> EpsilonBound {
    try Domain.requireDelta(delta)
    if let orders { try RenyiOrders.validate(orders) }
    var evaluator = CompositionEvaluator(composition)
    return evaluator.epsilon(delta: delta, orders: orders)
  }

  /// The least ε found with the sharp conversion (`RenyiConversion.sharpEpsilonUpperBound`), never above `epsilon(delta:)`.
  ///
  /// It helps most where the divergence is small against log(1/δ), as early in a run. `epsilon(delta:)` keeps to Proposition 12,
  /// which peers and budgets convert by, so that a trajectory and its last point are one computation.
  /// - Parameter delta: in [0, 1].
  public func sharpEpsilon(delta: Double) throws(AccountingError) -> EpsilonBound {
    try Domain.requireDelta(delta)
    var evaluator = CompositionEvaluator(composition)
    return evaluator.sharpEpsilon(delta: delta)
  }

  /// The least δ found such that the event is (ε, δ)-differentially private.
  /// - Parameters:
  ///   - epsilon: finite and ≥ 0.
  ///   - orders: as for `epsilon(delta:orders:)`.
  public func delta(epsilon: Double, orders: [Double]? = nil) throws(AccountingError) -> DeltaBound {
    try Domain.requireEpsilon(epsilon)
    if let orders { try RenyiOrders.validate(orders) }
    var evaluator = CompositionEvaluator(composition)
    return evaluator.delta(epsilon: epsilon, orders: orders)
  }
}

/// Lists of Rényi orders.
public enum RenyiOrders {
  /// The 156 orders of dp_accounting's `RdpAccountant` (1.1 to 10.9 by 0.1, 11 to 63, 128, 256, 512, 1024), which TF
  /// Privacy's statement uses.
  public static let standard: [Double] =
    (1..<100).map { 1 + Double($0) / 10 } + (11..<64).map(Double.init) + [128, 256, 512, 1024]

  /// The longest list that is accepted.
  public static let limit = 10_000
  /// The largest order that is accepted.
  public static let greatest = 1e6

  /// Throws unless there is at least one order and all lie in (1, `greatest`].
  public static func validate(_ orders: [Double]) throws(AccountingError) {
    let field = PathComponent.field("orders")
    if orders.isEmpty {
      throw .invalidParameter(path: [field], value: "[]", requirement: "must hold at least one order")
    }
    if orders.count > limit { throw .limitExceeded(path: [field], what: "the number of orders", limit: limit) }
    for (index, order) in orders.enumerated() where !(order > 1 && order <= greatest) {
      throw .invalidParameter(
        path: [field, .index(index)], value: "\(order)", requirement: "must be greater than 1 and at most 1e6")
    }
  }
}

/// Checks of single numbers.
enum Domain {
  static func requireDelta(_ delta: Double) throws(AccountingError) {
    try require(delta >= 0 && delta <= 1, "delta", delta, "must lie in [0, 1]")
  }

  static func requireEpsilon(_ epsilon: Double, field: String = "epsilon") throws(AccountingError) {
    try require(epsilon >= 0 && epsilon.isFinite, field, epsilon, "must be finite and at least 0")
  }

  static func requireNoiseMultiplier(_ noise: Double) throws(AccountingError) {
    try require(noise >= 0 && noise.isFinite, "noise_multiplier", noise, "must be finite and at least 0")
  }

  static func requireSampleRate(_ rate: Double) throws(AccountingError) {
    try require(rate > 0 && rate <= 1, "sample_rate", rate, "must lie in (0, 1]")
  }

  static func require(
    _ condition: Bool, _ field: String, _ value: Double, _ requirement: String
  ) throws(AccountingError) {
    if !condition {
      throw .invalidParameter(path: [.field(field)], value: "\(value)", requirement: requirement)
    }
  }
}
