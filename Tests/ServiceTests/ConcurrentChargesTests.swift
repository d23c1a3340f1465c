import Ledger
import TestSupport
import Testing

@Suite struct ConcurrentChargesTests {
  // Which 37 depends on the schedule, how many never does. Every client has its own connection, and all are let go at once.
  @Test func ofTwoHundredConcurrentChargesExactlyThoseThatFitAreAdmitted() async throws {
    try await withService { live in
      let client = try live.client()
      let budget = try Self.makeBudget(fitting: 37, live, client)
      let path = "/v1/budgets/\(budget)/charges"
      let statuses = try concurrently(200) { _ in try TestClient(port: live.port).post(path, Self.charge).status }
      #expect(statuses.filter { $0 == 201 }.count == 37)
      #expect(statuses.filter { $0 == 409 }.count == 163)
      let refusal = try client.post(path, Self.charge)
      #expect(refusal.json["code"].string == "budget_exceeded")
      let entries = try client.get("/v1/budgets/\(budget)/ledger?limit=1000").json["data"].array
      #expect(entries.filter { $0["kind"].string == "charged" }.count == 37)
      let verification = try live.store.read { try verifyLedger($0) }
      #expect(verification.fault == nil)
      #expect(verification.entries >= 38)
    }
  }

  private static let charge = #"{"event": {"type": "gaussian", "noise_multiplier": 20}}"#

  /// A budget that such charges fit into so many times and not once more: its ε is found by halving, each try a budget on
  /// another dataset.
  private static func makeBudget(fitting copies: Double, _ live: LiveService, _ client: TestClient) throws -> String {
    var (low, high) = (0.1, 10.0)
    for attempt in 0..<40 {
      let epsilon = (low + high) / 2
      let budget = try live.makeBudget(client, epsilon: epsilon, dataset: "people-\(attempt)")
      let preview = try client.post("/v1/budgets/\(budget)/preview", charge)
      let count = try #require(preview.json["count_that_fits"].number, "\(preview.text)")
      if count == copies { return budget }
      if count < copies { low = epsilon } else { high = epsilon }
    }
    throw NoSuchBudget()
  }

  private struct NoSuchBudget: Error {}
}
