import Ledger

/// `GET /v1/budgets/{id}/ledger`: the entries that touch a budget, ascending.
struct ListLedgerEntries: Operation {
  func answer(_ call: APICall) throws -> APIResponse {
    let id = try call.identifier(BudgetKind.self)
    let page = try call.query { query in
      ListPage(query, mustBe: "the sequence of an entry", cursor: { Int64($0).flatMap { $0 >= 0 ? $0 : nil } })
    }
    let entries = try call.context.read { reader in
      _ = try reader.budget(id)
      return try reader.transaction.entries(of: id, Page(limit: page.limit + 1, after: page.after))
    }
    return APIResponse(json: try page.answer(entries, cursor: { String($0.sequence) }) { try $0.json() })
  }
}

extension LedgerEntry {
  /// The entry as auditors read it. `detail` is the canonical text that is hashed with it.
  func json() throws -> JSONValue {
    .object([
      .init("sequence", .integer(Int(sequence))),
      .init("time", .string(content.time.description)),
      .init("kind", .string(content.kind.rawValue)),
      .init("budget", .string(content.budget.text)),
      .init("event", try content.event.map(LedgerText.event) ?? .null),
      .init("count", JSONValue(content.count)),
      .init("epsilon", JSONValue(content.epsilon)),
      .init("job", JSONValue(content.job?.text)),
      .init("reservation", JSONValue(content.reservation?.text)),
      .init("detail", JSONValue(content.detail)),
      .init("previous_hash", .string(previousHash.description)),
      .init("hash", .string(hash.description)),
    ])
  }
}

/// JSON that the ledger keeps as text.
enum LedgerText {
  /// The event of an entry or a reservation, in the spelling of the contract.
  static func event(_ text: String) throws -> JSONValue {
    try value(text, location: "event")
  }

  /// - Parameter location: names the place in the ledger, for the operator, where the text is no JSON.
  static func value(_ text: String, location: String) throws -> JSONValue {
    do {
      return try JSONScanner.scan(Array(text.utf8)).value
    } catch let error as JSONSyntaxError {
      throw LedgerError.corrupt(location: location, detail: error.reason)
    }
  }
}
