import Foundation
import Ledger
import Testing
import Worker

/// A worker may die at any instant. Whoever goes on must find that nothing left the worker unpaid, that nothing paid is
/// run again, and that the sum is what the whole run costs.
@Suite struct CrashTests {
  /// What must hold whenever no worker runs.
  func checkInvariants(_ fixture: Fixture, _ id: JobID, held: Spend, trained: Int) throws {
    let (job, budget, reservation, fault) = try fixture.store.read { transaction in
      let reader = LedgerReader(transaction)
      let job = try reader.job(id)
      let reservation = try #require(job.reservation)
      return (
        job, try reader.budget(fixture.budgetID(job)), try reader.reservation(reservation),
        try verifyLedger(transaction).fault
      )
    }
    #expect(fault == nil)
    #expect(reservation.committed == job.committedStep)
    let total = try #require(budget.spent.adding(budget.reserved))
    #expect(total == held, "what is spent and what is held are together the reservation")
    #expect(job.committedStep <= trained, "only steps that ran are charged while the job lives")
    // A checkpoint has its final name only if its step is charged for.
    for file in try fixture.checkpointFiles(id) where file.hasSuffix(".checkpoint") {
      let step = try #require(Int(file.prefix { $0 != "." }))
      #expect(step <= job.committedStep, "\(file)")
    }
    for metric in try fixture.metrics(id) { #expect(metric.step <= job.committedStep) }
    if !job.state.isEnded {
      #expect(job.announcedStep >= trained, "steps that ran had been announced")
    }
  }

  @Test(arguments: CrashProbe.Point.allCases, [1, 3, 6])
  func afterACrashAnotherWorkerEndsTheJob(point: CrashProbe.Point, occurrence: Int) throws {
    let fixture = try Fixture()
    let id = try fixture.submit()
    let held = try fixture.budget().reserved
    let counter = PointCounter()
    let blocks = PointCounter()
    let worker = try fixture.worker { passed in
      if passed == .blockTrained { _ = blocks.next(.blockTrained) }
      if passed == point, counter.next(point) == occurrence { throw CrashProbe.Crash() }
    }
    var hasCrashed = false
    do {
      try worker.runNextJob()
    } catch is CrashProbe.Crash {
      hasCrashed = true
    }
    let happensOnce: Set<CrashProbe.Point> = [.claimed, .dataLoaded, .artifactsWritten, .jobFinished]
    #expect(hasCrashed == (occurrence == 1 || !happensOnce.contains(point)))
    let trained = (blocks.next(.blockTrained) - 1) * 10
    try checkInvariants(fixture, id, held: held, trained: trained)

    #expect(try fixture.worker("second").runNextJob() == nil, "the lease still holds")
    fixture.pass(seconds: Fixture.leaseSeconds + 1)
    let committed = try fixture.job(id).committedStep
    let second = PointCounter()
    let resumed = try fixture.worker("second") { if $0 == .blockTrained { _ = second.next(.blockTrained) } }
    try resumed.runNextJob()
    let job = try fixture.job(id)
    #expect(job.state == .succeeded, "\(fixture.log.withLock { $0 })")
    #expect(second.next(.blockTrained) - 1 == (Fixture.steps - committed) / 10, "no committed step is run again")
    #expect(try fixture.budget().spent == held)
    #expect(try fixture.budget().reserved.isZero)
    #expect(try fixture.metrics(id).map(\.step) == Array(stride(from: 10, through: Fixture.steps, by: 10)))
    #expect(job.artifacts.count == 4)
    try checkInvariants(fixture, id, held: held, trained: Fixture.steps)
  }

  /// Dies at every point in turn, over and over, until the job is done.
  @Test func aJobSurvivesAnyNumberOfCrashes() throws {
    let fixture = try Fixture()
    let id = try fixture.submit()
    let held = try fixture.budget().reserved
    let trained = Highest()
    var attempt = 0
    while try !fixture.job(id).state.isEnded {
      attempt += 1
      try #require(attempt < 80)
      let counter = PointCounter()
      let fatal = 3 + attempt % 11
      let worker = try fixture.worker("worker \(attempt)") { point in
        if point == .blockTrained { try trained.see(fixture.job(id).committedStep + 10) }
        if counter.next(.claimed) == fatal { throw CrashProbe.Crash() }
      }
      do { try worker.runNextJob() } catch is CrashProbe.Crash {}
      try checkInvariants(fixture, id, held: held, trained: trained.value)
      fixture.pass(seconds: Fixture.leaseSeconds + 1)
    }
    #expect(attempt > 3)
    #expect(try fixture.job(id).state == .succeeded)
    #expect(try fixture.budget().spent == held)
  }

  /// The files that a crash leaves behind do not decide anything: the digest in the ledger does.
  @Test func aStagedFileThatWasNeverCommittedIsDeletedUnread() throws {
    let fixture = try Fixture()
    let id = try fixture.submit()
    let counter = PointCounter()
    let worker = try fixture.worker {
      if $0 == .checkpointStaged, counter.next($0) == 2 { throw CrashProbe.Crash() }
    }
    #expect(throws: CrashProbe.Crash.self) { try worker.runNextJob() }
    #expect(try fixture.checkpointFiles(id) == ["10.checkpoint", "20.a1.staged"])
    fixture.pass(seconds: Fixture.leaseSeconds + 1)
    let second = try fixture.worker("second") { if $0 == .announced { throw CrashProbe.Crash() } }
    #expect(throws: CrashProbe.Crash.self) { try second.runNextJob() }
    #expect(try fixture.checkpointFiles(id) == ["10.checkpoint"])
  }

  @Test func aCommittedStateGetsItsNameAfterwards() throws {
    let fixture = try Fixture()
    let id = try fixture.submit()
    let worker = try fixture.worker { if $0 == .blockCommitted { throw CrashProbe.Crash() } }
    #expect(throws: CrashProbe.Crash.self) { try worker.runNextJob() }
    #expect(try fixture.checkpointFiles(id) == ["10.a1.staged"])
    #expect(try fixture.job(id).committedStep == 10)
    fixture.pass(seconds: Fixture.leaseSeconds + 1)
    let second = try fixture.worker("second") { if $0 == .announced { throw CrashProbe.Crash() } }
    #expect(throws: CrashProbe.Crash.self) { try second.runNextJob() }
    #expect(try fixture.checkpointFiles(id) == ["10.checkpoint"])
  }

  @Test func aCheckpointThatWasTamperedWithIsNotUsed() throws {
    let fixture = try Fixture()
    let id = try fixture.submit()
    let counter = PointCounter()
    let worker = try fixture.worker {
      if $0 == .checkpointRevealed, counter.next($0) == 2 { throw CrashProbe.Crash() }
    }
    #expect(throws: CrashProbe.Crash.self) { try worker.runNextJob() }
    let file = fixture.folder.appendingPathComponent("checkpoints/\(id)/20.checkpoint")
    var bytes = [UInt8](try Data(contentsOf: file))
    bytes[bytes.count - 1] ^= 1
    try Data(bytes).write(to: file)
    fixture.pass(seconds: Fixture.leaseSeconds + 1)
    try fixture.worker("second").runNextJob()
    let job = try fixture.job(id)
    #expect(job.state == .failed)
    #expect(job.stateReason == "checkpoint_lost")
    #expect(job.committedStep == 20, "what ran stays charged")
    #expect(try fixture.budget().reserved.isZero)
    #expect(try !fixture.budget().spent.isZero)
  }

  @Test func checkpointsOfEndedJobsAreDeletedAtTheNextStart() throws {
    let fixture = try Fixture()
    let id = try fixture.submit()
    let worker = try fixture.worker { if $0 == .jobFinished { throw CrashProbe.Crash() } }
    #expect(throws: CrashProbe.Crash.self) { try worker.runNextJob() }
    #expect(try !fixture.checkpointFiles(id).isEmpty)
    let next = try fixture.worker("second")
    next.stop()
    next.run()
    #expect(try !fixture.checkpointFiles(id).isEmpty == false)
  }
}

extension Fixture {
  func budgetID(_ job: Job) throws -> BudgetID {
    guard let id = job.budget else { throw LedgerError.notFound(kind: "budget", id: "") }
    return id
  }
}
