import Accounting
import Datasets
import Foundation
import Ledger
import Planning
import PrivateTraining
import SQLiteStore
import Synchronization
import Worker

/// A ledger, data and folders of one test, deleted with the value. Its clock stands still unless a test moves it.
///
/// Private data: 200 examples of 4 features in 2 classes that a line separates, `points/train`; public: `points/test`.
/// A job's 60 steps of 20 expected examples are 6 epochs, and a block ends with each.
final class Fixture: Sendable {
  let folder: URL
  let store: SQLiteStore
  let log = Mutex<[String]>([])
  private let clock = Mutex(Timestamp(milliseconds: 1_800_000_000_000))

  private let unit: String

  static let steps = 60
  static let leaseSeconds: Int64 = 30

  /// - Parameters:
  ///   - isBound: whether the registrations carry the digest of their files.
  ///   - unit: of the datasets and their budget.
  init(isBound: Bool = false, unit: String = "example") throws {
    self.unit = unit
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("worker-\(UUID().uuidString)")
    for name in ["data", "checkpoints", "artifacts"] {
      try FileManager.default.createDirectory(
        at: folder.appendingPathComponent(name), withIntermediateDirectories: true)
    }
    store = try SQLiteStore(path: folder.appendingPathComponent("ledger.sqlite").path)
    try writeTable("train", rows: 200)
    try writeTable("test", rows: 100)
    try register("points/train", file: "train", count: 200, isPublic: false, isBound: isBound)
    try register("points/test", file: "test", count: 100, isPublic: true, isBound: isBound)
  }

  deinit {
    do { try FileManager.default.removeItem(at: folder) } catch { print("left behind: \(folder.path)") }
  }

  // MARK: Time

  var moment: Moment { WorkerConfiguration.systemMoment().at(clock.withLock { $0 }) }

  func pass(seconds: Int64) {
    clock.withLock { $0 = $0.adding(seconds: seconds) }
  }

  // MARK: Data

  /// NPY files, so that headers and examples can be damaged apart.
  func writeTable(_ name: String, rows: Int) throws {
    var features: [Float] = []
    var labels: [UInt8] = []
    for row in 0..<rows {
      let label = row % 2
      labels.append(UInt8(label))
      features += (0..<4).map { Float(($0 * 7 + row * 13) % 10) / 10 + ($0 == 0 ? Float(label) * 2 - 1 : 0) }
    }
    try write("\(name)-x.npy", npy("<f4", "(\(rows), 4)", features.withUnsafeBytes { Array($0) }))
    try write("\(name)-y.npy", npy("|u1", "(\(rows),)", labels))
  }

  func write(_ name: String, _ bytes: [UInt8]) throws {
    try Data(bytes).write(to: folder.appendingPathComponent("data/\(name)"))
  }

