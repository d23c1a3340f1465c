import TestSupport
import Testing

/// The reference rows through the REST API, each as the request that a client would send.
@Suite struct GoldenTests {
  @Test func everyRowOfTheRenyiKindsHoldsOverHTTP() async throws {
    let rows = try GoldenRow.all().filter { Self.questions[$0.kind] != nil }
    for kind in Self.questions.keys { #expect(rows.contains { $0.kind == kind }, "no row of kind \(kind)") }
    try await withService { live in
      let client = try live.client()
      for row in rows {
        if !row.expected["error"].isNull {
          try expectRefusal(row, client)
          continue
        }
        guard let ask = Self.questions[row.kind] else { continue }
        try ask(row, client)
      }
    }
  }

  typealias Question = @Sendable (GoldenRow, TestClient) throws -> Void

  private static let questions: [String: Question] = [
    "epsilon_rdp_poisson_gaussian": { row, client in
      try checkEpsilon(row, client, training(row) + orders(row) + delta(row), "epsilon")
    },
    "epsilon_rdp_gaussian_full_batch": { row, client in
      let body =
        #""sampling":"full_batch","noise_multiplier":\#(row.inputs["noise_multiplier"]),"#
        + #""steps":\#(row.inputs["steps"])"#
      try checkEpsilon(row, client, body + orders(row) + delta(row), "epsilon")
    },
    "delta_from_epsilon_rdp": { row, client in
      let body = training(row) + orders(row) + #","epsilon":\#(row.inputs["epsilon"])"#
      let answer = try ask(client, "/v1/delta", body, row)
      let delta = answer["delta"].number ?? .nan
      #expect(row.accepts(delta, "delta"), "\(row): δ \(delta), expected \(row.expected)")
    },
    "rdp_curve": { row, client in
      let body = training(row, steps: "1") + orders(row)
      let answer = try ask(client, "/v1/rdp", body, row)
      let (peer, exact) = (row.expected["rdp"].array, row.expected["rdp_exact"].array)
      #expect(answer["rdp"].array.count == peer.count)
      for (index, value) in answer["rdp"].array.enumerated() {
        let value = value.number ?? .infinity
        let isAccepted = row.accepts(
          value, peer: GoldenRow.number(peer[index]) ?? .nan,
          exact: exact.isEmpty ? nil : GoldenRow.number(exact[index]))
        #expect(isAccepted, "\(row): rdp[\(index)] \(value), expected \(peer[index])")
      }
    },
    "truth_rdp_curve": { row, client in
      let body = training(row, steps: "1") + #","orders":[\#(row.inputs["order"])]"#
      let answer = try ask(client, "/v1/rdp", body, row)
      let value = answer["rdp"][0].number ?? .nan
      #expect(row.accepts(value, "rdp"), "\(row): rdp \(value), expected \(row.expected)")
    },
    "zcdp": { row, client in
      let event = #"{"type":"zcdp","rho":\#(row.inputs["rho"]),"xi":\#(row.inputs["xi"])}"#
      try checkEpsilon(row, client, repeated(event, row.inputs["count"]) + orders(row) + delta(row), "epsilon")
    },
    "epsilon_laplace": { row, client in
      let event = #"{"type":"laplace","noise_multiplier":\#(row.inputs["event"]["noise_multiplier"])}"#
      let body = repeated(event, row.inputs["steps"]) + orders(row) + delta(row)
      try checkEpsilon(row, client, body, "epsilon_rdp", scope: "rdp")
    },
    "randomized_response": { row, client in
      let event =
        #"{"type":"randomized_response","noise_parameter":\#(row.inputs["noise_parameter"]),"#
        + #""num_buckets":\#(row.inputs["num_buckets"])}"#
      let body = repeated(event, row.inputs["count"]) + adjacency(row) + orders(row) + delta(row)
      try checkEpsilon(row, client, body, "epsilon_rdp", scope: "rdp")
    },
    "epsilon_composed_events": { row, client in
      let events = row.inputs["events"].array.map {
        #"{"type":"self_composed","count":\#($0["count"]),"event":\#(event($0))}"#
      }
      let body = #""event":{"type":"composed","events":[\#(events.joined(separator: ","))]}"#
      try checkEpsilon(row, client, body + adjacency(row) + orders(row) + delta(row), "epsilon_rdp", scope: "rdp")
    },
    "noise_multiplier_search": { row, client in
      let rate = #""sample_rate":\#(row.inputs["sampling_probability"]),"steps":\#(row.inputs["steps"])"#
      let common = rate + adjacency(row) + orders(row) + delta(row)
      let answer = try ask(
        client, "/v1/noise-multiplier", common + #","target_epsilon":\#(row.inputs["target_epsilon"])"#, row)
      let noise = answer["noise_multiplier"].number ?? .nan
      #expect(row.accepts(noise, "noise_multiplier_rdp", scope: "rdp"), "\(row): σ \(noise), expected \(row.expected)")
      let back = try ask(client, "/v1/epsilon", common + #","noise_multiplier":\#(noise)"#, row)
      let (epsilon, target) = (back["epsilon"].number ?? .infinity, row.inputs["target_epsilon"].number ?? 0)
      #expect(epsilon <= target, "\(row): σ \(noise) gives ε \(epsilon)")
    },
  ]

  /// What a peer raises an error for is a problem here.
  private func expectRefusal(_ row: GoldenRow, _ client: TestClient) throws {
    let body = Self.training(row) + Self.orders(row) + Self.delta(row)
    let response = try client.post("/v1/epsilon", #"{"accountant":"rdp",\#(body)}"#)
    #expect(response.status == 422 && !response.json["errors"].array.isEmpty, "\(row): \(response.text)")
  }

  private static func checkEpsilon(
    _ row: GoldenRow, _ client: TestClient, _ body: String, _ name: String, scope: String? = nil
  ) throws {
    let answer = try ask(client, "/v1/epsilon", body, row)
    let epsilon = answer["epsilon"].number ?? .infinity
    #expect(row.accepts(epsilon, name, scope: scope), "\(row): ε \(epsilon), expected \(row.expected)")
    if epsilon.isInfinite {
      #expect(answer["epsilon"].isNull && answer["warnings"].array.count > 0, "\(row): an infinite ε must be explained")
    }
  }

  private static func ask(_ client: TestClient, _ path: String, _ body: String, _ row: GoldenRow) throws -> JSON {
    let response = try client.post(path, #"{"accountant":"rdp",\#(body)}"#)
    #expect(response.status == 200, "\(row): \(response.status) \(response.text)")
    return response.json
  }

  private static func training(_ row: GoldenRow, steps: String? = nil) -> String {
    #""sample_rate":\#(row.inputs["sampling_probability"]),"noise_multiplier":\#(row.inputs["noise_multiplier"]),"#
      + #""steps":\#(steps ?? row.inputs["steps"].description)\#(adjacency(row))"#
  }

  private static func adjacency(_ row: GoldenRow) -> String {
    guard let relation = row.inputs["neighboring_relation"].string else { return "" }
    return #","adjacency":"\#(relation.lowercased())""#
  }

  private static func orders(_ row: GoldenRow) -> String {
    row.inputs["orders"].isNull ? "" : #","orders":\#(row.inputs["orders"])"#
  }

  private static func delta(_ row: GoldenRow) -> String { #","delta":\#(row.inputs["delta"])"# }

  private static func repeated(_ event: String, _ count: JSON) -> String {
    #""event":{"type":"self_composed","count":\#(count),"event":\#(event)}"#
  }

  private static func event(_ entry: JSON) -> String {
    let noise = entry["noise_multiplier"]
    switch entry["type"].string {
    case "Laplace": return #"{"type":"laplace","noise_multiplier":\#(noise)}"#
    case "PoissonSampledGaussian":
      return #"{"type":"poisson_sampled","sampling_probability":\#(entry["sampling_probability"]),"#
        + #""event":{"type":"gaussian","noise_multiplier":\#(noise)}}"#
    default: return #"{"type":"gaussian","noise_multiplier":\#(noise)}"#
    }
  }
}
