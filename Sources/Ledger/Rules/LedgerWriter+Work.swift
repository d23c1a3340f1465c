/// What a worker says of the job it holds. Each call names the fencing token of its lease; where that is not the
/// current one, or the job is no longer worked on, it throws `leaseLost` and nothing changes.
extension LedgerWriter {
  /// Takes the oldest job that waits, after putting aside those whose workers are gone; nil where none waits. The
  /// lease's token is the number of the claim.
  public func claimJob(worker: String, leaseSeconds: Int64) throws -> Job? {
    try Self.checkText(worker, field: "worker")
    try Self.checkLease(leaseSeconds)
    try reclaimLostLeases()
    guard let job = try transaction.oldestQueuedJob() else { return nil }
    try job.check()
    let attempts = job.attempts + 1
    return try move(job, to: .running) { job in
      job.attempts = attempts
      job.lease = Lease(worker: worker, token: Int64(attempts), expires: now.adding(seconds: leaseSeconds))
      job.announcedStep = job.committedStep
      job.started = job.started ?? now
    }
  }

  /// Puts aside every job whose lease ended: back into the queue, or ended where it was to be cancelled or lost its
  /// worker too often without a commit in between. Uncommitted steps were never revealed, so they are run again; where
  /// the job ends instead, those that may have begun are charged, since nobody is left to say that they did not.
  @discardableResult
  public func reclaimLostLeases() throws -> [Job] {
    try transaction.jobsWithExpiredLease(at: now, limit: 100).map(putAside)
  }

  private func putAside(_ job: Job) throws -> Job {
    try job.check()
    let begun = max(job.announcedStep, job.committedStep)
    let losses = job.losses + 1
    switch job.state {
    case .cancelling: return try end(job, as: .cancelled, reason: "cancelled_by_user", ranThrough: begun)
    case .running where losses >= job.maximumAttempts, .pausing where losses >= job.maximumAttempts:
      return try end(job, as: .failed, reason: "worker_lost", ranThrough: begun)
    case .running, .pausing:
      return try move(job, to: job.state == .pausing ? .paused : .queued) { job in
        job.lease = nil
        job.losses = losses
      }
    case .queued, .paused, .succeeded, .failed, .cancelled, .budgetStopped, .timedOut:
      throw LedgerError.corrupt(location: "job \(job.id)", detail: "it has a lease but is \(job.state.rawValue)")
    }
  }

  /// Prolongs the lease, and announces that steps up to `announcedStep` may begin. Read the answer's state:
  /// `pausing` and `cancelling` are requests to stop at the next step.
  @discardableResult
  public func heartbeat(
    _ id: JobID, token: Int64, leaseSeconds: Int64, announcedStep: Int? = nil, samplesPerSecond: Double? = nil,
    etaSeconds: Double? = nil
  ) throws -> Job {
    try Self.checkLease(leaseSeconds)
    let job = try heldJob(id, token: token)
    for (field, value) in [("samples_per_second", samplesPerSecond), ("eta_seconds", etaSeconds)] {
      guard value.map({ $0 >= 0 && $0.isFinite }) ?? true else {
        throw LedgerError.invalid(field: field, detail: "must be a finite number from 0")
      }
    }
    let announced = try Self.announced(announcedStep, in: job)
    return try update(job) { job in
      job.lease?.expires = now.adding(seconds: leaseSeconds)
      job.announcedStep = announced
      job.samplesPerSecond = samplesPerSecond ?? job.samplesPerSecond
      job.etaSeconds = etaSeconds ?? job.etaSeconds
    }
  }

  /// Charges the steps up to and including `step`, whose checkpoint is staged with this digest, and prolongs the lease.
  /// Once it returned and the transaction is durable, the checkpoint counts and the metrics of these steps may leave.
  /// `announcedStep` announces the next block.
  ///
  /// Repeating it with the same step and digest is harmless. Throws `leaseLost`, `invalid` for a step that is not
  /// beyond the committed one or is beyond the run.
  @discardableResult
  public func commitBlock(
    _ id: JobID, token: Int64, through step: Int, checkpoint: Digest, leaseSeconds: Int64, announcedStep: Int? = nil
  ) throws -> Job {
    try Self.checkLease(leaseSeconds)
    let job = try heldJob(id, token: token)
    if step == job.committedStep, job.checkpoint == checkpoint { return job }
    guard step > job.committedStep, step <= job.steps else {
      throw LedgerError.invalid(
        field: "step", detail: "must be beyond \(job.committedStep), which is committed, and at most \(job.steps)")
    }
    if let reservation = job.reservation { try commit(reservation, through: step) }
    var stepped = job
    stepped.committedStep = step
    stepped.announcedStep = max(step, job.announcedStep)
    let announced = try Self.announced(announcedStep, in: stepped)
    let committed = try update(job) { job in
      job.committedStep = step
      job.checkpoint = checkpoint
      // The job gets on, so what ended earlier workers was not the job: a long one outlives any number of power cuts.
      job.losses = 0
      job.announcedStep = announced
      job.lease?.expires = now.adding(seconds: leaseSeconds)
    }
    try record("committed", of: committed)
    return committed
  }

