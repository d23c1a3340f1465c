import Accounting
import Ledger
import LedgerTesting
import Testing

/// Every short sequence of commands from a small alphabet, not a sample of them. After each command the whole ledger is
/// verified and compared with a model that keeps nothing but what truly ran.
@Suite struct EnumerationTests {
  @Test func everySequenceOfSpending() throws {
    var world = try SpendingWorld()
    let states = try world.explore(depth: 5)
    #expect(states > 8_000)
  }

  @Test func everySequenceOfJobCommands() throws {
    let world = try JobWorld()
    let states = try world.explore(depth: 5)
    #expect(states > 20_000)
  }
}

/// A root and a quota, a charge on each, and one reservation that is committed in two blocks.
private struct SpendingWorld {
  private enum Command: CaseIterable {
    case chargeRoot, chargeQuota, reserve, commitTwo, commitAll, release
  }

  private let start: MemoryStore
  private let root: BudgetID
  private let quota: BudgetID
  private let rootPrice: Price
  private let quotaPrice: Price
  private let reservedPrice: Price
  private let moments: CountingMoments

  /// What the commands did so far.
  private struct Model {
    /// Repetitions of the one event that ran, in the quota and in the root.
    var ranInQuota = 0
    var ranInRoot = 0
    var reservation: ReservationID?
    var committed = 0
    var trace: [Command] = []
  }

  init() throws {
    let (start, moments) = (MemoryStore(), CountingMoments())
    let moment = moments.at(seconds: 0)
    let (root, quota) = try start.write { transaction in
      let writer = LedgerWriter(transaction, at: moment)
      var draft = BudgetDraft(
        name: "root", dataset: "data", epsilon: 3, delta: 1e-5, relation: .addOrRemoveOne, unit: "example")
      let root = try writer.createBudget(draft).id
      draft.epsilon = 1.5
      draft.parent = root
      return (root, try writer.createBudget(draft).id)
    }
    let event = PrivacyEvent.gaussian(noiseMultiplier: 10)
    let (rootPath, quotaPath) = try start.read {
      try (LedgerReader($0).budgetPath(root), LedgerReader($0).budgetPath(quota))
    }
    (self.start, self.moments, self.root, self.quota) = (start, moments, root, quota)
    // The root holds 39 repetitions, the quota 11: every command is refused in some sequences.
    rootPrice = try rootPath.price(event, count: 13)
    quotaPrice = try quotaPath.price(event, count: 5)
    reservedPrice = try quotaPath.price(event, count: 4)
  }

  /// The number of commands tried.
  mutating func explore(depth: Int) throws -> Int { try explore(start, Model(), depth) }

  private func explore(_ store: MemoryStore, _ model: Model, _ depth: Int) throws -> Int {
    guard depth > 0 else { return 0 }
    var count = 0
    for command in Command.allCases {
      let branch = MemoryStore(copying: store)
      var model = model
      model.trace.append(command)
      try run(command, on: branch, &model)
      try check(branch, model)
      count += try 1 + explore(branch, model, depth - 1)
    }
    return count
  }

  private func run(_ command: Command, on store: MemoryStore, _ model: inout Model) throws {
    let before = try store.read { try LedgerReader($0).budget(root) }
    do {
      switch command {
      case .chargeRoot:
        try write(store) { _ = try $0.charge(rootPrice, to: root) }
        model.ranInRoot += 13
      case .chargeQuota:
        try write(store) { _ = try $0.charge(quotaPrice, to: quota) }
        model.ranInRoot += 5
        model.ranInQuota += 5
      case .reserve:
        guard model.reservation == nil else { return }
        try write(store) { model.reservation = try $0.reserve(reservedPrice, from: quota).id }
      case .commitTwo, .commitAll:
        guard let id = model.reservation else { return }
        let step = command == .commitTwo ? 2 : 4
        try write(store) { _ = try $0.commit(id, through: step) }
        let ran = max(0, step - model.committed)
        model.committed += ran
        model.ranInRoot += ran
        model.ranInQuota += ran
      case .release:
        guard let id = model.reservation else { return }
        try write(store) { _ = try $0.release(id) }
      }
    } catch let error as LedgerError {
      switch error {
      case .budgetExceeded, .stateConflict: break
      default: throw error
      }
      let after = try store.read { try LedgerReader($0).budget(root) }
      try #require(before == after, "a refusal changes nothing: \(model.trace)")
    }
  }

  private func check(_ store: MemoryStore, _ model: Model) throws {
    try store.read { transaction in
      let verification = try verifyLedger(transaction)
      try #require(verification.fault == nil, "\(model.trace)")
      for (id, ran) in [(root, model.ranInRoot), (quota, model.ranInQuota)] {
        let path = try LedgerReader(transaction).budgetPath(id)
        let budget = path.asked
        // Never less than what ran costs as a whole, and within the filter together with what is held.
        if ran > 0 {
          let truth = try path.price(.gaussian(noiseMultiplier: 10), count: ran).amounts[0].amount
          try #require(zip(budget.spent.divergences, truth.divergences).allSatisfy { $0 >= $1 - 4 }, "\(model.trace)")
        }
        let sum = try #require(budget.spent.adding(budget.reserved))
        try #require(budget.filter.admits(sum), "\(model.trace)")
        try #require(budget.balance().spent.epsilon <= budget.epsilon, "\(model.trace)")
      }
    }
  }

