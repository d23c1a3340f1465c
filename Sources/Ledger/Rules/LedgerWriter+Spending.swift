extension LedgerWriter {
  /// Charges at once what was done elsewhere (a notebook, say), whole or not at all.
  ///
  /// Throws `notFound`, `stateConflict` where a budget of the path is frozen, `budgetExceeded`.
  @discardableResult
  public func charge(_ price: Price, to id: BudgetID) throws -> LedgerEntry {
    let path = try payingPath(for: price, from: id)
    let postings = zip(path.budgets, price.amounts).map { budget, cost in
      Posting(budget: budget.id, spent: cost.amount, reserved: .zero(orders: budget.filter.orders.count))
    }
    return try post(
      LedgerEntry.Content(
        time: now, kind: .charged, budget: id, event: price.eventText, count: price.count, epsilon: price.epsilon,
        postings: postings),
      onto: path)
  }

  /// Holds the price until it is committed or released. Throws as `charge` does.
  @discardableResult
  public func reserve(_ price: Price, from id: BudgetID, job: JobID? = nil) throws -> Reservation {
    let path = try payingPath(for: price, from: id)
    let reservation = Reservation(
      id: moment.newIdentifier(), budget: id, job: job, event: price.eventText, count: price.count, committed: 0,
      state: .open, amounts: price.amounts, epsilon: price.epsilon, created: now, version: 1)
    let postings = zip(path.budgets, price.amounts).map { budget, cost in
      Posting(budget: budget.id, spent: .zero(orders: budget.filter.orders.count), reserved: cost.amount)
    }
    try transaction.insert(reservation)
    try post(
      LedgerEntry.Content(
        time: now, kind: .reserved, budget: id, event: price.eventText, count: price.count, epsilon: price.epsilon,
        job: job, reservation: reservation.id, postings: postings),
      onto: path)
    return reservation
  }

  /// Commits the reservation's steps up to and including step `through` (counted from 1): they have run, and what they
  /// computed may leave once this is durable. A `through` that is committed already changes nothing and gives nil: a
  /// retry is harmless.
  ///
  /// The first k of n steps cost ceil(k·A/n) of the amount A, so blocks of any size sum to A and never to less than
  /// their part. Frozen budgets do not stop a commit: what has run must be charged.
  ///
  /// Throws `notFound`, `invalid` for a step beyond the count, `stateConflict` for a released reservation.
  @discardableResult
  public func commit(_ id: ReservationID, through step: Int) throws -> LedgerEntry? {
    let reservation = try reader.reservation(id)
    guard (1...reservation.count).contains(step) else {
      throw LedgerError.invalid(field: "steps", detail: "the reservation holds \(reservation.count) steps")
    }
    guard step > reservation.committed else { return nil }
    guard reservation.state == .open else {
      throw LedgerError.stateConflict(detail: "the reservation is \(reservation.state.rawValue)")
    }
    let path = try path(of: reservation)
    let postings = zip(path.budgets, reservation.amounts).map { budget, whole in
      let before = budget.filter.share(of: whole.amount, part: reservation.committed, whole: reservation.count)
      let after = budget.filter.share(of: whole.amount, part: step, whole: reservation.count)
      let used = after.subtracting(before)
      return Posting(budget: budget.id, spent: used, reserved: used.negated)
    }
    var changed = reservation
    changed.committed = step
    changed.state = step == reservation.count ? .committed : .open
    changed.version = try Self.next(reservation.version, "reservation \(id)")
    try transaction.update(changed)
    return try post(
      content(.committed, of: reservation, count: step - reservation.committed, postings: postings), onto: path)
  }

  /// Gives back what was not committed. Only for who knows that nothing computed in the uncommitted steps has left. A
  /// reservation that is resolved already stays as it is and gives nil.
  ///
  /// Throws `notFound`.
  @discardableResult
  public func release(_ id: ReservationID) throws -> LedgerEntry? {
    let reservation = try reader.reservation(id)
    guard reservation.state == .open else { return nil }
    let path = try path(of: reservation)
    let postings = zip(path.budgets, reservation.amounts).map { budget, whole in
      let used = budget.filter.share(of: whole.amount, part: reservation.committed, whole: reservation.count)
      let rest = whole.amount.subtracting(used)
      return Posting(
        budget: budget.id, spent: .zero(orders: budget.filter.orders.count), reserved: rest.negated)
    }
    var changed = reservation
    changed.state = .released
    changed.version = try Self.next(reservation.version, "reservation \(id)")
    try transaction.update(changed)
    return try post(
      content(.released, of: reservation, count: reservation.count - reservation.committed, postings: postings),
      onto: path)
  }

  /// The path that may pay the price now.
  private func payingPath(for price: Price, from id: BudgetID) throws -> BudgetPath {
    let path = try reader.budgetPath(id)
    if let frozen = path.frozenBudget { throw LedgerError.stateConflict(detail: "budget \(frozen) is frozen") }
    if let refusal = try path.refusal(of: price) { throw LedgerError.budgetExceeded(refusal) }
    return path
  }

  private func path(of reservation: Reservation) throws -> BudgetPath {
    let path = try reader.budgetPath(reservation.budget)
    let fits = path.budgets.elementsEqual(reservation.amounts) { budget, amount in
      budget.id == amount.budget && budget.filter.orders.count == amount.amount.divergences.count
    }
    guard fits else {
      throw LedgerError.corrupt(location: "reservation \(reservation.id)", detail: "it does not fit its budgets")
    }
    return path
  }

  private func content(
    _ kind: LedgerEntry.Kind, of reservation: Reservation, count: Int, postings: [Posting]
  ) -> LedgerEntry.Content {
    LedgerEntry.Content(
      time: now, kind: kind, budget: reservation.budget, event: reservation.event, count: count,
      job: reservation.job, reservation: reservation.id, postings: postings)
  }
}
