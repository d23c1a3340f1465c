import Accounting
import Ledger

/// What every store must do, whatever it is made of. Each implementation's tests call `check()` with an empty store; it
/// throws the first promise that is not kept.
package struct StoreConformance {
  let store: any Store
  private let moment = CountingMoments()

  package init(_ store: any Store) { self.store = store }

  package struct Failure: Error, CustomStringConvertible {
    package let description: String
  }

  package func check() throws {
    try checkEmpty()
    try checkDatasets()
    try checkBudgetsAndEntries()
    try checkReservations()
    try checkJobs()
    try checkTimelines()
    try checkIdempotency()
    try checkTokens()
    try checkRollback()
    try store.checkHealth()
  }

  private func checkEmpty() throws {
    try store.read { transaction in
      try expect(transaction.budgets(Page(limit: 10)).isEmpty, "an empty store has no budgets")
      try expect(transaction.lastEntry() == nil && transaction.entry(1) == nil, "an empty store has no entries")
      try expect(transaction.jobs(JobFilter(), Page(limit: 10)).isEmpty, "an empty store has no jobs")
      try expect(transaction.oldestQueuedJob() == nil, "an empty store has nothing to do")
      try expect(transaction.datasets(Page(limit: 10)).isEmpty, "an empty store has no datasets")
      try expect(transaction.tokens(Page(limit: 10)).isEmpty, "an empty store has no tokens")
    }
  }

  private func checkDatasets() throws {
    let first = Dataset(
      id: moment.id(), name: "public/ü", format: "idx", isPublic: true, unit: "example", size: nil, digest: nil,
      description: "", created: moment.time(1), version: 1)
    let second = Dataset(
      id: moment.id(), name: "private", format: "csv", isPublic: false, unit: "user", size: .max,
      digest: try Digest(ofText: "files"), description: #"{"files":["a'b"]}"#, created: moment.time(2), version: 7)
    try store.write { transaction in
      try transaction.insert(first)
      try transaction.insert(second)
    }
    try store.read { transaction in
      try expect(transaction.dataset(named: "public/ü") == first, "a dataset comes back by its name")
      try expect(transaction.dataset(second.id) == second, "a dataset comes back by its id")
      try expect(transaction.datasets(Page(limit: 1)) == [first], "a page has a limit")
      try expect(transaction.datasets(Page(limit: 9, after: first.id)) == [second], "a page begins after its cursor")
    }
    try expectThrows("the same id twice") { try $0.insert(first) }
  }

  private func checkBudgetsAndEntries() throws {
    let root = try budget(dataset: "private", parent: nil)
    let quota = try budget(dataset: "private", parent: root.id)
    var changed = quota
    changed.name = "renamed"
    changed.isFrozen = true
    changed.spent.divergences[0] = .max
    changed.reserved.delta = 3
    changed.version = 2
    try store.write { transaction in
      try transaction.insert(root)
      try transaction.insert(quota)
      try transaction.update(changed)
    }
    try store.read { transaction in
      try expect(transaction.budget(root.id) == root, "a budget comes back bit for bit")
      try expect(transaction.budget(quota.id) == changed, "a budget's changes come back")
      try expect(transaction.rootBudget(ofDataset: "private") == root, "a dataset has its root")
      try expect(transaction.rootBudget(ofDataset: "public/ü") == nil, "a dataset without budget has no root")
      try expect(transaction.budgets(Page(limit: 2)) == [root, changed], "budgets come in the order of creation")
      try expect(transaction.budgets(Page(limit: 2, after: quota.id)).isEmpty, "a page ends")
    }
    try expectThrows("a change of an unknown budget") { try $0.update(budget(dataset: "x", parent: nil)) }
    try checkEntries(root: root, quota: quota)
  }

  private func checkEntries(root: Budget, quota: Budget) throws {
    let zero = Spend.zero(orders: root.filter.orders.count)
    let much = Spend(divergences: zero.divergences.map { _ in Int64.max }, delta: .max)
    let first = try LedgerEntry.following(
      nil,
      content: .init(
        time: moment.time(3), kind: .budgetCreated, budget: root.id, detail: "line\nline=ü",
        postings: [Posting(budget: root.id, spent: zero, reserved: zero)]))
    let second = try LedgerEntry.following(
      first,
      content: .init(
        time: moment.time(2), kind: .released, budget: quota.id, event: "{}", count: .max, epsilon: 0.1 + 0.2,
        job: moment.id(), reservation: moment.id(),
        postings: [
          Posting(budget: quota.id, spent: much, reserved: much.negated),
          Posting(budget: root.id, spent: zero, reserved: much.negated),
        ]))
    try store.write { transaction in
      try transaction.append(first)
      try transaction.append(second)
    }
    try store.read { transaction in
      try expect(transaction.entry(1) == first && transaction.entry(2) == second, "entries come back bit for bit")
      try expect(transaction.entry(0) == nil && transaction.entry(3) == nil, "there is no other entry")
      try expect(transaction.lastEntry() == second, "the last entry is the one appended last")
      try expect(transaction.entries(of: nil, Page(limit: 9)) == [first, second], "entries are in order")
      try expect(
        transaction.entries(of: quota.id, Page(limit: 9)) == [second], "a budget's entries are those posted to it")
      try expect(
        transaction.entries(of: root.id, Page(limit: 9, after: 1)) == [second], "a root sees its quotas' entries")
      try expect(transaction.entries(of: root.id, Page(limit: 1)) == [first], "a page of entries has a limit")
    }
  }

  private func checkReservations() throws {
    let root = try store.read { try $0.budgets(Page(limit: 1)) }[0]
    let amount = Spend(divergences: root.filter.orders.indices.map { Int64($0) }, delta: 4)
    let held = Reservation(
      id: moment.id(), budget: root.id, job: nil, event: "{}", count: 5, committed: 0, state: .open,
      amounts: [BudgetAmount(budget: root.id, amount: amount)], epsilon: 0.25, created: moment.time(4), version: 1)
    var resolved = Reservation(
      id: moment.id(), budget: root.id, job: moment.id(), event: "{}", count: 5, committed: 0, state: .open,
      amounts: held.amounts, epsilon: 0, created: moment.time(4), version: 1)
    try store.write { transaction in
      try transaction.insert(held)
      try transaction.insert(resolved)
      resolved.committed = 2
      resolved.state = .released
      resolved.version = 2
      try transaction.update(resolved)
    }
    try store.read { transaction in
      try expect(transaction.reservation(held.id) == held, "a reservation comes back")
      try expect(transaction.reservation(resolved.id) == resolved, "a reservation's changes come back")
      try expect(transaction.reservation(moment.id()) == nil, "an unknown reservation is not there")
      try expect(transaction.reservations(Page(limit: 9)) == [held, resolved], "reservations are in order")
      try expect(transaction.reservations(Page(limit: 9, after: held.id)) == [resolved], "reservations have pages")
    }
  }

  private func checkIdempotency() throws {
    let digest = try Digest(ofText: "request")
    var record = IdempotencyRecord(
      scope: "tok_a POST /v1/jobs", key: "k", requestDigest: digest, started: moment.time(5), answer: nil)
    try store.write { try $0.insert(record) }
    try store.read { transaction in
      try expect(transaction.idempotencyRecord(scope: record.scope, key: "k") == record, "a record comes back")
      try expect(transaction.idempotencyRecord(scope: "other", key: "k") == nil, "a key belongs to its scope")
    }
    try store.write { try $0.deleteIdempotencyRecord(scope: record.scope, key: "k") }
    try expect(store.read { try $0.idempotencyRecord(scope: record.scope, key: "k") } == nil, "a record can go")
    try store.write { transaction in
      try transaction.insert(record)
      record.answer = .init(status: 201, headers: "{}", body: [0, 255, 10])
      try transaction.update(record)
    }
    try expect(store.read { try $0.idempotencyRecord(scope: record.scope, key: "k") } == record, "an answer comes back")
  }

  private func checkTokens() throws {
    let digest = try Digest(ofText: "secret")
    var token = APIToken(
      id: moment.id(), name: "ci", role: .trainer, secretDigest: digest, created: moment.time(6),
      expires: moment.time(9), revoked: nil)
    try store.write { try $0.insert(token) }
    try expect(
      store.read { try $0.token(withSecretDigest: digest) } == token, "a token is found by its secret's digest")
    token.revoked = moment.time(7)
    try store.write { try $0.update(token) }
    try store.read { transaction in
      try expect(transaction.token(token.id) == token, "a revocation comes back")
      try expect(transaction.tokens(Page(limit: 9)) == [token], "tokens are listed")
      try expect(transaction.token(withSecretDigest: .zero) == nil, "an unknown secret finds no token")
    }
  }

  private func checkRollback() throws {
    struct Stop: Error {}
    let name = "gone"
    do {
      try store.write { transaction in
        try transaction.insert(
          Dataset(
            id: moment.id(), name: name, format: "", isPublic: true, unit: "", size: nil, digest: nil,
            description: "", created: moment.time(8), version: 1))
        try expect(transaction.dataset(named: name) != nil, "a transaction sees what it wrote")
        throw Stop()
      }
    } catch is Stop {}
    try expect(store.read { try $0.dataset(named: name) } == nil, "what throws leaves nothing")
  }
}

extension StoreConformance {
  private func checkJobs() throws {
    let reservation = try store.read { try $0.reservations(Page(limit: 1)) }[0]
    let first = job(budget: nil, reservation: nil, dataset: "public/ü")
    let second = job(budget: reservation.budget, reservation: reservation.id, dataset: "private")
    var running = second
    running.state = .running
    running.lease = Lease(worker: "w", token: 3, expires: moment.time(20))
    running.committedStep = 4
    running.announcedStep = 5
    running.checkpoint = try Digest(ofText: "checkpoint")
    running.attempts = 3
    running.losses = 2
    running.samplesPerSecond = 1e4
    running.etaSeconds = 0.5
    running.started = moment.time(11)
    running.version = 2
    try store.write { transaction in
      try transaction.insert(first)
      try transaction.insert(second)
      try transaction.update(running)
    }
    try store.read { transaction in
      try expect(transaction.job(first.id) == first, "a job comes back")
      try expect(transaction.job(second.id) == running, "a job's changes come back")
      try expect(transaction.jobs(JobFilter(), Page(limit: 9)) == [running, first], "jobs come newest first")
      try expect(transaction.jobs(JobFilter(), Page(limit: 9, after: second.id)) == [first], "jobs have pages")
      try expect(transaction.jobs(JobFilter(state: .queued), Page(limit: 9)) == [first], "jobs by state")
      try expect(transaction.jobs(JobFilter(budget: reservation.budget), Page(limit: 9)) == [running], "jobs by budget")
      try expect(
        transaction.jobs(JobFilter(createdAfter: first.created), Page(limit: 9)).isEmpty, "jobs by creation time")
      try expect(transaction.oldestQueuedJob() == first, "the job that waits is found")
      try expect(transaction.jobsWithExpiredLease(at: moment.time(19), limit: 9).isEmpty, "a lease holds until it ends")
      try expect(transaction.jobsWithExpiredLease(at: moment.time(20), limit: 9) == [running], "a lease ends in time")
    }
    var ended = running
    ended.state = .succeeded
    ended.stateReason = "why"
    ended.lease = nil
    ended.profile = "{}"
    ended.ended = moment.time(12)
    ended.version = 3
    ended.artifacts = [
      Artifact(name: "b", byteCount: .max, digest: .zero, mediaType: "x/y"),
      Artifact(name: "a", byteCount: 0, digest: .zero, mediaType: ""),
    ]
    try store.write { try $0.update(ended) }
    try expect(store.read { try $0.job(second.id) } == ended, "an ended job comes back with its artifacts in order")
    try expectThrows("a change of an unknown job") {
      try $0.update(job(budget: nil, reservation: nil, dataset: "private"))
    }
  }

  private func checkTimelines() throws {
    let job = try store.read { try $0.jobs(JobFilter(), Page(limit: 1)) }[0].id
    let events = (1...3).map { number in
      JobEvent(job: job, sequence: number, time: moment.time(number), kind: "metrics", data: #"{"step":\#(number)}"#)
    }
    let old = JobMetric(step: 7, epoch: 0.5, epsilon: nil, accuracy: nil, loss: -1)
    let new = JobMetric(step: 7, epoch: 0.1, epsilon: 0.1 + 0.2, accuracy: 1, loss: nil)
    let begin = JobMetric(step: 0, epoch: 0, epsilon: 0, accuracy: 0, loss: 2.5)
    try store.write { transaction in
      try expect(transaction.lastEventSequence(of: job) == 0, "a job begins without events")
      for event in events { try transaction.append(event) }
      for metric in [old, begin, new] { try transaction.put(metric, of: job) }
    }
    try store.read { transaction in
      try expect(transaction.lastEventSequence(of: job) == 3, "the last event is known")
      try expect(transaction.events(of: job, Page(limit: 9)) == events, "events are in order")
      try expect(
        transaction.events(of: job, Page(limit: 1, after: 1)) == [events[1]], "events go on after the last seen")
      try expect(transaction.metrics(of: job, Page(limit: 9)) == [begin, new], "a metric of a step is replaced")
      try expect(transaction.metrics(of: job, Page(limit: 9, after: 0)) == [new], "metrics have pages")
    }
  }

  private func budget(dataset: String, parent: BudgetID?) throws -> Budget {
    let filter = try BudgetFilter(epsilon: 0.1 + 0.2, delta: 1e-5)
    let zero = Spend.zero(orders: filter.orders.count)
    return Budget(
      id: moment.id(), name: "a 'name'", dataset: dataset, epsilon: 0.1 + 0.2, delta: 1e-5, relation: .replaceOne,
      unit: "user", parent: parent, filter: filter, isFrozen: false, spent: zero, reserved: zero,
      created: moment.time(1), version: 1)
  }

  private func job(budget: BudgetID?, reservation: ReservationID?, dataset: String) -> Job {
    Job(
      id: moment.id(), name: "job", budget: budget, reservation: reservation, dataset: dataset,
      specification: #"{"name":"job"}"#, plan: "{}", steps: 10, maximumAttempts: 3, timeLimitSeconds: 60,
      created: moment.time(10), state: .queued, stateReason: nil, attempts: 0, losses: 0, lease: nil, committedStep: 0,
      checkpoint: nil, announcedStep: 0, samplesPerSecond: nil, etaSeconds: nil, profile: nil, artifacts: [],
      started: nil, ended: nil, updated: moment.time(10), version: 1)
  }

  private func expect(_ holds: Bool, _ promise: String) throws {
    guard holds else { throw Failure(description: promise) }
  }

  private func expectThrows(_ what: String, _ body: (any WriteTransaction) throws -> Void) throws {
    do {
      try store.write(body)
    } catch is LedgerError {
      return
    }
    throw Failure(description: "\(what) was taken")
  }
}
