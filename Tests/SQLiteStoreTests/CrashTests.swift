import Accounting
import Foundation
import Ledger
import SQLiteStore
import Testing

/// What a crash leaves is a file and a write-ahead log that ends anywhere.
@Suite struct CrashTests {
  /// The log cut at 64 places between nothing and all: what opens is always a whole ledger, and a prefix of the true
  /// one.
  @Test func aLogThatEndsAnywhereGivesAPrefix() throws {
    let file = try TemporaryLedger()
    let store = try file.open()
    try file.fill(store)
    let whole = try store.read { try $0.entries(of: nil, Page(limit: 100)) }
    let (main, log) = try (Data(contentsOf: file.url), Data(contentsOf: file.logURL))
    var seen: Set<Int> = []
    for cut in 0...64 {
      let crashed = try TemporaryLedger()
      try main.write(to: crashed.url)
      try log.prefix(log.count * cut / 64).write(to: crashed.logURL)
      let (entries, verification) = try crashed.open().read { transaction in
        (try transaction.entries(of: nil, Page(limit: 100)), try verifyLedger(transaction))
      }
      #expect(verification.fault == nil)
      #expect(entries == Array(whole.prefix(entries.count)))
      seen.insert(entries.count)
    }
    #expect(seen.contains(whole.count) && seen.count >= 3, "\(seen)")
  }

  /// A crash in the middle of a charge, after all its rows were written but before the commit: nothing of it is there.
  @Test func aChargeThatWasNotCommittedLeavesNothing() throws {
    let (file, crashed) = (try TemporaryLedger(), try TemporaryLedger())
    let store = try file.open()
    let path = try file.createBudget(store, "root")
    let price = try path.price(.gaussian(noiseMultiplier: 10), count: 1)
    try store.write { transaction in
      try LedgerWriter(transaction, at: file.moments.at(seconds: 2)).charge(price, to: path.asked.id)
      try Data(contentsOf: file.url).write(to: crashed.url)
      try Data(contentsOf: file.logURL).write(to: crashed.logURL)
    }
    let reopened = try crashed.open()
    #expect(try reopened.read { try verifyLedger($0) }.fault == nil)
    #expect(try reopened.read { try $0.lastEntry() }?.sequence == 1)
    #expect(try reopened.read { try LedgerReader($0).budget(path.asked.id) }.spent.isZero)
  }
}

extension TemporaryLedger {
  fileprivate var url: URL { URL(fileURLWithPath: path) }
  fileprivate var logURL: URL { URL(fileURLWithPath: path + "-wal") }
}
