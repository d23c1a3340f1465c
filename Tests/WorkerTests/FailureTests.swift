import Foundation
import Ledger
import Planning
import Testing
import Worker

/// Reasons are codes that say nothing about private data; money comes back only where none was read.
@Suite struct FailureTests {
  func failed(_ fixture: Fixture, _ id: JobID, _ reason: String) throws -> Job {
    try fixture.worker().runNextJob()
    let job = try fixture.job(id)
    #expect(job.state == .failed)
    #expect(job.stateReason == reason)
    #expect(try fixture.budget().reserved.isZero)
    #expect(try fixture.store.read { try verifyLedger($0).fault } == nil)
    #expect(job.artifacts.isEmpty)
    return job
  }

  @Test func aMissingFileCostsNothing() throws {
    let fixture = try Fixture()
    let id = try fixture.submit()
    try FileManager.default.removeItem(at: fixture.folder.appendingPathComponent("data/train-x.npy"))
    _ = try failed(fixture, id, "dataset_unavailable")
    #expect(try fixture.budget().spent.isZero)
    #expect(fixture.log.withLock { $0.contains { $0.contains("train-x.npy") } }, "the operator learns which")
  }

  @Test func aHeaderThatIsNotTheRegisteredOneCostsNothing() throws {
    let fixture = try Fixture()
    let id = try fixture.submit()
    try fixture.writeTable("train", rows: 198)
    _ = try failed(fixture, id, "dataset_unavailable")
    #expect(try fixture.budget().spent.isZero)
  }

  /// Whether a private example is well-formed is a fact about it that no step's price covers.
  @Test func aFaultWithinPrivateExamplesIsChargedInFull() throws {
    let fixture = try Fixture()
    let id = try fixture.submit()
    let held = try fixture.budget().reserved
    var labels = try fixture.read("data/train-y.npy")
    labels[labels.count - 5] = 9
    try fixture.write("train-y.npy", labels)
    _ = try failed(fixture, id, "dataset_invalid")
    #expect(try fixture.budget().spent == held)
    #expect(fixture.log.withLock { $0.contains { $0.contains("Label 9") } }, "the log has the detail, the job has not")
  }

  @Test func filesThatWereEditedSinceAreOtherData() throws {
    let fixture = try Fixture(isBound: true)
    let untouched = try fixture.submit()
    try fixture.worker().runNextJob()
    #expect(try fixture.job(untouched).state == .succeeded)
    let spent = try fixture.budget().spent

    let id = try fixture.submit()
    var features = try fixture.read("data/train-x.npy")
    features[features.count - 1] ^= 1
    try fixture.write("train-x.npy", features)
    _ = try failed(fixture, id, "dataset_changed")
    #expect(try fixture.budget().spent == spent)
  }

  @Test func aFaultInTheEvaluationSetCostsNothing() throws {
    let fixture = try Fixture()
    let id = try fixture.submit()
    var labels = try fixture.read("data/test-y.npy")
    labels[labels.count - 1] = 9
    try fixture.write("test-y.npy", labels)
    _ = try failed(fixture, id, "evaluation_unavailable")
    #expect(try fixture.budget().spent.isZero)
  }

  @Test func aJobThatIsNotTheOnePaidForDoesNotRun() throws {
    let fixture = try Fixture()
    let changes: [(inout JobSpecification) -> Void] = [
      { $0.privacy.noiseMultiplier = 1.9 }, { $0.training.batchSize = 21 }, { $0.training.steps = 61 },
      { $0.privacy.adjacency = .zeroOut }, { $0.dataset = "points/test" }, { $0.dataset = "unknown" },
      { $0.name = "" },
    ]
    for (index, change) in changes.enumerated() {
      let id = try fixture.submit(stored: fixture.specification(change))
      let job = try failed(fixture, id, "plan_invalid")
      #expect(job.committedStep == 0, "case \(index)")
      #expect(try fixture.budget().spent.isZero)
    }
  }

  @Test func aJobTooLargeForTheMachineFailsBeforeDataIsRead() throws {
    let fixture = try Fixture()
    let id = try fixture.submit()
    let worker = try fixture.worker(memoryLimit: 1000) { point in
      if point == .dataLoaded { Issue.record("data was read") }
    }
    try worker.runNextJob()
    #expect(try fixture.job(id).stateReason == "out_of_memory")
    #expect(try fixture.budget().spent.isZero)
    #expect(try fixture.budget().reserved.isZero)
  }
}
