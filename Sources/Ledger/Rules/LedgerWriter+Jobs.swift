extension LedgerWriter {
  /// Takes a job: holds its whole price, then queues it, in this one transaction. Without a price the run has no
  /// privacy and its dataset must be public.
  ///
  /// Throws `invalid`, `notFound` for the dataset or budget, `stateConflict` for a frozen budget, `budgetExceeded`.
  @discardableResult
  public func submitJob(_ draft: JobDraft, paying price: Price?, from budget: BudgetID?) throws -> Job {
    try Self.checkText(draft.name, field: "name")
    guard (1...Price.maximumCount).contains(draft.steps) else {
      throw LedgerError.invalid(field: "steps", detail: "must be from 1 to \(Price.maximumCount)")
    }
    guard (1...100).contains(draft.maximumAttempts) else {
      throw LedgerError.invalid(field: "maximum_attempts", detail: "must be from 1 to 100")
    }
    if let limit = draft.timeLimitSeconds, !(1...315_576_000).contains(limit) {
      throw LedgerError.invalid(field: "time_limit_seconds", detail: "must be from 1 second to 10 years")
    }
    let dataset = try reader.dataset(named: draft.dataset)
    let id: JobID = moment.newIdentifier()
    let reservation = try hold(price, from: budget, for: draft, on: dataset, job: id)

    let job = Job(
      id: id, name: draft.name, budget: budget, reservation: reservation?.id, dataset: draft.dataset,
      specification: draft.specification, plan: draft.plan, steps: draft.steps,
      maximumAttempts: draft.maximumAttempts, timeLimitSeconds: draft.timeLimitSeconds, created: now, state: .queued,
      stateReason: nil, attempts: 0, losses: 0, lease: nil, committedStep: 0, checkpoint: nil, announcedStep: 0,
      samplesPerSecond: nil, etaSeconds: nil, profile: nil, artifacts: [], started: nil, ended: nil, updated: now,
      version: 1)
    try transaction.insert(job)
    try record("queued", of: job)
    return job
  }

  private func hold(
    _ price: Price?, from budget: BudgetID?, for draft: JobDraft, on dataset: Dataset, job: JobID
  ) throws -> Reservation? {
    guard let price, let budget else {
      guard price == nil, budget == nil else {
        throw LedgerError.invalid(field: "budget", detail: "a private run needs a budget, a run without privacy none")
      }
      guard dataset.isPublic else {
        throw LedgerError.invalid(
          field: "privacy", detail: "dataset \(dataset.name) is not public: it is trained on with privacy only")
      }
      return nil
    }
    let paying = try reader.budget(budget)
    guard paying.protects(dataset.name) else {
      throw LedgerError.invalid(field: "budget", detail: "it protects \(paying.dataset), not \(dataset.name)")
    }
    guard price.count == draft.steps else {
      throw LedgerError.invalid(field: "steps", detail: "\(price.count) steps are priced, \(draft.steps) are to run")
    }
    return try reserve(price, from: budget, job: job)
  }

  /// Asks for the end of a job. One that no worker holds ends at once; another stops at its next step. Repeating is
  /// harmless. Steps that a lost worker may have begun are charged, as where its job ends by the loss. Throws `notFound`,
  /// `stateConflict` for a job that ended in another way.
  @discardableResult
  public func requestCancel(_ id: JobID) throws -> Job {
    let job = try reader.job(id)
    switch job.state {
    case .queued, .paused:
      let begun = max(job.announcedStep, job.committedStep)
      return try end(job, as: .cancelled, reason: "cancelled_by_user", ranThrough: begun)
    case .running, .pausing: return try move(job, to: .cancelling)
    case .cancelling, .cancelled: return job
    case .succeeded, .failed, .budgetStopped, .timedOut: throw Self.conflict(job, "cancelled")
    }
  }

  /// Asks a job to stop for now; what it holds stays held. Throws `notFound`, `stateConflict`.
  @discardableResult
  public func requestPause(_ id: JobID) throws -> Job {
    let job = try reader.job(id)
    switch job.state {
    case .queued: return try move(job, to: .paused)
    case .running: return try move(job, to: .pausing)
    case .pausing, .paused: return job
    case .cancelling, .succeeded, .failed, .cancelled, .budgetStopped, .timedOut: throw Self.conflict(job, "paused")
    }
  }

  /// Lets a paused job go on. Throws `notFound`, `stateConflict`.
  @discardableResult
  public func requestResume(_ id: JobID) throws -> Job {
    let job = try reader.job(id)
    switch job.state {
    case .paused: return try move(job, to: .queued)
    case .pausing: return try move(job, to: .running)
    case .queued, .running: return job
    case .cancelling, .succeeded, .failed, .cancelled, .budgetStopped, .timedOut: throw Self.conflict(job, "resumed")
    }
  }

  /// Ends a job: charges the steps that ran, releases the rest.
  func end(_ job: Job, as state: Job.State, reason: String?, ranThrough step: Int) throws -> Job {
    if let reservation = job.reservation {
      if step > 0 { try commit(reservation, through: step) }
      try release(reservation)
    }
    return try move(job, to: state) { job in
      job.stateReason = reason
      job.lease = nil
      job.etaSeconds = nil
      job.ended = now
    }
  }

  /// Changes a job's state by the transition table, and says so in its events.
  @discardableResult
  func move(_ job: Job, to state: Job.State, change: (inout Job) -> Void = { _ in }) throws -> Job {
    guard job.state.successors.contains(state) else {
      throw LedgerError.stateConflict(detail: "a job that is \(job.state.rawValue) cannot become \(state.rawValue)")
    }
    let moved = try update(job) { job in
      job.state = state
      change(&job)
    }
    try record(state.rawValue, of: moved)
    return moved
  }

  func update(_ job: Job, change: (inout Job) -> Void) throws -> Job {
    var changed = job
    change(&changed)
    changed.updated = max(now, job.updated)
    changed.version = try Self.next(job.version, "job \(job.id)")
    try transaction.update(changed)
    return changed
  }

  /// Appends to a job's timeline. `fields` are names and JSON values.
  func record(_ kind: String, of job: Job, fields: [(name: String, value: String)] = []) throws {
    let (sequence, overflow) = try transaction.lastEventSequence(of: job.id).addingReportingOverflow(1)
    guard !overflow else { throw LedgerError.corrupt(location: "job \(job.id)", detail: "its events are too many") }
    let state = [(name: "state", value: "\"\(job.state.rawValue)\""), (name: "step", value: String(job.committedStep))]
    let members = (state + fields).map { "\"\($0.name)\":\($0.value)" }
    try transaction.append(
      JobEvent(
        job: job.id, sequence: sequence, time: now, kind: kind, data: "{" + members.joined(separator: ",") + "}"))
  }

  private static func conflict(_ job: Job, _ verb: String) -> LedgerError {
    .stateConflict(detail: "a job that is \(job.state.rawValue) cannot be \(verb)")
  }
}
