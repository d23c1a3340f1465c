import Glibc
import Ledger

/// A store that forgets: the plainest implementation of `Store`, against which the rules are tested by the ten
/// thousand. It keeps to the same conformance suite as the durable ones.
package final class MemoryStore: Store, @unchecked Sendable {
  private let lock: UnsafeMutablePointer<pthread_mutex_t>
  private var tables: MemoryTables

  /// With the contents of another store, which then go separate ways.
  package init(copying other: MemoryStore? = nil) {
    lock = .allocate(capacity: 1)
    lock.initialize(to: pthread_mutex_t())
    pthread_mutex_init(lock, nil)
    tables = other?.tables ?? MemoryTables()
  }

  deinit {
    pthread_mutex_destroy(lock)
    lock.deallocate()
  }

  package func read<Value>(_ body: (any ReadTransaction) throws -> Value) throws -> Value {
    try body(MemoryTransaction(tables: locked { tables }))
  }

  package func write<Value>(_ body: (any WriteTransaction) throws -> Value) throws -> Value {
    try locked {
      let transaction = MemoryTransaction(tables: tables)
      let value = try body(transaction)
      tables = transaction.tables
      return value
    }
  }

  package func checkHealth() throws {}

  private func locked<Value>(_ body: () throws -> Value) rethrows -> Value {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    return try body()
  }
}

/// Rows in the order of their insertion.
struct MemoryTable<Key: Hashable & Sendable, Row> {
  private(set) var rows: [Row] = []
  private var positions: [Key: Int] = [:]

  func position(_ key: Key) -> Int? { positions[key] }

  subscript(_ key: Key) -> Row? { positions[key].map { rows[$0] } }

  mutating func insert(_ row: Row, _ key: Key) throws {
    guard positions[key] == nil else { throw LedgerError.corrupt(location: "\(key)", detail: "it is there already") }
    positions[key] = rows.count
    rows.append(row)
  }

  mutating func update(_ row: Row, _ key: Key) throws {
    guard let position = positions[key] else {
      throw LedgerError.corrupt(location: "\(key)", detail: "the row to be changed is not there")
    }
    rows[position] = row
  }

  func page(_ page: Page<Key>) -> [Row] {
    let start = page.after.map { positions[$0].map { $0 + 1 } ?? rows.count } ?? 0
    return Array(rows[start...].prefix(page.limit))
  }
}

struct MemoryTables {
  struct IdempotencyKey: Hashable {
    let scope: String
    let key: String
  }

  var budgets = MemoryTable<BudgetID, Budget>()
  var entries: [LedgerEntry] = []
  var reservations = MemoryTable<ReservationID, Reservation>()
  var datasets = MemoryTable<DatasetID, Dataset>()
  var jobs = MemoryTable<JobID, Job>()
  var events: [JobID: [JobEvent]] = [:]
  var metrics: [JobID: [Int: JobMetric]] = [:]
  var idempotency: [IdempotencyKey: IdempotencyRecord] = [:]
  var tokens = MemoryTable<TokenID, APIToken>()
}

/// A class, since the rules write through an `any WriteTransaction` that they do not own.
private final class MemoryTransaction: WriteTransaction {
  var tables: MemoryTables

  init(tables: MemoryTables) { self.tables = tables }

  func budget(_ id: BudgetID) -> Budget? { tables.budgets[id] }
  func rootBudget(ofDataset name: String) -> Budget? {
    tables.budgets.rows.first { $0.dataset == name && $0.parent == nil }
  }
  func budgets(_ page: Page<BudgetID>) -> [Budget] { tables.budgets.page(page) }
  func insert(_ budget: Budget) throws { try tables.budgets.insert(budget, budget.id) }
  func update(_ budget: Budget) throws { try tables.budgets.update(budget, budget.id) }

  func entry(_ sequence: Int64) -> LedgerEntry? {
    (1...Int64(max(1, tables.entries.count))).contains(sequence)
      ? tables.entries.dropFirst(Int(sequence - 1)).first : nil
  }
  func lastEntry() -> LedgerEntry? { tables.entries.last }
  func entries(of budget: BudgetID?, _ page: Page<Int64>) -> [LedgerEntry] {
    let matching = tables.entries.lazy.filter { entry in
      entry.sequence > page.after ?? 0
        && (budget == nil || entry.content.postings.contains { $0.budget == budget })
    }
    return Array(matching.prefix(page.limit))
  }
  func append(_ entry: LedgerEntry) { tables.entries.append(entry) }

