/// The state that the entries alone lead to, built one entry at a time and checked at each.
struct LedgerReplay {
  let transaction: any ReadTransaction
  /// Entries that hold so far.
  private(set) var entries: Int64 = 0
  private(set) var head = Digest.zero
  private(set) var budgets: [BudgetID: BudgetState] = [:]
  private(set) var reservations: [ReservationID: ReservationState] = [:]
  /// The entry being looked at; nil once all are done.
  private(set) var current: Int64?

  struct BudgetState {
    /// The stored row: its definition is checked against the first entry, its balance in the end.
    let row: Budget
    var name: String
    var isFrozen = false
    var spent: Spend
    var reserved: Spend
  }

  struct ReservationState {
    let budget: BudgetID
    let job: JobID?
    let event: String?
    let count: Int
    let amounts: [BudgetAmount]
    var committed = 0
    var isReleased = false

    var state: Reservation.State { isReleased ? .released : committed == count ? .committed : .open }
  }

  typealias Fault = LedgerVerification.Fault

  init(transaction: any ReadTransaction) { self.transaction = transaction }

  mutating func run() throws {
    let last = try transaction.lastEntry()?.sequence ?? 0
    while entries < last {
      current = entries + 1
      guard let entry = try transaction.entry(entries + 1) else { throw fault("it is missing") }
      try checkChain(entry)
      try apply(entry.content)
      entries += 1
      head = entry.hash
    }
    current = nil
    try compareBudgets()
    try compareReservations()
  }

  func check(_ checkpoint: (sequence: Int64, hash: Digest)) throws {
    guard try transaction.entry(checkpoint.sequence)?.hash == checkpoint.hash else {
      throw Fault(sequence: checkpoint.sequence, detail: "it is not the one that was noted")
    }
  }

  private func checkChain(_ entry: LedgerEntry) throws {
    guard entry.sequence == entries + 1 else { throw fault("it is numbered \(entry.sequence)") }
    guard entry.previousHash == head else { throw fault("it does not follow the entry before it") }
    let bytes = LedgerEntry.canonicalBytes(
      sequence: entry.sequence, content: entry.content, previousHash: entry.previousHash)
    guard try Digest(of: bytes) == entry.hash else { throw fault("its content does not have its hash") }
  }

  private mutating func apply(_ content: LedgerEntry.Content) throws {
    switch content.kind {
    case .budgetCreated: try create(content)
    case .budgetRenamed, .budgetFrozen, .budgetThawed: try change(content)
    case .charged:
      try require(content.postings.allSatisfy { $0.reserved.isZero }, "a charge holds nothing")
      try post(content)
    case .reserved: try reserve(content)
    case .committed: try commit(content)
    case .released: try release(content)
    }
  }

  private mutating func create(_ content: LedgerEntry.Content) throws {
    try require(budgets[content.budget] == nil, "the budget was created before")
    guard let row = try transaction.budget(content.budget) else { throw fault("its budget is missing") }
    guard let name = row.name(inDefinition: content.detail ?? "") else {
      throw fault("the budget is not the one that was created")
    }
    try require(row.parent.map { budgets[$0] != nil } ?? true, "the budget above was not created before")
    try requireNothingSpent(content)
    let zero = Spend.zero(orders: row.filter.orders.count)
    budgets[content.budget] = BudgetState(row: row, name: name, spent: zero, reserved: zero)
  }

  private mutating func change(_ content: LedgerEntry.Content) throws {
    guard var state = budgets[content.budget] else { throw fault("the budget was not created before") }
    try requireNothingSpent(content)
    switch content.kind {
    case .budgetRenamed: state.name = content.detail ?? ""
    case .budgetFrozen: state.isFrozen = true
    default: state.isFrozen = false
    }
    budgets[content.budget] = state
  }

  private mutating func reserve(_ content: LedgerEntry.Content) throws {
    guard let id = content.reservation, let count = content.count, count >= 1, reservations[id] == nil else {
      throw fault("it opens no new reservation")
    }
    try require(content.postings.allSatisfy { $0.spent.isZero && $0.reserved.isNonNegative }, "it only holds")
    try post(content)
    reservations[id] = ReservationState(
      budget: content.budget, job: content.job, event: content.event, count: count,
      amounts: content.postings.map { BudgetAmount(budget: $0.budget, amount: $0.reserved) })
  }

  private mutating func commit(_ content: LedgerEntry.Content) throws {
    var (id, state) = try openReservation(of: content)
    guard let count = content.count, count >= 1, count <= state.count - state.committed else {
      throw fault("it commits more than was held")
    }
    let expected = try state.amounts.map { whole in
      let filter = try budgetState(whole.budget).row.filter
      let before = filter.share(of: whole.amount, part: state.committed, whole: state.count)
      let used = filter.share(of: whole.amount, part: state.committed + count, whole: state.count).subtracting(before)
      return Posting(budget: whole.budget, spent: used, reserved: used.negated)
    }
    try require(content.postings == expected, "it does not post its part of what was held")
    try post(content)
    state.committed += count
    reservations[id] = state
  }

