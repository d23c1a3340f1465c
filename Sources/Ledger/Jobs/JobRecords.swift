/// Something that happened to a job, for its timeline and its stream of server-sent events.
public struct JobEvent: Hashable, Sendable {
  public let job: JobID
  /// From 1 without a gap within a job: the stream's `Last-Event-ID`.
  public let sequence: Int64
  public let time: Timestamp
  /// `queued, started, progress, metrics, checkpoint, pausing, …`: states and what lies between.
  public let kind: String
  /// A JSON object.
  public let data: String

  public init(job: JobID, sequence: Int64, time: Timestamp, kind: String, data: String) {
    self.job = job
    self.sequence = sequence
    self.time = time
    self.kind = kind
    self.data = data
  }
}

/// Figures after a step, on the public evaluation set only.
public struct JobMetric: Hashable, Sendable {
  /// Steps done, 0…steps.
  public let step: Int
  public let epoch: Double
  /// ε of the steps so far, rounded up; nil without privacy.
  public let epsilon: Double?
  /// In 0…1.
  public let accuracy: Double?
  public let loss: Double?

  public init(step: Int, epoch: Double, epsilon: Double?, accuracy: Double?, loss: Double?) {
    self.step = step
    self.epoch = epoch
    self.epsilon = epsilon
    self.accuracy = accuracy
    self.loss = loss
  }
}