  func reservation(_ id: ReservationID) -> Reservation? { tables.reservations[id] }
  func reservations(_ page: Page<ReservationID>) -> [Reservation] { tables.reservations.page(page) }
  func insert(_ reservation: Reservation) throws { try tables.reservations.insert(reservation, reservation.id) }
  func update(_ reservation: Reservation) throws { try tables.reservations.update(reservation, reservation.id) }

  func dataset(named name: String) -> Dataset? { tables.datasets.rows.first { $0.name == name } }
  func dataset(_ id: DatasetID) -> Dataset? { tables.datasets[id] }
  func datasets(_ page: Page<DatasetID>) -> [Dataset] { tables.datasets.page(page) }
  func insert(_ dataset: Dataset) throws { try tables.datasets.insert(dataset, dataset.id) }

  func job(_ id: JobID) -> Job? { tables.jobs[id] }
  func jobs(_ filter: JobFilter, _ page: Page<JobID>) -> [Job] {
    let end = page.after.map { tables.jobs.position($0) ?? 0 } ?? tables.jobs.rows.count
    let matching = tables.jobs.rows[..<end].reversed().lazy.filter { job in
      (filter.state == nil || job.state == filter.state) && (filter.budget == nil || job.budget == filter.budget)
        && (filter.createdAfter.map { job.created > $0 } ?? true)
    }
    return Array(matching.prefix(page.limit))
  }
  func oldestQueuedJob() -> Job? { tables.jobs.rows.first { $0.state == .queued } }
  func jobsWithExpiredLease(at now: Timestamp, limit: Int) -> [Job] {
    let expired = tables.jobs.rows.filter { $0.lease.map { $0.expires <= now } ?? false }
    return Array(expired.sorted { ($0.lease?.expires ?? now) < ($1.lease?.expires ?? now) }.prefix(limit))
  }
  func insert(_ job: Job) throws { try tables.jobs.insert(job, job.id) }
  func update(_ job: Job) throws { try tables.jobs.update(job, job.id) }

  func events(of job: JobID, _ page: Page<Int64>) -> [JobEvent] {
    Array(tables.events[job, default: []].filter { $0.sequence > page.after ?? 0 }.prefix(page.limit))
  }
  func lastEventSequence(of job: JobID) -> Int64 { tables.events[job]?.last?.sequence ?? 0 }
  func append(_ event: JobEvent) { tables.events[event.job, default: []].append(event) }
  func metrics(of job: JobID, _ page: Page<Int>) -> [JobMetric] {
    let metrics = tables.metrics[job, default: [:]].values.filter { $0.step > page.after ?? -1 }
    return Array(metrics.sorted { $0.step < $1.step }.prefix(page.limit))
  }
  func put(_ metric: JobMetric, of job: JobID) { tables.metrics[job, default: [:]][metric.step] = metric }

  func idempotencyRecord(scope: String, key: String) -> IdempotencyRecord? {
    tables.idempotency[.init(scope: scope, key: key)]
  }
  func insert(_ record: IdempotencyRecord) { tables.idempotency[.init(scope: record.scope, key: record.key)] = record }
  func update(_ record: IdempotencyRecord) { insert(record) }
  func deleteIdempotencyRecord(scope: String, key: String) {
    tables.idempotency[.init(scope: scope, key: key)] = nil
  }

  func token(withSecretDigest digest: Digest) -> APIToken? {
    tables.tokens.rows.first { $0.secretDigest == digest }
  }
  func token(_ id: TokenID) -> APIToken? { tables.tokens[id] }
  func tokens(_ page: Page<TokenID>) -> [APIToken] { tables.tokens.page(page) }
  func insert(_ token: APIToken) throws { try tables.tokens.insert(token, token.id) }
  func update(_ token: APIToken) throws { try tables.tokens.update(token, token.id) }
}
