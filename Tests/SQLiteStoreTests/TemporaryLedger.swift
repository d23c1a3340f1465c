import Accounting
import Foundation
import GRDB
import Ledger
import LedgerTesting
import SQLiteStore

/// A ledger file in a folder of its own, which goes with it.
final class TemporaryLedger {
  let folder: URL
  let moments = CountingMoments()
  var path: String { folder.appendingPathComponent("ledger.sqlite").path }

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("ledger-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  func open(busyTimeoutSeconds: Double = 30) throws -> SQLiteStore {
    try SQLiteStore(path: path, busyTimeoutSeconds: busyTimeoutSeconds)
  }

  /// What someone does who has the file and knows SQLite.
  func tamper(_ sql: String) throws {
    var configuration = Configuration()
    configuration.foreignKeysEnabled = false
    let queue = try DatabaseQueue(path: path, configuration: configuration)
    try queue.writeWithoutTransaction { database in
      try database.execute(
        sql: "PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF")
      let triggers = try String.fetchAll(database, sql: "SELECT name FROM sqlite_master WHERE type = 'trigger'")
      for trigger in triggers { try database.execute(sql: "DROP TRIGGER \(trigger)") }
      try database.execute(sql: sql)
    }
    try queue.close()
  }

  @discardableResult
  func createBudget(
    _ store: SQLiteStore, _ name: String, epsilon: Double = 3, parent: BudgetID? = nil
  ) throws -> BudgetPath {
    try store.write { transaction in
      let budget = try LedgerWriter(transaction, at: moments.at(seconds: 1)).createBudget(
        BudgetDraft(
          name: name, dataset: "data", epsilon: epsilon, delta: 1e-5, relation: .addOrRemoveOne, unit: "example",
          parent: parent))
      return try LedgerReader(transaction).budgetPath(budget.id)
    }
  }

  /// A root (entry 1), a quota (2), two charges (3, 4), and a job that reserved (5), committed (6) and is cancelled
  /// (7).
  func fill(_ store: SQLiteStore) throws {
    let root = try createBudget(store, "root").asked.id
    let path = try createBudget(store, "quota", epsilon: 2, parent: root)
    let price = try path.price(.gaussian(noiseMultiplier: 10), count: 1)
    let steps = try price.counting(4)
    try store.write { transaction in
      let writer = LedgerWriter(transaction, at: moments.at(seconds: 2))
      for _ in 0..<2 { try writer.charge(price, to: path.asked.id) }
      try writer.registerDataset(
        DatasetDraft(
          name: "data", format: "idx", isPublic: false, unit: "example", size: nil, digest: nil, description: "{}"))
      let draft = JobDraft(name: "job", dataset: "data", specification: "{}", plan: "{}", steps: 4)
      let job = try writer.submitJob(draft, paying: steps, from: path.asked.id)
      _ = try writer.claimJob(worker: "w", leaseSeconds: 60)
      try writer.commitBlock(job.id, token: 1, through: 3, checkpoint: .zero, leaseSeconds: 60)
      try writer.requestCancel(job.id)
      try writer.finishJob(job.id, token: 1, as: .cancelled, ranThrough: 3)
    }
  }
}
