import API
import Foundation
import TestSupport
import Testing

/// Every golden row about Rényi accounting, asked as JSON.
@Suite struct GoldenTests {
  static let kinds: Set<String> = [
    "epsilon_rdp_poisson_gaussian", "epsilon_rdp_gaussian_full_batch", "delta_from_epsilon_rdp", "rdp_curve",
    "truth_rdp_curve", "zcdp", "dpsgd_statement", "noise_multiplier_search", "epsilon_composed_events",
    "epsilon_laplace", "randomized_response",
  ]

  static let rows: [GoldenRow] = GoldenRow.load().filter { row in
    kinds.contains(row.kind) && (row.kind != "dpsgd_statement" || row.input("accountant") == "RDP")
  }

  @Test func allKindsAreThere() {
    #expect(Set(Self.rows.map(\.kind)) == Self.kinds)
    #expect(Self.rows.count >= 80)
  }

  @Test(arguments: rows) func holds(row: GoldenRow) throws {
    let api = try TestAPI()
    switch row.kind {
    case "epsilon_rdp_poisson_gaussian", "epsilon_rdp_gaussian_full_batch": try epsilon(row, api)
    case "delta_from_epsilon_rdp": try delta(row, api)
    case "rdp_curve": try curve(row, api)
    case "truth_rdp_curve": try truth(row, api)
    case "zcdp", "epsilon_laplace", "randomized_response", "epsilon_composed_events": try event(row, api)
    case "noise_multiplier_search": try noiseMultiplier(row, api)
    default: try statement(row, api)
    }
    #expect(api.failures.all.isEmpty)
  }

  private func epsilon(_ row: GoldenRow, _ api: TestAPI) throws {
    let answer = api.post(
      "/v1/epsilon", row.request(row.run.merging(["delta": row.inputs["delta"], "accountant": "rdp"]) { $1 }))
    if row.expected["error"] != nil {
      // What the peer refuses as well: a probability above 1.
      #expect(answer.status == 422 && answer.pointers == ["/sample_rate"], "\(answer.text)")
      return
    }
    try #require(answer.status == 200, "\(answer.text)")
    row.check(answer.number("epsilon") ?? .infinity, "epsilon", tolerance: row.tolerance)
  }

  private func delta(_ row: GoldenRow, _ api: TestAPI) throws {
    let answer = api.post(
      "/v1/delta", row.request(row.run.merging(["epsilon": row.inputs["epsilon"], "accountant": "rdp"]) { $1 }))
    try #require(answer.status == 200, "\(answer.text)")
    row.check(try #require(answer.number("delta")), "delta", tolerance: row.tolerance)
  }

  private func curve(_ row: GoldenRow, _ api: TestAPI) throws {
    let answer = api.post("/v1/rdp", row.request(row.run.merging(["steps": 1]) { $1 }))
    try #require(answer.status == 200, "\(answer.text)")
    let divergences = try #require(answer.json["rdp"]?.array)
    let peers = try #require(row.expected["rdp"] as? [Any])
    let exact = row.expected["rdp_exact"] as? [Any]
    #expect(divergences.count == peers.count)
    for (index, divergence) in divergences.enumerated() {
      row.check(
        divergence.double ?? .infinity, peer: GoldenRow.number(peers[index]),
        exact: exact.map { GoldenRow.number($0[index]) }, tolerance: row.tolerance)
    }
  }

  private func truth(_ row: GoldenRow, _ api: TestAPI) throws {
    let order = try #require(row.inputs["order"])
    let answer = api.post("/v1/rdp", row.request(row.run.merging(["steps": 1, "orders": [order]]) { $1 }))
    try #require(answer.status == 200, "\(answer.text)")
    let divergence = try #require(answer.json.at("rdp.0")?.double)
    row.check(divergence, "rdp", tolerance: row.tolerance)
    // An upper bound, to the last digit of the truth that a double can show.
    #expect(divergence >= GoldenRow.number(row.expected["rdp"]) * (1 - 2e-16))
  }

  private func event(_ row: GoldenRow, _ api: TestAPI) throws {
    let answer = api.post(
      "/v1/epsilon",
      row.request(["event": row.event, "delta": row.inputs["delta"], "adjacency": row.adjacency, "accountant": "rdp"]))
    try #require(answer.status == 200, "\(answer.text)")
    let name = row.kind == "zcdp" ? "epsilon" : "epsilon_rdp"
    row.check(answer.number("epsilon") ?? .infinity, name, tolerance: row.rdpTolerance)
    if answer.json["epsilon"] == .null { #expect(answer.json["warnings"]?.array?.isEmpty == false) }
  }

  private func noiseMultiplier(_ row: GoldenRow, _ api: TestAPI) throws {
    let inputs = row.inputs
    var question = row.run
    question["target_epsilon"] = inputs["target_epsilon"]
    question["delta"] = inputs["delta"]
    let answer = api.post("/v1/noise-multiplier", row.request(question))
    try #require(answer.status == 200, "\(answer.text)")
    let noise = try #require(answer.number("noise_multiplier"))
    row.check(noise, "noise_multiplier_rdp", tolerance: row.rdpTolerance)
    // Fed back, it keeps its promise.
    question["noise_multiplier"] = noise
    question["target_epsilon"] = nil
    let back = api.post("/v1/epsilon", row.request(question))
    #expect(try #require(back.number("epsilon")) <= GoldenRow.number(inputs["target_epsilon"]))
    #expect(back.number("epsilon") == answer.number("epsilon"))
  }

  private func statement(_ row: GoldenRow, _ api: TestAPI) throws {
    let inputs = row.inputs
    let answer = api.post(
      "/v1/statement",
      row.request(
        [
          "dataset_size": inputs["number_of_examples"], "batch_size": inputs["batch_size"], "epochs": inputs["epochs"],
          "noise_multiplier": inputs["noise_multiplier"], "delta": inputs["delta"],
          "used_microbatching": inputs["used_microbatching"], "max_examples_per_user": inputs["max_examples_per_user"],
        ], withOrders: false))
    try #require(answer.status == 200, "\(answer.text)")
    for name in ["example_epsilon_each_once_per_epoch", "example_epsilon_poisson"] {
      row.check(answer.number(name) ?? .infinity, name, tolerance: row.rdpTolerance)
    }
    for name in ["user_epsilon_each_once_per_epoch", "user_epsilon_poisson"] where row.expected[name] != nil {
      row.check(answer.number(name) ?? .infinity, name, tolerance: row.tolerance["user_rdp"] as? [String: Any] ?? [:])
    }
    #expect(answer.json["text"]?.string == row.expected["statement"] as? String)
  }
}