  private func write(_ store: MemoryStore, _ body: (LedgerWriter) throws -> Void) throws {
    try store.write { try body(LedgerWriter($0, at: moments.at(seconds: 1))) }
  }
}

/// One private job of four steps, its user, two workers of which the first may fall silent, and time.
private struct JobWorld {
  private enum Command: CaseIterable {
    case claim, blockByNewest, blockByFirst, finishByNewest, cancel, pause, resume, leasesEnd
  }

  private let start: MemoryStore
  private let job: JobID
  private let moments: CountingMoments

  init() throws {
    let (start, moments) = (MemoryStore(), CountingMoments())
    let moment = moments.at(seconds: 0)
    job = try start.write { transaction in
      let writer = LedgerWriter(transaction, at: moment)
      try writer.registerDataset(
        DatasetDraft(
          name: "data", format: "idx", isPublic: false, unit: "example", size: nil, digest: nil, description: "{}"))
      let budget = try writer.createBudget(
        BudgetDraft(
          name: "root", dataset: "data", epsilon: 3, delta: 1e-5, relation: .addOrRemoveOne, unit: "example"))
      let price = try LedgerReader(transaction).budgetPath(budget.id).price(.gaussian(noiseMultiplier: 10), count: 4)
      let draft = JobDraft(name: "job", dataset: "data", specification: "{}", plan: "{}", steps: 4, maximumAttempts: 2)
      return try writer.submitJob(draft, paying: price, from: budget.id).id
    }
    (self.start, self.moments) = (start, moments)
  }

  func explore(depth: Int) throws -> Int { try explore(start, 0, [], depth) }

  private func explore(_ store: MemoryStore, _ seconds: Int64, _ trace: [Command], _ depth: Int) throws -> Int {
    guard depth > 0 else { return 0 }
    var count = 0
    for command in Command.allCases {
      let branch = MemoryStore(copying: store)
      let later = command == .leasesEnd ? seconds + 100 : seconds
      let trace = trace + [command]
      let before = try state(branch)
      let accepted = try run(command, on: branch, at: later)
      let after = try state(branch)
      try check(branch, before, after, accepted, trace)
      count += try 1 + explore(branch, later, trace, depth - 1)
    }
    return count
  }

  private func run(_ command: Command, on store: MemoryStore, at seconds: Int64) throws -> Bool {
    let current = try state(store).job
    let newest = Int64(current.attempts)
    do {
      try store.write { transaction in
        let writer = LedgerWriter(transaction, at: moments.at(seconds: seconds))
        switch command {
        case .claim: _ = try writer.claimJob(worker: "worker", leaseSeconds: 10)
        case .blockByNewest, .blockByFirst:
          let token = command == .blockByFirst ? 1 : newest
          try writer.commitBlock(
            job, token: token, through: current.committedStep + 2, checkpoint: .zero, leaseSeconds: 10)
        case .finishByNewest:
          try writer.finishJob(job, token: newest, as: .cancelled, ranThrough: min(4, current.committedStep + 1))
        case .cancel: try writer.requestCancel(job)
        case .pause: try writer.requestPause(job)
        case .resume: try writer.requestResume(job)
        case .leasesEnd: try writer.reclaimLostLeases()
        }
      }
      return true
    } catch let error as LedgerError {
      switch error {
      case .stateConflict, .leaseLost, .invalid: return false
      default: throw error
      }
    }
  }

  private func check(
    _ store: MemoryStore, _ before: Snapshot, _ after: Snapshot, _ accepted: Bool, _ trace: [Command]
  ) throws {
    try #require(try store.read { try verifyLedger($0) }.fault == nil, "\(trace)")
    if !accepted { try #require(before == after, "a refusal changes nothing: \(trace)") }
    let (old, new) = (before.job, after.job)
    try #require(new.committedStep >= old.committedStep && new.attempts >= old.attempts, "\(trace)")
    try #require(after.reservation.committed >= new.committedStep, "\(trace)")
    try #require(after.reservation.committed >= before.reservation.committed, "\(trace)")
    if old.state.isEnded { try #require(before == after, "an ended job stays as it is: \(trace)") }
    // A claim that finds a lost lease puts the job aside first: two moves in one command.
    let isReachable =
      old.state == new.state || old.state.successors.contains(new.state)
      || old.state.successors.contains { $0.successors.contains(new.state) }
    try #require(isReachable, "\(trace)")
    try #require(new.state.isWorked == (new.lease != nil), "\(trace)")
    // A reservation is resolved with its job, or a little before, by the commit of its last step.
    try #require(!new.state.isEnded || after.reservation.state != .open, "\(trace)")
    try #require(new.state.isEnded || after.reservation.state != .released, "\(trace)")
  }

  private struct Snapshot: Equatable {
    let job: Job
    let reservation: Reservation
  }

  private func state(_ store: MemoryStore) throws -> Snapshot {
    try store.read { transaction in
      let job = try LedgerReader(transaction).job(job)
      return Snapshot(job: job, reservation: try LedgerReader(transaction).reservation(#require(job.reservation)))
    }
  }
}
