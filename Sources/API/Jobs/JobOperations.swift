import Ledger

/// `GET /v1/jobs`: newest first.
struct ListJobs: Operation {
  func answer(_ call: APICall) throws -> APIResponse {
    try JobList(call, budget: nil).answer(call.context)
  }
}

/// `GET /v1/budgets/{id}/jobs`.
struct ListBudgetJobs: Operation {
  func answer(_ call: APICall) throws -> APIResponse {
    let id = try call.identifier(BudgetKind.self)
    let list = try JobList(call, budget: id)
    _ = try call.context.read { try $0.budget(id) }
    return try list.answer(call.context)
  }
}

/// The filters of a list of jobs.
struct JobList {
  private let filter: JobFilter
  private let page: ListPage<JobID>

  /// - Parameter budget: fixed by the path; otherwise a parameter.
  init(_ call: APICall, budget: BudgetID?) throws {
    (filter, page) = try call.query { query in
      var filter = JobFilter()
      let states = Job.State.allCases.map(\.rawValue).joined(separator: ", ")
      filter.state = query.value("state", mustBe: "one of \(states)", Job.State.init(rawValue:))
      filter.budget = budget ?? query.value("budget", mustBe: "the id of a budget", BudgetID.init)
      filter.createdAfter = query.value(
        "created_after", mustBe: "a time in UTC such as 2026-01-31T12:00:00Z", Timestamp.init(iso8601:))
      return (filter, ListPage(query, mustBe: "the id of a job", cursor: JobID.init))
    }
  }

  func answer(_ context: APIContext) throws -> APIResponse {
    try context.read { reader in
      let jobs = try reader.transaction.jobs(filter, Page(limit: page.limit + 1, after: page.after))
      return APIResponse(
        json: try page.answer(jobs, cursor: \.id.text) { try JobAnswer($0, reader, lastMetricOnly: true).json() })
    }
  }
}

/// `GET /v1/jobs/{id}`.
struct GetJob: Operation {
  func answer(_ call: APICall) throws -> APIResponse {
    try call.refuseQuery()
    let id = try call.identifier(JobKind.self)
    return try call.context.read { reader in
      // The tag is that of the answer's text: metrics and reservation change without the job's own version.
      APIResponse(json: try JobAnswer(reader.job(id), reader).json())
    }
  }
}

/// `POST /v1/jobs/{id}/cancel`, `/pause`, `/resume`: 202, since a worker that runs the job does it at its next step.
/// Repeating is harmless.
enum MoveJob: Operation {
  case cancel, pause, resume

  func answer(_ call: APICall) throws -> APIResponse {
    try call.refuseQuery()
    let id = try call.identifier(JobKind.self)
    let errors = FieldErrors()
    FieldReader(try call.bodyOrEmptyObject(), errors: errors)?.finish()
    try errors.throwIfAny()
    return try call.context.write { writer in
      let job = try move(id, writer)
      return APIResponse(
        status: 202, headers: [.init("Location", "/v1/jobs/\(id)")],
        json: try JobAnswer(job, writer.reader).json())
    }
  }

  private func move(_ id: JobID, _ writer: LedgerWriter) throws -> Job {
    switch self {
    case .cancel: try writer.requestCancel(id)
    case .pause: try writer.requestPause(id)
    case .resume: try writer.requestResume(id)
    }
  }
}
