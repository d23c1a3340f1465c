/// Questions to the ledger within one transaction: `store.read { try LedgerReader($0).budgetPath(id) }`.
public struct LedgerReader {
  public let transaction: any ReadTransaction

  public init(_ transaction: any ReadTransaction) { self.transaction = transaction }

  /// Throws `notFound`.
  public func budget(_ id: BudgetID) throws -> Budget {
    try Self.found(transaction.budget(id), "budget", id.text)
  }

  /// Throws `notFound`.
  public func job(_ id: JobID) throws -> Job { try Self.found(transaction.job(id), "job", id.text) }

  /// Throws `notFound`.
  public func reservation(_ id: ReservationID) throws -> Reservation {
    try Self.found(transaction.reservation(id), "reservation", id.text)
  }

  /// Throws `notFound`.
  public func dataset(named name: String) throws -> Dataset {
    try Self.found(transaction.dataset(named: name), "dataset", name)
  }

  /// The budget and all above it. Throws `notFound` for the budget itself and `corrupt` for what is wrong above.
  public func budgetPath(_ id: BudgetID) throws -> BudgetPath {
    var budgets = [try budget(id)]
    while let parent = budgets[budgets.count - 1].parent {
      guard budgets.count < Self.maximumDepth, let above = try transaction.budget(parent) else {
        throw LedgerError.corrupt(location: "budget \(id)", detail: "its parents do not lead to a root")
      }
      budgets.append(above)
    }
    return try BudgetPath(budgets: budgets)
  }

  /// The token whose secret has this digest, or nil where there is none that holds at `now`.
  public func validToken(secretDigest: Digest, at now: Timestamp) throws -> APIToken? {
    guard let token = try transaction.token(withSecretDigest: secretDigest), token.revoked == nil else { return nil }
    if let expires = token.expires, expires <= now { return nil }
    return token
  }

  /// Budgets above each other, the root included.
  public static let maximumDepth = 8

  private static func found<Value>(_ value: Value?, _ kind: String, _ id: String) throws -> Value {
    guard let value else { throw LedgerError.notFound(kind: kind, id: id) }
    return value
  }
}
