/// What an audit of the whole ledger found.
public struct LedgerVerification: Hashable, Sendable {
  /// Entries that hold, from the first on.
  public let entries: Int64
  public let budgets: Int
  public let reservations: Int
  /// The hash of the last entry that holds; zero bytes for none. Kept elsewhere, it reveals any later rewriting of
  /// history.
  public let head: Digest
  /// The first thing that does not hold, or nil.
  public let fault: Fault?

  public struct Fault: Hashable, Sendable {
    /// The entry at fault; nil where all entries hold but a balance, a reservation or a job does not agree with them.
    public let sequence: Int64?
    public let detail: String

    public init(sequence: Int64?, detail: String) {
      self.sequence = sequence
      self.detail = detail
    }
  }

  public init(entries: Int64, budgets: Int, reservations: Int, head: Digest, fault: Fault?) {
    self.entries = entries
    self.budgets = budgets
    self.reservations = reservations
    self.head = head
    self.fault = fault
  }
}

/// Walks all entries of a snapshot, from the first: numbers without a gap, hashes, what each entry may post, and the
/// filter after each; then compares what the entries sum to with the stored balances, reservations and jobs.
///
/// Works beside a running server, and throws only where the store cannot be read.
/// - Parameter checkpoint: an entry's number and hash that were noted before; history must still contain it.
public func verifyLedger(
  _ transaction: any ReadTransaction, checkpoint: (sequence: Int64, hash: Digest)? = nil
) throws -> LedgerVerification {
  var replay = LedgerReplay(transaction: transaction)
  var fault: LedgerVerification.Fault?
  do {
    try replay.run()
    if let checkpoint { try replay.check(checkpoint) }
  } catch let found as LedgerVerification.Fault {
    fault = found
  } catch LedgerError.corrupt(let location, let detail) {
    fault = .init(sequence: replay.current, detail: "\(location): \(detail)")
  }
  return LedgerVerification(
    entries: replay.entries, budgets: replay.budgets.count, reservations: replay.reservations.count,
    head: replay.head, fault: fault)
}

extension LedgerVerification.Fault: Error {}
