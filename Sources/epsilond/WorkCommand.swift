import ArgumentParser
import Datasets
import Foundation
import PrivateTraining
import SQLiteStore
import Worker

struct WorkCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "work", abstract: "Train the jobs that wait in a ledger, until stopped.",
    discussion: "`epsilond serve` starts workers by itself; more may be started by hand, on the same machine.")

  @Option(help: "The folder that `epsilond serve` was given.")
  var dataDir: String
  @Option(name: .customLong("data-folder"), help: "A further folder that datasets may lie in; may be repeated.")
  var dataFolders: [String] = []
  @Option(help: "Threads; by default OMP_NUM_THREADS or as many as there are cores.")
  var threads: Int?
  @Flag(help: "Stop when standard input closes, as it does when the server that started this worker ends.")
  var untilInputCloses = false

  func validate() throws {
    guard threads.map({ (1...256).contains($0) }) ?? true else { throw ValidationError("--threads is from 1 to 256") }
  }

  func run() async throws {
    let threads = threads ?? WorkerSetup.threads
    try WorkerEnvironment.ensure(threads: threads)
    let directory = try DataDirectory(creating: dataDir)
    let worker = try Worker(
      store: SQLiteStore(path: directory.ledger),
      configuration: WorkerSetup.configuration(directory, dataFolders: dataFolders, threads: threads))

    let termination = Termination()
    if untilInputCloses { Self.stopWhenInputCloses(worker) }
    Task {
      await termination.wait()
      worker.stop()
    }
    // The work blocks its thread for as long as the process lives: not one of the cooperative pool's.
    await withCheckedContinuation { continuation in
      Thread.detachNewThread {
        worker.run()
        continuation.resume()
      }
    }
  }

  private static func stopWhenInputCloses(_ worker: Worker) {
    Thread.detachNewThread {
      var byte: UInt8 = 0
      while read(STDIN_FILENO, &byte, 1) > 0 {}
      worker.stop()
    }
  }
}

/// How a worker of this program is set up.
enum WorkerSetup {
  /// What the environment says, so that several workers share the cores; otherwise all cores.
  static var threads: Int {
    ProcessInfo.processInfo.environment["OMP_NUM_THREADS"].flatMap(Int.init).flatMap {
      (1...256).contains($0) ? $0 : nil
    }
      ?? ProcessInfo.processInfo.activeProcessorCount
  }

  static func configuration(
    _ directory: DataDirectory, dataFolders: [String], threads: Int
  ) throws -> WorkerConfiguration {
    WorkerConfiguration(
      worker: "\(ProcessInfo.processInfo.hostName):\(getpid())", checkpoints: directory.checkpoints,
      artifacts: directory.artifacts,
      loader: DatasetLoader(folders: try DataFolders([directory.datasets.path] + dataFolders)),
      execution: Execution(backend: .oneDNN, threads: threads), softwareVersion: "epsilond \(Epsilond.version)")
  }
}
