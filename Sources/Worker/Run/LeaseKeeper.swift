import Foundation
import Ledger
import Synchronization

/// Keeps a job this worker's while it trains, on a thread of its own: sends heartbeats, and learns whether the job is to
/// stop. The training thread asks `order` before each step.
final class LeaseKeeper: Sendable {
  /// What the job's owner, or the world, wants.
  enum Order: Int, AtomicRepresentable, Sendable {
    case goOn
    /// The worker shuts down: commit and give the job back.
    case giveBack
    case pause
    case cancel
    case timeOut
    /// The job is another's, or may be: stop at once and write nothing.
    case abandon
  }

  let token: Int64
  private let job: JobID
  private let store: any Store
  private let configuration: WorkerConfiguration
  private let stopping: StopFlag
  private let deadline: Timestamp?
  private let current = Atomic<Order>(.goOn)
  private let clock: Mutex<Clock>
  private let ending = StopFlag()
  private let ended = DispatchSemaphore(value: 0)

  private struct Clock {
    var expires: Timestamp
    var nextHeartbeat: Timestamp
  }

  init(job: Job, lease: Lease, store: any Store, configuration: WorkerConfiguration, stopping: StopFlag) {
    self.job = job.id
    token = lease.token
    self.store = store
    self.configuration = configuration
    self.stopping = stopping
    deadline = job.timeLimitSeconds.map { (job.started ?? job.created).adding(seconds: $0) }
    clock = Mutex(
      Clock(expires: lease.expires, nextHeartbeat: lease.expires.adding(seconds: -configuration.leaseSeconds * 2 / 3)))
  }

  /// What to do now. An order to abandon stays for ever.
  var order: Order {
    let order = current.load(ordering: .acquiring)
    return order == .goOn && stopping.isSet ? .giveBack : order
  }

  func start() {
    let thread = Thread { [self] in
      while !ending.isSet {
        look()
        ending.wait(for: configuration.pollInterval)
      }
      ended.signal()
    }
    thread.name = "lease \(job)"
    thread.start()
  }

  /// Stops the heartbeats and waits for the last one. Call it once.
  func end() {
    ending.set()
    ended.wait()
  }

  /// A commit prolonged the lease, or told the job's state.
  func update(_ job: Job) {
    guard let lease = job.lease, lease.token == token else { return set(.abandon) }
    clock.withLock { clock in
      clock.expires = lease.expires
      clock.nextHeartbeat = lease.expires.adding(seconds: -configuration.leaseSeconds * 2 / 3)
    }
    switch job.state {
    case .running: set(isPastDeadline ? .timeOut : .goOn)
    case .pausing: set(.pause)
    case .cancelling: set(.cancel)
    default: set(.abandon)
    }
  }

  private var isPastDeadline: Bool {
    deadline.map { $0 <= configuration.moment().now } ?? false
  }

  private func look() {
    let now = configuration.moment().now
    let (expires, isDue) = clock.withLock { ($0.expires, $0.nextHeartbeat <= now) }
    do {
      let seen =
        isDue
        ? try store.write { transaction in
          try LedgerWriter(transaction, at: configuration.moment())
            .heartbeat(job, token: token, leaseSeconds: configuration.leaseSeconds)
        }
        : try store.read { try LedgerReader($0).job(job) }
      update(seen)
    } catch LedgerError.leaseLost {
      set(.abandon)
    } catch {
      configuration.log("job \(job): no heartbeat: \(error)")
      // The store may be back before the lease ends; after that the job may be another's.
      if expires <= now { set(.abandon) }
    }
  }

  private func set(_ order: Order) {
    if current.load(ordering: .acquiring) != .abandon { current.store(order, ordering: .releasing) }
  }
}
