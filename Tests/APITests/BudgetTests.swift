import API
import Ledger
import Testing

/// Budgets, charges and reservations through the API, over a store in memory.
@Suite struct BudgetTests {
  private let api: TestAPI

  init() throws {
    api = try TestAPI()
  }

  private static let definition = #"{"name": "b", "dataset": "patients", "epsilon": 3, "delta": 1e-5}"#
  private static let run = #"{"noise_multiplier": 1.1, "batch_size": 256, "dataset_size": 60000, "steps": 1000}"#

  private func budget(_ body: String = definition) throws -> String {
    let answer = api.post("/v1/budgets", body)
    return try #require(answer.status == 201 ? answer.json["id"]?.string : nil, "\(answer.text)")
  }

  @Test func createAndRead() throws {
    let created = api.post("/v1/budgets", Self.definition)
    #expect(created.status == 201)
    let id = try #require(created.json["id"]?.string)
    #expect(created.response.header("Location") == "/v1/budgets/\(id)")
    let read = api.get("/v1/budgets/\(id)")
    #expect(read.status == 200 && read.json == created.json)
    #expect(read.json["limit"] == ["epsilon": 3, "delta": 1e-05])
    #expect(read.json.at("spent.epsilon")?.double == 0 && read.json["state"] == "active")
    #expect(read.json["adjacency"] == "add_or_remove_one" && read.json["unit"] == "example")
    #expect(read.json["created_at"]?.string?.hasSuffix("Z") == true)
    let tag = try #require(read.response.header("ETag"))
    let again = api.get("/v1/budgets/\(id)", headers: ["if-none-match": tag])
    #expect(again.status == 304 && again.response.body == .bytes([]) && again.response.header("ETag") == tag)
    #expect(api.get("/v1/budgets/\(id)", headers: ["if-none-match": "\"other\""]).status == 200)
    #expect(api.get("/budgets/\(id)").json == read.json)
  }

