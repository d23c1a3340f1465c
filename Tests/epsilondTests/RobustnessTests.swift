import Foundation
import Glibc
import TestSupport
import Testing

/// Clients that are slow, many, or more than there are descriptors for.
@Suite struct RobustnessTests {
  @Test func halfSentRequestsAndIdleConnectionsAreBorne() async throws {
    let idleCount = 2_000
    try raiseDescriptorLimit(to: rlim_t(idleCount + 500))
    try await withInstallation { installation in
      let server = try installation.start(workers: 0)
      let port = server.port
      let began = ContinuousClock.now
      let clients = try (0..<50).map { _ in
        let client = try TestClient(port: port)
        try client.send(raw: "GET /v1/budgets HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
        return client
      }
      // Each has asked: it may rest for longer than one that has not. All ask before the first answer is read, so that
      // the last are not kept waiting by two thousand turns of a busy machine.
      let idle = try (0..<idleCount).map { _ in
        let client = try TestClient(port: port)
        try client.write("GET", "/healthz", [], body: nil)
        return client
      }
      for client in idle { #expect(try client.readAnswer().status == 200) }

      #expect(try server.client().get("/v1/budgets").status == 200)
      for client in stride(from: 0, to: idleCount, by: 100).map({ idle[$0] }) {
        #expect(try client.get("/healthz").status == 200)
      }
      try eventually("all connections are open") { try server.process.openFiles >= idleCount ? true : nil }

      // Each is told why, and closed, not before its ten seconds are over.
      for client in clients {
        #expect(try client.readHead().status == 408)
        #expect(try client.isClosedAfterRest())
      }
      #expect(ContinuousClock.now - began >= .seconds(10))
      #expect(try server.client().get("/v1/budgets").status == 200)
      withExtendedLifetime(idle) {}
    }
  }

  @Test func openConnectionsOutliveAShortageOfDescriptors() async throws {
    try await withInstallation { installation in
      let server = try installation.start(workers: 0)
      let clients = try (0..<4).map { _ in
        let client = try server.client()
        #expect(try client.get("/v1/budgets").status == 200)
        return client
      }
      // Four are what the server leaves to all but connections.
      try server.process.limitOpenFiles(to: server.process.openFiles + 4)

      // The system takes these for the server, which has no descriptor to spare for one of them.
      let crowd = try Self.crowd(server)
      let calculation = #"{"noise_multiplier": 1, "sample_rate": 0.01, "steps": 100, "delta": 1e-5}"#
      for _ in 0..<10 {
        for client in clients { #expect(try client.get("/v1/budgets").status == 200) }
        #expect(try clients[0].post("/v1/epsilon", calculation).status == 200)
      }
      #expect(try server.process.openFiles < 100)

      try server.process.limitOpenFiles(to: 1_024)
      for client in crowd { #expect(try client.readHead().status == 200) }
    }
  }

  @Test func aLowLimitLeavesDescriptorsToTheLedger() async throws {
    try await withInstallation { installation in
      let server = try installation.start(workers: 0, openFileLimit: 48)
      let clients = try (0..<4).map { _ in
        let client = try server.client()
        #expect(try client.get("/healthz").status == 200)
        return client
      }
      let crowd = try Self.crowd(server)
      for client in clients {
        #expect(try client.get("/v1/budgets").status == 200)
        #expect(try client.get("/readyz").status == 200)
      }
      // Those past the limit are turned away, with 503 or without a word; nobody is left waiting.
      let served = try crowd.count { client in
        do {
          let status = try client.readHead().status
          #expect(status == 200 || status == 503)
          return status == 200
        } catch TestClient.Failure.closed {
          return false
        }
      }
      #expect(1..<48 ~= served)
    }
  }

  /// A hundred connections; each asks at once, as the server closes those that do not, and keeps its place afterwards.
  private static func crowd(_ server: RunningServer) throws -> [TestClient] {
    try (0..<100).map { _ in
      let client = try server.client()
      try client.write("GET", "/healthz", [], body: nil)
      return client
    }
  }

  /// This process's own limit on open files.
  private func raiseDescriptorLimit(to wanted: rlim_t) throws {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    guard limit.rlim_cur < wanted else { return }
    try #require(limit.rlim_max >= wanted, "this test needs a hard limit of \(wanted) open files")
    limit.rlim_cur = wanted
    try #require(setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
  }
}

extension ChildProcess {
  /// Descriptors that it has open.
  fileprivate var openFiles: Int {
    get throws { try FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd").count }
  }

  /// Changes its limit while it runs.
  fileprivate func limitOpenFiles(to limit: Int) throws {
    let folder = try TemporaryFolder()
    defer { folder.remove() }
    let arguments = ["/usr/bin/prlimit", "--pid", String(pid), "--nofile=\(limit):"]
    #expect(try ChildProcess(arguments, logs: folder.url).waitForExit(within: .seconds(60)) == 0)
  }
}
