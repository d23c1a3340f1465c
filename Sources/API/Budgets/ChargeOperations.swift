import Accounting
import Ledger

/// What the operations that spend have in common: the budget of the path, the request, its price.
struct PricedRequest {
  let request: ChargeRequest
  let path: BudgetPath
  let price: Price

  init(_ call: APICall) throws {
    try call.refuseQuery()
    let id = try call.identifier(BudgetKind.self)
    // Read before the body, so that a budget that is not there is a 404 whatever the body says.
    path = try call.context.read { try $0.budgetPath(id) }
    request = try ChargeRequest(try call.body(), budget: path.asked)
    price = try request.price(path)
  }

  var id: BudgetID { path.asked.id }

  /// Runs a change; a refusal leaves with the settings that would fit the budget as it is at that moment.
  func spending<Value>(_ writer: LedgerWriter, _ body: () throws -> Value) throws -> Value {
    do {
      return try body()
    } catch LedgerError.budgetExceeded(let refusal) {
      let now = try writer.reader.budgetPath(id)
      throw Problem(
        refusal, requestedEpsilon: try price.shownEpsilon(in: now.asked), fits: try request.settingsThatFit(now, price))
    }
  }
}

/// `POST /v1/budgets/{id}/charges`: an outside trainer charges what it did, whole or not at all.
struct CreateCharge: ChangeOperation {
  func prepare(_ call: APICall) throws -> (LedgerWriter) throws -> APIResponse {
    let priced = try PricedRequest(call)
    return { writer in
      let entry = try priced.spending(writer) { try writer.charge(priced.price, to: priced.id) }
      let budget = try writer.reader.budget(priced.id)
      let body: JSONValue = .object([
        .init("entry", try entry.json()),
        .init("epsilon", .number(priced.price.epsilon)),
        .init("delta", .number(budget.delta)),
        .init("mechanism", priced.request.mechanism.echo),
        .init("assumptions", .array(priced.request.mechanism.assumptions.map { .string($0) })),
        .init("budget", budget.json()),
      ])
      let location = "\(budget.location)/ledger?after=\(entry.sequence - 1)&limit=1"
      return APIResponse(status: 201, headers: [.init("Location", location)], json: body)
    }
  }
}

/// `POST /v1/budgets/{id}/reservations`: holds budget for a run that is about to begin.
struct CreateReservation: ChangeOperation {
  func prepare(_ call: APICall) throws -> (LedgerWriter) throws -> APIResponse {
    let priced = try PricedRequest(call)
    return { writer in
      let reservation = try priced.spending(writer) { try writer.reserve(priced.price, from: priced.id) }
      return APIResponse(
        status: 201,
        headers: [
          .init("Location", "/v1/reservations/\(reservation.id)"), EntityTag(version: reservation.version).header,
        ],
        json: try reservation.json())
    }
  }
}

/// `POST /v1/budgets/{id}/preview`: would it fit, and how many more such would? Nothing is held.
struct PreviewCharge: Operation {
  /// The answer to "how many" stops here.
  private static let countLimit = 1_000_000

  func answer(_ call: APICall) throws -> APIResponse {
    let priced = try PricedRequest(call)
    let refusal = try priced.path.refusal(of: priced.price)
    let after = try priced.path.balance(after: priced.price)
    let frozen = priced.path.frozenBudget
    let fits = refusal == nil && frozen == nil
    let count = frozen == nil ? try priced.path.largestCount(of: priced.price, atMost: Self.countLimit) : 0
    let alternatives = refusal == nil ? [] : try priced.request.settingsThatFit(priced.path, priced.price)
    var warnings: [String] = []
    if let frozen {
      warnings.append("Budget \(frozen) is frozen: nothing is charged to it until it is thawed.")
    }
    return APIResponse(
      json: .object([
        .init("fits", .bool(fits)),
        .init("epsilon", .number(try priced.price.shownEpsilon(in: priced.path.asked))),
        .init("epsilon_after", fits ? .number(after.spent.epsilon + after.reserved.epsilon) : .null),
        .init("delta", .number(priced.path.asked.delta)),
        .init("remaining", priced.path.asked.balance().remaining.json),
        .init("remaining_after", fits ? after.remaining.json : .null),
        .init("count_that_fits", .integer(count)),
        .init("refused_by", JSONValue((refusal?.budget ?? frozen)?.text)),
        .init("alternatives", .array(alternatives)),
        .init("mechanism", priced.request.mechanism.echo),
        .init("assumptions", .array(priced.request.mechanism.assumptions.map { .string($0) })),
        .init("warnings", .array(warnings.map { .string($0) })),
      ]))
  }
}
