/// Changes to the ledger within one write transaction. Each rule first judges, in a fixed order, and then writes; what
/// it throws undoes the transaction.
public struct LedgerWriter {
  public let transaction: any WriteTransaction
  public let moment: Moment

  public init(_ transaction: any WriteTransaction, at moment: Moment) {
    self.transaction = transaction
    self.moment = moment
  }

  /// The questions, asked within this transaction.
  public var reader: LedgerReader { LedgerReader(transaction) }

  var now: Timestamp { moment.now }

  /// Appends an entry and moves every balance by its postings. The only place where a balance changes.
  ///
  /// Throws `corrupt` where a balance would leave its bounds: nothing spent is given back, nothing held falls below
  /// zero, and what is held and spent together stays within the filter.
  @discardableResult
  func post(_ content: LedgerEntry.Content, onto path: BudgetPath) throws -> LedgerEntry {
    for (budget, posting) in zip(path.budgets, content.postings) {
      try post(posting, to: budget)
    }
    let entry = try LedgerEntry.following(transaction.lastEntry(), content: content)
    try transaction.append(entry)
    return entry
  }

  private func post(_ posting: Posting, to budget: Budget) throws {
    if posting.spent.isZero, posting.reserved.isZero { return }
    let location = "budget \(budget.id)"
    guard posting.budget == budget.id, posting.spent.isNonNegative,
      let spent = budget.spent.adding(posting.spent), let reserved = budget.reserved.adding(posting.reserved),
      reserved.isNonNegative, let sum = spent.adding(reserved)
    else { throw LedgerError.corrupt(location: location, detail: "its balance does not take this posting") }
    guard budget.filter.admits(sum) else {
      throw LedgerError.corrupt(location: location, detail: "its balance is beyond its filter")
    }
    var changed = budget
    changed.spent = spent
    changed.reserved = reserved
    changed.version = try Self.next(budget.version, location)
    try transaction.update(changed)
  }

  /// The version after `version`.
  static func next(_ version: Int64, _ location: String) throws -> Int64 {
    let (next, overflow) = version.addingReportingOverflow(1)
    guard !overflow else { throw LedgerError.corrupt(location: location, detail: "its version is at the limit") }
    return next
  }

  /// Texts that people give: neither empty nor unbounded, and free of control characters.
  static func checkText(_ text: String, field: String, maximumBytes: Int = 200) throws {
    let isPlain = text.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 }
    guard !text.isEmpty, text.utf8.count <= maximumBytes, isPlain else {
      throw LedgerError.invalid(
        field: field, detail: "must have 1 to \(maximumBytes) bytes and no control characters")
    }
    // "people " beside "people" would be a second root budget over the same people.
    let ends = [text.unicodeScalars.first, text.unicodeScalars.last].compactMap(\.self)
    guard !ends.contains(where: \.properties.isWhitespace) else {
      throw LedgerError.invalid(field: field, detail: "must not begin or end with white space")
    }
  }
}
