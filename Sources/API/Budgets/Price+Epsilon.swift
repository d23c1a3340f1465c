import Accounting
import Ledger

extension Price {
  /// ε of this alone, to be shown. Where the filter gives a finite one, that; for what no order of the filter holds, the
  /// accountant's at the δ of the budget, with the order optimised: a caller wants to know by how much it is too much.
  func shownEpsilon(in budget: Budget) throws -> Double {
    if epsilon.isFinite { return epsilon }
    return try RenyiAccountant(event: .selfComposed(event: event, count: count), relation: budget.relation)
      .epsilon(delta: budget.delta).epsilon
  }
}
