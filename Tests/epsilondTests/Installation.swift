import Foundation
import Glibc
import TestSupport
import Testing

/// A data folder, and the processes that work on it.
final class Installation {
  private let folder: TemporaryFolder
  private var children: [ChildProcess] = []

  var dataFolder: URL { folder.url.appendingPathComponent("data", isDirectory: true) }
  var path: String { dataFolder.path }

  fileprivate init() throws { folder = try TemporaryFolder() }

  /// Starts the service and waits until it says that it is ready.
  ///
  /// - Parameter openFileLimit: the server's own, where it is to run short of descriptors.
  func start(authenticated: Bool = false, workers: Int = 1, openFileLimit: Int? = nil) throws -> RunningServer {
    var arguments = [Program.path, "serve", "--port", "0", "--data-dir", path, "--workers", String(workers)]
    if !authenticated { arguments.append("--no-auth") }
    if let openFileLimit {
      arguments = ["/bin/sh", "-c", "ulimit -n \(openFileLimit) && exec \"$@\"", "sh"] + arguments
    }
    let child = try ChildProcess(arguments, logs: folder.url)
    children.append(child)
    let port: UInt16 = try eventually("the server is ready") {
      guard child.isRunning else { throw TimeOut(description: "the server ended: \(try child.errors)") }
      let line = try child.output
      guard line.hasPrefix("epsilond is ready at http://127.0.0.1:"), line.hasSuffix("\n") else { return nil }
      return UInt16(line.dropLast().split(separator: ":").last ?? "")
    }
    return RunningServer(process: child, port: port)
  }

  /// Every process that was started for this data folder and still runs: the folder's name is in its command line.
  var processes: [pid_t] {
    get throws {
      try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { pid_t($0) }.filter { pid in
        guard let line = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") else { return false }
        return line.range(of: Data(path.utf8)) != nil
      }
    }
  }

  /// Ends the server and its workers at once, as a power cut would. The server goes first: it must not start others.
  func cutPower(_ server: RunningServer) throws {
    let workers = try processes.filter { $0 != server.process.pid }
    #expect(!workers.isEmpty)
    server.process.kill()
    for worker in workers { Glibc.kill(worker, SIGKILL) }
    try eventually("all are gone") { try processes.isEmpty ? true : nil }
  }

  /// Expects that the ledger holds, whatever works on it.
  func expectLedgerHolds(_ when: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let result = try Program.run("verify-ledger", "--data-dir", path)
    #expect(result.status == 0, "\(when): \(result.output)\(result.errors)", sourceLocation: sourceLocation)
  }

  fileprivate func cleanUp() throws {
    for child in children { child.kill() }
    for pid in try processes { Glibc.kill(pid, SIGKILL) }
    folder.remove()
  }
}

/// Runs `body` where it may block, with a data folder of its own, and leaves no process behind.
func withInstallation(_ body: @escaping @Sendable (Installation) throws -> Void) async throws {
  try await blocking {
    let installation = try Installation()
    let result = Result { try body(installation) }
    try installation.cleanUp()
    try result.get()
  }
}

/// A server that is ready.
struct RunningServer {
  let process: ChildProcess
  let port: UInt16

  func client() throws -> TestClient { try TestClient(port: port) }

  func get(_ path: String) throws -> JSON {
    let response = try client().get(path)
    #expect(response.status == 200, "GET \(path): \(response.text)")
    return response.json
  }

  /// Creates something; its JSON.
  func create(_ path: String, _ body: String) throws -> JSON {
    let response = try client().post(path, body)
    #expect(response.status == 201, "POST \(path): \(response.text)")
    return response.json
  }

  /// The id of what is created.
  func createID(_ path: String, _ body: String) throws -> String {
    try #require(try create(path, body)["id"].string)
  }

  /// Every item of a list, page by page.
  func list(_ path: String) throws -> [JSON] {
    var (items, after): ([JSON], String?) = ([], nil)
    repeat {
      let page = try get(path + "?limit=100" + (after.map { "&after=\($0)" } ?? ""))
      items += page["data"].array
      after = page["has_more"].bool == true ? page["next"].string : nil
    } while after != nil
    return items
  }
}
