import API
import Ledger
import Testing

/// Every endpoint with a body against every kind of bad input: always a problem that names the place, never a 500.
@Suite struct BadInputTests {
  /// An endpoint with a body that it takes, and the fields of it that hold numbers.
  struct Endpoint: CustomTestStringConvertible, Sendable {
    let path: String
    let body: String
    /// A top-level number that is required or optional, as `"name": value` stands in the body.
    let number: (name: String, text: String)
    var testDescription: String { path }
  }

  private static let run = #""noise_multiplier": 1.1, "sample_rate": 0.01, "steps": 100"#

  static let endpoints: [Endpoint] = [
    Endpoint(path: "/v1/epsilon", body: "{\(run), \"delta\": 1e-5}", number: ("delta", "1e-5")),
    Endpoint(path: "/v1/delta", body: "{\(run), \"epsilon\": 1}", number: ("noise_multiplier", "1.1")),
    Endpoint(
      path: "/v1/noise-multiplier", body: #"{"sample_rate": 0.01, "steps": 100, "target_epsilon": 3, "delta": 1e-5}"#,
      number: ("target_epsilon", "3")),
    Endpoint(
      path: "/v1/solve",
      body:
        #"{"solve_for": "steps", "noise_multiplier": 1.1, "sample_rate": 0.01, "target_epsilon": 3, "delta": 1e-5}"#,
      number: ("sample_rate", "0.01")),
    Endpoint(path: "/v1/rdp", body: "{\(run), \"orders\": [2, 3]}", number: ("steps", "100")),
    Endpoint(
      path: "/v1/statement",
      body: #"{"dataset_size": 60000, "batch_size": 32, "noise_multiplier": 0.5, "epochs": 1, "delta": 1e-5}"#,
      number: ("batch_size", "32")),
    Endpoint(
      path: "/v1/frontier",
      body: #"{"noise_multiplier": 1, "epochs": [1], "batch_size": 10, "dataset_size": 1000, "delta": 1e-5}"#,
      number: ("dataset_size", "1000")),
    Endpoint(
      path: "/v1/budgets", body: #"{"name": "b", "dataset": "d", "epsilon": 3, "delta": 1e-5}"#,
      number: ("epsilon", "3")),
    Endpoint(path: "/v1/budgets/{budget}/preview", body: "{\(run)}", number: ("noise_multiplier", "1.1")),
    Endpoint(path: "/v1/budgets/{budget}/charges", body: "{\(run)}", number: ("steps", "100")),
    Endpoint(path: "/v1/budgets/{budget}/reservations", body: "{\(run)}", number: ("sample_rate", "0.01")),
    Endpoint(path: "/v1/reservations/{reservation}/commit", body: #"{"steps": 3}"#, number: ("steps", "3")),
    Endpoint(
      path: "/v1/datasets",
      body: #"{"name": "x", "format": "idx", "files": ["a"], "labels": "b", "classes": 10}"#, number: ("classes", "10")),
  ]

  private let api: TestAPI
  private let budget: String
  private let reservation: String

  init() throws {
    api = try TestAPI()
    budget = try #require(
      api.post("/v1/budgets", #"{"name": "b", "dataset": "taken", "epsilon": 3, "delta": 1e-5}"#).json["id"]?.string)
    reservation = try #require(
      api.post("/v1/budgets/\(budget)/reservations", "{\(Self.run)}").json["id"]?.string)
  }

  private func send(_ endpoint: Endpoint, _ body: String) -> Answer {
    let path = endpoint.path.split(separator: "/").map { part in
      part == "{budget}" ? budget : part == "{reservation}" ? reservation : String(part)
    }
    return api.post("/" + path.joined(separator: "/"), body)
  }

  private func expectProblem(_ answer: Answer, _ status: Int, _ pointer: String, _ context: String) {
    #expect(answer.status == status, "\(context): \(answer.text)")
    #expect(answer.pointers.contains(pointer), "\(context): \(answer.text)")
    #expect(answer.response.header("Content-Type") == "application/problem+json")
    #expect(answer.json["status"]?.integer == status && answer.json["title"]?.string?.isEmpty == false)
    #expect(answer.json["type"]?.string == "urn:epsilond:problem:" + (answer.code ?? ""))
    #expect(api.failures.all.isEmpty)
  }

  @Test(
    arguments: endpoints,
    [
      "NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1e-999", "-1", "\"1\"", "true", "{}", "null",
      "99999999999999999999999999999999", "-0.5",
    ])
  func badNumbers(endpoint: Endpoint, value: String) {
    let (name, text) = endpoint.number
    let body = endpoint.body.replacing("\"\(name)\": \(text)", with: "\"\(name)\": \(value)")
    #expect(body != endpoint.body)
    let answer = send(endpoint, body)
    expectProblem(answer, 422, "/" + name, value)
  }

  @Test(arguments: endpoints) func unknownFieldIsNamedWithTheNearest(endpoint: Endpoint) {
    let name = endpoint.number.name
    let misspelled = name.dropLast() + "x"
    let answer = send(endpoint, endpoint.body.replacing("{\"", with: "{\"\(misspelled)\": 1, \"", maxReplacements: 1))
    expectProblem(answer, 422, "/\(misspelled)", "misspelled")
    let said = (answer.json["errors"]?.array ?? []).compactMap { $0["detail"]?.string }.joined()
    #expect(said.contains("There is no field \(misspelled)") && said.contains("did you mean \(name)?"), "\(said)")
  }

  @Test(arguments: endpoints) func missingFieldIsNamed(endpoint: Endpoint) {
    let (name, text) = endpoint.number
    let without = endpoint.body.replacing("\"\(name)\": \(text), ", with: "").replacing(
      ", \"\(name)\": \(text)", with: ""
    )
    .replacing("\"\(name)\": \(text)", with: "")
    let answer = send(endpoint, without)
    expectProblem(answer, 422, "/" + name, without)
  }

  @Test(arguments: endpoints) func duplicateNameIsRefused(endpoint: Endpoint) {
    let (name, text) = endpoint.number
    let answer = send(endpoint, "{\"\(name)\": \(text), " + endpoint.body.dropFirst())
    expectProblem(answer, 400, "/" + name, "twice")
    #expect(answer.code == "malformed_json" && answer.json["line"] == 1 && answer.json["column"] != nil)
  }

  @Test(
    arguments: endpoints,
    ["", " ", "{", "[", "nul", "{\"a\":1,}", "{'a':1}", "\u{FEFF}{}", "{\"a\":\"\\ud800\"}", "{\"a\":01}"])
  func malformedBodies(endpoint: Endpoint, body: String) {
    let answer = send(endpoint, body)
    #expect(answer.status == 400 && answer.code == "malformed_json", "\(answer.text)")
    #expect(answer.json["line"]?.integer != nil && answer.json["column"]?.integer != nil)
  }

  @Test(arguments: endpoints, ["[]", "null", "3", "\"x\"", "true", "[{}]"])
  func bodiesThatAreNoObject(endpoint: Endpoint, body: String) {
    expectProblem(send(endpoint, body), 422, "", body)
  }

  @Test(arguments: endpoints) func deepNesting(endpoint: Endpoint) {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
      let deep = String(repeating: open, count: 100_000) + String(repeating: close, count: 100_000)
      let answer = send(endpoint, endpoint.body.dropLast() + ", \"orders\": \(deep)}")
      #expect(answer.status == 400 && answer.code == "malformed_json")
    }
  }

  @Test func manyErrorsInOneAnswer() {
    let answer = api.post(
      "/v1/epsilon",
      #"{"noise_multiplier": "x", "sample_rate": 2, "steps": 1.5, "sampling": "poison", "adjacency": 3, "orders": [0.5, 2, "a"], "delta": 1, "foo": 1}"#
    )
    #expect(answer.status == 422)
    #expect(
      Set(answer.pointers) == [
        "/noise_multiplier", "/sample_rate", "/steps", "/sampling", "/adjacency", "/orders/0", "/orders/2", "/delta",
        "/foo",
      ])
    #expect(answer.text.contains("did you mean poisson?"))
  }

