import Foundation
import Ledger
import Synchronization

/// Claims jobs one after another and runs them.
///
/// All state lies in the store and in the checkpoint folder, so a worker may be killed at any instant: whoever claims
/// its job next goes on after the last committed step.
public final class Worker: Sendable {
  private let store: any Store
  private let configuration: WorkerConfiguration
  private let stopping = StopFlag()
  private let probe: CrashProbe

  public convenience init(store: any Store, configuration: WorkerConfiguration) {
    self.init(store: store, configuration: configuration, probe: CrashProbe())
  }

  package init(store: any Store, configuration: WorkerConfiguration, probe: CrashProbe) {
    self.store = store
    self.configuration = configuration
    self.probe = probe
  }

  /// Works until `stop()`; blocks its thread. A job in hand is then stopped at its next step, its steps are committed,
  /// and it goes back to the queue. What a job or the store throws goes to the log, and the work goes on.
  public func run() {
    do { try deleteAbandonedCheckpoints() } catch { configuration.log("\(error)") }
    while !stopping.isSet {
      do {
        if try runNextJob() == nil { stopping.wait(for: configuration.pollInterval) }
      } catch {
        configuration.log("\(error)")
        stopping.wait(for: configuration.pollInterval * 4)
      }
    }
  }

  /// Asks `run()` to come to an end; returns at once, from any thread.
  public func stop() {
    stopping.set()
  }

  /// Claims the job that waits longest and runs it to its end, or as far as it may; nil where none waits.
  ///
  /// - Throws: what the store or the file system throws. The job's lease then runs out, and it is claimed again.
  @discardableResult
  public func runNextJob() throws -> JobID? {
    guard let job = try claim() else { return nil }
    let log = configuration.log
    log("job \(job.id): attempt \(job.attempts), from step \(job.committedStep) of \(job.steps)")
    guard let lease = job.lease else {
      throw LedgerError.corrupt(location: "job \(job.id)", detail: "it was claimed and has no lease")
    }
    let keeper = LeaseKeeper(job: job, lease: lease, store: store, configuration: configuration, stopping: stopping)
    keeper.start()
    defer { keeper.end() }
    do {
      try JobRun(job: job, keeper: keeper, store: store, configuration: configuration, probe: probe).run()
    } catch LedgerError.leaseLost {
      log("job \(job.id): the lease was lost; nothing more is written")
    }
    return job.id
  }

  /// A worker that is killed between the end of a job and its last clean-up leaves the job's checkpoints behind.
  private func deleteAbandonedCheckpoints() throws {
    for folder in try CheckpointFolder.all(root: configuration.checkpoints) {
      let job = try store.read { try $0.job(folder.job) }
      if job?.state.isEnded == true { try folder.delete() }
    }
  }

  private func claim() throws -> Job? {
    let moment = configuration.moment()
    // Looking is a read: an idle worker takes no write lock.
    let isWork = try store.read { transaction in
      if try transaction.oldestQueuedJob() != nil { return true }
      return try !transaction.jobsWithExpiredLease(at: moment.now, limit: 1).isEmpty
    }
    guard isWork else { return nil }
    return try store.write { transaction in
      try LedgerWriter(transaction, at: moment)
        .claimJob(worker: configuration.worker, leaseSeconds: configuration.leaseSeconds)
    }
  }
}

/// A flag that is set once, and can be waited for.
final class StopFlag: Sendable {
  private let flag = Atomic<Bool>(false)
  private let semaphore = DispatchSemaphore(value: 0)

  var isSet: Bool { flag.load(ordering: .acquiring) }

  func set() {
    flag.store(true, ordering: .releasing)
    semaphore.signal()
  }

  /// Returns after `duration`, or as soon as the flag is set.
  func wait(for duration: Duration) {
    guard !isSet else { return }
    if semaphore.wait(timeout: .now() + (duration / .seconds(1))) == .success {
      // Let the next one who waits see it too.
      semaphore.signal()
    }
  }
}

/// Points between the actions that make a block durable. A test may end the worker at any of them, as a kill would:
/// nothing that follows is done, no clean-up either.
package struct CrashProbe: Sendable {
  package enum Point: String, Sendable, CaseIterable {
    case claimed, dataLoaded, announced, blockTrained, checkpointStaged, blockCommitted, checkpointRevealed,
      metricRecorded, artifactsWritten, jobFinished
  }

  /// Thrown by a test's probe; the worker lets it through untouched.
  package struct Crash: Error {
    package init() {}
  }

  private let body: @Sendable (Point) throws -> Void

  package init(_ body: @escaping @Sendable (Point) throws -> Void = { _ in }) {
    self.body = body
  }

  func pass(_ point: Point) throws {
    try body(point)
  }
}
