/// Where the ledger lives. A store loads and appends inside transactions and judges nothing: every rule is in
/// `LedgerReader` and `LedgerWriter`. All calls block; call them from a thread that may.
public protocol Store: Sendable {
  /// Runs `body` on one unchanging snapshot.
  func read<Value>(_ body: (any ReadTransaction) throws -> Value) throws -> Value

  /// Runs `body` alone: no other write, of this process or another, falls between its first read and its commit.
  /// Whatever `body` throws undoes all it did. When this returns, what was written survives a power cut.
  func write<Value>(_ body: (any WriteTransaction) throws -> Value) throws -> Value

  /// Makes a durable write, and throws where that fails: a ledger that cannot record must not answer.
  func checkHealth() throws
}

/// The loads. A row that cannot be right is thrown as `LedgerError.corrupt`.
public protocol ReadTransaction {
  func budget(_ id: BudgetID) throws -> Budget?
  func rootBudget(ofDataset name: String) throws -> Budget?
  /// In the order of creation.
  func budgets(_ page: Page<BudgetID>) throws -> [Budget]

  func entry(_ sequence: Int64) throws -> LedgerEntry?
  func lastEntry() throws -> LedgerEntry?
  /// Entries with a posting for `budget` (nil: all), ascending, whose sequence is greater than `page.after`.
  func entries(of budget: BudgetID?, _ page: Page<Int64>) throws -> [LedgerEntry]

  func reservation(_ id: ReservationID) throws -> Reservation?
  func reservations(_ page: Page<ReservationID>) throws -> [Reservation]

  func dataset(named name: String) throws -> Dataset?
  func dataset(_ id: DatasetID) throws -> Dataset?
  func datasets(_ page: Page<DatasetID>) throws -> [Dataset]

  func job(_ id: JobID) throws -> Job?
  /// Newest first.
  func jobs(_ filter: JobFilter, _ page: Page<JobID>) throws -> [Job]
  /// The queued job that was created first.
  func oldestQueuedJob() throws -> Job?
  /// Jobs whose lease ended at `now` or before, oldest first.
  func jobsWithExpiredLease(at now: Timestamp, limit: Int) throws -> [Job]
  /// Ascending, whose sequence is greater than `page.after`.
  func events(of job: JobID, _ page: Page<Int64>) throws -> [JobEvent]
  func lastEventSequence(of job: JobID) throws -> Int64
  /// Ascending by step, whose step is greater than `page.after`.
  func metrics(of job: JobID, _ page: Page<Int>) throws -> [JobMetric]

  func idempotencyRecord(scope: String, key: String) throws -> IdempotencyRecord?

  func token(withSecretDigest digest: Digest) throws -> APIToken?
  func token(_ id: TokenID) throws -> APIToken?
  func tokens(_ page: Page<TokenID>) throws -> [APIToken]
}

/// The appends and the changes of rows.
public protocol WriteTransaction: ReadTransaction {
  func insert(_ budget: Budget) throws
  /// Name, frozen or not, balances and version; the rest of a budget never changes.
  func update(_ budget: Budget) throws
  func append(_ entry: LedgerEntry) throws
  func insert(_ reservation: Reservation) throws
  /// Committed steps, state and version.
  func update(_ reservation: Reservation) throws
  func insert(_ dataset: Dataset) throws
  func insert(_ job: Job) throws
  /// What is `var` in a job.
  func update(_ job: Job) throws
  func append(_ event: JobEvent) throws
  /// A metric of the same step is replaced: a resumed run measures again.
  func put(_ metric: JobMetric, of job: JobID) throws
  func insert(_ record: IdempotencyRecord) throws
  /// The answer.
  func update(_ record: IdempotencyRecord) throws
  func deleteIdempotencyRecord(scope: String, key: String) throws
  func insert(_ token: APIToken) throws
  /// The time it was revoked.
  func update(_ token: APIToken) throws
}

/// A stretch of a list: at most `limit` rows after the row `after`. Ask for one more than you show to learn whether
/// more follow.
public struct Page<Cursor: Sendable>: Sendable {
  public let limit: Int
  public let after: Cursor?

  /// `limit` is clamped to 1…10,001.
  public init(limit: Int, after: Cursor? = nil) {
    self.limit = min(max(limit, 1), 10_001)
    self.after = after
  }
}

/// Which jobs to list; nil means any.
public struct JobFilter: Hashable, Sendable {
  public var state: Job.State?
  public var budget: BudgetID?
  public var createdAfter: Timestamp?

  public init(state: Job.State? = nil, budget: BudgetID? = nil, createdAfter: Timestamp? = nil) {
    self.state = state
    self.budget = budget
    self.createdAfter = createdAfter
  }
}
