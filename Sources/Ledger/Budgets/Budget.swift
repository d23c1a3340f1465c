import Accounting

/// A privacy budget: how much may ever be learned about any one unit of a dataset.
///
/// A dataset has one root budget. Budgets beneath it are quotas: what is charged to one is charged to every budget up
/// to the root, because analysts can pool their answers (arXiv:2506.05290).
public struct Budget: Hashable, Sendable {
  public let id: BudgetID
  public var name: String
  /// The name of the dataset that is protected.
  public let dataset: String
  /// The limit ε, > 0.
  public let epsilon: Double
  /// The limit δ, in (0, 1).
  public let delta: Double
  /// Never mixed within a tree of budgets: an ε under one relation says nothing about another.
  public let relation: NeighboringRelation
  /// What is added, removed or replaced between neighbors: `example`, `user`, …
  public let unit: String
  /// The budget above, or nil for the root.
  public let parent: BudgetID?
  /// Fixed when the budget is created.
  public let filter: BudgetFilter
  public var isFrozen: Bool
  /// What is charged for ever.
  public var spent: Spend
  /// What open reservations hold.
  public var reserved: Spend
  public let created: Timestamp
  /// Grows by one with each change of the row; its `ETag`.
  public var version: Int64

  public init(
    id: BudgetID, name: String, dataset: String, epsilon: Double, delta: Double, relation: NeighboringRelation,
    unit: String, parent: BudgetID?, filter: BudgetFilter, isFrozen: Bool, spent: Spend, reserved: Spend,
    created: Timestamp, version: Int64
  ) {
    self.id = id
    self.name = name
    self.dataset = dataset
    self.epsilon = epsilon
    self.delta = delta
    self.relation = relation
    self.unit = unit
    self.parent = parent
    self.filter = filter
    self.isFrozen = isFrozen
    self.spent = spent
    self.reserved = reserved
    self.created = created
    self.version = version
  }
}

/// An amount for each order of a budget's filter, in the units of `Amount`. In a posting an amount may be negative
/// (what a reservation gives back); in a balance it never is.
public struct Spend: Hashable, Sendable {
  /// One amount for each order of the filter, in its order.
  public var divergences: [Int64]
  /// Σδ of (ε, δ) black boxes.
  public var delta: Int64

  public init(divergences: [Int64], delta: Int64) {
    self.divergences = divergences
    self.delta = delta
  }

  public static func zero(orders: Int) -> Spend { Spend(divergences: [Int64](repeating: 0, count: orders), delta: 0) }

  public var isZero: Bool { delta == 0 && divergences.allSatisfy { $0 == 0 } }

  /// The sum, or nil where it overflows or the numbers of orders differ.
  public func adding(_ other: Spend) -> Spend? {
    guard divergences.count == other.divergences.count else { return nil }
    let (delta, overflow) = delta.addingReportingOverflow(other.delta)
    var overflows = overflow
    let sums = zip(divergences, other.divergences).map { left, right in
      let (sum, overflow) = left.addingReportingOverflow(right)
      overflows = overflows || overflow
      return sum
    }
    return overflows ? nil : Spend(divergences: sums, delta: delta)
  }

  /// The difference of two amounts that are not negative, which cannot overflow.
  func subtracting(_ other: Spend) -> Spend {
    Spend(divergences: zip(divergences, other.divergences).map { $0 - $1 }, delta: delta - other.delta)
  }

  /// The other sign of amounts that are not negative, which cannot overflow.
  package var negated: Spend { Spend(divergences: divergences.map { 0 - $0 }, delta: 0 - delta) }

  /// Whether no amount is below zero.
  public var isNonNegative: Bool { delta >= 0 && divergences.allSatisfy { $0 >= 0 } }
}

/// The wish for a budget, as it comes from outside; `LedgerWriter.createBudget` judges it.
public struct BudgetDraft: Hashable, Sendable {
  public var name: String
  public var dataset: String
  public var epsilon: Double
  public var delta: Double
  public var relation: NeighboringRelation
  public var unit: String
  public var parent: BudgetID?

  public init(
    name: String, dataset: String, epsilon: Double, delta: Double, relation: NeighboringRelation, unit: String,
    parent: BudgetID? = nil
  ) {
    self.name = name
    self.dataset = dataset
    self.epsilon = epsilon
    self.delta = delta
    self.relation = relation
    self.unit = unit
    self.parent = parent
  }
}

extension Budget {
  /// Whether the budget covers the people in a dataset: the one it names, or a part of it (`whole/part`).
  public func protects(_ dataset: String) -> Bool {
    dataset == self.dataset || dataset.hasPrefix(self.dataset + "/")
  }
}
