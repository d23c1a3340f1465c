import Foundation
import Glibc
import TestSupport

/// The program as it was built beside these tests.
enum Program {
  static let path: String = {
    let ownFolder = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    let checkout = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    // The first is right under `swift test`; the others where an IDE's runner loads the tests.
    let folders = [ownFolder] + ["release", "debug"].map { checkout.appendingPathComponent(".build/\($0)") }
    let paths = folders.map { $0.appendingPathComponent("epsilond").path }
    guard let path = paths.first(where: FileManager.default.isExecutableFile(atPath:)) else {
      preconditionFailure("build the program first; looked for \(paths)")
    }
    return path
  }()

  struct Result {
    let status: Int32
    let output: String
    let errors: String

    var json: JSON { JSON(Array(output.utf8)) }
  }

  /// Runs it to its end.
  static func run(_ arguments: String...) throws -> Result { try run(arguments) }

  static func run(_ arguments: [String], within limit: Duration = .seconds(120)) throws -> Result {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let child = try ChildProcess([path] + arguments, logs: folder.url)
    defer { child.kill() }
    let status = try child.waitForExit(within: limit)
    return Result(status: status, output: try child.output, errors: try child.errors)
  }
}

/// A process of this test, with what it prints in two files.
final class ChildProcess {
  struct CannotStart: Error { let code: Int32 }

  let pid: pid_t
  private let outputFile: URL
  private let errorFile: URL
  /// As `waitpid` gave it; the process is gone then.
  private var waitStatus: Int32?

  init(_ arguments: [String], logs: URL) throws {
    let name = UUID().uuidString
    outputFile = logs.appendingPathComponent(name + ".out")
    errorFile = logs.appendingPathComponent(name + ".err")

    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, outputFile.path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, errorFile.path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    // Sockets of tests that run beside this one must close when those close them.
    for descriptor in try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap({ Int32($0) })
    where descriptor > 2 { posix_spawn_file_actions_addclose(&actions, descriptor) }

    var pid: pid_t = 0
    var pointers = arguments.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    let code = posix_spawn(&pid, arguments[0], &actions, nil, &pointers, environ)
    guard code == 0 else { throw CannotStart(code: code) }
    self.pid = pid
  }

  var output: String { get throws { try String(contentsOf: outputFile, encoding: .utf8) } }
  var errors: String { get throws { try String(contentsOf: errorFile, encoding: .utf8) } }

  /// Whether it still runs.
  var isRunning: Bool {
    if waitStatus != nil { return false }
    var status: Int32 = 0
    guard waitpid(pid, &status, WNOHANG) == pid else { return true }
    waitStatus = status
    return false
  }

  /// The exit status; minus the signal's number where one ended it.
  func waitForExit(within limit: Duration) throws -> Int32 {
    let status = try eventually("process \(pid) ends", within: limit) { isRunning ? nil : waitStatus }
    let signal = status & 0x7F
    return signal == 0 ? (status >> 8) & 0xFF : -signal
  }

  func send(_ signal: Int32) {
    if isRunning { Glibc.kill(pid, signal) }
  }

  /// Ends it as a power cut would, and waits until it is gone.
  func kill() {
    guard isRunning else { return }
    Glibc.kill(pid, SIGKILL)
    var status: Int32 = 0
    if waitpid(pid, &status, 0) == pid { waitStatus = status }
  }
}

/// What did not happen in time.
struct TimeOut: Error, CustomStringConvertible {
  let description: String
}

/// Asks until there is an answer other than nil, and gives it. A machine that was too busy to ask often enough gets more time.
@discardableResult
func eventually<Value>(
  _ what: @autoclosure () throws -> String, within limit: Duration = .seconds(60), _ ask: () throws -> Value?
) throws -> Value {
  let start = ContinuousClock.now
  var asked = 0
  while true {
    if let value = try ask() { return value }
    asked += 1
    if asked > 100, ContinuousClock.now - start > limit { throw TimeOut(description: "not in \(limit): \(try what())") }
    Thread.sleep(forTimeInterval: 0.02)
  }
}

/// A folder of one test.
struct TemporaryFolder {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appendingPathComponent("epsilond-process-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  /// A folder that cannot be removed is the system's to clear away: nothing hangs on it.
  func remove() { try? FileManager.default.removeItem(at: url) }
}
