import HTTPServer
import Ledger

/// `/metrics`: what the service counted, and what the ledger holds now, in the text format of Prometheus.
struct MetricsReport: Sendable {
  let store: any Store
  let metrics: RequestMetrics
  let queues: [WorkQueue]

  /// A bound on the rows that one answer reads: budgets, and jobs of one state. A gauge that stands at the bound says "at
  /// least".
  private static let rowLimit = 10_000

  /// Reads the store: call it on a thread that may wait.
  func response() throws -> HTTPResponse {
    var text = PrometheusText()
    metrics.write(to: &text)
    text.family("epsilond_queue_depth", .gauge, "Requests that wait for a thread.")
    for queue in queues { text.sample("epsilond_queue_depth", [("queue", queue.name)], Double(queue.depth)) }
    try writeJobs(to: &text)
    try writeBudgets(to: &text)
    return HTTPResponse(contentType: "text/plain; version=0.0.4; charset=utf-8", text: text.text)
  }

  private func writeJobs(to text: inout PrometheusText) throws {
    text.family("epsilond_jobs", .gauge, "Jobs by state; 10000 means at least that many.")
    for state in Job.State.allCases {
      let count = try store.read { try $0.jobs(JobFilter(state: state), Page(limit: Self.rowLimit)).count }
      text.sample("epsilond_jobs", [("state", state.rawValue)], Double(count))
    }
  }

  private func writeBudgets(to text: inout PrometheusText) throws {
    let budgets = try store.read { try $0.budgets(Page(limit: Self.rowLimit)) }
    let balances = budgets.map { (budget: $0, balance: $0.balance()) }
    let figures: [(name: String, help: String, value: (Balance) -> Double)] = [
      ("epsilond_budget_epsilon_limit", "The budget's limit.", { $0.limit.epsilon }),
      ("epsilond_budget_epsilon_spent", "Spent for ever, rounded up.", { $0.spent.epsilon }),
      ("epsilond_budget_epsilon_reserved", "What open reservations add to it, rounded up.", { $0.reserved.epsilon }),
      ("epsilond_budget_epsilon_remaining", "Free, rounded down.", { $0.remaining.epsilon }),
    ]
    for figure in figures {
      text.family(figure.name, .gauge, figure.help)
      for (budget, balance) in balances {
        text.sample(figure.name, [("budget", budget.id.text), ("dataset", budget.dataset)], figure.value(balance))
      }
    }
  }
}
