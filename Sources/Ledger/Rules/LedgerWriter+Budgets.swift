extension LedgerWriter {
  /// Creates a root budget, or a quota beneath `draft.parent`.
  ///
  /// Throws `invalid` for a field out of its domain, `alreadyExists` for a second root of a dataset, `notFound` for the
  /// parent, `stateConflict` where the tree would be too deep.
  @discardableResult
  public func createBudget(_ draft: BudgetDraft) throws -> Budget {
    try Self.checkText(draft.name, field: "name")
    try Self.checkText(draft.dataset, field: "dataset")
    try Self.checkText(draft.unit, field: "unit", maximumBytes: 64)
    let filter = try BudgetFilter(epsilon: draft.epsilon, delta: draft.delta)
    if let dataset = try transaction.dataset(named: draft.dataset), dataset.unit != draft.unit {
      throw LedgerError.invalid(field: "unit", detail: "the dataset is registered with unit \(dataset.unit)")
    }
    if let parent = draft.parent {
      try checkQuota(draft, beneath: parent)
    } else if let root = try rootSharingPeople(with: draft.dataset) {
      throw LedgerError.alreadyExists(kind: "root budget of the dataset", id: root.id.text)
    }

    let zero = Spend.zero(orders: filter.orders.count)
    let budget = Budget(
      id: moment.newIdentifier(), name: draft.name, dataset: draft.dataset, epsilon: draft.epsilon, delta: draft.delta,
      relation: draft.relation, unit: draft.unit, parent: draft.parent, filter: filter, isFrozen: false, spent: zero,
      reserved: zero, created: now, version: 1)
    try transaction.insert(budget)
    try announce(.budgetCreated, of: budget, detail: budget.definition(named: budget.name))
    return budget
  }

  /// The root budget of the dataset itself, of one that it is a part of, or of one of its parts: parts are named
  /// `whole/part`, and their people are people of the whole.
  private func rootSharingPeople(with dataset: String) throws -> Budget? {
    let segments = dataset.split(separator: "/", omittingEmptySubsequences: false)
    for count in 1...segments.count {
      let whole = segments.prefix(count).joined(separator: "/")
      if let root = try transaction.rootBudget(ofDataset: whole) { return root }
    }
    var after: BudgetID?
    while true {
      let budgets = try transaction.budgets(Page(limit: 1_000, after: after))
      if let part = budgets.first(where: { $0.parent == nil && $0.dataset.hasPrefix(dataset + "/") }) { return part }
      guard budgets.count == 1_000, let last = budgets.last else { return nil }
      after = last.id
    }
  }

  private func checkQuota(_ draft: BudgetDraft, beneath parent: BudgetID) throws {
    let path = try reader.budgetPath(parent)
    guard path.budgets.count < LedgerReader.maximumDepth else {
      throw LedgerError.stateConflict(detail: "budgets go at most \(LedgerReader.maximumDepth) levels deep")
    }
    let above = path.asked
    guard draft.dataset == above.dataset else {
      throw LedgerError.invalid(field: "dataset", detail: "the parent protects \(above.dataset)")
    }
    guard draft.relation == above.relation else {
      throw LedgerError.invalid(field: "adjacency", detail: "the parent counts under \(above.relation.rawValue)")
    }
    guard draft.unit == above.unit else {
      throw LedgerError.invalid(field: "unit", detail: "the parent protects each \(above.unit)")
    }
  }

  /// Changes a budget's name, or freezes or thaws it; nil leaves as it is. Limits never change: a refresh would be a
  /// second spend of the same people's privacy.
  ///
  /// Throws `notFound`, `versionMismatch` where `expectedVersion` is not the current one, `invalid` for the name.
  @discardableResult
  public func updateBudget(
    _ id: BudgetID, name: String? = nil, isFrozen: Bool? = nil, expectedVersion: Int64?
  ) throws -> Budget {
    var budget = try reader.budget(id)
    if let expectedVersion, expectedVersion != budget.version {
      throw LedgerError.versionMismatch(expected: expectedVersion, current: budget.version)
    }
    if let name { try Self.checkText(name, field: "name") }
    let isRenamed = name.map { $0 != budget.name } ?? false
    let isSwitched = isFrozen.map { $0 != budget.isFrozen } ?? false
    guard isRenamed || isSwitched else { return budget }

    budget.name = name ?? budget.name
    budget.isFrozen = isFrozen ?? budget.isFrozen
    budget.version = try Self.next(budget.version, "budget \(id)")
    try transaction.update(budget)
    if isRenamed { try announce(.budgetRenamed, of: budget, detail: budget.name) }
    if isSwitched { try announce(budget.isFrozen ? .budgetFrozen : .budgetThawed, of: budget, detail: nil) }
    return budget
  }

  /// Appends an entry that spends nothing.
  private func announce(_ kind: LedgerEntry.Kind, of budget: Budget, detail: String?) throws {
    let zero = Spend.zero(orders: budget.filter.orders.count)
    let content = LedgerEntry.Content(
      time: now, kind: kind, budget: budget.id, detail: detail,
      postings: [Posting(budget: budget.id, spent: zero, reserved: zero)])
    try transaction.append(.following(transaction.lastEntry(), content: content))
  }
}
