import Accounting
import Ledger
import LedgerTesting

/// Runs a table of commands against a fresh ledger, one a line, each with the outcome it must have:
///
///     budget root fmnist 3 1e-5 => ok
///     charge root gaussian:10 4 => ok
///
/// Things have names of their own in a script; blank lines and lines that begin with `#` are passed over. After every
/// line the whole ledger is verified.
struct LedgerScript {
  let store: any Store
  private let moments = CountingMoments()
  private var seconds: Int64 = 0
  private var budgets: [String: BudgetID] = [:]
  private var reservations: [String: ReservationID] = [:]
  private var jobs: [String: JobID] = [:]

  init(store: any Store) { self.store = store }

  /// The lines whose outcome was another one, each with what came instead.
  mutating func failures(of script: String) throws -> [String] {
    var failures: [String] = []
    for (number, line) in script.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      let parts = line.split(separator: "=>").map { $0.split(separator: " ").map(String.init) }
      guard parts.count == 2, let name = parts[0].first, !name.hasPrefix("#") else { continue }
      let outcome = run(name, Array(parts[0].dropFirst()))
      let expected = parts[1].joined(separator: " ")
      if outcome != expected { failures.append("line \(number + 1): \(line) — but was \(outcome)") }
      if let fault = try store.read({ try verifyLedger($0) }).fault {
        failures.append("line \(number + 1): \(line) — leaves \(fault)")
      }
    }
    return failures
  }

  private mutating func run(_ name: String, _ words: [String]) -> String {
    do {
      switch name {
      case "at":
        seconds = Int64(words[0])!
        return "ok"
      case "dataset", "budget", "freeze", "thaw", "rename": return try govern(name, words)
      case "charge", "reserve", "commit", "release", "room": return try spend(name, words)
      case "submit", "cancel", "pause", "resume", "state", "reason": return try order(name, words)
      default: return try work(name, words)
      }
    } catch let error as LedgerError {
      return Self.word(error)
    } catch {
      return "\(error)"
    }
  }

  private mutating func govern(_ name: String, _ words: [String]) throws -> String {
    switch name {
    case "dataset":
      let draft = DatasetDraft(
        name: words[0], format: "idx", isPublic: words[1] == "public", unit: words.count > 2 ? words[2] : "example",
        size: 60000, digest: nil, description: "{}")
      _ = try write { try $0.registerDataset(draft) }
    case "budget":
      let draft = BudgetDraft(
        name: words[0], dataset: words[1], epsilon: Double(words[2])!, delta: Double(words[3])!,
        relation: words.count > 5 ? NeighboringRelation(rawValue: words[5])! : .addOrRemoveOne,
        unit: words.count > 6 ? words[6] : "example", parent: words.count > 4 ? budgets[words[4]] : nil)
      budgets[words[0]] = try write { try $0.createBudget(draft) }.id
    case "rename":
      let (id, version) = (budgets[words[0]]!, Int64(words[2]))
      _ = try write { try $0.updateBudget(id, name: words[1], expectedVersion: version) }
    default:
      let id = budgets[words[0]]!
      _ = try write { try $0.updateBudget(id, isFrozen: name == "freeze", expectedVersion: nil) }
    }
    return "ok"
  }

  private mutating func spend(_ name: String, _ words: [String]) throws -> String {
    switch name {
    case "charge":
      let id = budgets[words[0]] ?? moments.id()
      let price = try price(words[1], count: Int(words[2])!, from: id)
      try write { _ = try $0.charge(price, to: id) }
    case "reserve":
      let id = budgets[words[1]] ?? moments.id()
      let price = try price(words[2], count: Int(words[3])!, from: id)
      reservations[words[0]] = try write { try $0.reserve(price, from: id) }.id
    case "commit":
      let id = reservations[words[0]]!
      return try write { try $0.commit(id, through: Int(words[1])!) } == nil ? "nothing" : "ok"
    case "release":
      let id = reservations[words[0]]!
      return try write { try $0.release(id) } == nil ? "nothing" : "ok"
    default:
      let path = try store.read { try LedgerReader($0).budgetPath(budgets[words[0]]!) }
      return String(try path.largestCount(of: path.price(Self.event(words[1]), count: 1), atMost: 1_000_000))
    }
    return "ok"
  }

  private mutating func order(_ name: String, _ words: [String]) throws -> String {
    switch name {
    case "submit":
      // submit JOB DATASET STEPS [BUDGET EVENT] — without a budget, without privacy
      let draft = JobDraft(
        name: words[0], dataset: words[1], specification: "{}", plan: "{}", steps: Int(words[2])!, maximumAttempts: 2)
      let budget = words.count > 3 ? budgets[words[3]] : nil
      let price = try budget.map { try self.price(words[4], count: Int(words[2])!, from: $0) }
      jobs[words[0]] = try write { try $0.submitJob(draft, paying: price, from: budget) }.id
      return "ok"
    case "cancel": return try write { try $0.requestCancel(jobs[words[0]]!) }.state.rawValue
    case "pause": return try write { try $0.requestPause(jobs[words[0]]!) }.state.rawValue
    case "resume": return try write { try $0.requestResume(jobs[words[0]]!) }.state.rawValue
    case "state": return try job(words[0]).state.rawValue
    default: return try job(words[0]).stateReason ?? "none"
    }
  }

  private mutating func work(_ name: String, _ words: [String]) throws -> String {
    if name == "claim" {
      // claim WORKER => JOB TOKEN, with a lease of ten seconds
      guard let job = try write({ try $0.claimJob(worker: words[0], leaseSeconds: 10) }) else { return "none" }
      return "\(job.name) \(job.lease?.token ?? 0)"
    }
    let (id, token) = (jobs[words[0]]!, Int64(words[1])!)
    let step = words.count > 2 ? Int(words[2]) : nil
    switch name {
    case "beat":
      return try write { try $0.heartbeat(id, token: token, leaseSeconds: 10, announcedStep: step) }.state.rawValue
    case "block":
      let digest = try Digest(ofText: words[2])
      return try write {
        try $0.commitBlock(id, token: token, through: step!, checkpoint: digest, leaseSeconds: 10)
      }.state.rawValue
    case "metric":
      let metric = JobMetric(step: step!, epoch: 1, epsilon: 0.5, accuracy: Double(words[3])!, loss: 1)
      try write { try $0.recordMetric(metric, of: id, token: token) }
      return "ok"
    case "park": return try write { try $0.parkJob(id, token: token) }.state.rawValue
    case "return": return try write { try $0.returnJob(id, token: token) }.state.rawValue
    case "finish":
      // finish JOB TOKEN STEP OUTCOME
      let outcome: LedgerWriter.Outcome =
        switch words[3] {
        case "succeeded": .succeeded(artifacts: [])
        case "cancelled": .cancelled
        case "timed_out": .timedOut
        default: .failed(reason: words[3])
        }
      return try write { try $0.finishJob(id, token: token, as: outcome, ranThrough: step!) }.state.rawValue
    default: return "no such command"
    }
  }

  private func price(_ event: String, count: Int, from budget: BudgetID) throws -> Price {
    try store.read { try LedgerReader($0).budgetPath(budget) }.price(Self.event(event), count: count)
  }

  private func job(_ name: String) throws -> Job { try store.read { try LedgerReader($0).job(jobs[name]!) } }

  private func write<Value>(_ body: (LedgerWriter) throws -> Value) throws -> Value {
    let moment = moments.at(seconds: seconds)
    return try store.write { try body(LedgerWriter($0, at: moment)) }
  }

  /// `gaussian:10`, `dpsgd:0.01:1.1` (sampling probability, noise multiplier), `blackbox:0.1:1e-7`, `nonprivate`,
  /// `nothing`.
  static func event(_ text: String) -> PrivacyEvent {
    let words = text.split(separator: ":").map(String.init)
    switch words[0] {
    case "gaussian": return .gaussian(noiseMultiplier: Double(words[1])!)
    case "dpsgd":
      return .poissonSampled(
        samplingProbability: Double(words[1])!, event: .gaussian(noiseMultiplier: Double(words[2])!))
    case "blackbox": return .epsilonDelta(epsilon: Double(words[1])!, delta: Double(words[2])!)
    case "nonprivate": return .nonPrivate
    default: return .noOp
    }
  }

  private static func word(_ error: LedgerError) -> String {
    switch error {
    case .notFound: "not_found"
    case .budgetExceeded: "budget_exceeded"
    case .stateConflict: "state_conflict"
    case .invalid(let field, _): "invalid \(field)"
    case .alreadyExists: "already_exists"
    case .versionMismatch: "version_mismatch"
    case .leaseLost: "lease_lost"
    case .idempotencyKeyReused: "idempotency_key_reused"
    case .idempotencyInProgress: "idempotency_in_progress"
    case .corrupt(let location, let detail): "corrupt \(location) \(detail)"
    case .unavailable(let reason): "unavailable \(reason)"
    }
  }
}
