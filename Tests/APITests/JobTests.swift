import API
import Foundation
import Ledger
import Planning
import Testing

/// Datasets and jobs through the API, with small files of their own.
@Suite struct JobTests {
  private let folder: URL
  private let api: TestAPI
  private let budget: String

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("api-tests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try Self.writeIDX(folder, name: "train", count: 600)
    try Self.writeIDX(folder, name: "test", count: 100)
    api = try TestAPI(dataFolders: [folder.path])
    for (name, isPublic) in [("train", false), ("test", true)] {
      let answer = api.post("/v1/datasets", Self.registration(name, isPublic: isPublic))
      try #require(answer.status == 201, "\(answer.text)")
    }
    let created = api.post("/v1/budgets", #"{"name": "b", "dataset": "toy", "epsilon": 3, "delta": 1e-5}"#)
    budget = try #require(created.json["id"]?.string)
  }

  /// 12 × 12 gray images of four classes, all zero: nothing here trains.
  private static func writeIDX(_ folder: URL, name: String, count: Int) throws {
    func header(_ dimensions: [Int]) -> [UInt8] {
      [0, 0, 8, UInt8(dimensions.count)]
        + dimensions.flatMap { [UInt8($0 >> 24 & 255), UInt8($0 >> 16 & 255), UInt8($0 >> 8 & 255), UInt8($0 & 255)] }
    }
    try Data(header([count, 12, 12]) + [UInt8](repeating: 0, count: count * 144))
      .write(to: folder.appendingPathComponent("\(name)-images"))
    try Data(header([count]) + (0..<count).map { UInt8($0 % 4) }).write(
      to: folder.appendingPathComponent("\(name)-labels"))
  }

  private static func registration(_ name: String, isPublic: Bool) -> String {
    #"{"name": "toy/\#(name)", "format": "idx", "files": ["\#(name)-images"], "labels": "\#(name)-labels", "classes": 4, "#
      + #""split": "\#(name)", "public": \#(isPublic)}"#
  }

  private func job(_ privacy: String = #"{"noise_multiplier": 1.5, "delta": 1e-5}"#, epochs: Int = 2) -> String {
    """
    {"name": "t", "budget": "\(budget)", "dataset": "toy/train", "model": {"preset": "logistic-regression"},
     "training": {"batch_size": 32, "epochs": \(epochs), "optimizer": {"type": "sgd", "learning_rate": 0.25},
                  "clipping": {"mode": "flat", "norm": 1.0}},
     "privacy": \(privacy), "evaluation": {"dataset": "toy/test"}}
    """
  }

  @Test func datasets() throws {
    let list = api.get("/v1/datasets").json["data"]?.array ?? []
    #expect(list.compactMap { $0["name"]?.string } == ["toy/train", "toy/test"])
    #expect(list[0]["size"] == 600 && list[0]["shape"] == [12, 12] && list[0]["public"] == false)
    let id = try #require(list[0]["id"]?.string)
    #expect(api.get("/v1/datasets/\(id)").json == list[0])
    // A budget on the dataset is one on its only private part.
    #expect(api.get("/v1/budgets/\(budget)").json["dataset"] == "toy/train")
    let twice = api.post("/v1/datasets", Self.registration("train", isPublic: false))
    #expect(twice.status == 409 && twice.code == "state_conflict")
  }

  /// The same examples under a second name would have a second budget, or none at all.
  @Test func privateFilesHaveOneName() throws {
    let train = Self.registration("train", isPublic: false).replacing("toy/train", with: "toy/alias")
    let test = Self.registration("test", isPublic: true).replacing("toy/test", with: "toy/alias")
    for body in [
      train, train.replacing("\"public\": false", with: "\"public\": true"),
      train.replacing("\"train-images\"", with: "\"./train-images\""),
      test.replacing("\"public\": true", with: "\"public\": false"),
    ] {
      let answer = api.post("/v1/datasets", body)
      #expect(answer.status == 409 && answer.code == "state_conflict", "\(answer.text)")
      #expect(answer.json["detail"]?.string?.contains("is registered as toy/") == true)
    }
    // A copy has the same content.
    try Self.writeIDX(folder, name: "copy", count: 600)
    let copy = api.post("/v1/datasets", Self.registration("copy", isPublic: true))
    #expect(copy.status == 409 && copy.code == "state_conflict", "\(copy.text)")
    // What is public under both names needs no protection.
    #expect(api.post("/v1/datasets", test).status == 201)
  }

  @Test(arguments: [
    (#""files": ["train-images"]"#, #""files": ["missing"]"#, "/files/0"),
    (#""files": ["train-images"]"#, #""files": ["../../etc/passwd"]"#, "/files/0"),
    (#""files": ["train-images"]"#, #""files": ["/etc/passwd"]"#, "/files/0"),
    (#""files": ["train-images"]"#, #""files": []"#, "/files"),
    (#""files": ["train-images"]"#, #""files": [3]"#, "/files/0"),
    (#""labels": "train-labels""#, #""labels": "nothing""#, "/labels"),
    (#""labels": "train-labels""#, #""labels": "test-labels""#, "/labels"),
    (#""classes": 4"#, #""classes": 1"#, "/classes"),
    (#""format": "idx""#, #""format": "cifar_binary""#, "/labels"),
    (#""classes": 4"#, #""classes": 4, "target_range": [0, 1]"#, "/classes"),
    (#""classes": 4"#, #""target_range": [1, 0]"#, "/target_range"),
    (#""classes": 4"#, #""classes": 4, "columns": []"#, "/columns"),
    (#""classes": 4"#, #""classes": 4, "vocabulary_size": 4"#, "/vocabulary_size"),
    (#""classes": 4"#, #""classes": 4, "length": 4"#, "/length"),
    (#""format": "idx""#, #""format": "ixd""#, "/format"),
    (#""split": "train""#, #""header": true"#, "/header"),
  ])
  func badRegistrations(good: String, bad: String, pointer: String) {
    let body = Self.registration("train", isPublic: false).replacing("toy/train", with: "toy/new").replacing(
      good, with: bad)
    let answer = api.post("/v1/datasets", body)
    #expect(answer.status == 422, "\(answer.text)")
    if pointer != "/labels" || !bad.contains("test-labels") { #expect(answer.pointers == [pointer], "\(answer.text)") }
    #expect(api.failures.all.isEmpty)
  }

  @Test func aPresetMayBringItsSettings() throws {
    var body = job(#"{"noise_multiplier": 20, "delta": 1e-5}"#)
    let (start, end) = (body.range(of: "\"training\""), body.range(of: "\"privacy\""))
    body.removeSubrange(try #require(start).lowerBound..<(try #require(end).lowerBound))
    let answer = api.post("/v1/jobs?dry_run=true", body)
    #expect(answer.status == 200 && answer.json["batch_size"] == 512, "\(answer.text)")
    let created = api.post("/v1/jobs", body)
    #expect(created.status == 201 && created.json.at("training.batch_size") == 512, "\(created.text)")
    let id = try #require(JobID(created.json["id"]?.string ?? ""))
    let found = try api.store.read { try $0.job(id) }
    let stored = try #require(found)
    let read = try JSONDecoder().decode(JobSpecification.self, from: Data(stored.specification.utf8))
    #expect(read.training == ModelPreset.logisticRegression.recommendedTraining)
    // A network of the caller's own has none.
    let other = api.post("/v1/jobs?dry_run=true", body.replacing("logistic-regression", with: "mlp"))
    #expect(other.status == 422 && other.pointers == ["/training"], "\(other.text)")
  }

  @Test func dryRunPricesAndHoldsNothing() throws {
    let answer = api.post("/v1/jobs?dry_run=true", job())
    try #require(answer.status == 200, "\(answer.text)")
    #expect(answer.json["steps"] == 38 && answer.json["fits"] == true)
    #expect((answer.json.at("privacy.epsilon")?.double ?? 0) > 0 && answer.json["seconds"]?.double ?? 0 > 0)
    #expect((answer.json.at("memory.peak")?.integer ?? 0) > 0)
    #expect((answer.json.at("budget.count_that_fits")?.integer ?? 0) >= 1)
    #expect(api.get("/v1/budgets/\(budget)").json.at("reserved.epsilon")?.double == 0)
    #expect(api.get("/v1/jobs").json["data"] == [])
    // What was meant to be priced is never run by a slip in the query.
    for query in ["dry_run=", "dry_run", "dry_run=1", "dry_run=yes", "dryrun=true"] {
      let slip = api.post("/v1/jobs?" + query, job())
      #expect(slip.status == 422 && slip.pointers.first?.hasPrefix("?dry") == true, "\(query): \(slip.text)")
    }
    #expect(api.get("/v1/jobs").json["data"] == [])
    let target = api.post("/v1/jobs?dry_run=true", job(#"{"target_epsilon": 1, "delta": 1e-5}"#))
    #expect(
      (target.json.at("privacy.epsilon")?.double ?? 9) <= 1 && (target.json.at("privacy.epsilon")?.double ?? 0) > 0.99)
    let huge = api.post("/v1/jobs?dry_run=true", job(epochs: 10_000))
    #expect(huge.status == 200 && huge.json["fits"] == false && huge.json["alternatives"]?.array?.count == 2)
  }

  @Test func submitReadAndMove() throws {
    let created = api.post("/v1/jobs", job())
    try #require(created.status == 201, "\(created.text)")
    let path = try #require(created.response.header("Location"))
    #expect(created.json["state"] == "queued" && created.json.at("progress.steps") == 38)
    #expect(created.json.at("model.preset") == "logistic-regression" && created.json.at("training.batch_size") == 32)
    #expect((created.json.at("privacy.epsilon_reserved")?.double ?? 0) > 0)
    #expect(created.json.at("privacy.epsilon_so_far")?.double == 0)
    #expect(created.json["started_at"] == .null && created.json["created_at"]?.string?.hasSuffix("Z") == true)
    #expect(api.get(path).json == created.json)
    #expect(api.get("/v1/budgets/\(budget)/jobs").json.at("data.0.id") == created.json["id"])
    #expect(api.get("/v1/jobs?state=queued&budget=\(budget)").json["data"]?.array?.count == 1)
    #expect(api.get("/v1/jobs?state=failed").json["data"] == [])
    #expect(api.get("/v1/jobs?created_after=2020-01-01T00:00:00Z").json["data"]?.array?.count == 1)
    #expect(api.get("/v1/jobs?created_after=2090-01-01T00:00:00.5Z").json["data"] == [])

    let paused = api.send("POST", path + "/pause")
    #expect(paused.status == 202 && paused.json["state"] == "paused")
    #expect(api.post(path + "/pause", "{}").status == 202)
    #expect(api.send("POST", path + "/resume").json["state"] == "queued")
    let cancelled = api.send("POST", path + "/cancel")
    #expect(cancelled.status == 202 && cancelled.json["state"] == "cancelled" && cancelled.json["finished_at"] != .null)
    #expect(api.send("POST", path + "/cancel").status == 202)
    #expect(api.send("POST", path + "/resume").status == 409)
    #expect(api.post(path + "/cancel", #"{"now": true}"#).pointers == ["/now"])
    #expect(api.get("/v1/budgets/\(budget)").json.at("reserved.epsilon")?.double == 0)
    let events = api.get(path + "/events").json["data"]?.array ?? []
    #expect(events.compactMap { $0["kind"]?.string } == ["queued", "paused", "queued", "cancelled"])
    #expect(api.get(path + "/events?after=2&limit=1").json.at("data.0.sequence") == 3)
    #expect(api.get(path + "/artifacts").json["data"] == [])
    #expect(api.get(path + "/artifacts/model.safetensors").status == 404)
    #expect(api.get(path + "/artifacts/..%2f..%2fledger").status == 404)
  }

  /// Microbatches and adaptive clipping cost more than the same noise without, and refusals say what would fit.
  @Test func clippingIsPriced() throws {
    func epsilon(_ change: String) throws -> Double {
      let answer = api.post("/v1/jobs?dry_run=true", job().replacing(#""epochs": 2"#, with: #""epochs": 2\#(change)"#))
      return try #require(answer.json.at("privacy.epsilon")?.double, "\(answer.text)")
    }
    let plain = try epsilon("")
    #expect(try epsilon(#", "method": "ghost", "ema_decay": 0.99"#) == plain)
    #expect(try epsilon(#", "microbatch_size": 4"#) > 1.5 * plain)
    let adaptive = job().replacing(#""mode": "flat""#, with: #""mode": "adaptive", "count_stddev": 0.5"#)
    let priced = api.post("/v1/jobs?dry_run=true", adaptive)
    #expect((priced.json.at("privacy.epsilon")?.double ?? 0) > plain, "\(priced.text)")
    let doubled = api.post(
      "/v1/jobs?dry_run=true", job().replacing(#""epochs": 2"#, with: #""epochs": 400, "microbatch_size": 4"#))
    try #require(doubled.status == 200 && doubled.json["fits"] == false, "\(doubled.text)")
    let fitting = try #require(doubled.json.at("alternatives.0.noise_multiplier")?.double)
    let retried = api.post(
      "/v1/jobs?dry_run=true",
      job().replacing(#""epochs": 2"#, with: #""epochs": 400, "microbatch_size": 4"#)
        .replacing(#""noise_multiplier": 1.5"#, with: #""noise_multiplier": \#(fitting)"#))
    #expect(retried.json["fits"] == true, "\(retried.text)")
  }

  /// What the worker reads back plans the very run that was paid for, also where σ was searched for.
  @Test func storedSpecificationPinsTheNoise() throws {
    let created = api.post("/v1/jobs", job(#"{"target_epsilon": 1.5, "delta": 1e-5}"#))
    let id = try #require(created.json["id"]?.string.flatMap(JobID.init))
    let stored = try #require(try api.store.read { try $0.job(id) })
    let specification = try JSONDecoder().decode(JobSpecification.self, from: Data(stored.specification.utf8))
    #expect(specification.privacy.targetEpsilon == nil)
    #expect(specification.privacy.noiseMultiplier == created.json.at("privacy.noise_multiplier")?.double)
    #expect(created.json.at("privacy.target_epsilon")?.double == 1.5)
    #expect((created.json.at("privacy.epsilon_at_end")?.double ?? 9) <= 1.5)
  }

  @Test func refusedJobsLeaveNothing() throws {
    let refused = api.post("/v1/jobs", job(epochs: 10_000))
    try #require(refused.status == 409 && refused.code == "budget_exceeded", "\(refused.text)")
    let noise = try #require(refused.json.at("fits.0.noise_multiplier")?.double)
    #expect(api.get("/v1/jobs").json["data"] == [])
    #expect(api.post("/v1/jobs", job(#"{"noise_multiplier": \#(noise), "delta": 1e-5}"#, epochs: 10_000)).status == 201)
  }

  @Test func sameKeyIsOneJob() {
    let key = ["idempotency-key": "one"]
    let first = api.post("/v1/jobs", job(), headers: key)
    let second = api.post("/v1/jobs", job(), headers: key)
    #expect(first.status == 201 && second.json["id"] == first.json["id"])
    #expect(api.get("/v1/jobs").json["data"]?.array?.count == 1)
  }

  @Test func withoutPrivacyOnPublicDataOnly() {
    let open = job(#"{"private": false}"#).replacing("\"budget\": \"\(budget)\", ", with: "")
    let onPrivate = api.post("/v1/jobs", open)
    #expect(
      onPrivate.status == 403 && onPrivate.code == "policy_denied" && onPrivate.pointers == ["/privacy/private"],
      "\(onPrivate.text)")
    let onPublic = api.post("/v1/jobs", open.replacing("toy/train", with: "toy/test"))
    #expect(
      onPublic.status == 201 && onPublic.json["budget"] == .null && onPublic.json.at("privacy.private") == false,
      "\(onPublic.text)")
  }

  @Test func evaluationIsPublic() {
    let answer = api.post("/v1/jobs", job().replacing("toy/test", with: "toy/train"))
    #expect(answer.status == 403 && answer.code == "policy_denied" && answer.pointers == ["/evaluation/dataset"])
  }

  @Test(arguments: [
    (#""name": "t""#, #""name": """#, ["/name"]), (#""name": "t""#, #""nme": "t""#, ["/name", "/nme"]),
    (#""dataset": "toy/train""#, #""dataset": "toy/trian""#, ["/dataset"]),
    (#""dataset": "toy/test""#, #""dataset": "nothing""#, ["/evaluation/dataset"]),
    (#""preset": "logistic-regression""#, #""preset": "logistic""#, ["/model/preset"]),
    (#""preset": "logistic-regression""#, #""layers": []"#, ["/model/layers"]),
    (
      #""preset": "logistic-regression""#, #""layers": [{"type": "dense"}, {"type": "densse"}]"#,
      ["/model/layers/0/units", "/model/layers/1/type"]
    ),
    (
      #""preset": "logistic-regression""#, #""layers": [{"type": "conv2d", "filters": 1, "kernel_size": [3]}]"#,
      ["/model/layers/0/kernel_size"]
    ),
    (
      #""preset": "logistic-regression""#, #""layers": [{"type": "flatten"}, {"type": "batch_norm"}]"#,
      ["/model/layers/1/type"]
    ),
    (
      #""preset": "logistic-regression""#,
      #""layers": [{"type": "residual", "layers": [{"type": "dense", "unit": 3}]}]"#,
      ["/model/layers/0/layers/0/unit", "/model/layers/0/layers/0/units"]
    ),
    (
      #""preset": "logistic-regression""#,
      #""layers": [{"type": "flatten"}, {"type": "dense", "units": 1000000000000}]"#,
      ["/model/layers/1"]
    ),
    (
      #""preset": "logistic-regression""#,
      #""layers": [{"type": "flatten", "inputs": ["later"]}, {"type": "dense", "units": 2}]"#,
      ["/model/layers/0/inputs/0"]
    ),
    (
      #""preset": "logistic-regression""#, #""preset": "logistic-regression", "loss": "hinge""#, ["/model/loss"]
    ),
    (
      #""preset": "logistic-regression""#, #""preset": "logistic-regression", "freeze": ["7"]"#, ["/model/freeze/0"]
    ),
    (
      #""preset": "logistic-regression""#, #""preset": "logistic-regression", "initial_weights": "../x.safetensors""#,
      ["/model/initial_weights"]
    ),
    (
      #""preset": "logistic-regression""#,
      #""preset": "logistic-regression", "initial_weights": "nothing.safetensors""#,
      ["/model/initial_weights"]
    ),
    (#""batch_size": 32"#, #""batch_size": 1e400"#, ["/training/batch_size"]),
    (#""batch_size": 32"#, #""batch_size": 601"#, ["/training/batch_size"]),
    (#""epochs": 2"#, #""epochs": 2, "steps": 3"#, ["/training"]),
    (#""epochs": 2"#, #""epochs": -2"#, ["/training/epochs"]),
    (#""learning_rate": 0.25"#, #""learning_rate": "fast""#, ["/training/optimizer/learning_rate"]),
    (#""type": "sgd""#, #""type": "adamm""#, ["/training/optimizer/type"]),
    (#""type": "sgd""#, #""type": "adam", "momentum": 0.9"#, ["/training/optimizer/momentum"]),
    (#""type": "sgd""#, #""type": "sgd", "beta1": 0.9"#, ["/training/optimizer/beta1"]),
    (#""mode": "flat""#, #""mode": "automated""#, ["/training/clipping/mode"]),
    (#""mode": "flat""#, #""mode": "flat", "gamma": 0.1"#, ["/training/clipping/gamma"]),
    (#""mode": "flat""#, #""mode": "automatic", "gamma": 0"#, ["/training/clipping/gamma"]),
    (#""epochs": 2"#, #""epochs": 2, "microbatch_size": 33"#, ["/training/microbatch_size"]),
    (#""epochs": 2"#, #""epochs": 2, "ema_decay": 1"#, ["/training/ema_decay"]),
    (#""epochs": 2"#, #""epochs": 2, "method": "fast""#, ["/training/method"]),
    (
      #""epochs": 2"#, #""epochs": 2, "schedule": {"type": "step", "decay_steps": 0, "final_factor": 1}"#,
      ["/training/schedule/final_factor", "/training/schedule/decay_rate"]
    ),
    (#""norm": 1.0"#, #""norm": 0"#, ["/training/clipping/norm"]),
    (#""noise_multiplier": 1.5"#, #""noise_multiplier": NaN"#, ["/privacy/noise_multiplier"]),
    (#""noise_multiplier": 1.5, "#, "", ["/privacy"]), (#", "delta": 1e-5}"#, "}", ["/privacy/delta"]),
    (#""delta": 1e-5}"#, #""delta": 1e-5, "adjacency": "replace_one"}"#, ["/privacy/adjacency"]),
  ])
  func badJobs(good: String, bad: String, pointers: [String]) {
    let body = job().replacing(good, with: bad)
    #expect(body != job())
    for path in ["/v1/jobs", "/v1/jobs?dry_run=true"] {
      let answer = api.post(path, body)
      #expect(answer.status == 422, "\(answer.text)")
      #expect(pointers.allSatisfy { pointer in answer.pointers.contains { $0.hasPrefix(pointer) } }, "\(answer.text)")
    }
    #expect(api.failures.all.isEmpty)
  }

  @Test func badBudgetsOfJobs() throws {
    for (id, status) in [("bud_none", 422), ("x", 422)] {
      let answer = api.post("/v1/jobs", job().replacing(budget, with: id))
      #expect(answer.status == status && answer.pointers == ["/budget"], "\(answer.text)")
    }
    let other = api.post("/v1/budgets", #"{"name": "b", "dataset": "elsewhere", "epsilon": 3, "delta": 1e-5}"#)
    let id = try #require(other.json["id"]?.string)
    let answer = api.post("/v1/jobs", job().replacing(budget, with: id))
    #expect(answer.status == 422 && answer.pointers == ["/budget"])
    let unpaid = api.post("/v1/jobs", job().replacing("\"budget\": \"\(budget)\", ", with: ""))
    #expect(unpaid.status == 422 && unpaid.pointers == ["/budget"], "\(unpaid.text)")
  }

  /// A metric that arrives changes the tag: who polls with it must not go on seeing the job as it was.
  @Test func metricsChangeTheTag() throws {
    let created = api.post("/v1/jobs", job())
    let id = try #require(created.json["id"]?.string.flatMap(JobID.init))
    let before = api.get("/v1/jobs/\(id)")
    let tag = try #require(before.response.header("ETag"))
    #expect(api.get("/v1/jobs/\(id)", headers: ["if-none-match": tag]).status == 304)
    let list = try #require(api.get("/v1/jobs").response.header("ETag"))
    try api.store.write { transaction in
      guard var job = try transaction.job(id) else { throw TestFailure() }
      (job.committedStep, job.announcedStep) = (20, 20)
      job.checkpoint = try Digest(ofText: "checkpoint")
      try transaction.update(job)
      for step in 0...20 {
        try transaction.put(JobMetric(step: step, epoch: 0.1, epsilon: nil, accuracy: 0.5, loss: 1), of: id)
      }
    }
    let after = api.get("/v1/jobs/\(id)", headers: ["if-none-match": tag])
    #expect(after.status == 200 && after.json.at("metrics.0.accuracy")?.double == 0.5, "\(api.failures.all)")
    let metrics = try #require(after.json["metrics"]?.array)
    #expect(metrics.count == 21 && metrics.last?["step"] == 20)
    let listed = api.get("/v1/jobs", headers: ["if-none-match": list])
    #expect(listed.status == 200 && listed.json.at("data.0.metrics")?.array == [metrics[20]])
  }

  /// Only files that the ledger knows are served, with their digest.
  @Test func artifacts() throws {
    let created = api.post("/v1/jobs", job())
    let id = try #require(created.json["id"]?.string.flatMap(JobID.init))
    try api.store.write { transaction in
      guard var job = try transaction.job(id) else { throw TestFailure() }
      job.artifacts = [
        Artifact(name: "report.md", byteCount: 3, digest: try Digest(ofText: "abc"), mediaType: "text/markdown")
      ]
      try transaction.update(job)
    }
    let list = api.get("/v1/jobs/\(id)/artifacts").json
    #expect(list.at("data.0.href")?.string == "/v1/jobs/\(id)/artifacts/report.md" && list["has_more"] == false)
    let file = api.get("/v1/jobs/\(id)/artifacts/report.md")
    #expect(file.status == 200 && file.response.body == .file(path: "/nowhere/artifacts/\(id)/report.md"))
    // SHA-256 of "abc", FIPS 180-4.
    #expect(file.response.header("Repr-Digest") == "sha-256=:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:")
    let tag = try #require(file.response.header("ETag"))
    #expect(api.get("/v1/jobs/\(id)/artifacts/report.md", headers: ["if-none-match": tag]).status == 304)
  }
}

/// What a fresh service knows.
@Suite struct KnownDatasetTests {
  @Test func registeredOnceWhereInstalled() throws {
    let api = try TestAPI()
    try api.router.context.registerKnownDatasets()
    try api.router.context.registerKnownDatasets()
    let data = api.get("/v1/datasets").json["data"]?.array ?? []
    let names = data.compactMap { $0["name"]?.string }
    #expect(names.isEmpty || names == ["fashion-mnist/train", "fashion-mnist/test"])
    guard let train = data.first, let test = data.last else { return }
    #expect(
      train["public"] == false && train["size"] == 60_000 && train["shape"] == [28, 28] && train["split"] == "train")
    #expect(test["public"] == true && test["size"] == 10_000)
    let budget = api.post("/v1/budgets", #"{"name": "b", "dataset": "fashion-mnist", "epsilon": 3, "delta": 1e-5}"#)
    #expect(budget.json["dataset"] == "fashion-mnist/train")
  }
}

/// Presets and their settings.
@Suite struct PresetTests {
  @Test func everyPresetIsListedWithItsSettings() throws {
    let answer = try TestAPI().get("/v1/presets")
    #expect(answer.status == 200)
    let presets = try #require(answer.json["data"]?.array)
    #expect(presets.compactMap { $0["name"]?.string } == ModelPreset.allCases.map(\.rawValue))
    let tutorial = presets.first { $0["name"] == "tutorial-cnn" }
    #expect(tutorial?.at("training.batch_size") == 1_024 && tutorial?.at("training.clipping.norm")?.double == 0.3)
    #expect(presets.contains { $0["training"] == .null })
  }
}
