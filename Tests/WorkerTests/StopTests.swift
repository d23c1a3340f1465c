import Foundation
import Ledger
import Planning
import Synchronization
import Testing
import Worker

/// Cancel, pause, stop, a lost lease, a time limit: what ran is charged, what did not is given back, and nobody writes
/// into a job that is not theirs.
@Suite struct StopTests {
  /// Runs a job and calls `body` when the second block is announced.
  func run(_ fixture: Fixture, during body: @escaping @Sendable (JobID) throws -> Void) throws -> JobID {
    let id = try fixture.submit()
    let counter = PointCounter()
    let worker = try fixture.worker { if $0 == .announced, counter.next($0) == 2 { try body(id) } }
    try worker.runNextJob()
    return id
  }

  @Test func aCancelledJobIsChargedForWhatRan() throws {
    let fixture = try Fixture()
    let id = try run(fixture) { id in _ = try fixture.change { try $0.requestCancel(id) } }
    let job = try fixture.job(id)
    #expect(job.state == .cancelled)
    #expect(10...20 ~= job.committedStep)
    let budget = try fixture.budget()
    #expect(budget.reserved.isZero)
    #expect(!budget.spent.isZero)
    #expect(try fixture.store.read { try verifyLedger($0).fault } == nil)
    #expect(try fixture.checkpointFiles(id).isEmpty)
    #expect(!FileManager.default.fileExists(atPath: fixture.folder.appendingPathComponent("artifacts/\(id)").path))
  }

  @Test func aPausedJobGoesOnWhereItStopped() throws {
    let fixture = try Fixture()
    let id = try run(fixture) { id in _ = try fixture.change { try $0.requestPause(id) } }
    let paused = try fixture.job(id)
    #expect(paused.state == .paused)
    #expect(10...20 ~= paused.committedStep)
    #expect(try fixture.worker().runNextJob() == nil)
    _ = try fixture.change { try $0.requestResume(id) }
    try fixture.worker("second").runNextJob()
    #expect(try fixture.job(id).state == .succeeded)
    #expect(try fixture.metrics(id).last?.step == Fixture.steps)
  }

  @Test func aWorkerThatStopsGivesItsJobBack() throws {
    let fixture = try Fixture()
    let id = try fixture.submit()
    let counter = PointCounter()
    let box = Mutex<Worker?>(nil)
    let worker = try fixture.worker {
      if $0 == .announced, counter.next($0) == 2 { box.withLock { $0?.stop() } }
    }
    box.withLock { $0 = worker }
    worker.run()
    box.withLock { $0 = nil }
    let job = try fixture.job(id)
    #expect(job.state == .queued)
    #expect(job.committedStep == 10, "the order was there before the second block's first step")
    #expect(job.lease == nil)
    #expect(try !fixture.budget().reserved.isZero, "what it holds stays held")
    try fixture.worker("second").runNextJob()
    #expect(try fixture.job(id).state == .succeeded)
  }

  @Test func anIdleWorkerStopsAtOnce() throws {
    let fixture = try Fixture()
    let worker = try fixture.worker()
    let thread = Thread { worker.run() }
    thread.start()
    worker.stop()
    worker.run()
  }

  /// The first worker hangs past the end of its lease, a thief claims the job; the first must not write another word.
  @Test(arguments: [CrashProbe.Point.announced, .blockTrained, .checkpointStaged])
  func aWorkerThatLostItsLeaseWritesNothing(point: CrashProbe.Point) throws {
    let fixture = try Fixture()
    let id = try fixture.submit()
    let counter = PointCounter()
    let seen = Mutex<Job?>(nil)
    let worker = try fixture.worker { passed in
      guard passed == point, counter.next(passed) == 2 else { return }
      fixture.pass(seconds: Fixture.leaseSeconds + 1)
      let stolen = try fixture.change { try $0.claimJob(worker: "thief", leaseSeconds: 60) }
      // The heartbeat of the first may come between the clock and the claim, and keep the lease: then try again.
      guard stolen != nil else {
        fixture.pass(seconds: Fixture.leaseSeconds + 1)
        let again = try fixture.change { try $0.claimJob(worker: "thief", leaseSeconds: 60) }
        return seen.withLock { $0 = again }
      }
      seen.withLock { $0 = stolen }
    }
    try worker.runNextJob()
    let stolen = try #require(seen.withLock { $0 })
    let job = try fixture.job(id)
    #expect(job == stolen, "the row is as the thief left it")
    #expect(job.lease?.worker == "thief")
    #expect(job.committedStep == 10)
    #expect(fixture.log.withLock { $0.contains { $0.contains("lease was lost") } })
  }

  @Test func aJobPastItsTimeLimitStops() throws {
    let fixture = try Fixture()
    let specification = try fixture.specification()
    let id = try fixture.submit(specification, timeLimitSeconds: 20)
    let counter = PointCounter()
    let worker = try fixture.worker {
      if $0 == .announced, counter.next($0) == 2 { fixture.pass(seconds: 25) }
    }
    try worker.runNextJob()
    let job = try fixture.job(id)
    #expect(job.state == .timedOut)
    #expect(job.stateReason == "time_limit")
    #expect(10...20 ~= job.committedStep)
    #expect(try fixture.budget().reserved.isZero)
  }
}
