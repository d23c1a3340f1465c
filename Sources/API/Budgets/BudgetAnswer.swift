import Ledger

extension Budget {
  /// The budget as clients read it. Every figure errs on the safe side; see `Balance`.
  func json() -> JSONValue {
    let balance = balance()
    return .object([
      .init("id", .string(id.text)),
      .init("name", .string(name)),
      .init("dataset", .string(dataset)),
      .init("parent", JSONValue(parent?.text)),
      .init("unit", .string(unit)),
      .init("adjacency", .string(AccountingChoices.word(for: relation))),
      .init("state", .string(balance.state.rawValue)),
      .init("limit", balance.limit.json),
      .init("spent", balance.spent.json),
      .init("reserved", balance.reserved.json),
      .init("remaining", balance.remaining.json),
      // A budget is never refilled, so what it has spent is what its dataset has lost through it for ever.
      .init("lifetime_spent", balance.spent.json),
      .init("filter", filterJSON),
      .init("created_at", .string(created.description)),
      .init("version", .integer(Int(version))),
    ])
  }

  /// The privacy filter, with amounts in nats of Rényi divergence.
  private var filterJSON: JSONValue {
    let orders = filter.orders.indices.map { index -> JSONValue in
      [
        "order": .number(filter.orders[index]),
        "delta_share": .number(filter.weights[index]),
        "allowance": .number(Double(filter.allowances[index]) / Amount.unitsPerNat),
        "spent": .number(Amount.nats(spent.divergences[index])),
        "reserved": .number(Amount.nats(reserved.divergences[index])),
      ]
    }
    return ["orders": .array(orders), "black_box_delta": .number(Double(filter.deltaAllowance) / Amount.unitsPerDelta)]
  }

  var tag: EntityTag { EntityTag(version: version) }

  /// Where the budget is found.
  var location: String { "/v1/budgets/\(id)" }
}

extension Balance.Guarantee {
  var json: JSONValue { ["epsilon": .number(epsilon), "delta": .number(delta)] }
}
