import Accounting
import Ledger

/// A job as clients read it. Nothing here was computed from private data but what a budget has paid for: progress is
/// steps, metrics are those of the public evaluation set.
struct JobAnswer {
  private let job: Job
  private let reservation: Reservation?
  private let metrics: [JobMetric]

  /// Points of a curve on one screen; longer curves are thinned.
  private static let metricLimit = 500

  /// - Parameter lastMetricOnly: in a list, where a whole curve for every job would be too much.
  init(_ job: Job, _ reader: LedgerReader, lastMetricOnly: Bool = false) throws {
    self.job = job
    reservation = try job.reservation.map(reader.reservation)
    metrics = try lastMetricOnly ? Self.last(of: job, reader) : Self.thinned(Self.all(of: job, reader))
  }

  private static func all(of job: Job, _ reader: LedgerReader) throws -> [JobMetric] {
    try reader.transaction.metrics(of: job.id, Page(limit: 10_000))
  }

  /// The last metric, mostly that of the last committed step: found without reading the curve.
  private static func last(of job: Job, _ reader: LedgerReader) throws -> [JobMetric] {
    let newest = try reader.transaction.metrics(of: job.id, Page(limit: 1, after: job.committedStep - 1))
    return try newest.isEmpty ? all(of: job, reader).suffix(1) : newest
  }

  /// Every k-th, and always the last.
  private static func thinned(_ metrics: [JobMetric]) -> [JobMetric] {
    let stride = (metrics.count + metricLimit - 1) / metricLimit
    guard stride > 1 else { return metrics }
    return metrics.indices.filter { ($0 + 1) % stride == 0 || $0 == metrics.count - 1 }.map { metrics[$0] }
  }

  func json() throws -> JSONValue {
    let specification = try LedgerText.value(job.specification, location: "specification of job \(job.id)")
    let profile = try job.profile.map { try LedgerText.value($0, location: "profile of job \(job.id)") }
    return .object([
      .init("id", .string(job.id.text)),
      .init("name", .string(job.name)),
      .init("state", .string(job.state.rawValue)),
      .init("state_reason", JSONValue(job.stateReason)),
      .init("budget", JSONValue(job.budget?.text)),
      .init("reservation", JSONValue(job.reservation?.text)),
      .init("dataset", .string(job.dataset)),
      .init("model", specification["model"] ?? .null),
      .init("training", specification["training"] ?? .null),
      .init("evaluation", specification["evaluation"] ?? .null),
      .init("privacy", try privacy()),
      .init("progress", progress),
      .init("metrics", .array(metrics.map(\.json))),
      .init("timing", profile?["timing"] ?? .null),
      .init("memory", profile?["memory"] ?? .null),
      .init("plan", profile?["plan"] ?? .null),
      .init("artifacts", .array(job.artifacts.map { $0.json(of: job.id) })),
      .init("attempts", .integer(job.attempts)),
      .init("created_at", .string(job.created.description)),
      .init("started_at", JSONValue(job.started?.description)),
      .init("finished_at", JSONValue(job.ended?.description)),
      .init("updated_at", .string(job.updated.description)),
      .init("version", .integer(Int(job.version))),
    ])
  }

  private func privacy() throws -> JSONValue {
    let facts = try PlanFacts(of: job)
    guard facts.json["private"] == .bool(true) else { return ["private": false] }
    let held = reservation.map { $0.state == .open ? $0.epsilon : 0 }
    return .object([
      .init("private", true),
      .init("noise_multiplier", facts.json["noise_multiplier"] ?? .null),
      .init("target_epsilon", facts.json["target_epsilon"] ?? .null),
      .init("delta", facts.json["delta"] ?? .null),
      .init("adjacency", facts.json["adjacency"] ?? .null),
      .init("sampling", facts.json["sampling"] ?? .null),
      .init("sample_rate", facts.json["sample_rate"] ?? .null),
      .init("epsilon_reserved", JSONValue(held)),
      .init("epsilon_so_far", JSONValue(try epsilonSoFar(facts))),
      .init("epsilon_at_end", facts.json["epsilon_at_end"] ?? .null),
      .init("accountant", "rdp"),
    ])
  }

  /// ε of the committed steps at the job's δ.
  private func epsilonSoFar(_ facts: PlanFacts) throws -> Double? {
    if job.committedStep == 0 { return 0 }
    if job.committedStep == job.steps { return facts.number("epsilon_at_end") }
    if let measured = metrics.last, measured.step == job.committedStep, let epsilon = measured.epsilon {
      return epsilon
    }
    guard let delta = facts.number("delta"), let relation = AccountingChoices.relation(facts.json["adjacency"])
    else { throw LedgerError.corrupt(location: "plan of job \(job.id)", detail: "it lacks its mechanism") }
    let event = PrivacyEvent.selfComposed(event: try stepEvent(), count: job.committedStep)
    return try RenyiAccountant(event: event, relation: relation).epsilon(delta: delta).epsilon
  }

  /// What one step costs: what the job's reservation holds, as often as the job has steps.
  private func stepEvent() throws -> PrivacyEvent {
    let location = "reservation of job \(job.id)"
    guard let text = reservation?.event else { throw LedgerError.corrupt(location: location, detail: "there is none") }
    let errors = FieldErrors()
    do {
      let node = try JSONScanner.scan(Array(text.utf8))
      guard let event = EventFields(errors: errors).read(node, at: .root), errors.isEmpty else {
        throw LedgerError.corrupt(location: location, detail: "its event cannot be read")
      }
      return event
    } catch let error as JSONSyntaxError {
      throw LedgerError.corrupt(location: location, detail: error.reason)
    }
  }

  private var progress: JSONValue {
    [
      "step": .integer(job.committedStep),
      "steps": .integer(job.steps),
      "fraction": .number(Double(job.committedStep) / Double(max(job.steps, 1))),
      "eta_seconds": JSONValue(job.etaSeconds),
      "samples_per_second": JSONValue(job.samplesPerSecond),
    ]
  }
}

extension JobMetric {
  fileprivate var json: JSONValue {
    [
      "step": .integer(step), "epoch": .number(epoch), "epsilon": JSONValue(epsilon), "accuracy": JSONValue(accuracy),
      "loss": JSONValue(loss),
    ]
  }
}

extension Artifact {
  func json(of job: JobID) -> JSONValue {
    [
      "name": .string(name), "bytes": .integer(Int(byteCount)), "sha256": .string(digest.description),
      "media_type": .string(mediaType), "href": .string("/v1/jobs/\(job)/artifacts/\(name)"),
    ]
  }
}
