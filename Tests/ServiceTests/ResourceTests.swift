import Foundation
import Ledger
import TestSupport
import Testing

/// What every resource has in common: tags, conditional requests, idempotency, lists.
@Suite struct ResourceTests {
  @Test func everyResourceIsAskedForAgainByItsTag() async throws {
    try await withService { live in
      let client = try live.client()
      let budget = try live.makeBudget(client)
      let job = try JobFixture(live)
      try job.claim()
      try job.commit()
      try job.finish()
      let dataset = try client.get("/v1/datasets").json["data"][0]["id"].string ?? ""
      for path in [
        "/v1/budgets", "/v1/budgets/\(budget)", "/v1/budgets/\(budget)/ledger", "/v1/budgets/\(budget)/jobs",
        "/v1/datasets", "/v1/datasets/\(dataset)", "/v1/jobs", "/v1/jobs/\(job.id)", "/v1/jobs/\(job.id)/events",
        "/v1/jobs/\(job.id)/artifacts", "/v1/version", "/", "/openapi.yaml", "/openapi.json",
      ] {
        let first = try client.get(path)
        #expect(first.status == 200, "\(path)")
        let tag = try #require(first["ETag"], "\(path) has no ETag")
        let again = try client.get(path, [("If-None-Match", tag)])
        #expect(again.status == 304, "\(path)")
        #expect(again["ETag"] == tag, "\(path)")
        #expect(try client.get(path, [("If-None-Match", "\"another\"")]).status == 200, "\(path)")
        #expect(try client.get(path, [("If-None-Match", "\"another\", \(tag)")]).status == 304, "\(path)")
      }
    }
  }

  @Test func aChangedResourceHasAnotherTag() async throws {
    try await withService { live in
      let client = try live.client()
      let budget = try live.makeBudget(client)
      let paths = ["/v1/budgets", "/v1/budgets/\(budget)", "/v1/budgets/\(budget)/ledger"]
      let tags = try paths.map { try client.get($0)["ETag"] ?? "" }
      let charge = #"{"event": {"type": "gaussian", "noise_multiplier": 20}}"#
      #expect(try client.post("/v1/budgets/\(budget)/charges", charge).status == 201)
      for (path, tag) in zip(paths, tags) {
        #expect(try client.get(path, [("If-None-Match", tag)]).status == 200, "\(path)")
      }
    }
  }

  @Test func aBudgetIsChangedOnlyByWhoHasSeenItsLatestState() async throws {
    try await withService { live in
      let client = try live.client()
      let path = "/v1/budgets/\(try live.makeBudget(client))"
      let rename = Array(#"{"name": "renamed"}"#.utf8)
      let tag = try #require(try client.get(path)["ETag"])
      #expect(try client.send("PATCH", path, body: rename).json["code"].string == "precondition_required")
      let patched = try client.send("PATCH", path, [("If-Match", tag)], body: rename)
      #expect(patched.status == 200 && patched.json["name"].string == "renamed")
      let late = try client.send("PATCH", path, [("If-Match", tag)], body: rename)
      #expect(late.status == 412 && late.json["code"].string == "precondition_failed")
    }
  }

  @Test func aRepeatedRequestWithItsKeyHappensOnce() async throws {
    try await withService { live in
      let client = try live.client()
      let budget = try live.makeBudget(client)
      let path = "/v1/budgets/\(budget)/charges"
      let charge = #"{"event": {"type": "gaussian", "noise_multiplier": 20}}"#
      let key = ("Idempotency-Key", "notebook-1")
      let first = try client.post(path, charge, [key])
      #expect(first.status == 201)
      for _ in 0..<3 {
        let again = try client.post(path, charge, [key])
        #expect(again.status == 201 && again.body == first.body)
      }
      let other = try client.post(path, #"{"event": {"type": "gaussian", "noise_multiplier": 21}}"#, [key])
      #expect(other.status == 422 && other.json["code"].string == "idempotency_key_reused")
      let entries = try client.get("/v1/budgets/\(budget)/ledger").json["data"].array
      #expect(entries.filter { $0["kind"].string == "charged" }.count == 1)
    }
  }

  // Many at once with one key: one is carried out, the others get its answer or are told to wait.
  @Test func concurrentRequestsWithOneKeyHappenOnce() async throws {
    try await withService { live in
      let client = try live.client()
      let budget = try live.makeBudget(client)
      let charge = #"{"event": {"type": "gaussian", "noise_multiplier": 20}}"#
      let statuses = Set(
        try concurrently(24) { _ in
          try TestClient(port: live.port)
            .post("/v1/budgets/\(budget)/charges", charge, [("Idempotency-Key", "once")]).status
        })
      #expect(statuses.isSubset(of: [201, 409]) && statuses.contains(201))
      let entries = try client.get("/v1/budgets/\(budget)/ledger").json["data"].array
      #expect(entries.filter { $0["kind"].string == "charged" }.count == 1)
    }
  }

  @Test func aListIsReadPageByPage() async throws {
    try await withService { live in
      let client = try live.client()
      for index in 0..<7 { try live.makeDataset(client, "set-\(index)") }
      var names: [String] = []
      var path = "/v1/datasets?limit=3"
      for _ in 0..<3 {
        let page = try client.get(path).json
        names += page["data"].array.compactMap { $0["name"].string }
        #expect(page["has_more"].bool == (names.count < 7))
        path = "/v1/datasets?limit=3&after=\(page["next"].string ?? "")"
      }
      #expect(names == (0..<7).map { "set-\($0)" })
    }
  }

  @Test func compressionIsTakenWhereItIsOffered() async throws {
    try await withService { live in
      let client = try live.client()
      for index in 0..<20 { try live.makeDataset(client, "set-\(index)") }
      let plain = try client.get("/v1/datasets")
      let packed = try client.get("/v1/datasets", [("Accept-Encoding", "gzip")])
      #expect(plain["Content-Encoding"] == nil)
      #expect(packed["Content-Encoding"] == "gzip" && packed.body.count < plain.body.count)
      #expect(packed["ETag"] == plain["ETag"])
    }
  }

  @Test func theServiceTellsWhatItDoes() async throws {
    try await withService { live in
      let client = try live.client()
      let budget = try live.makeBudget(client)
      #expect(try client.post("/v1/budgets/\(budget)/charges", "{").status == 400)
      #expect(try client.get("/metrics")["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8")
      let text = try client.get("/metrics").text
      for line in [
        #"epsilond_http_requests_total{method="POST",route="/v1/budgets",status="201"} 1"#,
        #"epsilond_http_requests_total{method="POST",route="/v1/budgets/{id}/charges",status="400"} 1"#,
        #"epsilond_http_request_duration_seconds_count{route="/v1/budgets"} 1"#,
        #"epsilond_budget_epsilon_limit{budget="\#(budget)",dataset="people"} 3"#,
        #"epsilond_budget_epsilon_spent{budget="\#(budget)",dataset="people"} 0"#,
        #"epsilond_jobs{state="running"} 0"#, #"epsilond_queue_depth{queue="store"} 0"#,
      ] {
        #expect(text.contains("\n" + line + "\n"), "\(line)")
      }
    }
  }
}