  func read(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: folder.appendingPathComponent(name)))
  }

  private func npy(_ type: String, _ shape: String, _ data: [UInt8]) -> [UInt8] {
    var header = Array("{'descr': '\(type)', 'fortran_order': False, 'shape': \(shape), }".utf8)
    while (header.count + 11) % 64 != 0 { header.append(0x20) }
    header.append(0x0A)
    return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.count), 0] + header + data
  }

  private func register(
    _ name: String, file: String, count: Int, isPublic: Bool, isBound: Bool
  ) throws {
    let registration = DatasetRegistration(
      source: DatasetSource(format: .npy, features: "\(file)-x.npy", labels: "\(file)-y.npy", classCount: 2),
      shape: [4])
    let digest = isBound ? Digest(bytes: try loader().digest(registration.source)) : nil
    _ = try change {
      try $0.registerDataset(
        DatasetDraft(
          name: name, format: "npy", isPublic: isPublic, unit: unit, size: count, digest: digest,
          description: try registration.json()))
    }
  }

  // MARK: Jobs

  func change<Value>(_ body: (LedgerWriter) throws -> Value) throws -> Value {
    try store.write { try body(LedgerWriter($0, at: moment)) }
  }

  func budget() throws -> Budget {
    if let budget = try store.read({ try $0.rootBudget(ofDataset: "points/train") }) { return budget }
    return try change {
      try $0.createBudget(
        BudgetDraft(
          name: "points", dataset: "points/train", epsilon: 8, delta: 1e-4, relation: .addOrRemoveOne, unit: unit))
    }
  }

  func specification(_ change: (inout JobSpecification) -> Void = { _ in }) throws -> JobSpecification {
    var specification = JobSpecification(
      name: "a line | <b>", budget: try budget().id.text, dataset: "points/train",
      model: .preset(.logisticRegression),
      training: TrainingSpecification(
        batchSize: 20, steps: Self.steps, optimizer: OptimizerSpecification(learningRate: 0.5, momentum: 0.5),
        clipping: ClippingSpecification(norm: 1)),
      privacy: PrivacySpecification(noiseMultiplier: 2, delta: 1e-5),
      evaluation: EvaluationSpecification(dataset: "points/test"))
    change(&specification)
    return specification
  }

  /// Plans, prices and submits a job. `stored` is what the ledger keeps in place of the specification.
  @discardableResult
  func submit(
    _ specification: JobSpecification? = nil, stored: JobSpecification? = nil, timeLimitSeconds: Int64? = nil
  ) throws -> JobID {
    let specification = try specification ?? self.specification()
    let plan = try TrainingPlan(
      specification, dataset: facts(specification.dataset, isPublic: specification.dataset == "points/test"),
      evaluation: specification.evaluation.map { facts($0.dataset, isPublic: true) })
    let text = String(decoding: try JSONEncoder().encode(stored ?? specification), as: UTF8.self)
    let draft = JobDraft(
      name: specification.name, dataset: specification.dataset, specification: text, plan: "{}", steps: plan.steps,
      maximumAttempts: 100, timeLimitSeconds: timeLimitSeconds)
    guard let id = specification.budget.flatMap({ BudgetID($0) }) else {
      return try change { try $0.submitJob(draft, paying: nil, from: nil).id }
    }
    let price = try store.read { try LedgerReader($0).budgetPath(id).price(plan.stepEvent, count: plan.steps) }
    return try change { try $0.submitJob(draft, paying: price, from: id).id }
  }

  private func facts(_ name: String, isPublic: Bool) -> DatasetFacts {
    DatasetFacts(
      reference: name, exampleCount: name == "points/test" ? 100 : 200, inputShape: .features(4), classCount: 2,
      isPublic: isPublic)
  }

  func job(_ id: JobID) throws -> Job {
    try store.read { try LedgerReader($0).job(id) }
  }

  func metrics(_ id: JobID) throws -> [JobMetric] {
    try store.read { try $0.metrics(of: id, Page(limit: 1000)) }
  }

  // MARK: Workers

  private func loader() throws -> DatasetLoader {
    DatasetLoader(folders: try DataFolders([folder.appendingPathComponent("data").path]))
  }

  func worker(
    _ name: String = "first", memoryLimit: UInt64 = .max,
    _ probe: @escaping @Sendable (CrashProbe.Point) throws -> Void = { _ in }
  ) throws -> Worker {
    var configuration = WorkerConfiguration(
      worker: name, checkpoints: folder.appendingPathComponent("checkpoints"),
      artifacts: folder.appendingPathComponent("artifacts"),
      loader: try loader(),
      execution: Execution(backend: .reference, threads: 1), memoryLimit: memoryLimit,
      leaseSeconds: Self.leaseSeconds,
      pollInterval: .milliseconds(5), softwareVersion: "epsilond test",
      moment: { [self] in moment }, log: { [self] line in log.withLock { $0.append(line) } })
    // Blocks end with every epoch of ten steps, fast as they are: there must be something between the crashes.
    configuration.leastBlockSeconds = 0
    return Worker(store: store, configuration: configuration, probe: CrashProbe(probe))
  }

  func checkpointFiles(_ id: JobID) throws -> [String] {
    let url = folder.appendingPathComponent("checkpoints/\(id)")
    guard FileManager.default.fileExists(atPath: url.path) else { return [] }
    return try FileManager.default.contentsOfDirectory(atPath: url.path).sorted()
  }
}

extension Moment {
  func at(_ now: Timestamp) -> Moment { Moment(now: now, randomBits: randomBits) }
}

/// Counts the passes of a point, from 1.
final class PointCounter: Sendable {
  private let counts = Mutex<[CrashProbe.Point: Int]>([:])

  func next(_ point: CrashProbe.Point) -> Int {
    counts.withLock {
      $0[point, default: 0] += 1
      return $0[point, default: 0]
    }
  }
}

/// The highest number seen.
final class Highest: Sendable {
  private let highest = Mutex(0)

  var value: Int { highest.withLock { $0 } }

  func see(_ number: Int) {
    highest.withLock { $0 = max($0, number) }
  }
}
