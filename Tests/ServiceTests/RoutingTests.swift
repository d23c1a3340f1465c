import API
import Foundation
import TestSupport
import Testing

@Suite struct RoutingTests {
  private let question = #"{"event": {"type": "gaussian", "noise_multiplier": 1}, "delta": 1e-5}"#

  @Test func everyPathAlsoAnswersWithoutItsVersion() async throws {
    try await withService { live in
      let client = try live.client()
      let (long, short) = (try client.post("/v1/epsilon", question), try client.post("/epsilon", question))
      #expect(long.status == 200 && long.body == short.body)
      for route in Route.all where route.method == "GET" && !route.path.contains("{") && route.path.hasPrefix("/v1/") {
        let (long, short) = (try client.get(route.path), try client.get(String(route.path.dropFirst(3))))
        #expect(long.status == 200 && short.status == 200 && long.body == short.body, "\(route.path)")
      }
    }
  }

  @Test func whatIsNotThereIsAProblem() async throws {
    try await withService { live in
      let client = try live.client()
      for path in [
        "/nothing", "/v1", "/v1/", "/v1/nothing", "/v2/epsilon", "/v1/v1/epsilon", "/v1/budgets/", "/v1//budgets",
        "/v1/budgets/bud_x/nothing", "/%2e%2e/etc/passwd", "/v1/budgets/%zz", "/dashboard/nothing.js", "/V1/EPSILON",
      ] {
        let response = try client.get(path)
        #expect(response.status == 404, "\(path): \(response.status)")
        #expect(response["Content-Type"] == "application/problem+json", "\(path)")
        #expect(response.json["code"].string == "not_found", "\(path)")
      }
    }
  }

  @Test func aMethodThatAPathLacksIs405WithThoseItHas() async throws {
    try await withService { live in
      let client = try live.client()
      for (method, path, allowed) in [
        ("GET", "/v1/epsilon", "OPTIONS, POST"), ("DELETE", "/v1/budgets", "GET, HEAD, OPTIONS, POST"),
        ("PUT", "/v1/budgets/bud_a", "GET, HEAD, OPTIONS, PATCH"), ("BREW", "/v1/jobs/job_a", "GET, HEAD, OPTIONS"),
        ("POST", "/", "GET, HEAD, OPTIONS"), ("DELETE", "/healthz", "GET, HEAD, OPTIONS"),
      ] {
        let response = try client.send(method, path, body: [])
        #expect(response.status == 405, "\(method) \(path): \(response.status)")
        #expect(response["Allow"] == allowed, "\(method) \(path)")
        #expect(response.json["code"].string == "method_not_allowed", "\(method) \(path)")
      }
    }
  }

  @Test func optionsNamesTheMethodsAndAllowsNoOtherOrigin() async throws {
    try await withService { live in
      let client = try live.client()
      let response = try client.send("OPTIONS", "/v1/budgets", [("Origin", "http://evil.example")])
      #expect(response.status == 204)
      #expect(response["Allow"] == "GET, HEAD, OPTIONS, POST")
      #expect(!response.headers.contains { $0.name.lowercased().hasPrefix("access-control-") })
      #expect(try client.send("OPTIONS", "*").status == 204)
      #expect(try client.send("OPTIONS", "/nothing").status == 404)
    }
  }

  @Test func headIsGetWithoutItsBody() async throws {
    try await withService { live in
      let client = try live.client()
      for path in ["/", "/healthz", "/v1/budgets", "/v1/version", "/openapi.yaml"] {
        let (get, head) = (try client.get(path), try client.send("HEAD", path))
        #expect(head.status == get.status, "\(path)")
        for name in ["Content-Type", "Content-Length", "ETag"] { #expect(head[name] == get[name], "\(path) \(name)") }
      }
      #expect(try client.get("/healthz").status == 200)
    }
  }

  @Test func everyAnswerCarriesItsGuards() async throws {
    try await withService { live in
      let client = try live.client()
      for path in ["/", "/dashboard/app.js", "/healthz", "/v1/budgets", "/v1/budgets/none", "/nothing", "/metrics"] {
        let response = try client.get(path)
        #expect(response["X-Content-Type-Options"] == "nosniff", "\(path)")
        #expect(response["Content-Security-Policy"]?.hasPrefix("default-src 'none'") == true, "\(path)")
        #expect(response["Referrer-Policy"] == "no-referrer", "\(path)")
        #expect(response["Cache-Control"] != nil, "\(path)")
      }
    }
  }

  @Test func changesTakeJSONAlone() async throws {
    try await withService { live in
      let client = try live.client()
      let body = Array(#"{"name": "b", "dataset": "d", "epsilon": 1, "delta": 1e-5}"#.utf8)
      for type in [
        "application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x", "application/xml",
      ] {
        for path in ["/v1/budgets", "/v1/datasets", "/v1/jobs", "/v1/budgets/bud_a/charges", "/v1/jobs/job_a/cancel"] {
          let response = try client.send("POST", path, [("Content-Type", type)], body: body)
          #expect(response.status == 415, "\(path) \(type): \(response.status)")
          #expect(response.json["code"].string == "unsupported_media_type")
        }
      }
      let form = ("Content-Type", "application/x-www-form-urlencoded")
      #expect(try client.send("POST", "/v1/epsilon", [form], body: Array(question.utf8)).status == 200)
      let gzip = try client.send("POST", "/v1/epsilon", [("Content-Encoding", "gzip")], body: Array(question.utf8))
      #expect(gzip.status == 415)
    }
  }

  @Test func theContractComesAsYAMLAndAsTheSameJSON() async throws {
    try await withService { live in
      let client = try live.client()
      #expect(try client.get("/openapi.yaml").text.hasPrefix("openapi: "))
      let json = try client.get("/openapi.json")
      #expect(json["Content-Type"] == "application/json")
      #expect(json.json["paths"].keys.contains("/v1/epsilon"))
    }
  }

  @Test func aLoadedServiceSaysSoAtOnce() async throws {
    try await withService(configure: {
      $0.calculatorThreads = 1
      $0.queueLimit = 1
    }) { live in
      // Each of these takes the only thread for a good while; with one more waiting, some must be refused.
      let slow = #"{"target_epsilon": 1, "delta": 1e-6, "sample_rate": 0.001, "steps": 100000}"#
      let statuses = try concurrently(16) { _ in
        let response = try TestClient(port: live.port).post("/v1/noise-multiplier", slow)
        return (response.status, response["Retry-After"])
      }
      #expect(statuses.allSatisfy { $0.0 == 200 || $0.0 == 503 && $0.1 == "1" })
      #expect(try live.client().get("/v1/budgets").status == 200)
      #expect(try live.client().get("/healthz").status == 200)
    }
  }
}
