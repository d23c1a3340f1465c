import GRDB
import Ledger

extension SQLiteTransaction {
  func budget(_ id: BudgetID) throws -> Budget? {
    try row("SELECT * FROM budgets WHERE id = ?", [id.text], table: "budgets").map(budget)
  }

  func rootBudget(ofDataset name: String) throws -> Budget? {
    try row("SELECT * FROM budgets WHERE dataset = ? AND parent IS NULL", [name], table: "budgets").map(budget)
  }

  func budgets(_ page: Page<BudgetID>) throws -> [Budget] {
    try rows(
      """
      SELECT * FROM budgets
      WHERE ?1 IS NULL OR position > (SELECT position FROM budgets WHERE id = ?1)
      ORDER BY position LIMIT ?2
      """, [page.after?.text, page.limit], table: "budgets"
    ).map(budget)
  }

  func insert(_ budget: Budget) throws {
    try execute(
      """
      INSERT INTO budgets (id, name, dataset, epsilon, delta, relation, unit, parent, delta_allowance, delta_spent,
        delta_reserved, is_frozen, created, version)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """,
      [
        budget.id.text, budget.name, budget.dataset, budget.epsilon, budget.delta, budget.relation.rawValue,
        budget.unit, budget.parent?.text, budget.filter.deltaAllowance, budget.spent.delta, budget.reserved.delta,
        budget.isFrozen, budget.created.milliseconds, budget.version,
      ])
    let filter = budget.filter
    for position in filter.orders.indices {
      try execute(
        """
        INSERT INTO budget_orders (budget, position, renyi_order, weight, allowance, spent, reserved)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        """,
        [
          budget.id.text, position, filter.orders[position], filter.weights[position], filter.allowances[position],
          budget.spent.divergences[position], budget.reserved.divergences[position],
        ])
    }
  }

  func update(_ budget: Budget) throws {
    try executeOnOneRow(
      """
      UPDATE budgets SET name = ?, is_frozen = ?, delta_spent = ?, delta_reserved = ?, version = ? WHERE id = ?
      """,
      [
        budget.name, budget.isFrozen, budget.spent.delta, budget.reserved.delta, budget.version, budget.id.text,
      ], of: "budget \(budget.id)")
    for position in budget.filter.orders.indices {
      try executeOnOneRow(
        "UPDATE budget_orders SET spent = ?, reserved = ? WHERE budget = ? AND position = ?",
        [
          budget.spent.divergences[position], budget.reserved.divergences[position], budget.id.text, position,
        ], of: "budget \(budget.id)")
    }
  }

  private func budget(_ row: RowReader) throws -> Budget {
    let id: BudgetID = try row.identifier("id")
    let orders = try rows(
      "SELECT * FROM budget_orders WHERE budget = ? ORDER BY position", [id.text], table: "budget_orders")
    let filter = try BudgetFilter(
      orders: orders.map { try $0.double("renyi_order") }, weights: orders.map { try $0.double("weight") },
      allowances: orders.map { try $0.int64("allowance") }, deltaAllowance: row.int64("delta_allowance"))
    let budget = try Budget(
      id: id, name: row.text("name"), dataset: row.text("dataset"), epsilon: row.double("epsilon"),
      delta: row.double("delta"), relation: row.choice("relation"), unit: row.text("unit"),
      parent: row.optionalIdentifier("parent"), filter: filter, isFrozen: row.bool("is_frozen"),
      spent: Spend(divergences: orders.map { try $0.int64("spent") }, delta: row.int64("delta_spent")),
      reserved: Spend(divergences: orders.map { try $0.int64("reserved") }, delta: row.int64("delta_reserved")),
      created: row.time("created"), version: row.int64("version"))
    guard budget.spent.isNonNegative, budget.reserved.isNonNegative else {
      throw LedgerError.corrupt(location: "budget \(id)", detail: "a balance is below zero")
    }
    return budget
  }
}
