import Foundation
import Ledger
import Planning
import Testing
import Worker

@Suite struct WholeJobTests {
  @Test func aJobTrainsReportsAndIsCharged() throws {
    let fixture = try Fixture()
    let id = try fixture.submit()
    let held = try fixture.budget().reserved
    #expect(try fixture.worker().runNextJob() == id)

    let job = try fixture.job(id)
    #expect(job.state == .succeeded, "\(fixture.log.withLock { $0 })")
    #expect(job.committedStep == Fixture.steps)
    #expect(job.attempts == 1)
    #expect(job.profile?.contains("clipped_sum") == true)
    #expect(try fixture.budget().spent == held)
    #expect(try fixture.budget().reserved.isZero)
    #expect(try fixture.checkpointFiles(id).isEmpty)
    #expect(try fixture.store.read { try verifyLedger($0).fault } == nil)
    #expect(try fixture.worker().runNextJob() == nil, "nothing is left to do")
  }

  @Test func metricsAreOfThePublicSetWithTheEpsilonOfTheirStep() throws {
    let fixture = try Fixture()
    let id = try fixture.submit()
    try fixture.worker().runNextJob()
    let metrics = try fixture.metrics(id)
    #expect(metrics.last?.step == Fixture.steps)
    #expect(metrics.map(\.epoch) == [1, 2, 3, 4, 5, 6])
    for (before, after) in zip(metrics, metrics.dropFirst()) {
      #expect((before.epsilon ?? .infinity) < (after.epsilon ?? 0))
    }
    // The classes are a line apart: chance would be a half.
    #expect((metrics.last?.accuracy ?? 0) > 0.8)
  }

  @Test func artifactsAreCompleteAndTheirDigestsHold() throws {
    let fixture = try Fixture()
    let id = try fixture.submit()
    try fixture.worker().runNextJob()
    let job = try fixture.job(id)
    #expect(job.artifacts.map(\.name) == ["model.safetensors", "model.json", "report.json", "report.md"])
    for artifact in job.artifacts {
      let bytes = try fixture.read("artifacts/\(id)/\(artifact.name)")
      #expect(try Digest(of: bytes) == artifact.digest)
      #expect(Int64(bytes.count) == artifact.byteCount)
    }
    let files = try FileManager.default.contentsOfDirectory(
      atPath: fixture.folder.appendingPathComponent("artifacts/\(id)").path)
    #expect(Set(files) == Set(job.artifacts.map(\.name)))
  }

  @Test func theReportStatesTheWholeGuarantee() throws {
    let fixture = try Fixture()
    let id = try fixture.submit()
    try fixture.worker().runNextJob()
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(fixture.read("artifacts/\(id)/report.json"))) as? [String: Any])
    let guarantee = try #require(json["guarantee"] as? [String: Any])
    #expect(guarantee["delta"] as? Double == 1e-5)
    // As text: JSONSerialization may miss a double by its last bit.
    let epsilon = try #require(try fixture.metrics(id).last?.epsilon)
    let written = String(decoding: try fixture.read("artifacts/\(id)/report.json"), as: UTF8.self)
    #expect(written.contains("\"epsilon\" : \(epsilon),"))
    #expect(guarantee["noise_multiplier"] as? Double == 2)
    #expect(guarantee["adjacency"] as? String == "add_or_remove_one")
    #expect(guarantee["unit"] as? String == "example")
    #expect(guarantee["steps"] as? Int == Fixture.steps)
    #expect((guarantee["arithmetic"] as? String)?.hasPrefix("ideal-arithmetic guarantee") == true)

    let text = String(decoding: try fixture.read("artifacts/\(id)/report.md"), as: UTF8.self)
    #expect(text.hasPrefix("# a line &#124; &lt;b&gt;\n"), "a name is text, not markup")
    for words in ["adding or removing one example", "Poisson sampling", "δ = 1e-05", "central", "not cover"] {
      #expect(text.contains(words), "\(words)")
    }
  }

  /// The trainer samples and clips examples. That a person owns no more than one is for the owner of the data to know.
  @Test func aUnitOtherThanAnExampleIsAnAssumption() throws {
    let fixture = try Fixture(unit: "patient")
    let id = try fixture.submit()
    try fixture.worker().runNextJob()
    let text = String(decoding: try fixture.read("artifacts/\(id)/report.md"), as: UTF8.self)
    for words in [
      "adding or removing one patient, if each owns at most one example", "each patient owns at most one example of",
    ] { #expect(text.contains(words), "\(words)") }
  }

  @Test func modelDescriptionAndWeightsAgree() throws {
    let fixture = try Fixture()
    let id = try fixture.submit()
    try fixture.worker().runNextJob()
    let model = try #require(
      try JSONSerialization.jsonObject(with: Data(fixture.read("artifacts/\(id)/model.json"))) as? [String: Any])
    #expect(model["torch"] as? String == "nn.Sequential(nn.Flatten(), nn.Linear(4, 2))")
    let parameters = try #require(model["parameters"] as? [[String: Any]])
    #expect(parameters.map { $0["name"] as? String } == ["1.weight", "1.bias"])
    let weights = try fixture.read("artifacts/\(id)/model.safetensors")
    let header = String(decoding: weights[8..<weights.count].prefix { $0 != 0 }, as: UTF8.self)
    for name in ["1.weight", "1.bias", "\"format\":\"pt\""] { #expect(header.contains(name), "\(name)") }
  }

  @Test func aPublicRunWithoutPrivacyTouchesNoBudget() throws {
    let fixture = try Fixture()
    let id = try fixture.submit(
      fixture.specification {
        $0.budget = nil
        $0.dataset = "points/test"
        $0.privacy = PrivacySpecification(isPrivate: false)
        $0.training.clipping = nil
      })
    let before = try fixture.budget()
    try fixture.worker().runNextJob()
    #expect(try fixture.job(id).state == .succeeded)
    #expect(try fixture.budget() == before)
    #expect(try fixture.metrics(id).allSatisfy { $0.epsilon == nil })
    let text = String(decoding: try fixture.read("artifacts/\(id)/report.md"), as: UTF8.self)
    #expect(text.contains("No privacy guarantee"))
  }

  @Test func twoRunsOfOneJobDifferInTheirNoise() throws {
    let fixture = try Fixture()
    let jobs = try [fixture.submit(), fixture.submit()]
    let worker = try fixture.worker()
    try worker.runNextJob()
    try worker.runNextJob()
    let models = try jobs.map { try fixture.read("artifacts/\($0)/model.safetensors").suffix(40) }
    #expect(models[0] != models[1])
  }
}
