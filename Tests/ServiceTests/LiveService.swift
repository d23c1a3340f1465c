import Foundation
import HTTPServer
import Ledger
import SQLiteStore
import Service
import Synchronization
import Testing

/// A service on a free port of loopback, with a store in a folder of its own, until `withService` returns.
struct LiveService: Sendable {
  let service: Service
  let store: SQLiteStore
  let directory: URL
  let log: LogLines

  var port: UInt16 { service.port }

  func client() throws -> TestClient { try TestClient(port: port) }
}

/// What the service logged.
final class LogLines: Sendable {
  private let lines = Mutex("")

  var text: String { lines.withLock { $0 } }

  func append(_ bytes: [UInt8]) {
    lines.withLock { $0 += String(decoding: bytes, as: UTF8.self) }
  }
}

func withService<Result>(
  authentication: Bool = false, configure: (inout ServiceConfiguration) -> Void = { _ in },
  _ body: (LiveService) async throws -> Result
) async throws -> Result {
  let directory = FileManager.default.temporaryDirectory.appendingPathComponent("epsilond-" + UUID().uuidString)
  try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
  defer { removeQuietly(directory) }
  let store = try SQLiteStore(path: directory.appendingPathComponent("ledger.sqlite").path)
  var configuration = ServiceConfiguration(
    http: HTTPServerConfiguration(host: "127.0.0.1", port: 0), version: "test", dataDirectory: directory.path)
  configuration.isAuthenticationDisabled = !authentication
  configure(&configuration)
  let lines = LogLines()
  let service = try Service.start(configuration, store: store, log: Log { lines.append($0) })
  let live = LiveService(service: service, store: store, directory: directory, log: lines)
  do {
    let result = try await body(live)
    await service.shutdown(grace: .seconds(2))
    return result
  } catch {
    await service.shutdown(grace: .seconds(2))
    throw error
  }
}

private func removeQuietly(_ directory: URL) {
  do {
    try FileManager.default.removeItem(at: directory)
  } catch {
    Issue.record("the test's folder \(directory.path) stays behind: \(error)")
  }
}
