import Foundation
import TestSupport
import Testing

/// A private dataset that the tests write, and a job on it that takes some seconds and commits some dozens of times.
struct TrainingFixture {
  static let steps = 4_000
  private static let examples = 4_000
  private static let features = 64

  let budget: String

  /// Registers the dataset, with a budget on it.
  init(_ installation: Installation, _ server: RunningServer, epsilon: Double = 8) throws {
    try Self.writeData(installation.dataFolder.appendingPathComponent("datasets"))
    _ = try server.create(
      "/v1/datasets",
      #"{"name": "points", "format": "npy", "files": ["features.npy"], "labels": "labels.npy", "classes": 2}"#)
    budget = try server.createID(
      "/v1/budgets",
      #"""
      {"name": "points", "dataset": "points", "epsilon": \#(epsilon), "delta": 1e-5,
       "adjacency": "add_or_remove_one", "unit": "example"}
      """#)
  }

  /// The body of `POST /v1/jobs`.
  func job(steps: Int = Self.steps) -> String {
    #"""
    {"name": "points", "budget": "\#(budget)", "dataset": "points", "model": {"preset": "mlp"},
     "training": {"batch_size": 400, "steps": \#(steps), "optimizer": {"type": "sgd", "learning_rate": 0.1},
                  "clipping": {"mode": "flat", "norm": 1.0}},
     "privacy": {"noise_multiplier": 16, "delta": 1e-5}}
    """#
  }

  /// What the job does, for the budget's own calculations.
  func mechanism(steps: Int = Self.steps) -> String {
    #"""
    {"noise_multiplier": 16, "batch_size": 400, "dataset_size": \#(Self.examples), "steps": \#(steps)}
    """#
  }

  /// Two clouds of points around opposite corners.
  private static func writeData(_ folder: URL) throws {
    var generator = SystemRandomNumberGenerator()
    let labels = (0..<examples).map { UInt8($0 % 2) }
    let values = labels.flatMap { label in
      (0..<features).map { _ in Float(label) - 0.5 + Float.random(in: -1...1, using: &generator) }
    }
    try npy("<f4", shape: "(\(examples), \(features))", values.withUnsafeBytes { Data($0) })
      .write(to: folder.appendingPathComponent("features.npy"))
    try npy("|u1", shape: "(\(examples),)", Data(labels)).write(to: folder.appendingPathComponent("labels.npy"))
  }

  /// NumPy's format 1.0: magic, version, length of the header, header padded to 64 bytes, values.
  private static func npy(_ type: String, shape: String, _ values: Data) -> Data {
    var header = "{'descr': '\(type)', 'fortran_order': False, 'shape': \(shape), }"
    header += String(repeating: " ", count: 64 - (10 + header.utf8.count + 1) % 64) + "\n"
    let length = UInt16(header.utf8.count)
    return Data([0x93]) + Data("NUMPY".utf8) + Data([1, 0, UInt8(length & 0xFF), UInt8(length >> 8)])
      + Data(header.utf8) + values
  }
}

/// Where a job stands.
struct Progress {
  let state: String
  let step: Int
  let attempts: Int
  let reason: String?

  init(_ server: RunningServer, job: String) throws {
    let json = try server.get("/v1/jobs/" + job)
    state = try #require(json["state"].string)
    step = Int(try #require(json["progress"]["step"].number))
    attempts = Int(try #require(json["attempts"].number))
    reason = json["state_reason"].string
  }

  var isEnded: Bool { ["succeeded", "failed", "cancelled", "budget_stopped", "timed_out"].contains(state) }
}

extension RunningServer {
  /// Waits until the job has committed `step` steps; where it stands then.
  @discardableResult
  func wait(for job: String, step: Int, within limit: Duration = .seconds(90)) throws -> Progress {
    try eventually("\(job) commits step \(step): \(try process.errors)", within: limit) {
      let progress = try Progress(self, job: job)
      return progress.step >= step || progress.isEnded ? progress : nil
    }
  }

  @discardableResult
  func waitForEnd(of job: String, within limit: Duration = .seconds(90)) throws -> Progress {
    try eventually("\(job) ends: \(try process.errors)", within: limit) {
      let progress = try Progress(self, job: job)
      return progress.isEnded ? progress : nil
    }
  }
}
