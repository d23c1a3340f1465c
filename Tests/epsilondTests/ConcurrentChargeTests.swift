import Foundation
import TestSupport
import Testing

@Suite struct ConcurrentChargeTests {
  static let charge = #"{"event": {"type": "gaussian", "noise_multiplier": 20}}"#

  @Test func exactlyWhatFitsIsCharged() async throws {
    try await withInstallation { installation in
      let server = try installation.start(workers: 0)
      _ = try TrainingFixture(installation, server, epsilon: 100)
      let budget = try Self.quota(of: 37, server)

      let port = server.port
      let answers = try concurrently(8) { thread in
        let client = try TestClient(port: port)
        return try (0..<25).map { number in
          let key = ("Idempotency-Key", "charge-\(thread)-\(number)")
          let response = try client.post("/v1/budgets/\(budget)/charges", Self.charge, [key])
          return "\(response.status) \(response.json["code"].string ?? "")"
        }
      }.flatMap { $0 }

      #expect(answers.count { $0 == "201 " } == 37)
      #expect(answers.count { $0 == "409 budget_exceeded" } == 163)
      let entries = try server.list("/v1/budgets/\(budget)/ledger")
      #expect(entries.count { $0["kind"].string == "charged" } == 37)
      try installation.expectLedgerHolds("while the server runs")
      server.process.send(SIGTERM)
      #expect(try server.process.waitForExit(within: .seconds(60)) == 0)
      try installation.expectLedgerHolds("after its end")
    }
  }

  /// A budget with room for `count` charges and no more; how large it is, bisection finds out.
  private static func quota(of count: Int, _ server: RunningServer) throws -> String {
    let root = try server.get("/v1/budgets")["data"][0]["id"].string
    var (low, high) = (0.1, 50.0)
    for _ in 0..<40 {
      let epsilon = (low + high) / 2
      let budget = try server.createID(
        "/v1/budgets",
        #"""
        {"name": "quota", "dataset": "points", "parent": "\#(try #require(root))", "epsilon": \#(epsilon), "delta": 1e-5,
         "adjacency": "add_or_remove_one", "unit": "example"}
        """#)
      let preview = try server.client().post("/v1/budgets/\(budget)/preview", charge).json
      let fitting = Int(try #require(preview["count_that_fits"].number))
      if fitting == count { return budget }
      (low, high) = fitting < count ? (epsilon, high) : (low, epsilon)
    }
    throw TimeOut(description: "no budget fits \(count) charges")
  }
}
