import GRDB
import Ledger
import SQLiteStore
import Testing

/// Someone edits the file with SQLite, past every trigger and check: `verifyLedger` names the first entry that does not
/// hold, and reading what cannot be is an error, not a crash.
@Suite struct TamperingTests {
  struct Edit: CustomTestStringConvertible, Sendable {
    let sql: String
    /// The first bad entry; nil where all entries hold and a balance does not.
    let entry: Int64?
    var testDescription: String { sql }

    init(_ sql: String, _ entry: Int64?) { (self.sql, self.entry) = (sql, entry) }
  }

  private static let edits = [
    // changed
    Edit("UPDATE entries SET epsilon = 0 WHERE sequence = 3", 3),
    Edit("UPDATE entries SET epsilon = NULL WHERE sequence = 5", 5),
    Edit("UPDATE entries SET time = time + 1 WHERE sequence = 4", 4),
    Edit("UPDATE entries SET event = '{}' WHERE sequence = 6", 6),
    Edit("UPDATE entries SET kind = 'released' WHERE sequence = 6", 6),
    Edit("UPDATE entries SET hash = zeroblob(32) WHERE sequence = 7", 7),
    Edit("UPDATE entries SET previous_hash = randomblob(32) WHERE sequence = 2", 2),
    Edit("UPDATE postings SET spent = '0,0,0,0,0,0,0,0' WHERE entry = 3", 3),
    Edit("UPDATE postings SET delta_spent = 1 WHERE entry = 4 AND position = 1", 4),
    Edit("UPDATE postings SET position = 9 WHERE entry = 4 AND position = 0", 4),
    Edit("DELETE FROM postings WHERE entry = 3 AND position = 1", 3),
    // dropped
    Edit("DELETE FROM entries WHERE sequence = 1", 1),
    Edit("DELETE FROM entries WHERE sequence = 4", 4),
    Edit("DELETE FROM entries WHERE sequence = 7", nil),
    Edit("DELETE FROM entries; DELETE FROM postings", nil),
    // dropped, and closed up again
    Edit(
      "DELETE FROM entries WHERE sequence = 3; DELETE FROM postings WHERE entry = 3;"
        + "UPDATE entries SET sequence = sequence - 1 WHERE sequence > 3;"
        + "UPDATE postings SET entry = entry - 1 WHERE entry > 3",
      3),
    // reordered
    Edit(
      "UPDATE entries SET sequence = 99 WHERE sequence = 3; UPDATE entries SET sequence = 3 WHERE sequence = 4;"
        + "UPDATE entries SET sequence = 4 WHERE sequence = 99", 3),
    // a limit or a filter is raised
    Edit("UPDATE budgets SET epsilon = 30 WHERE name = 'root'", 1),
    Edit("UPDATE budgets SET delta = 0.5 WHERE name = 'quota'", 2),
    Edit("DROP INDEX budgets_root; UPDATE budgets SET parent = NULL WHERE name = 'quota'", 2),
    Edit("UPDATE budget_orders SET allowance = allowance + 1 WHERE position = 0", 1),
    Edit("UPDATE budgets SET relation = 'replace_one' WHERE name = 'root'", 1),
    // a balance, a reservation or a job disagrees with the entries
    Edit("UPDATE budget_orders SET spent = spent - 1 WHERE position = 2", nil),
    Edit("UPDATE budget_orders SET reserved = 1 WHERE position = 2", nil),
    Edit("UPDATE budgets SET delta_spent = 1 WHERE name = 'root'", nil),
    Edit("UPDATE budgets SET is_frozen = 1 WHERE name = 'root'", nil),
    Edit("UPDATE budgets SET name = 'other' WHERE name = 'root'", nil),
    Edit("UPDATE reservations SET committed = 2", nil),
    Edit("UPDATE reservations SET state = 'open'", nil),
    Edit("UPDATE reservation_amounts SET delta = 1 WHERE position = 0", nil),
    Edit("DELETE FROM reservations", nil),
    Edit("UPDATE jobs SET committed_step = 4", nil),
    // what no program writes
    Edit("UPDATE entries SET kind = 'borrowed' WHERE sequence = 3", 3),
    Edit("UPDATE entries SET budget = 'job_a' WHERE sequence = 3", 3),
    Edit("UPDATE entries SET hash = x'00' WHERE sequence = 3", 3),
    Edit("UPDATE postings SET spent = '1,,2' WHERE entry = 3", 3),
    Edit("UPDATE postings SET spent = '-9223372036854775808' WHERE entry = 3", 3),
    Edit("UPDATE postings SET spent = '99999999999999999999' WHERE entry = 3", 3),
    Edit("UPDATE postings SET spent = '' WHERE entry = 3", 3),
    Edit("UPDATE budget_orders SET renyi_order = 0.5 WHERE position = 0", 1),
    Edit("DELETE FROM budget_orders", 1),
    Edit("UPDATE budgets SET parent = id WHERE name = 'quota'", 2),
    Edit("UPDATE budgets SET relation = 'none' WHERE name = 'quota'", 2),
    Edit("UPDATE reservations SET count = -1, committed = -5", nil),
  ]

