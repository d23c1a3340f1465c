/// One line of the ledger. Entries are immutable, numbered from 1 without a gap across all budgets of a store, and
/// each carries the hash of the one before: a changed, dropped, inserted or reordered entry breaks the chain.
public struct LedgerEntry: Hashable, Sendable {
  public let sequence: Int64
  public let content: Content
  /// The hash of entry `sequence − 1`; 32 zero bytes for the first.
  public let previousHash: Digest
  /// SHA-256 of `canonicalBytes(sequence:content:previousHash:)`.
  public let hash: Digest

  public enum Kind: String, Hashable, Sendable, CaseIterable {
    case budgetCreated = "budget_created"
    case budgetRenamed = "budget_renamed"
    case budgetFrozen = "budget_frozen"
    case budgetThawed = "budget_thawed"
    /// Spent at once, with no reservation.
    case charged
    /// Held for a run that is about to begin.
    case reserved
    /// Moved from held to spent: these steps have run, and what they computed may now leave.
    case committed
    /// The rest of a reservation given back; the reservation is resolved.
    case released
  }

  /// All of an entry but its place in the chain.
  public struct Content: Hashable, Sendable {
    public var time: Timestamp
    public var kind: Kind
    /// The budget that was asked. The postings name it and every budget above it.
    public var budget: BudgetID
    /// The canonical text of the event (its JSON in the spelling of the API's event table), or nil where none is spent.
    public var event: String?
    /// How many times the event is counted: steps reserved, committed or released.
    public var count: Int?
    /// ε of this entry alone in the budget that was asked, at the budget's δ, rounded up. Information only: no decision
    /// and no sum is made from it.
    public var epsilon: Double?
    public var job: JobID?
    public var reservation: ReservationID?
    /// For `budget_created` the budget's canonical definition, limits and filter included; for `budget_renamed` the new
    /// name.
    public var detail: String?
    /// From the budget that was asked up to the root.
    public var postings: [Posting]

    public init(
      time: Timestamp, kind: Kind, budget: BudgetID, event: String? = nil, count: Int? = nil, epsilon: Double? = nil,
      job: JobID? = nil, reservation: ReservationID? = nil, detail: String? = nil, postings: [Posting]
    ) {
      self.time = time
      self.kind = kind
      self.budget = budget
      self.event = event
      self.count = count
      self.epsilon = epsilon
      self.job = job
      self.reservation = reservation
      self.detail = detail
      self.postings = postings
    }
  }

  public init(sequence: Int64, content: Content, previousHash: Digest, hash: Digest) {
    self.sequence = sequence
    self.content = content
    self.previousHash = previousHash
    self.hash = hash
  }
}

/// What an entry adds to one budget's balances.
public struct Posting: Hashable, Sendable {
  public let budget: BudgetID
  /// ≥ 0: nothing that was spent is ever given back.
  public let spent: Spend
  /// Negative where a reservation is committed or released.
  public let reserved: Spend

  public init(budget: BudgetID, spent: Spend, reserved: Spend) {
    self.budget = budget
    self.spent = spent
    self.reserved = reserved
  }
}
