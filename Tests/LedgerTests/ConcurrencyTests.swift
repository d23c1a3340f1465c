import Accounting
import Ledger
import LedgerTesting
import Testing

@Suite struct ConcurrencyTests {
  /// 200 charges at once against a budget that fits 37 of them.
  @Test func exactlyThoseThatFitAreAdmitted() async throws {
    let (store, moments) = (MemoryStore(), CountingMoments())
    let path = try store.write { transaction in
      let budget = try LedgerWriter(transaction, at: moments.at(seconds: 0)).createBudget(
        BudgetDraft(
          name: "root", dataset: "data", epsilon: 3, delta: 1e-5, relation: .addOrRemoveOne, unit: "example"))
      return try LedgerReader(transaction).budgetPath(budget.id)
    }
    let price = try path.price(.gaussian(noiseMultiplier: 9.75), count: 1)
    #expect(try path.largestCount(of: price, atMost: 200) == 37)
    let admitted = try await withThrowingTaskGroup(of: Bool.self) { group in
      for _ in 0..<200 {
        group.addTask {
          do {
            _ = try store.write { try LedgerWriter($0, at: moments.at(seconds: 1)).charge(price, to: path.asked.id) }
            return true
          } catch LedgerError.budgetExceeded { return false }
        }
      }
      return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(admitted == 37)
    let verification = try store.read { try verifyLedger($0) }
    #expect(verification.fault == nil && verification.entries == 38)
  }
}
