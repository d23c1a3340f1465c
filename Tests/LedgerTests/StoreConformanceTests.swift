import Ledger
import LedgerTesting
import Testing

@Suite struct StoreConformanceTests {
  @Test func memoryStore() throws { try StoreConformance(MemoryStore()).check() }
}