  @Test(arguments: edits)
  func everyEditIsFound(_ edit: Edit) throws {
    let file = try TemporaryLedger()
    let store = try file.open()
    try file.fill(store)
    try store.close()
    try file.tamper(edit.sql)
    let verification = try file.open().read { try verifyLedger($0) }
    let fault = try #require(verification.fault)
    #expect(fault.sequence == edit.entry, "\(fault)")
    if let entry = edit.entry { #expect(verification.entries == entry - 1) }
  }

  /// History rolled back as a whole, balances included, is consistent in itself: only a hash kept elsewhere reveals it.
  @Test func aNotedHashRevealsRewrittenHistory() throws {
    let (file, other) = (try TemporaryLedger(), try TemporaryLedger())
    let (store, rewritten) = (try file.open(), try other.open())
    try file.fill(store)
    try other.createBudget(rewritten, "root")
    let noted = try store.read { try verifyLedger($0) }
    #expect(try store.read { try verifyLedger($0, checkpoint: (noted.entries, noted.head)) }.fault == nil)
    let fault = try rewritten.read { try verifyLedger($0, checkpoint: (noted.entries, noted.head)) }.fault
    #expect(fault?.sequence == 7)
  }

  /// Rules that meet a row that cannot be refuse it, and change nothing.
  @Test(arguments: [
    "UPDATE budget_orders SET spent = 9223372036854775807",
    "UPDATE budget_orders SET spent = -1",
    "UPDATE budget_orders SET reserved = 9223372036854775807",
    "UPDATE budgets SET parent = (SELECT id FROM budgets WHERE name = 'quota') WHERE name = 'root'",
    "UPDATE budgets SET parent = 'bud_gone' WHERE name = 'quota'",
    "UPDATE budgets SET parent = id WHERE name = 'quota'",
    "UPDATE budgets SET version = 9223372036854775807",
    "UPDATE reservation_amounts SET divergences = '-1'",
    "UPDATE reservation_amounts SET divergences = '1,2,3'",
    "UPDATE reservations SET count = 0",
    "UPDATE reservations SET committed = 99",
  ])
  func rulesRefuseWhatCannotBe(_ sql: String) throws {
    let file = try TemporaryLedger()
    var store = try file.open()
    let path = try file.createBudget(store, "root")
    let quota = try file.createBudget(store, "quota", epsilon: 2, parent: path.asked.id)
    let price = try quota.price(.gaussian(noiseMultiplier: 10), count: 2)
    let reservation = try store.write {
      try LedgerWriter($0, at: file.moments.at(seconds: 1)).reserve(price, from: quota.asked.id).id
    }
    try store.close()
    try file.tamper(sql)
    store = try file.open()
    let before = try store.read { try $0.lastEntry() }?.sequence
    #expect(throws: LedgerError.self) {
      try store.write { transaction in
        let writer = LedgerWriter(transaction, at: file.moments.at(seconds: 2))
        try writer.charge(price, to: quota.asked.id)
        try writer.commit(reservation, through: 1)
      }
    }
    #expect(try store.read { try $0.lastEntry() }?.sequence == before)
  }
}
