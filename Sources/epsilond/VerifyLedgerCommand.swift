import ArgumentParser
import Ledger
import SQLiteStore

struct VerifyLedgerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify-ledger",
    abstract: "Check every entry of a ledger: hashes, order, balances. Exit status 0 only where all of it holds.",
    discussion: "May run while the server does: it reads one snapshot.")

  @Option(help: "The folder that `epsilond serve` was given.")
  var dataDir: String
  @Option(help: "The head that an earlier run printed: history must still contain it.")
  var head: String?

  func run() throws {
    let store = try SQLiteStore(path: DataDirectory(existing: dataDir).ledger)
    let result = try store.read { try verifyLedger($0, checkpoint: checkpoint()) }
    if let fault = result.fault {
      print(
        fault.sequence.map { "Entry \($0) does not hold: \(fault.detail)" } ?? "The entries hold, but \(fault.detail)")
      print("\(result.entries) entries hold before it.")
      throw ExitCode.failure
    }
    print(
      "The ledger holds: \(result.entries) entries, \(result.budgets) budgets, \(result.reservations) reservations.")
    print("Head: \(result.entries):\(result.head)")
  }

  private func checkpoint() throws -> (sequence: Int64, hash: Digest)? {
    guard let head else { return nil }
    let parts = head.split(separator: ":", maxSplits: 1)
    guard parts.count == 2, let sequence = Int64(parts[0]), let hash = Digest(hexadecimal: String(parts[1])) else {
      throw ValidationError("--head is what an earlier run printed: a number, a colon, 64 hexadecimal digits")
    }
    return (sequence, hash)
  }
}