  @Test func oneRootAndQuotasBeneathIt() throws {
    let root = try budget()
    let second = api.post("/v1/budgets", Self.definition)
    #expect(second.status == 409 && second.code == "state_conflict")
    let quota = try budget(#"{"name": "q", "dataset": "patients", "epsilon": 1, "delta": 1e-5, "parent": "\#(root)"}"#)
    let charged = api.post("/v1/budgets/\(quota)/charges", Self.run.replacing("1000}", with: "100}"))
    #expect(charged.status == 201, "\(charged.text)")
    #expect((api.get("/v1/budgets/\(root)").json.at("spent.epsilon")?.double ?? 0) > 0)
    let other = api.post(
      "/v1/budgets",
      #"{"name": "q", "dataset": "patients", "epsilon": 1, "delta": 1e-5, "adjacency": "replace_one", "parent": "\#(root)"}"#
    )
    #expect(other.status == 422 && other.pointers == ["/adjacency"])
    let orphan = api.post(
      "/v1/budgets", #"{"name": "q", "dataset": "patients", "epsilon": 1, "delta": 1e-5, "parent": "bud_none"}"#)
    #expect(orphan.status == 422 && orphan.pointers == ["/parent"])
  }

  @Test func patchNeedsTheVersion() throws {
    let path = "/v1/budgets/\(try budget())"
    let tag = try #require(api.get(path).response.header("ETag"))
    let unconditional = api.send("PATCH", path, #"{"name": "c"}"#)
    #expect(unconditional.status == 428 && unconditional.code == "precondition_required")
    let stale = api.send("PATCH", path, #"{"name": "c"}"#, headers: ["if-match": "\"v77\""])
    #expect(stale.status == 412 && stale.code == "precondition_failed")
    let changed = api.send("PATCH", path, #"{"name": "c", "frozen": true}"#, headers: ["if-match": tag])
    #expect(changed.status == 200 && changed.json["name"] == "c" && changed.json["state"] == "frozen")
    #expect(changed.response.header("ETag") != tag)
    let frozen = api.post(path + "/charges", Self.run)
    #expect(frozen.status == 409 && frozen.code == "state_conflict")
    let preview = api.post(path + "/preview", Self.run).json
    #expect(preview["fits"] == false && preview["count_that_fits"] == 0 && preview["epsilon_after"] == .null)
    #expect(preview["refused_by"]?.string.map { path.hasSuffix($0) } == true)
    #expect(api.send("PATCH", path, #"{"name": "d"}"#, headers: ["if-match": tag]).status == 412)
    let limits = api.send("PATCH", path, #"{"epsilon": 100, "frozen": false}"#, headers: ["if-match": "*"])
    #expect(limits.status == 422 && limits.pointers == ["/epsilon"])
    #expect(api.send("PATCH", path, #"{"frozen": false}"#, headers: ["if-match": "*"]).json["state"] == "active")
  }

  private static func first(_ settings: [JSONValue], _ name: String) -> JSONValue? {
    settings.compactMap { $0[name] }.first
  }

  /// A refusal shows settings that would fit; taking one of them fits.
  @Test func refusalsShowTheWayOut() throws {
    let path = "/v1/budgets/\(try budget())"
    let big = #"{"noise_multiplier": 0.7, "batch_size": 512, "dataset_size": 60000, "epochs": 60}"#
    let refused = api.post(path + "/charges", big)
    try #require(refused.status == 409 && refused.code == "budget_exceeded", "\(refused.text)")
    #expect(
      (refused.json.at("remaining.epsilon")?.double ?? 0) <= 3
        && (refused.json.at("requested.epsilon")?.double ?? 0) > 3)
    let fits = try #require(refused.json["fits"]?.array)
    let noise = try #require(Self.first(fits, "noise_multiplier")?.double)
    let steps = try #require(Self.first(fits, "steps")?.integer)
    #expect(noise > 0.7 && steps > 0 && steps < 7032)
    func preview(_ noise: Double, _ length: String) -> Bool {
      let body = #"{"noise_multiplier": \#(noise), "batch_size": 512, "dataset_size": 60000, \#(length)}"#
      return api.post(path + "/preview", body).json["fits"] == true
    }
    #expect(preview(noise, "\"epochs\": 60") && !preview(noise - 0.002, "\"epochs\": 60"))
    #expect(preview(0.7, "\"steps\": \(steps)") && !preview(0.7, "\"steps\": \(steps + 1)"))
    // Nothing was spent by being refused.
    #expect(api.get(path).json.at("spent.epsilon") == 0 || api.get(path).json.at("spent.epsilon") == .number(0))
    #expect(
      api.post(
        path + "/charges", #"{"noise_multiplier": \#(noise), "batch_size": 512, "dataset_size": 60000, "epochs": 60}"#
      ).status == 201)
  }

  /// Events with a noise multiplier get one that would fit too, and repeated ones a count.
  @Test(arguments: [
    (#"{"type": "gaussian", "noise_multiplier": SIGMA}"#, 0.5),
    (#"{"type": "laplace", "noise_multiplier": SIGMA}"#, 0.2),
    (#"{"type": "self_composed", "count": 500, "event": {"type": "gaussian", "noise_multiplier": SIGMA}}"#, 2),
    (
      #"{"type": "self_composed", "count": 90000, "event": {"type": "poisson_sampled", "sampling_probability": 0.01, "event": {"type": "gaussian", "noise_multiplier": SIGMA}}}"#,
      1
    ),
  ])
  func refusedEventsShowTheWayOut(event: String, noise: Double) throws {
    let path = "/v1/budgets/\(try budget())"
    func body(_ noise: Double) -> String { #"{"event": \#(event.replacing("SIGMA", with: "\(noise)"))}"# }
    let refused = api.post(path + "/charges", body(noise))
    try #require(refused.status == 409 && refused.code == "budget_exceeded", "\(refused.text)")
    let fits = try #require(refused.json["fits"]?.array)
    let enough = try #require(Self.first(fits, "noise_multiplier")?.double)
    #expect(enough > noise && api.post(path + "/preview", body(enough)).json["fits"] == true)
    #expect(api.post(path + "/preview", body(enough - 0.01)).json["fits"] == false)
    #expect((Self.first(fits, "count") != nil) == event.contains("count"))
  }

  @Test func previewCountsWhatFits() throws {
    let path = "/v1/budgets/\(try budget())"
    let preview = api.post(path + "/preview", Self.run)
    try #require(preview.status == 200, "\(preview.text)")
    let count = try #require(preview.json["count_that_fits"]?.integer)
    #expect(preview.json["fits"] == true && count > 1 && count < 1000)
    for index in 0..<count { #expect(api.post(path + "/charges", Self.run).status == 201, "charge \(index)") }
    let refused = api.post(path + "/charges", Self.run)
    #expect(refused.status == 409)
    let after = api.post(path + "/preview", Self.run)
    #expect(after.json["fits"] == false && after.json["epsilon_after"] == .null && after.json["count_that_fits"] == 0)
    let budget = api.get(path).json
    #expect((budget.at("spent.epsilon")?.double ?? 9) <= 3)
    #expect((api.get(path + "/ledger?limit=1000").json["data"]?.array?.count ?? 0) == count + 1)
  }

  @Test func chargesKeepToTheBudgetsTerms() throws {
    let path = "/v1/budgets/\(try budget())/charges"
    for (body, code, pointer) in [
      (Self.run.dropLast() + #", "adjacency": "replace_one"}"#, "unsound_combination", "/adjacency"),
      (Self.run.dropLast() + #", "sampling": "full_batch"}"#, "invalid_parameter", "/sampling"),
      (Self.run.dropLast() + #", "delta": 1e-7}"#, "invalid_parameter", "/delta"),
      (Self.run.dropLast() + #", "orders": [2]}"#, "invalid_parameter", "/orders"),
    ] {
      let answer = api.post(path, String(body))
      #expect(answer.status == 422 && answer.code == code && answer.pointers == [pointer], "\(answer.text)")
    }
    let good = api.post(path, Self.run)
    #expect(
      good.json.at("mechanism.sampling") == "poisson" && good.json.at("mechanism.adjacency") == "add_or_remove_one")
    #expect(good.json.at("entry.kind") == "charged" && good.json.at("entry.count") == 1000)
    #expect(good.json.at("entry.event.type") == "poisson_sampled")
    let event = api.post(path, #"{"event": {"type": "laplace", "noise_multiplier": 20}}"#)
    #expect(event.status == 201 && event.json.at("entry.event.type") == "laplace", "\(event.text)")
    #expect(api.post("/v1/budgets/bud_none/charges", "{").status == 404)
  }

  @Test func reservationsAreCommittedInPartsAndReleased() throws {
    let budget = try budget()
    let reserved = api.post("/v1/budgets/\(budget)/reservations", Self.run)
    #expect(reserved.status == 201, "\(reserved.text)")
    let path = try #require(reserved.response.header("Location"))
    let held = api.get("/v1/budgets/\(budget)").json
    #expect((held.at("reserved.epsilon")?.double ?? 0) > 0 && held.at("spent.epsilon")?.double == 0)
    let half = api.post(path + "/commit", #"{"steps": 500}"#)
    #expect(half.status == 200 && half.json["committed"] == 500 && half.json["state"] == "open")
    #expect(api.post(path + "/commit", #"{"steps": 500}"#).json == half.json)
    #expect(api.post(path + "/commit", #"{"steps": 400}"#).json == half.json)
    #expect(api.post(path + "/commit", #"{"steps": 1001}"#).status == 422)
    let released = api.send("POST", path + "/release")
    #expect(released.status == 200 && released.json["state"] == "released")
    #expect(api.post(path + "/release", "{}").json == released.json)
    #expect(api.post(path + "/commit", #"{"steps": 600}"#).status == 409)
    #expect(api.post(path + "/release", #"{"x": 1}"#).pointers == ["/x"])
    #expect(api.get(path).json == released.json)
    let after = api.get("/v1/budgets/\(budget)").json
    #expect(after.at("reserved.epsilon")?.double == 0 && (after.at("spent.epsilon")?.double ?? 0) > 0)
    let kinds = api.get("/v1/budgets/\(budget)/ledger").json["data"]?.array?.compactMap { $0["kind"]?.string }
    #expect(kinds == ["budget_created", "reserved", "committed", "released"])
  }

  @Test func ledgerIsAChainInPages() throws {
    let budget = try budget()
    for _ in 0..<4 { _ = api.post("/v1/budgets/\(budget)/charges", Self.run) }
    var entries: [JSONValue] = []
    var next: String? = "0"
    while let after = next {
      let page = api.get("/v1/budgets/\(budget)/ledger?limit=2&after=\(after)")
      #expect(page.status == 200)
      entries += page.json["data"]?.array ?? []
      next = page.json["next"]?.string
      #expect(page.json["has_more"] == .bool(next != nil))
    }
    #expect(entries.compactMap { $0["sequence"]?.integer } == [1, 2, 3, 4, 5])
    for (entry, following) in zip(entries, entries.dropFirst()) { #expect(following["previous_hash"] == entry["hash"]) }
    #expect(entries[0]["previous_hash"]?.string == String(repeating: "0", count: 64))
  }

  @Test func listsAreInPages() throws {
    let ids = try (0..<5).map { try budget(#"{"name": "b", "dataset": "d\#($0)", "epsilon": 3, "delta": 1e-5}"#) }
    let first = api.get("/v1/budgets?limit=3")
    #expect(first.json["data"]?.array?.compactMap { $0["id"]?.string } == Array(ids.prefix(3)))
    #expect(first.json["has_more"] == true && first.json["next"]?.string == ids[2])
    let rest = api.get("/v1/budgets?limit=3&after=\(ids[2])")
    #expect(rest.json["data"]?.array?.compactMap { $0["id"]?.string } == Array(ids.suffix(2)))
    #expect(rest.json["has_more"] == false && rest.json["next"] == .null)
    let tag = try #require(rest.response.header("ETag"))
    #expect(api.get("/v1/budgets?limit=3&after=\(ids[2])", headers: ["if-none-match": tag]).status == 304)
  }

  @Test func idempotencyKeys() throws {
    let budget = try budget()
    let path = "/v1/budgets/\(budget)/charges"
    let key = ["idempotency-key": "k-1"]
    let first = api.post(path, Self.run, headers: key)
    #expect(first.status == 201)
    let replay = api.post(path, Self.run, headers: key)
    #expect(replay.status == 201 && replay.json == first.json && replay.response.body == first.response.body)
    #expect(replay.response.header("Location") == first.response.header("Location"))
    let reused = api.post(path, #"{"event": {"type": "no_op"}}"#, headers: key)
    #expect(reused.status == 422 && reused.code == "idempotency_key_reused")
    // Another caller's key is another key.
    #expect(api.send("POST", path, Self.run, headers: key, caller: "someone else").json["entry"] != first.json["entry"])
    #expect(api.get("/v1/budgets/\(budget)/ledger").json["data"]?.array?.count == 3)
    // A refusal changes nothing and keeps no key.
    let big = #"{"noise_multiplier": 0.3, "batch_size": 512, "dataset_size": 60000, "epochs": 60}"#
    #expect(api.post(path, big, headers: ["idempotency-key": "k-2"]).status == 409)
    #expect(api.post(path, Self.run, headers: ["idempotency-key": "k-2"]).status == 201)
    #expect(api.post(path, Self.run, headers: ["idempotency-key": ""]).status == 422)
  }

  @Test func inProgressKeysConflict() throws {
    let budget = try budget()
    try api.store.write { transaction in
      let writer = LedgerWriter(
        transaction, at: Moment(now: Timestamp(milliseconds: 1_760_000_000_000 + 60_000), randomBits: { (1, 2) }))
      _ = try writer.beginIdempotent(
        scope: "tests createCharge id=\(budget)", key: "k", requestDigest: Digest(ofText: Self.run))
    }
    let answer = api.post("/v1/budgets/\(budget)/charges", Self.run, headers: ["idempotency-key": "k"])
    #expect(answer.status == 409 && answer.code == "idempotency_in_progress")
    #expect(answer.response.header("Retry-After") != nil)
  }

  @Test func blackBoxesSpendDelta() throws {
    let path = "/v1/budgets/\(try budget())"
    let charged = api.post(path + "/charges", #"{"event": {"type": "epsilon_delta", "epsilon": 0.1, "delta": 1e-7}}"#)
    #expect(charged.status == 201, "\(charged.text)")
    let refused = api.post(path + "/charges", #"{"event": {"type": "epsilon_delta", "epsilon": 0.1, "delta": 1e-5}}"#)
    #expect(refused.status == 409 && refused.code == "budget_exceeded")
    let hopeless = api.post(path + "/charges", #"{"event": {"type": "non_private"}}"#)
    #expect(hopeless.status == 409 && hopeless.json.at("requested.epsilon") == .null, "\(hopeless.text)")
  }
}
