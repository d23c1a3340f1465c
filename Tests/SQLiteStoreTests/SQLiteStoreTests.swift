import Accounting
import Foundation
import GRDB
import Ledger
import LedgerTesting
import SQLiteStore
import Testing

@Suite struct SQLiteStoreTests {
  private let file: TemporaryLedger

  init() throws { file = try TemporaryLedger() }

  @Test func conformance() throws { try StoreConformance(file.open()).check() }

  @Test func whatWasWrittenIsThereAfterReopening() throws {
    let store = try file.open()
    try file.fill(store)
    let before = try store.read { try verifyLedger($0) }
    try store.close()
    let after = try file.open().read { try verifyLedger($0) }
    #expect(before == after && after.fault == nil && after.entries == 7 && after.reservations == 1)
  }

  @Test func theFileIsForItsOwnerOnly() throws {
    let store = try file.open()
    try file.fill(store)
    for name in ["ledger.sqlite", "ledger.sqlite-wal"] {
      let path = file.folder.appendingPathComponent(name).path
      let mode = try #require(FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
      #expect(mode & 0o077 == 0, "\(name)")
    }
  }

  /// Two stores on one file are what two processes are to each other: locks of the file, nothing shared in memory.
  @Test func twoHundredChargesThroughTwoConnections() async throws {
    let stores = [try file.open(), try file.open()]
    let path = try file.createBudget(stores[0], "root")
    let price = try path.price(.gaussian(noiseMultiplier: 9.75), count: 1)
    #expect(try path.largestCount(of: price, atMost: 200) == 37)
    let moments = file.moments
    let admitted = try await withThrowingTaskGroup(of: Bool.self) { group in
      for number in 0..<200 {
        group.addTask {
          do {
            _ = try stores[number % 2].write {
              try LedgerWriter($0, at: moments.at(seconds: 1)).charge(price, to: path.asked.id)
            }
            return true
          } catch LedgerError.budgetExceeded { return false }
        }
      }
      return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(admitted == 37)
    let verification = try stores[1].read { try verifyLedger($0) }
    #expect(verification.fault == nil && verification.entries == 38)
  }

  /// A reader keeps its snapshot while another store writes:
  ///
  ///     reader             writer
  ///     begin, sees 1
  ///                        charge, commit
  ///     still sees 1
  ///     begin, sees 2
  @Test func aReaderSeesOneMoment() throws {
    let (reader, writer) = (try file.open(), try file.open())
    let path = try file.createBudget(writer, "root")
    let price = try path.price(.gaussian(noiseMultiplier: 10), count: 1)
    try reader.read { transaction in
      #expect(try transaction.lastEntry()?.sequence == 1)
      try writer.write {
        _ = try LedgerWriter($0, at: file.moments.at(seconds: 1)).charge(price, to: path.asked.id)
      }
      #expect(try transaction.lastEntry()?.sequence == 1)
      #expect(try verifyLedger(transaction).fault == nil)
    }
    #expect(try reader.read { try $0.lastEntry() }?.sequence == 2)
  }

  @Test func aLedgerThatCannotBeWrittenSaysSo() throws {
    let store = try file.open(busyTimeoutSeconds: 0.05)
    try store.checkHealth()
    let other = try DatabaseQueue(path: file.path)
    try other.writeWithoutTransaction { database in
      try database.inTransaction(.immediate) {
        expectUnavailable { try store.checkHealth() }
        expectUnavailable { _ = try store.write { try $0.lastEntry() } }
        #expect(throws: Never.self) { try store.read { try $0.lastEntry() } }
        return .rollback
      }
    }
    try store.checkHealth()
  }

  @Test func aFullDiskRefusesChargesAndLosesNone() throws {
    let store = try file.open()
    let path = try file.createBudget(store, "root", epsilon: 1000)
    let price = try path.price(.gaussian(noiseMultiplier: 100), count: 1)
    try store.limitSize(toPages: 1)  // SQLite raises it to the present size.
    var admitted: Int64 = 0
    expectUnavailable {
      while true {
        try store.write {
          _ = try LedgerWriter($0, at: file.moments.at(seconds: 1)).charge(price, to: path.asked.id)
        }
        admitted += 1
      }
    }
    let verification = try store.read { try verifyLedger($0) }
    #expect(verification.fault == nil && verification.entries == 1 + admitted)
  }

  @Test func manyMayOpenANewFileAtOnce() async throws {
    let path = file.path
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<8 { group.addTask { try SQLiteStore(path: path).checkHealth() } }
      try await group.waitForAll()
    }
  }

  @Test func everyCommitReachesTheDisk() throws {
    let store = try file.open()
    // https://www.sqlite.org/pragma.html#pragma_synchronous: 2 is FULL.
    #expect(try store.synchronousMode() == 2)
  }

  @Test func aForeignFileIsRefused() throws {
    try Data("no ledger, but long enough to have the header of one, were it one: \(file.path)".utf8)
      .write(to: URL(fileURLWithPath: file.path))
    #expect(throws: LedgerError.self) { try file.open() }
  }

  @Test func aNewerLedgerIsLeftAlone() throws {
    try file.open().close()
    try file.tamper("PRAGMA user_version = 1000")
    expectUnavailable { _ = try file.open() }
  }

  @Test func aFolderThatIsNotThereIsNamed() {
    expectUnavailable { _ = try SQLiteStore(path: "/nonexistent/ledger.sqlite") }
  }

  /// The schema stands against a program that would break the rules, too.
  @Test(arguments: [
    "UPDATE entries SET epsilon = 0",
    "DELETE FROM entries WHERE sequence = 7",
    "UPDATE postings SET spent = '0'",
    "DELETE FROM postings",
    "UPDATE budgets SET epsilon = 100, version = version + 1",
    "UPDATE budgets SET delta_spent = delta_spent - 1, version = version + 1",
    "UPDATE budget_orders SET allowance = allowance + 1",
    "UPDATE budget_orders SET spent = 0",
    "UPDATE budget_orders SET reserved = -1",
    "DELETE FROM budgets",
    "UPDATE reservations SET state = 'open', committed = 0",
    "DELETE FROM reservations",
    "UPDATE reservation_amounts SET divergences = '0'",
    "UPDATE jobs SET state = 'running', worker = 'w', lease_token = 1, lease_expires = 1, ended = NULL, version = 99",
    """
    INSERT INTO budgets
    SELECT NULL, 'bud_x', name, dataset, epsilon, delta, relation, unit, NULL, 0, 0, 0, 0, 0, 1 FROM budgets
    """,
    """
    INSERT INTO entries
    SELECT 9, time, kind, 'bud_unknown', NULL, NULL, NULL, NULL, NULL, NULL, hash, zeroblob(32)
    FROM entries WHERE sequence = 7
    """,
  ])
  func theSchemaRefuses(_ sql: String) throws {
    let store = try file.open()
    try file.fill(store)
    let queue = try DatabaseQueue(path: file.path)
    #expect(throws: DatabaseError.self) { try queue.write { try $0.execute(sql: sql) } }
    #expect(try store.read { try verifyLedger($0) }.fault == nil)
  }

  private func expectUnavailable(_ body: () throws -> Void) {
    #expect {
      try body()
    } throws: { error in
      guard case LedgerError.unavailable = error else { return false }
      return true
    }
  }
}
