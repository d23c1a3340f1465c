import GRDB
import Ledger

extension SQLiteTransaction {
  func job(_ id: JobID) throws -> Job? {
    try row("SELECT * FROM jobs WHERE id = ?", [id.text], table: "jobs").map(job)
  }

  func jobs(_ filter: JobFilter, _ page: Page<JobID>) throws -> [Job] {
    try rows(
      """
      SELECT * FROM jobs
      WHERE (?1 IS NULL OR state = ?1) AND (?2 IS NULL OR budget = ?2) AND (?3 IS NULL OR created > ?3)
        AND (?4 IS NULL OR position < (SELECT position FROM jobs WHERE id = ?4))
      ORDER BY position DESC LIMIT ?5
      """,
      [
        filter.state?.rawValue, filter.budget?.text, filter.createdAfter?.milliseconds, page.after?.text, page.limit,
      ], table: "jobs"
    ).map(job)
  }

  func oldestQueuedJob() throws -> Job? {
    try row("SELECT * FROM jobs WHERE state = 'queued' ORDER BY position LIMIT 1", [], table: "jobs").map(job)
  }

  func jobsWithExpiredLease(at now: Timestamp, limit: Int) throws -> [Job] {
    try rows(
      """
      SELECT * FROM jobs WHERE lease_expires IS NOT NULL AND lease_expires <= ?
      ORDER BY lease_expires, position LIMIT ?
      """, [now.milliseconds, limit], table: "jobs"
    ).map(job)
  }

  func insert(_ job: Job) throws {
    try execute(
      """
      INSERT INTO jobs (id, name, budget, reservation, dataset, specification, plan, steps, maximum_attempts,
        time_limit, created, state, attempts, losses, committed_step, announced_step, updated, version)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'queued', 0, 0, 0, 0, ?, ?)
      """,
      [
        job.id.text, job.name, job.budget?.text, job.reservation?.text, job.dataset, job.specification, job.plan,
        job.steps, job.maximumAttempts, job.timeLimitSeconds, job.created.milliseconds, job.updated.milliseconds,
        job.version,
      ])
  }

  func update(_ job: Job) throws {
    // Artifacts before the row: they belong to the state that the row then shows.
    try execute("DELETE FROM artifacts WHERE job = ?", [job.id.text])
    for (position, artifact) in job.artifacts.enumerated() {
      try execute(
        "INSERT INTO artifacts (job, position, name, byte_count, digest, media_type) VALUES (?, ?, ?, ?, ?, ?)",
        [job.id.text, position, artifact.name, artifact.byteCount, artifact.digest.data, artifact.mediaType])
    }
    try executeOnOneRow(
      """
      UPDATE jobs SET state = ?, state_reason = ?, attempts = ?, losses = ?, worker = ?, lease_token = ?,
        lease_expires = ?, committed_step = ?, checkpoint = ?, announced_step = ?, samples_per_second = ?,
        eta_seconds = ?, profile = ?, started = ?, ended = ?, updated = ?, version = ?
      WHERE id = ?
      """,
      [
        job.state.rawValue, job.stateReason, job.attempts, job.losses, job.lease?.worker, job.lease?.token,
        job.lease?.expires.milliseconds, job.committedStep, job.checkpoint?.data, job.announcedStep,
        job.samplesPerSecond, job.etaSeconds, job.profile, job.started?.milliseconds, job.ended?.milliseconds,
        job.updated.milliseconds, job.version, job.id.text,
      ], of: "job \(job.id)")
  }

  private func job(_ row: RowReader) throws -> Job {
    let id: JobID = try row.identifier("id")
    let artifacts = try rows(
      "SELECT * FROM artifacts WHERE job = ? ORDER BY position", [id.text], table: "artifacts of job \(id)"
    ).map { artifact in
      try Artifact(
        name: artifact.text("name"), byteCount: artifact.int64("byte_count"), digest: artifact.digest("digest"),
        mediaType: artifact.text("media_type"))
    }
    let lease = try row.optionalText("worker").map { worker in
      try Lease(worker: worker, token: row.int64("lease_token"), expires: row.time("lease_expires"))
    }
    return try Job(
      id: id, name: row.text("name"), budget: row.optionalIdentifier("budget"),
      reservation: row.optionalIdentifier("reservation"), dataset: row.text("dataset"),
      specification: row.text("specification"), plan: row.text("plan"), steps: row.int("steps"),
      maximumAttempts: row.int("maximum_attempts"), timeLimitSeconds: row.optionalInt64("time_limit"),
      created: row.time("created"), state: row.choice("state"), stateReason: row.optionalText("state_reason"),
      attempts: row.int("attempts"), losses: row.int("losses"), lease: lease,
      committedStep: row.int("committed_step"), checkpoint: row.optionalDigest("checkpoint"),
      announcedStep: row.int("announced_step"), samplesPerSecond: row.optionalDouble("samples_per_second"),
      etaSeconds: row.optionalDouble("eta_seconds"), profile: row.optionalText("profile"), artifacts: artifacts,
      started: row.optionalTime("started"), ended: row.optionalTime("ended"), updated: row.time("updated"),
      version: row.int64("version"))
  }

  func events(of job: JobID, _ page: Page<Int64>) throws -> [JobEvent] {
    try rows(
      "SELECT * FROM job_events WHERE job = ? AND sequence > ? ORDER BY sequence LIMIT ?",
      [job.text, page.after ?? 0, page.limit], table: "job_events"
    ).map { event in
      try JobEvent(
        job: job, sequence: event.int64("sequence"), time: event.time("time"), kind: event.text("kind"),
        data: event.text("data"))
    }
  }

  func lastEventSequence(of job: JobID) throws -> Int64 {
    try row(
      "SELECT sequence FROM job_events WHERE job = ? ORDER BY sequence DESC LIMIT 1", [job.text], table: "job_events"
    )?.int64("sequence") ?? 0
  }

  func append(_ event: JobEvent) throws {
    try execute(
      "INSERT INTO job_events (job, sequence, time, kind, data) VALUES (?, ?, ?, ?, ?)",
      [event.job.text, event.sequence, event.time.milliseconds, event.kind, event.data])
  }

  func metrics(of job: JobID, _ page: Page<Int>) throws -> [JobMetric] {
    try rows(
      "SELECT * FROM job_metrics WHERE job = ? AND step > ? ORDER BY step LIMIT ?",
      [job.text, page.after ?? -1, page.limit], table: "job_metrics"
    ).map { metric in
      try JobMetric(
        step: metric.int("step"), epoch: metric.double("epoch"), epsilon: metric.optionalDouble("epsilon"),
        accuracy: metric.optionalDouble("accuracy"), loss: metric.optionalDouble("loss"))
    }
  }

  func put(_ metric: JobMetric, of job: JobID) throws {
    try execute(
      """
      INSERT INTO job_metrics (job, step, epoch, epsilon, accuracy, loss) VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT (job, step) DO UPDATE SET epoch = excluded.epoch, epsilon = excluded.epsilon,
        accuracy = excluded.accuracy, loss = excluded.loss
      """,
      [job.text, metric.step, metric.epoch, metric.epsilon, metric.accuracy, metric.loss])
  }
}
