/// A training job: what was asked, where it stands, and who works on it.
public struct Job: Hashable, Sendable {
  public let id: JobID
  public let name: String
  /// nil for a run without privacy on public data.
  public let budget: BudgetID?
  public let reservation: ReservationID?
  public let dataset: String
  /// The request's JSON, as it was taken.
  public let specification: String
  /// JSON of what was derived from it when it was submitted (steps, sampling probability, ε at the end, …); the
  /// caller's own text.
  public let plan: String
  /// Steps of the whole run, ≥ 1.
  public let steps: Int
  public let maximumAttempts: Int
  /// Whole seconds of running after which the job is `timed_out`, or nil.
  public let timeLimitSeconds: Int64?
  public let created: Timestamp

  public var state: State
  /// A code that depends on no private data: `worker_lost`, `cancelled_by_user`, `out_of_memory`, …
  public var stateReason: String?
  /// Claims so far. Each begins with a new noise key.
  public var attempts: Int
  /// Claims since the last committed block whose worker was never heard of again.
  public var losses: Int
  public var lease: Lease?
  /// The last step whose checkpoint is committed, 0…steps: a resumed run begins after it.
  public var committedStep: Int
  /// SHA-256 of the checkpoint of `committedStep`; nil before the first.
  public var checkpoint: Digest?
  /// Steps that may have begun, committedStep…steps: what the worker last announced.
  public var announcedStep: Int
  public var samplesPerSecond: Double?
  public var etaSeconds: Double?
  /// JSON of timing and memory, reported by the worker once the run ended; never measured on private data by itself.
  public var profile: String?
  public var artifacts: [Artifact]
  public var started: Timestamp?
  public var ended: Timestamp?
  public var updated: Timestamp
  /// Grows by one with each change of the row; its `ETag`.
  public var version: Int64

  public init(
    id: JobID, name: String, budget: BudgetID?, reservation: ReservationID?, dataset: String, specification: String,
    plan: String, steps: Int, maximumAttempts: Int, timeLimitSeconds: Int64?, created: Timestamp, state: State,
    stateReason: String?, attempts: Int, losses: Int, lease: Lease?, committedStep: Int, checkpoint: Digest?,
    announcedStep: Int,
    samplesPerSecond: Double?, etaSeconds: Double?, profile: String?, artifacts: [Artifact], started: Timestamp?,
    ended: Timestamp?, updated: Timestamp, version: Int64
  ) {
    self.id = id
    self.name = name
    self.budget = budget
    self.reservation = reservation
    self.dataset = dataset
    self.specification = specification
    self.plan = plan
    self.steps = steps
    self.maximumAttempts = maximumAttempts
    self.timeLimitSeconds = timeLimitSeconds
    self.created = created
    self.state = state
    self.stateReason = stateReason
    self.attempts = attempts
    self.losses = losses
    self.lease = lease
    self.committedStep = committedStep
    self.checkpoint = checkpoint
    self.announcedStep = announcedStep
    self.samplesPerSecond = samplesPerSecond
    self.etaSeconds = etaSeconds
    self.profile = profile
    self.artifacts = artifacts
    self.started = started
    self.ended = ended
    self.updated = updated
    self.version = version
  }
}

/// The right of one worker to run a job until `expires`. The token grows with each claim: a worker that comes back
/// from a long pause holds an old one, and nothing it says counts.
public struct Lease: Hashable, Sendable {
  public let worker: String
  /// The fencing token; equal to the attempt's number.
  public let token: Int64
  public var expires: Timestamp

  public init(worker: String, token: Int64, expires: Timestamp) {
    self.worker = worker
    self.token = token
    self.expires = expires
  }
}

/// A file that an ended job left.
public struct Artifact: Hashable, Sendable {
  public let name: String
  public let byteCount: Int64
  public let digest: Digest
  public let mediaType: String

  public init(name: String, byteCount: Int64, digest: Digest, mediaType: String) {
    self.name = name
    self.byteCount = byteCount
    self.digest = digest
    self.mediaType = mediaType
  }
}

/// The wish for a job; `LedgerWriter.submitJob` judges it.
public struct JobDraft: Hashable, Sendable {
  public var name: String
  public var dataset: String
  public var specification: String
  public var plan: String
  public var steps: Int
  public var maximumAttempts: Int
  public var timeLimitSeconds: Int64?

  public init(
    name: String, dataset: String, specification: String, plan: String, steps: Int, maximumAttempts: Int = 3,
    timeLimitSeconds: Int64? = nil
  ) {
    self.name = name
    self.dataset = dataset
    self.specification = specification
    self.plan = plan
    self.steps = steps
    self.maximumAttempts = maximumAttempts
    self.timeLimitSeconds = timeLimitSeconds
  }
}
