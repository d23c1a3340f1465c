/// Budget held for a run that was announced: an event × a count, held at once and whole. It never expires: whoever
/// holds it may have touched the data. It ends by being committed to the last step, or by a release.
public struct Reservation: Hashable, Sendable {
  public let id: ReservationID
  public let budget: BudgetID
  public let job: JobID?
  /// Canonical text of the event of one step.
  public let event: String
  /// Steps held, ≥ 1.
  public let count: Int
  /// Steps committed so far, 0…count.
  public var committed: Int
  public var state: State
  /// For each budget from the one asked up to the root, what all `count` steps cost.
  public let amounts: [BudgetAmount]
  /// ε of the whole in the budget asked; information.
  public let epsilon: Double
  public let created: Timestamp
  public var version: Int64

  public enum State: String, Hashable, Sendable, CaseIterable {
    case open
    /// Every step was committed.
    case committed
    /// What was not committed went back.
    case released
  }

  public init(
    id: ReservationID, budget: BudgetID, job: JobID?, event: String, count: Int, committed: Int, state: State,
    amounts: [BudgetAmount], epsilon: Double, created: Timestamp, version: Int64
  ) {
    self.id = id
    self.budget = budget
    self.job = job
    self.event = event
    self.count = count
    self.committed = committed
    self.state = state
    self.amounts = amounts
    self.epsilon = epsilon
    self.created = created
    self.version = version
  }
}

/// What something costs in one budget.
public struct BudgetAmount: Hashable, Sendable {
  public let budget: BudgetID
  public let amount: Spend

  public init(budget: BudgetID, amount: Spend) {
    self.budget = budget
    self.amount = amount
  }
}
