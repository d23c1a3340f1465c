import Accounting
import Ledger

/// `POST /v1/budgets`.
struct CreateBudget: ChangeOperation {
  func prepare(_ call: APICall) throws -> (LedgerWriter) throws -> APIResponse {
    try call.refuseQuery()
    let draft = try Self.read(try call.body())
    return { writer in
      var draft = draft
      draft.dataset = try DatasetNames(writer.reader).protected(by: draft.dataset)
      let budget = try Self.create(draft, writer)
      return APIResponse(
        status: 201, headers: [.init("Location", budget.location), budget.tag.header], json: budget.json())
    }
  }

  /// A parent that is not there is a bad field, not a path that leads nowhere.
  private static func create(_ draft: BudgetDraft, _ writer: LedgerWriter) throws -> Budget {
    do {
      return try writer.createBudget(draft)
    } catch LedgerError.notFound(_, let id) {
      let detail = "There is no budget \(id.prefix(80)); GET /v1/budgets lists them."
      throw Problem(.invalidParameter, detail, errors: [.init(pointer: "/parent", detail: detail)])
    }
  }

  private static func read(_ body: JSONNode) throws -> BudgetDraft {
    let errors = FieldErrors()
    guard let fields = FieldReader(body, errors: errors) else { throw errors.problem }
    let name = fields.text("name")
    let dataset = fields.text("dataset")
    let epsilon = fields.number("epsilon", .above(0, through: BudgetFilter.maximumEpsilon))
    let delta = fields.number("delta", .from(BudgetFilter.minimumDelta, below: 1))
    let relation = fields.optionalChoice("adjacency", AccountingChoices.adjacencies) ?? .addOrRemoveOne
    let unit = fields.optionalText("unit", length: 1...64) ?? "example"
    let parent = fields.identifier("parent", BudgetKind.self)
    fields.finish()
    guard let name, let dataset, let epsilon, let delta, errors.isEmpty else { throw errors.problem }
    return BudgetDraft(
      name: name, dataset: dataset, epsilon: epsilon, delta: delta, relation: relation, unit: unit, parent: parent)
  }
}

/// `GET /v1/budgets`.
struct ListBudgets: Operation {
  func answer(_ call: APICall) throws -> APIResponse {
    let page = try call.query { ListPage($0, mustBe: "the id of a budget", cursor: BudgetID.init) }
    let budgets = try call.context.read { reader in
      try reader.transaction.budgets(Page(limit: page.limit + 1, after: page.after))
    }
    return APIResponse(json: page.answer(budgets, cursor: \.id.text) { $0.json() })
  }
}

/// `GET /v1/budgets/{id}`.
struct GetBudget: Operation {
  func answer(_ call: APICall) throws -> APIResponse {
    try call.refuseQuery()
    let id = try call.identifier(BudgetKind.self)
    let budget = try call.context.read { try $0.budget(id) }
    return APIResponse(headers: [budget.tag.header], json: budget.json())
  }
}

/// `PATCH /v1/budgets/{id}`: name, frozen or not. Limits never change.
struct UpdateBudget: Operation {
  func answer(_ call: APICall) throws -> APIResponse {
    try call.refuseQuery()
    let id = try call.identifier(BudgetKind.self)
    let version = try EntityTag.requiredVersion(call.request)
    let (name, isFrozen) = try Self.read(try call.body())
    let budget = try call.context.write {
      try $0.updateBudget(id, name: name, isFrozen: isFrozen, expectedVersion: version)
    }
    return APIResponse(headers: [budget.tag.header], json: budget.json())
  }

  private static func read(_ body: JSONNode) throws -> (name: String?, isFrozen: Bool?) {
    let errors = FieldErrors()
    guard let fields = FieldReader(body, errors: errors) else { throw errors.problem }
    let name = fields.optionalText("name")
    let isFrozen = fields.optionalFlag("frozen")
    for field in ["epsilon", "delta", "dataset", "adjacency", "unit", "parent"] {
      fields.refuse(field, because: "it is fixed when the budget is created. Only name and frozen change.")
    }
    fields.finish()
    try errors.throwIfAny()
    return (name, isFrozen)
  }
}