  private mutating func release(_ content: LedgerEntry.Content) throws {
    var (id, state) = try openReservation(of: content)
    let expected = try state.amounts.map { whole in
      let filter = try budgetState(whole.budget).row.filter
      let used = filter.share(of: whole.amount, part: state.committed, whole: state.count)
      let zero = Spend.zero(orders: filter.orders.count)
      return Posting(budget: whole.budget, spent: zero, reserved: whole.amount.subtracting(used).negated)
    }
    try require(content.count == state.count - state.committed, "it does not release the rest")
    try require(content.postings == expected, "it does not give back the rest of what was held")
    try post(content)
    state.isReleased = true
    reservations[id] = state
  }

  /// Adds the postings, which must go to the budget and to every budget above it.
  private mutating func post(_ content: LedgerEntry.Content) throws {
    var expected: BudgetID? = content.budget
    for posting in content.postings {
      var state = try budgetState(posting.budget)
      try require(posting.budget == expected, "it does not post to each budget up to the root")
      expected = state.row.parent
      try require(posting.spent.isNonNegative, "it gives back what was spent")
      guard let spent = state.spent.adding(posting.spent), let reserved = state.reserved.adding(posting.reserved),
        reserved.isNonNegative, let sum = spent.adding(reserved), state.row.filter.admits(sum)
      else { throw fault("it takes budget \(posting.budget) beyond its bounds") }
      state.spent = spent
      state.reserved = reserved
      budgets[posting.budget] = state
    }
    try require(expected == nil, "it does not post to each budget up to the root")
  }

  private func compareBudgets() throws {
    var page = Page<BudgetID>(limit: 500)
    while true {
      let rows = try transaction.budgets(page)
      for row in rows {
        guard let state = budgets[row.id] else { throw fault("budget \(row.id) has no entry") }
        try require(state.spent == row.spent, "budget \(row.id): what it spent is not the sum of its entries")
        try require(state.reserved == row.reserved, "budget \(row.id): what it holds is not the sum of its entries")
        try require(state.isFrozen == row.isFrozen, "budget \(row.id): no entry says why it is frozen or not")
        try require(state.name == row.name, "budget \(row.id): no entry gives its name")
      }
      guard let last = rows.last, rows.count == page.limit else { return }
      page = Page(limit: 500, after: last.id)
    }
  }

  private func compareReservations() throws {
    var page = Page<ReservationID>(limit: 500)
    var found = 0
    while true {
      let rows = try transaction.reservations(page)
      for row in rows { try compare(row) }
      found += rows.count
      guard let last = rows.last, rows.count == page.limit else { break }
      page = Page(limit: 500, after: last.id)
    }
    try require(found == reservations.count, "a reservation of the entries is missing")
  }

  private func compare(_ row: Reservation) throws {
    guard let state = reservations[row.id] else { throw fault("reservation \(row.id) has no entry") }
    let agrees =
      row.budget == state.budget && row.job == state.job && row.event == state.event && row.count == state.count
      && row.amounts == state.amounts && row.committed == state.committed && row.state == state.state
    try require(agrees, "reservation \(row.id) is not what its entries say")
    guard let id = row.job else { return }
    guard let job = try transaction.job(id) else { throw fault("job \(id) is missing") }
    try require(job.reservation == row.id, "job \(id) does not name its reservation")
    try require(job.committedStep <= row.committed, "job \(id) shows more steps than were charged")
    try require(!job.state.isEnded || row.state != .open, "job \(id) has ended but still holds budget")
  }

  private func requireNothingSpent(_ content: LedgerEntry.Content) throws {
    let isEmpty = content.postings.allSatisfy { $0.budget == content.budget && $0.spent.isZero && $0.reserved.isZero }
    try require(isEmpty && content.postings.count == 1, "an entry of this kind spends nothing")
  }

  private func openReservation(of content: LedgerEntry.Content) throws -> (ReservationID, ReservationState) {
    guard let id = content.reservation, let state = reservations[id], state.state == .open,
      state.budget == content.budget, state.event == content.event, state.job == content.job
    else { throw fault("it resolves no open reservation") }
    return (id, state)
  }

  private func budgetState(_ id: BudgetID) throws -> BudgetState {
    guard let state = budgets[id] else { throw fault("budget \(id) was not created before") }
    return state
  }

  private func require(_ holds: Bool, _ detail: String) throws {
    guard holds else { throw fault(detail) }
  }

  private func fault(_ detail: String) -> Fault { Fault(sequence: current, detail: detail) }
}
