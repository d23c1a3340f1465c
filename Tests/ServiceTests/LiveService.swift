import Foundation
import HTTPServer
import Ledger
import SQLiteStore
import Service
import Synchronization
import TestSupport
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

/// Runs `body` where it may block: on the cooperative pool, whose threads are as many as the cores, its client would keep the
/// service's handlers from running.
func withService<Result: Sendable>(
  authentication: Bool = false, configure: (inout ServiceConfiguration) -> Void = { _ in },
  _ body: @escaping @Sendable (LiveService) throws -> Result
) async throws -> Result {
  let directory = FileManager.default.temporaryDirectory.appendingPathComponent("epsilond-" + UUID().uuidString)
  try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
  defer { removeQuietly(directory) }
  let store = try SQLiteStore(path: directory.appendingPathComponent("ledger.sqlite").path)
  var configuration = ServiceConfiguration(
    http: HTTPServerConfiguration(host: "127.0.0.1", port: 0), version: "test",
    artifactFolder: directory.appendingPathComponent("artifacts").path, dataFolders: [directory.path])
  configuration.isAuthenticationDisabled = !authentication
  // Between two requests of a test a loaded machine may let any time pass.
  configuration.http.idleTimeout = .seconds(3_600)
  configure(&configuration)
  let lines = LogLines()
  let service = try Service.start(configuration, store: store, log: Log { lines.append($0) })
  let live = LiveService(service: service, store: store, directory: directory, log: lines)
  let result = await blocking { Swift.Result { try body(live) } }
  await service.shutdown(grace: .seconds(2))
  return try result.get()
}

private func removeQuietly(_ directory: URL) {
  do {
    try FileManager.default.removeItem(at: directory)
  } catch {
    Issue.record("the test's folder \(directory.path) stays behind: \(error)")
  }
}

extension LiveService {
  /// A token of this role; its secret.
  func makeToken(
    _ role: APIToken.Role, expires: Timestamp? = nil, isRevoked: Bool = false
  ) throws -> String {
    let secret = "secret-" + UUID().uuidString
    try store.write { transaction in
      let writer = LedgerWriter(transaction, at: .now)
      let token = try writer.createToken(
        name: "\(role)", role: role, secretDigest: Digest(ofText: secret), expires: expires)
      if isRevoked { try writer.revokeToken(token.id) }
    }
    return secret
  }

  /// Registers a table of two features and a label with a hundred rows, which differ from those of another name.
  func makeDataset(_ client: TestClient, _ name: String, isPublic: Bool = false) throws {
    let shift = name.utf8.reduce(0) { ($0 * 31 + Int($1)) % 9973 }
    let rows = (0..<100).map { "\(Double($0 + shift) / 100),\(Double($0 % 7) / 7),\($0 % 2)" }
    let text = (["x,y,label"] + rows).joined(separator: "\n") + "\n"
    let file = name.replacing("/", with: "-") + ".csv"
    try Data(text.utf8).write(to: directory.appendingPathComponent(file))
    let body = #"""
      {"name": "\#(name)", "format": "csv", "files": ["\#(file)"], "labels": "label", "classes": 2,
       "public": \#(isPublic)}
      """#
    let response = try client.post("/v1/datasets", body)
    #expect(response.status == 201, "\(response.text)")
  }

  /// A budget; its id. Its dataset need not be registered: outside trainers may be all who see it.
  func makeBudget(_ client: TestClient, epsilon: Double = 3, dataset: String = "people") throws -> String {
    let body = #"{"name": "research", "dataset": "\#(dataset)", "epsilon": \#(epsilon), "delta": 1e-5}"#
    let response = try client.post("/v1/budgets", body)
    return try #require(response.json["id"].string, "\(response.status) \(response.text)")
  }
}

extension Moment {
  static var now: Moment {
    Moment(now: Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))) {
      (.random(in: .min ... .max), .random(in: .min ... .max))
    }
  }
}
