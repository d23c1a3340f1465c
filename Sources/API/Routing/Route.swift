/// One path and method of the service. `Route.all` is the single list that requests are routed from, that
/// authentication reads its rule from, and that `openapi.yaml` is held against.
public struct Route: Sendable, Hashable {
  public let method: String
  /// As in openapi.yaml: `/v1/budgets/{id}`. What begins with `/v1` also answers without it.
  public let path: String
  public let operationID: String
  public let access: Access
  public let kind: Kind

  public enum Kind: Sendable, Hashable {
    /// Pure computation, possibly long: belongs on the bounded set of accounting threads.
    case calculator
    /// Reads the store.
    case resource
    /// Changes the store; its body must be `application/json`.
    case change
    /// May be answered as a stream or a file: a job's events, an artifact.
    case stream
    /// Answered by the service itself: metrics, the dashboard, the contract.
    case page
  }

  /// Who may call it.
  public enum Access: Sendable, Hashable {
    /// Anybody, without a token.
    case open
    /// Any token; nobody needs one on loopback, since a calculator touches no budget.
    case calculate
    /// Any token.
    case read
    /// What-if questions about a budget: all but viewers.
    case ask
    /// Spends a budget: trainers, owners.
    case spend
    /// Creates and changes budgets and datasets: owners.
    case govern
    /// Reads the ledger's entries: auditors, owners.
    case audit

    /// An admin may do everything.
    public func allows(_ role: Role) -> Bool {
      switch self {
      case .open, .calculate, .read: true
      case .ask: role != .viewer
      case .spend: [.trainer, .owner, .admin].contains(role)
      case .govern: [.owner, .admin].contains(role)
      case .audit: [.auditor, .owner, .admin].contains(role)
      }
    }
  }
}

/// What a token's bearer may do.
public enum Role: String, Sendable, Hashable, CaseIterable {
  case viewer, analyst, trainer, owner, auditor, admin
}

extension Route {
  public static let all: [Route] = calculators + budgets + datasets + jobs + pages

  private static let calculators = [
    Route("POST", "/v1/epsilon", "computeEpsilon", .calculate, .calculator),
    Route("POST", "/v1/delta", "computeDelta", .calculate, .calculator),
    Route("POST", "/v1/noise-multiplier", "findNoiseMultiplier", .calculate, .calculator),
    Route("POST", "/v1/solve", "solve", .calculate, .calculator),
    Route("POST", "/v1/rdp", "computeRenyiCurve", .calculate, .calculator),
    Route("POST", "/v1/statement", "writeStatement", .calculate, .calculator),
    Route("POST", "/v1/frontier", "computeFrontier", .calculate, .calculator),
    Route("POST", "/v1/report", "writeReport", .calculate, .calculator),
  ]

  private static let budgets = [
    Route("GET", "/v1/budgets", "listBudgets", .read, .resource),
    Route("POST", "/v1/budgets", "createBudget", .govern, .change),
    Route("GET", "/v1/budgets/{id}", "getBudget", .read, .resource),
    Route("PATCH", "/v1/budgets/{id}", "updateBudget", .govern, .change),
    Route("POST", "/v1/budgets/{id}/preview", "previewCharge", .ask, .change),
    Route("POST", "/v1/budgets/{id}/charges", "createCharge", .spend, .change),
    Route("POST", "/v1/budgets/{id}/reservations", "createReservation", .spend, .change),
    Route("GET", "/v1/reservations/{id}", "getReservation", .read, .resource),
    Route("POST", "/v1/reservations/{id}/commit", "commitReservation", .spend, .change),
    Route("POST", "/v1/reservations/{id}/release", "releaseReservation", .spend, .change),
    Route("GET", "/v1/budgets/{id}/ledger", "listLedgerEntries", .audit, .resource),
    Route("GET", "/v1/budgets/{id}/jobs", "listBudgetJobs", .read, .resource),
  ]

  private static let datasets = [
    Route("GET", "/v1/datasets", "listDatasets", .read, .resource),
    Route("POST", "/v1/datasets", "createDataset", .govern, .change),
    Route("GET", "/v1/datasets/{id}", "getDataset", .read, .resource),
  ]

  private static let jobs = [
    Route("GET", "/v1/presets", "listPresets", .read, .resource),
    Route("GET", "/v1/jobs", "listJobs", .read, .resource),
    Route("POST", "/v1/jobs", "createJob", .spend, .change),
    Route("GET", "/v1/jobs/{id}", "getJob", .read, .resource),
    Route("POST", "/v1/jobs/{id}/cancel", "cancelJob", .spend, .change),
    Route("POST", "/v1/jobs/{id}/pause", "pauseJob", .spend, .change),
    Route("POST", "/v1/jobs/{id}/resume", "resumeJob", .spend, .change),
    Route("GET", "/v1/jobs/{id}/events", "listJobEvents", .read, .stream),
    Route("GET", "/v1/jobs/{id}/artifacts", "listArtifacts", .read, .resource),
    Route("GET", "/v1/jobs/{id}/artifacts/{name}", "getArtifact", .read, .stream),
  ]

  private static let pages = [
    Route("GET", "/v1/version", "getVersion", .open, .resource),
    Route("GET", "/healthz", "getHealth", .open, .resource),
    Route("GET", "/readyz", "getReadiness", .open, .resource),
    Route("GET", "/metrics", "getMetrics", .open, .page),
    Route("GET", "/openapi.yaml", "getContract", .open, .page),
    Route("GET", "/openapi.json", "getContractAsJSON", .open, .page),
    Route("GET", "/", "getDashboard", .open, .page),
  ]

  private init(_ method: String, _ path: String, _ operationID: String, _ access: Access, _ kind: Kind) {
    self.method = method
    self.path = path
    self.operationID = operationID
    self.access = access
    self.kind = kind
  }
}
