import Accounting

/// The few questions that the ledger has for the accountant, each with its answer rounded to the safe side.
enum Conversion {
  /// The largest Rényi sum that converts to (ε, δ) at this order, in units, rounded down.
  static func allowance(order: Double, epsilon: Double, delta: Double) -> Int64 {
    Amount.roundedDown(
      RenyiConversion.largestDivergence(order: order, epsilon: epsilon, delta: delta), scale: Amount.unitsPerNat)
  }

  /// The curve of one event, at orders > 1. Throws `AccountingError` where the event is not valid, or has no proved
  /// bound under the relation.
  static func curve(of event: PrivacyEvent, relation: NeighboringRelation, orders: [Double]) throws -> RenyiCurve {
    try RenyiAccountant(event: event, relation: relation).curve(orders: orders)
  }
}