  /// Stores figures of the public evaluation set. Throws `leaseLost`, and `invalid` for a step that is not committed
  /// (nothing computed from private data leaves unpaid) or a figure that is no finite number in its range.
  public func recordMetric(_ metric: JobMetric, of id: JobID, token: Int64) throws {
    let job = try heldJob(id, token: token)
    guard (0...job.committedStep).contains(metric.step) else {
      throw LedgerError.invalid(field: "step", detail: "step \(metric.step) is not committed")
    }
    let isEpsilonSound = metric.epsilon.map { $0 >= 0 && $0.isFinite } ?? true
    let isAccuracySound = metric.accuracy.map { (0...1).contains($0) } ?? true
    let isLossSound = metric.loss.map(\.isFinite) ?? true
    guard metric.epoch >= 0, metric.epoch.isFinite, isEpsilonSound, isAccuracySound, isLossSound else {
      throw LedgerError.invalid(field: "metric", detail: "its figures must be finite and in their ranges")
    }
    try transaction.put(metric, of: id)
    let figures: [(name: String, value: Double?)] = [
      ("epoch", metric.epoch), ("epsilon", metric.epsilon), ("accuracy", metric.accuracy), ("loss", metric.loss),
    ]
    let fields = figures.map { (name: $0.name, value: $0.value.map { "\($0)" } ?? "null") }
    try record("metrics", of: job, fields: [(name: "metric_step", value: String(metric.step))] + fields)
  }

  /// Stores timing and memory (the caller's JSON). Throws `leaseLost`.
  public func recordProfile(_ profile: String, of id: JobID, token: Int64) throws {
    _ = try update(heldJob(id, token: token)) { $0.profile = profile }
  }

  /// How a run ended, in its worker's words.
  public enum Outcome: Hashable, Sendable {
    /// Every step is committed.
    case succeeded(artifacts: [Artifact])
    /// `reason` is a code that depends on no private data.
    case failed(reason: String)
    /// It stopped since it was asked to.
    case cancelled
    case budgetStopped
    case timedOut
  }

  /// Ends a job: charges the steps up to and including `ranThrough` that are not committed yet (they ran, though
  /// nothing of them left), and releases the rest.
  ///
  /// Throws `leaseLost`, `invalid` for a step beyond the run or a success with steps left, `stateConflict` for
  /// `cancelled` where nobody asked for it.
  @discardableResult
  public func finishJob(_ id: JobID, token: Int64, as outcome: Outcome, ranThrough step: Int) throws -> Job {
    let job = try heldJob(id, token: token)
    guard (job.committedStep...job.steps).contains(step) else {
      throw LedgerError.invalid(
        field: "step", detail: "must be from \(job.committedStep), which is committed, to \(job.steps)")
    }
    switch outcome {
    case .succeeded(let artifacts):
      guard job.committedStep == job.steps else {
        throw LedgerError.invalid(field: "step", detail: "\(job.committedStep) of \(job.steps) steps are committed")
      }
      let done = try update(job) { $0.artifacts = artifacts }
      return try end(done, as: .succeeded, reason: nil, ranThrough: step)
    case .failed(let reason):
      try Self.checkReason(reason)
      return try end(job, as: .failed, reason: reason, ranThrough: step)
    case .cancelled: return try end(job, as: .cancelled, reason: "cancelled_by_user", ranThrough: step)
    case .budgetStopped: return try end(job, as: .budgetStopped, reason: "budget_stopped", ranThrough: step)
    case .timedOut: return try end(job, as: .timedOut, reason: "time_limit", ranThrough: step)
    }
  }

  /// Leaves a job that was asked to pause, once every step that ran is committed. Where the pause was withdrawn
  /// meanwhile the job waits in the queue, and where it is to be cancelled by now it ends. Throws `leaseLost`.
  @discardableResult
  public func parkJob(_ id: JobID, token: Int64) throws -> Job { try leaveJob(id, token: token) }

  /// Gives a job back to the queue, because the worker shuts down, once every step that ran is committed. It counts as
  /// no loss. Where the job is to pause or to be cancelled by now it does. Throws `leaseLost`.
  @discardableResult
  public func returnJob(_ id: JobID, token: Int64) throws -> Job { try leaveJob(id, token: token) }

  private func leaveJob(_ id: JobID, token: Int64) throws -> Job {
    let job = try heldJob(id, token: token)
    if job.state == .cancelling {
      return try end(job, as: .cancelled, reason: "cancelled_by_user", ranThrough: job.committedStep)
    }
    return try move(job, to: job.state == .pausing ? .paused : .queued) { job in
      job.lease = nil
      // Its worker says that no more than this has run.
      job.announcedStep = job.committedStep
    }
  }

  private func heldJob(_ id: JobID, token: Int64) throws -> Job {
    let job = try reader.job(id)
    guard job.state.isWorked, job.lease?.token == token else { throw LedgerError.leaseLost(job: id) }
    return job
  }

  private static func announced(_ step: Int?, in job: Job) throws -> Int {
    guard let step else { return job.announcedStep }
    guard (job.committedStep...job.steps).contains(step) else {
      throw LedgerError.invalid(
        field: "announced_step", detail: "must be from \(job.committedStep) to \(job.steps)")
    }
    return max(step, job.announcedStep)
  }

  private static func checkLease(_ seconds: Int64) throws {
    guard (1...86_400).contains(seconds) else {
      throw LedgerError.invalid(field: "lease_seconds", detail: "must be from 1 second to a day")
    }
  }

  private static func checkReason(_ reason: String) throws {
    let isCode = reason.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 95 }
    guard (1...64).contains(reason.utf8.count), isCode else {
      throw LedgerError.invalid(field: "reason", detail: "must be a code of 1 to 64 letters a-z, digits and _")
    }
  }
}
