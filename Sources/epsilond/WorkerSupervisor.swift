import Foundation
import Synchronization

/// Keeps worker processes running for as long as the server does.
///
/// A worker reads a pipe that only this process can write to. When the server ends, in whatever way, the pipe closes, and
/// the worker checkpoints and leaves: after `kill -9` of the server no orphan goes on with a job.
final class WorkerSupervisor: Sendable {
  private struct State {
    var isStopping = false
    var running: [Int: Child] = [:]
  }

  private struct Child {
    let process: Process
    /// Held open: closing it asks the worker to leave.
    let lifeline: FileHandle
  }

  private let state: Mutex<State>
  private let executable: URL
  private let arguments: [String]
  private let environment: [String: String]

  /// - Parameters:
  ///   - workers: processes to keep, ≥ 0. The cores are shared evenly among them.
  init(workers: Int, dataDirectory: DataDirectory, dataFolders: [String]) throws {
    state = Mutex(State())
    executable = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    arguments =
      ["work", "--data-dir", dataDirectory.url.path, "--until-input-closes"]
      + dataFolders.flatMap { ["--data-folder", $0] }
    environment = ProcessInfo.processInfo.environment.merging(
      WorkerEnvironment.variables(threads: max(1, ProcessInfo.processInfo.activeProcessorCount / max(1, workers)))
    ) { _, new in new }
    for slot in 0..<workers { try start(slot, attempt: 0) }
  }

  private func start(_ slot: Int, attempt: Int) throws {
    let process = Process()
    let pipe = Pipe()
    let began = ContinuousClock.now
    process.executableURL = executable
    process.arguments = arguments
    process.environment = environment
    process.standardInput = pipe
    process.standardOutput = FileHandle.standardError
    process.terminationHandler = { [weak self] process in
      self?.workerEnded(slot, process, lived: ContinuousClock.now - began, attempt: attempt)
    }
    try state.withLock { state in
      guard !state.isStopping else { return }
      try process.run()
      state.running[slot] = Child(process: process, lifeline: pipe.fileHandleForWriting)
    }
  }

  /// A worker that ends while the server runs is started again: at once after a long life, later and later (up to half a
  /// minute) where it dies young.
  private func workerEnded(_ slot: Int, _ process: Process, lived: Duration, attempt: Int) {
    let isStopping = state.withLock { state in
      state.running[slot] = nil
      return state.isStopping
    }
    guard !isStopping else { return }
    let next = lived > .seconds(60) ? 0 : attempt + 1
    let delay = min(30, 0.25 * pow(2, Double(min(next, 7))))
    report("worker \(slot) ended with status \(process.terminationStatus); starting another in \(delay) s")
    DispatchQueue.global().asyncAfter(deadline: .now() + delay) { [weak self] in
      do {
        try self?.start(slot, attempt: next)
      } catch {
        self?.report("worker \(slot) could not be started: \(error)")
      }
    }
  }

  /// Asks every worker to checkpoint and leave, waits up to `grace`, then ends those that did not.
  func stop(grace: Duration) async {
    let children = state.withLock { state in
      state.isStopping = true
      return Array(state.running.values)
    }
    for child in children {
      do { try child.lifeline.close() } catch { report("a worker's pipe could not be closed: \(error)") }
    }
    let deadline = ContinuousClock.now + grace
    while ContinuousClock.now < deadline, children.contains(where: \.process.isRunning) {
      do { try await Task.sleep(for: .milliseconds(20)) } catch { break }
    }
    for child in children where child.process.isRunning { kill(child.process.processIdentifier, SIGKILL) }
  }

  private func report(_ line: String) {
    FileHandle.standardError.write(Data("epsilond: \(line)\n".utf8))
  }
}
