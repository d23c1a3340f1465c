/// Questions to the ledger within one transaction: `store.read { try LedgerReader($0).budgetPath(id) }`.
public struct LedgerReader {
  public let transaction: any ReadTransaction

  public init(_ transaction: any ReadTransaction) { self.transaction = transaction }

  /// Throws `notFound`.
  public func budget(_ id: BudgetID) throws -> Budget {
    try Self.found(transaction.budget(id), "budget", id.text)
  }

  /// Throws `notFound`, `corrupt`.
  public func job(_ id: JobID) throws -> Job {
    let job = try Self.found(transaction.job(id), "job", id.text)
    try job.check()
    return job
  }

  /// Throws `notFound`, `corrupt`.
  public func reservation(_ id: ReservationID) throws -> Reservation {
    let reservation = try Self.found(transaction.reservation(id), "reservation", id.text)
    try reservation.check()
    return reservation
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

extension Job {
  /// Throws `corrupt` where the row is none that a rule writes; the rules count on these bounds.
  func check() throws {
    let isSound =
      steps >= 1 && steps <= Price.maximumCount && committedStep >= 0 && committedStep <= announcedStep
      && announcedStep <= steps && (0...Self.maximumClaims).contains(attempts) && (0...attempts).contains(losses)
      && state.isWorked == (lease != nil) && state.isEnded == (ended != nil)
    guard isSound else { throw LedgerError.corrupt(location: "job \(id)", detail: "its row contradicts itself") }
  }

  /// More claims than any job sees.
  static var maximumClaims: Int { 1 << 30 }
}

extension Reservation {
  /// Throws `corrupt` where the row is none that a rule writes; the rules count on these bounds.
  func check() throws {
    let isSound =
      count >= 1 && count <= Price.maximumCount && committed >= 0 && committed <= count
      && (state == .committed) == (committed == count) && amounts.allSatisfy(\.amount.isNonNegative)
    guard isSound else {
      throw LedgerError.corrupt(location: "reservation \(id)", detail: "its row contradicts itself")
    }
  }
}