  @Test func deepEventsAndProductsOfCounts() {
    func nested(_ depth: Int, count: Int) -> String {
      (0..<depth).reduce(#"{"type": "gaussian", "noise_multiplier": 1}"#) { event, _ in
        "{\"type\": \"self_composed\", \"count\": \(count), \"event\": \(event)}"
      }
    }
    #expect(api.post("/v1/epsilon", "{\"event\": \(nested(20, count: 1)), \"delta\": 1e-5}").status == 200)
    let deep = api.post("/v1/epsilon", "{\"event\": \(nested(40, count: 1)), \"delta\": 1e-5}")
    #expect(deep.status == 422 && deep.pointers.allSatisfy { $0.hasPrefix("/event") })
    let many = api.post("/v1/epsilon", "{\"event\": \(nested(5, count: 1_000_000)), \"delta\": 1e-5}")
    #expect(many.status == 422 && many.pointers.first?.hasSuffix("/count") == true, "\(many.text)")
    let wide = Array(repeating: #"{"type": "no_op"}"#, count: 20_000).joined(separator: ",")
    let wideAnswer = api.post(
      "/v1/epsilon", "{\"event\": {\"type\": \"composed\", \"events\": [\(wide)]}, \"delta\": 1e-5}")
    #expect(wideAnswer.status == 422)
  }

  @Test func workIsBoundedBeforeItStarts() {
    let events = (0..<9_000).map {
      "{\"type\": \"poisson_sampled\", \"sampling_probability\": \(0.001 + Double($0) * 1e-6), "
        + "\"event\": {\"type\": \"gaussian\", \"noise_multiplier\": 2}}"
    }.joined(separator: ",")
    let orders = (0..<500).map { "\(2 + Double($0))" }.joined(separator: ",")
    let event = "{\"type\": \"composed\", \"events\": [\(events)]}"
    let clock = ContinuousClock()
    let elapsed = clock.measure {
      for body in [
        "{\"event\": \(event), \"delta\": 1e-5, \"orders\": [\(orders)]}",
        "{\"event\": {\"type\": \"self_composed\", \"count\": 9, \"event\": \(event)}, \"delta\": 1e-5, \"trajectory\": 5}",
        "{\"event\": \(event), \"delta\": 1e-5, \"max_examples_per_user\": 2}",
      ] {
        let answer = api.post("/v1/epsilon", body)
        #expect(answer.status == 422 && answer.pointers == ["/event"], "\(answer.text.prefix(300))")
      }
    }
    #expect(elapsed < .seconds(20))
  }

  @Test func largeBodies() {
    let huge = "{\"a\": \"" + String(repeating: "x", count: 10 << 20) + "\"}"
    let answer = api.post("/v1/epsilon", huge)
    #expect(answer.status == 413 && answer.code == "payload_too_large")
  }

  @Test(arguments: [
    ("/v1/epsilon", "application/x-www-form-urlencoded", 200), ("/v1/epsilon", "", 200),
    ("/v1/epsilon", "application/json; charset=utf-8", 200), ("/v1/epsilon", "text/plain", 415),
    ("/v1/epsilon", "application/jsonx", 415), ("/v1/budgets", "application/x-www-form-urlencoded", 415),
    ("/v1/budgets", "text/plain", 415), ("/v1/budgets", "", 415), ("/v1/budgets", "APPLICATION/JSON ; a=b", 422),
  ])
  func mediaTypes(path: String, type: String, status: Int) {
    let body = "{\(Self.run), \"delta\": 1e-5}"
    let answer = api.post(path, body, headers: ["content-type": type])
    #expect(answer.status == status)
    if status == 415 { #expect(answer.code == "unsupported_media_type") }
  }

  @Test(arguments: [
    ("/v1/budgets?limit=0", "?limit"), ("/v1/budgets?limit=1001", "?limit"), ("/v1/budgets?limit=x", "?limit"),
    ("/v1/budgets?after=job_a", "?after"), ("/v1/budgets?limit=1&limit=2", "?limit"), ("/v1/budgets?limt=1", "?limt"),
    ("/v1/jobs?state=runing", "?state"), ("/v1/jobs?created_after=yesterday", "?created_after"),
    ("/v1/jobs?created_after=2026-02-30T00:00:00Z", "?created_after"), ("/v1/jobs?budget=x", "?budget"),
    ("/v1/jobs?a=%zz", "?a=%zz"), ("/v1/datasets?after=%00", "?after=%00"), ("/v1/version?x=1", "?x"),
  ])
  func badParameters(path: String, pointer: String) {
    let answer = api.get(path)
    #expect(answer.status == 422 && answer.pointers == [pointer], "\(answer.text)")
  }
}
