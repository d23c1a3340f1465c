import Foundation
import Ledger
import Testing

/// A job on a public dataset, moved on straight in the ledger as a worker would: the service is what is under test.
struct JobFixture {
  let live: LiveService
  let id: JobID

  let steps: Int

  init(_ live: LiveService) throws {
    self.live = live
    let client = try live.client()
    if try client.get("/v1/datasets").json["data"].array.isEmpty {
      try live.makeDataset(client, "public", isPublic: true)
    }
    let body = #"""
      {"name": "fixture", "dataset": "public", "model": {"preset": "logistic-regression"},
       "training": {"batch_size": 25, "epochs": 1, "optimizer": {"type": "sgd", "learning_rate": 0.1}},
       "privacy": {"private": false}, "evaluation": {"dataset": "public"}}
      """#
    let response = try client.post("/v1/jobs", body)
    id = try #require(response.json["id"].string.flatMap { JobID($0) }, "\(response.status) \(response.text)")
    steps = Int(try #require(response.json["progress"]["steps"].number))
  }

  func claim() throws {
    let job = try live.store.write { try LedgerWriter($0, at: .now).claimJob(worker: "test", leaseSeconds: 60) }
    #expect(job?.id == id)
  }

  /// Commits every step.
  func commit() throws {
    _ = try live.store.write { transaction in
      try LedgerWriter(transaction, at: .now).commitBlock(
        id, token: 1, through: steps, checkpoint: Digest(ofText: "checkpoint"), leaseSeconds: 60)
    }
  }

  func finish(_ artifacts: [Artifact] = []) throws {
    _ = try live.store.write { transaction in
      try LedgerWriter(transaction, at: .now).finishJob(
        id, token: 1, as: .succeeded(artifacts: artifacts), ranThrough: steps)
    }
  }

  /// Ends the job with these files; returns what was registered of them.
  func finish(files: [String: [UInt8]], mediaType: String = "application/octet-stream") throws {
    let folder = live.directory.appendingPathComponent("artifacts/\(id)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    var artifacts: [Artifact] = []
    for (name, bytes) in files.sorted(by: { $0.key < $1.key }) {
      try Data(bytes).write(to: folder.appendingPathComponent(name))
      artifacts.append(
        Artifact(name: name, byteCount: Int64(bytes.count), digest: try Digest(of: bytes), mediaType: mediaType))
    }
    try finish(artifacts)
  }
}
