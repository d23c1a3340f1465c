import Datasets
import Foundation
import Ledger
import PrivateTraining

/// How a worker works: who it is, where its files lie, how it uses the machine.
public struct WorkerConfiguration: Sendable {
  /// Its name in leases, unique among the workers of one ledger.
  public var worker: String
  /// Holds a folder `JOB` with the checkpoints of each job that runs.
  public var checkpoints: URL
  /// Holds a folder `JOB` with what each ended job left.
  public var artifacts: URL
  public var loader: DatasetLoader
  public var execution: Execution
  /// Bytes that a job may take by its plan's estimate; a job that needs more fails before it reads data. By default the
  /// machine's memory.
  public var memoryLimit: UInt64
  /// How long a job stays this worker's without a heartbeat, 3 … 86,400. A heartbeat goes out every third of it.
  public var leaseSeconds: Int64
  /// How often a worker without a job looks for one, and one with a job for requests to stop.
  public var pollInterval: Duration
  /// Seconds that a block has at least where the end of an epoch cuts it, ≥ 0.
  public var leastBlockSeconds = 0.25
  /// Stated in reports: `epsilond 0.1.0`.
  public var softwareVersion: String
  /// The time and fresh randomness for ids.
  public var moment: @Sendable () -> Moment
  /// Takes lines for the operator. They may quote private data and belong nowhere else.
  public var log: @Sendable (String) -> Void

  public init(
    worker: String, checkpoints: URL, artifacts: URL, loader: DatasetLoader, execution: Execution,
    memoryLimit: UInt64 = ProcessInfo.processInfo.physicalMemory, leaseSeconds: Int64 = 15,
    pollInterval: Duration = .milliseconds(250), softwareVersion: String,
    moment: @escaping @Sendable () -> Moment = WorkerConfiguration.systemMoment,
    log: @escaping @Sendable (String) -> Void = WorkerConfiguration.standardErrorLog
  ) {
    self.worker = worker
    self.checkpoints = checkpoints
    self.artifacts = artifacts
    self.loader = loader
    self.execution = execution
    self.memoryLimit = memoryLimit
    self.leaseSeconds = leaseSeconds
    self.pollInterval = pollInterval
    self.softwareVersion = softwareVersion
    self.moment = moment
    self.log = log
  }

  /// The system's clock and generator.
  public static let systemMoment: @Sendable () -> Moment = {
    Moment(now: Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))) {
      var generator = SystemRandomNumberGenerator()
      return (generator.next(), generator.next())
    }
  }

  public static let standardErrorLog: @Sendable (String) -> Void = { line in
    FileHandle.standardError.write(Data("epsilond worker: \(line)\n".utf8))
  }
}
