import Accounting

/// A budget and all above it, as they were loaded together: what a charge must fit. Pure, so that a what-if question
/// may be asked of it as often as one likes.
public struct BudgetPath: Hashable, Sendable {
  /// From the budget that is asked up to the root; at least one.
  public let budgets: [Budget]

  public var asked: Budget { budgets[0] }

  /// Throws `corrupt` where the budgets are not a path: each the parent of the one before, all of one dataset, relation
  /// and unit, the last a root.
  public init(budgets: [Budget]) throws {
    guard let last = budgets.last, last.parent == nil else {
      throw LedgerError.corrupt(location: "budgets", detail: "a path does not end at a root")
    }
    for (budget, above) in zip(budgets, budgets.dropFirst()) {
      let fits =
        budget.parent == above.id && budget.dataset == above.dataset && budget.relation == above.relation
        && budget.unit == above.unit
      guard fits else {
        throw LedgerError.corrupt(location: "budget \(budget.id)", detail: "it does not fit the budget above it")
      }
    }
    self.budgets = budgets
  }

  /// What `count` repetitions of `event` (steps, say) cost in each budget of the path.
  ///
  /// This is where the work is: a curve at each filter's orders. Do it outside a write transaction; the rules check
  /// that the price belongs to the budgets they find. Throws the accountant's error where the event has no curve.
  public func price(_ event: PrivacyEvent, count: Int) throws -> Price {
    try Price(event: event, count: count, path: self)
  }

  /// Why a price does not fit, or nil where it does. Frozen budgets are not looked at.
  public func refusal(of price: Price) throws -> Refusal? {
    try price.check(belongsTo: self)
    for (index, budget) in budgets.enumerated() {
      let cost = price.amounts[index]
      if let sum = budget.committedSum.adding(cost.amount), budget.filter.admits(sum) { continue }
      let balance = budget.balance()
      return Refusal(
        budget: budget.id, requestedEpsilon: price.epsilons[index], requestedDelta: Amount.delta(cost.amount.delta),
        remainingEpsilon: balance.remaining.epsilon,
        remainingDelta: cost.amount.delta > 0 ? balance.blackBoxDelta : balance.remaining.delta)
    }
    return nil
  }

  /// Whether the price fits every budget up to the root.
  public func admits(_ price: Price) throws -> Bool {
    try price.check(belongsTo: self)
    return zip(budgets, price.amounts).allSatisfy { budget, cost in
      budget.committedSum.adding(cost.amount).map(budget.filter.admits) ?? false
    }
  }

  /// The largest count from 0 to `limit` at which the price still fits, by bisection: costs grow with the count.
  /// Pass a price of one step to ask how many steps fit, of a whole job to ask how many such jobs.
  public func largestCount(of price: Price, atMost limit: Int) throws -> Int {
    var (fitting, failing) = (0, min(max(limit, 0), Price.maximumCount / price.count) + 1)
    while failing - fitting > 1 {
      let middle = fitting + (failing - fitting) / 2
      if try admits(price.repeated(middle)) { fitting = middle } else { failing = middle }
    }
    return fitting
  }

  /// The balance of the asked budget if the price were held; what a preview and a dry run show.
  public func balance(after price: Price) throws -> Balance {
    try price.check(belongsTo: self)
    var budget = asked
    guard let reserved = budget.reserved.adding(price.amounts[0].amount) else {
      throw LedgerError.invalid(field: "count", detail: "the amounts overflow")
    }
    budget.reserved = reserved
    return budget.balance()
  }

  /// Where the asked budget stands in truth: frozen or exhausted is also what lies beneath a budget that is.
  public var state: Balance.State {
    if frozenBudget != nil { return .frozen }
    return budgets.allSatisfy { $0.filter.hasRoom(beyond: $0.committedSum) } ? .active : .exhausted
  }

  /// Why nothing may be charged now though it might fit: the name of the frozen budget, or nil.
  public var frozenBudget: BudgetID? { budgets.first { $0.isFrozen }?.id }
}

/// What an event × count costs in each budget of a path. Changing the count does not compute the curve again.
public struct Price: Hashable, Sendable {
  public let event: PrivacyEvent
  /// The canonical text of `event`.
  public let eventText: String
  /// ≥ 1.
  public let count: Int
  /// From the budget asked up to the root.
  public let amounts: [BudgetAmount]
  /// ε of this alone in the budget asked, at the filter's orders and its shares of δ, rounded up; infinite where there
  /// is no bound.
  public var epsilon: Double { epsilons[0] }
  /// The same in each budget, from the one asked up to the root.
  let epsilons: [Double]

  /// The curve of one event at each budget's orders.
  private let curves: [Curve]

  private struct Curve: Hashable, Sendable {
    let budget: BudgetID
    let budgetDelta: Double
    let filter: BudgetFilter
    /// Nats, rounded up; infinite where the order has no bound.
    let divergences: [Double]
    /// Σδ of black boxes within one event.
    let delta: Double

    /// ε of `count` events at the filter's orders. For what is beyond every allowance: its amounts are capped and no
    /// longer say by how much.
    func epsilonUpperBound(count: Int) -> Double {
      divergences.indices.map { index in
        RenyiConversion.epsilonUpperBound(
          divergence: (divergences[index] * Double(count)).nextUp, order: filter.orders[index],
          delta: filter.weights[index] * budgetDelta)
      }.min() ?? .infinity
    }
  }

  fileprivate init(event: PrivacyEvent, count: Int, path: BudgetPath) throws {
    let curves = try path.budgets.map { budget in
      let curve = try Conversion.curve(of: event, relation: budget.relation, orders: budget.filter.orders)
      return Curve(
        budget: budget.id, budgetDelta: budget.delta, filter: budget.filter, divergences: curve.divergences,
        delta: curve.additiveDelta)
    }
    try self.init(event: event, eventText: event.canonicalJSON, count: count, curves: curves)
  }

  private init(event: PrivacyEvent, eventText: String, count: Int, curves: [Curve]) throws {
    guard (1...Self.maximumCount).contains(count) else {
      throw LedgerError.invalid(field: "count", detail: "must be from 1 to \(Self.maximumCount)")
    }
    self.event = event
    self.eventText = eventText
    self.count = count
    self.curves = curves
    amounts = try curves.map { curve in
      let amount = try curve.filter.amount(divergences: curve.divergences, delta: curve.delta, count: count)
      return BudgetAmount(budget: curve.budget, amount: amount)
    }
    epsilons = zip(curves, amounts).map { curve, cost in
      let bound = curve.filter.epsilonUpperBound(of: cost.amount, budgetDelta: curve.budgetDelta)
      return bound < .infinity ? bound : curve.epsilonUpperBound(count: count)
    }
  }

  /// The price of `times` times as much.
  public func repeated(_ times: Int) throws -> Price {
    let (count, overflow) = count.multipliedReportingOverflow(by: times)
    return try counting(overflow ? .max : count)
  }

  /// The price of another count of the same event.
  public func counting(_ count: Int) throws -> Price {
    try Price(event: event, eventText: eventText, count: count, curves: curves)
  }

  /// Throws `corrupt` where the price was made for other budgets or other filters.
  func check(belongsTo path: BudgetPath) throws {
    let belongs = path.budgets.elementsEqual(curves) { $0.id == $1.budget && $0.filter == $1.filter }
    guard belongs else {
      throw LedgerError.corrupt(location: "price", detail: "it was made for other budgets than \(path.asked.id)")
    }
  }

  /// 2⁴⁰: far above any run, and exactly a double.
  public static let maximumCount = 1 << 40
}
