import TestSupport
import Testing

/// Whatever is sent, the answer is a problem that names what is wrong; never a failure of the service.
@Suite struct BadInputTests {
  private static let mechanism = #""sample_rate": 0.01, "noise_multiplier": 1, "steps": 100"#
  private static let job = #"""
    "name": "j", "budget": "bud_a", "dataset": "d", "model": {"preset": "mlp"},
    "training": {"batch_size": 10, "epochs": 1, "optimizer": {"type": "sgd", "learning_rate": 0.1},
    "clipping": {"mode": "flat", "norm": 1}}, "privacy": {"noise_multiplier": 1, "delta": 1e-5}
    """#

  /// Every endpoint that takes a body, with one that is good but for the field at the end, and a number it has.
  private static let endpoints: [(path: String, body: String, number: String)] = [
    ("/v1/epsilon", #"\#(mechanism), "delta": 1e-5"#, "delta"),
    ("/v1/delta", #"\#(mechanism), "epsilon": 1"#, "epsilon"),
    (
      "/v1/noise-multiplier", #""sample_rate": 0.01, "steps": 100, "delta": 1e-5, "target_epsilon": 1"#,
      "target_epsilon"
    ),
    (
      "/v1/solve",
      #""solve_for": "steps", "sample_rate": 0.01, "noise_multiplier": 1, "delta": 1e-5, "target_epsilon": 1"#,
      "target_epsilon"
    ),
    ("/v1/rdp", #"\#(mechanism), "orders": [2, 3]"#, "noise_multiplier"),
    (
      "/v1/statement", #""dataset_size": 1000, "batch_size": 10, "noise_multiplier": 1, "epochs": 1, "delta": 1e-5"#,
      "noise_multiplier"
    ),
    (
      "/v1/frontier",
      #""dataset_size": 1000, "batch_size": 10, "noise_multiplier": [1, 2], "epochs": 1, "delta": 1e-5"#, "epochs"
    ),
    ("/v1/budgets", #""name": "b", "dataset": "d", "epsilon": 1, "delta": 1e-5"#, "epsilon"),
    ("/v1/jobs", job, ""),
    ("/v1/datasets", #""name": "d", "format": "csv", "files": ["x.csv"], "labels": "y", "classes": 2"#, "classes"),
  ]

  private static func withBudgetEndpoints(_ budget: String) -> [(path: String, body: String, number: String)] {
    endpoints
      + ["preview", "charges", "reservations"].map { ("/v1/budgets/\(budget)/\($0)", mechanism, "noise_multiplier") }
  }

  private func forEveryEndpoint(
    _ body: @escaping @Sendable (TestClient, (path: String, body: String, number: String)) throws -> Void
  ) async throws {
    try await withService { live in
      let client = try live.client()
      for endpoint in Self.withBudgetEndpoints(try live.makeBudget(client)) { try body(client, endpoint) }
      #expect(!live.log.text.contains("\"error\""), "\(live.log.text)")
    }
  }

  private func expectProblem(
    _ response: TestClient.Response, _ status: Int, _ code: String, pointer: String? = nil, _ what: String
  ) {
    #expect(response.status == status, "\(what): \(response.status) \(response.text.prefix(300))")
    #expect(response["Content-Type"] == "application/problem+json", "\(what)")
    #expect(response.json["code"].string == code, "\(what): \(response.text.prefix(300))")
    guard let pointer else { return }
    let pointers = response.json["errors"].array.compactMap { $0["pointer"].string }
    #expect(pointers.contains(pointer), "\(what): \(pointers)")
  }

  @Test func anUnknownFieldIsNamed() async throws {
    try await forEveryEndpoint { client, endpoint in
      let response = try client.post(endpoint.path, #"{\#(endpoint.body), "nonsense": 1}"#)
      expectProblem(response, 422, "invalid_parameter", pointer: "/nonsense", endpoint.path)
    }
  }

  @Test func aFieldThatStandsTwiceIsMalformed() async throws {
    try await forEveryEndpoint { client, endpoint in
      let first = endpoint.body.split(separator: "\"")[0]
      let response = try client.post(endpoint.path, #"{"\#(first)": 1, \#(endpoint.body)}"#)
      expectProblem(response, 400, "malformed_json", endpoint.path)
      #expect((response.json["line"].number ?? 0) >= 1 && (response.json["column"].number ?? 0) >= 1)
    }
  }

  @Test func aNumberOutOfItsDomainOrOfAnotherTypeIsNamed() async throws {
    try await forEveryEndpoint { client, endpoint in
      guard !endpoint.number.isEmpty else { return }
      for value in ["-1", #""1""#, "true", "null", "[]", "{}", "1e999", "-1e999", "NaN", "Infinity", "-Infinity"] {
        let body = Self.replacing(endpoint.number, with: value, in: endpoint.body)
        let response = try client.post(endpoint.path, "{\(body)}")
        expectProblem(
          response, 422, "invalid_parameter", pointer: "/" + endpoint.number,
          "\(endpoint.path) \(endpoint.number) = \(value)")
      }
    }
  }

  /// The body with the value of `field`, a plain number, replaced.
  private static func replacing(_ field: String, with value: String, in body: String) -> String {
    guard let start = body.range(of: "\"\(field)\": ") else { return body }
    let end = body[start.upperBound...].firstIndex(of: ",") ?? body.endIndex
    return body.replacingCharacters(in: start.upperBound..<end, with: value)
  }

  @Test func whatIsNoJSONIsMalformed() async throws {
    try await forEveryEndpoint { client, endpoint in
      for body in [
        "", " ", "{", "}", "nul", #"{"delta": 01}"#, #"{"delta": .5}"#,
        "{'delta': 1}", #"{"delta": 1,}"#, #"{"delta" 1}"#, "[1, 2", #""text"#, "{} {}", #"{"a": "\u12"}"#,
        "\u{FEFF}{}",
        #"{"a": "\ud800"}"#, "{\"a\": \"\u{01}\"}", "// comment\n{}",
      ] {
        let response = try client.post(endpoint.path, body)
        expectProblem(response, 400, "malformed_json", "\(endpoint.path) <\(body)>")
      }
    }
  }

  @Test func aBodyThatIsNoObjectIsRefused() async throws {
    try await forEveryEndpoint { client, endpoint in
      for body in ["[]", "1", "\"text\"", "null", "true", "[{}]"] {
        let response = try client.post(endpoint.path, body)
        #expect(response.status == 422 || response.status == 400, "\(endpoint.path) \(body): \(response.status)")
        #expect(response["Content-Type"] == "application/problem+json")
      }
    }
  }

  @Test func bytesThatAreNotUTF8AreMalformed() async throws {
    try await forEveryEndpoint { client, endpoint in
      for bytes: [UInt8] in [
        [0xFF], [0x22, 0xC0, 0xAF, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0], [0x22, 0xF5, 0x22],
      ] {
        let response = try client.send("POST", endpoint.path, body: bytes)
        expectProblem(response, 400, "malformed_json", "\(endpoint.path) \(bytes)")
      }
    }
  }

  @Test func deepNestingIsRefusedBeforeItCostsAnything() async throws {
    try await forEveryEndpoint { client, endpoint in
      for depth in [1_000, 100_000] {
        let arrays = String(repeating: "[", count: depth)
        let objects = String(repeating: #"{"event":"#, count: depth)
        for body in [arrays, objects, arrays + String(repeating: "]", count: depth), #"{"delta": \#(arrays)"#] {
          let response = try client.post(endpoint.path, body)
          expectProblem(response, 400, "malformed_json", "\(endpoint.path) depth \(depth)")
        }
      }
    }
  }

  @Test func tenMegabytesAreTooMuch() async throws {
    try await withService { live in
      let budget = try live.makeBudget(live.client())
      let body = [UInt8](repeating: UInt8(ascii: " "), count: 10 << 20)
      for endpoint in Self.withBudgetEndpoints(budget) {
        // The server may close the connection rather than read it all: a connection for each.
        let response = try live.client().send("POST", endpoint.path, body: body)
        expectProblem(response, 413, "payload_too_large", endpoint.path)
      }
    }
  }

  @Test func longTextsAndHugeNumbersAreAnsweredInShort() async throws {
    try await forEveryEndpoint { client, endpoint in
      let long = String(repeating: "x", count: 100_000)
      let response = try client.post(endpoint.path, #"{\#(endpoint.body), "\#(long)": "\#(long)"}"#)
      #expect((400..<500).contains(response.status), "\(endpoint.path)")
      #expect(response.body.count < 10_000, "\(endpoint.path): \(response.body.count) bytes")
      guard !endpoint.number.isEmpty else { return }
      for value in ["1" + String(repeating: "0", count: 5_000), "0." + String(repeating: "3", count: 5_000), "1e-400"] {
        let body = Self.replacing(endpoint.number, with: value, in: endpoint.body)
        let response = try client.post(endpoint.path, "{\(body)}")
        #expect(response.status < 500, "\(endpoint.path): \(response.status)")
      }
    }
  }

  @Test func everyBadFieldIsInOneAnswer() async throws {
    try await withService { live in
      let response = try live.client().post(
        "/v1/epsilon",
        #"{"noise_multiplier": -1, "sample_rate": 2, "steps": 0, "delta": 7, "sampling": "x", "extra": 1}"#)
      let pointers = response.json["errors"].array.compactMap { $0["pointer"].string }.sorted()
      #expect(pointers == ["/delta", "/extra", "/noise_multiplier", "/sample_rate", "/sampling", "/steps"])
    }
  }

  @Test func badParametersOfAListAreNamed() async throws {
    try await withService { live in
      let client = try live.client()
      for (path, pointer) in [
        ("/v1/budgets?limit=0", "?limit"), ("/v1/budgets?limit=x", "?limit"), ("/v1/budgets?limit=1e3", "?limit"),
        ("/v1/budgets?limit=99999999999999999999", "?limit"), ("/v1/jobs?state=lost", "?state"),
        ("/v1/jobs?created_after=yesterday", "?created_after"), ("/v1/budgets?after=x", "?after"),
        ("/v1/budgets?nonsense=1", "?nonsense"), ("/v1/budgets?limit=1&limit=2", "?limit"),
        ("/v1/budgets?limit=%zz", "?limit=%zz"),
      ] {
        let response = try client.get(path)
        expectProblem(response, 422, "invalid_parameter", pointer: pointer, path)
      }
    }
  }

  @Test func hostileIdsNameNothing() async throws {
    try await withService { live in
      let client = try live.client()
      for id in [
        "bud_x", "bud_", "x", "job_a", "bud_%00", "bud_'%20or%201=1--", "bud_" + String(repeating: "a", count: 2_000),
      ] {
        for path in ["/v1/budgets/\(id)", "/v1/jobs/\(id)", "/v1/datasets/\(id)", "/v1/reservations/\(id)"] {
          let response = try client.get(path)
          expectProblem(response, 404, "not_found", path)
        }
      }
    }
  }
}
