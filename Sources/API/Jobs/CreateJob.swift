import Accounting
import Ledger
import Planning

/// `POST /v1/jobs`: holds the job's whole price and queues it in one transaction. With `?dry_run=true` it only says what
/// the job would cost.
struct CreateJob: ChangeOperation {
  func answer(_ call: APICall) throws -> APIResponse {
    guard try call.query({ $0.flag("dry_run") }) else { return try answerChange(call) }
    return APIResponse(json: try JobPrice(PlannedJob(try call.body(), call.context)).json())
  }

  func prepare(_ call: APICall) throws -> (LedgerWriter) throws -> APIResponse {
    let planned = try PlannedJob(try call.body(), call.context)
    return { writer in
      let job = try Self.submit(planned, writer)
      return APIResponse(
        status: 201, headers: [.init("Location", "/v1/jobs/\(job.id)")],
        json: try JobAnswer(job, writer.reader).json())
    }
  }

  private static func submit(_ planned: PlannedJob, _ writer: LedgerWriter) throws -> Job {
    let budget = planned.payment?.path.asked.id
    do {
      return try writer.submitJob(planned.draft(), paying: planned.payment?.price, from: budget)
    } catch LedgerError.budgetExceeded(let refusal) {
      guard let budget, let price = planned.payment?.price else { throw LedgerError.budgetExceeded(refusal) }
      let now = try writer.reader.budgetPath(budget)
      throw Problem(
        refusal, requestedEpsilon: try price.shownEpsilon(in: now.asked), fits: try planned.settingsThatFit(now, price))
    }
  }
}

/// What a job would cost: the answer to a dry run.
struct JobPrice {
  private let job: PlannedJob

  /// The answer to "how many such" stops here.
  private static let countLimit = 1_000_000

  init(_ job: PlannedJob) {
    self.job = job
  }

  func json() throws -> JSONValue {
    let plan = job.plan
    let estimate = TrainingEstimate(plan)
    var members: [JSONValue.Member] = [
      .init("dry_run", true),
      .init("name", .string(job.specification.name)),
      .init("dataset", .string(job.specification.dataset)),
      .init("steps", .integer(plan.steps)),
      .init("epochs", .number(plan.epochs(steps: plan.steps))),
      .init("batch_size", .integer(plan.sampling.expectedBatchSize)),
      .init("sample_rate", .number(plan.sampling.probability)),
      .init("parameters", .integer(plan.architecture.parameterCount)),
      .init("trained_parameters", .integer(plan.architecture.trainedParameterCount)),
      .init("layers", .array(plan.architecture.torchModules.map { .string($0) })),
      .init("privacy", privacy),
      .init("seconds", .number(estimate.seconds)),
      .init("memory", memory(estimate.memory)),
    ]
    members += try budgetMembers()
    members.append(.init("warnings", .array(plan.warnings.map { .string($0.detail) })))
    return .object(members)
  }

  private var privacy: JSONValue {
    guard let mechanism = job.plan.mechanism else { return ["private": false] }
    return .object([
      .init("private", true),
      .init("noise_multiplier", .number(mechanism.noiseMultiplier)),
      .init("sensitivity", .number(mechanism.sensitivity)),
      .init("noise_standard_deviation", .number(mechanism.noiseStandardDeviation)),
      .init("target_epsilon", JSONValue(job.specification.privacy.targetEpsilon)),
      .init("delta", .number(mechanism.delta)),
      .init("adjacency", .string(mechanism.adjacency.rawValue)),
      .init("sampling", "poisson"),
      .init("epsilon", JSONValue(job.epsilonAtEnd)),
      .init("accountant", "rdp"),
    ])
  }

  private func memory(_ estimate: MemoryEstimate) -> JSONValue {
    [
      "parameters": .integer(estimate.parameters), "gradients": .integer(estimate.gradients),
      "activations": .integer(estimate.activations), "book_keeping": .integer(estimate.bookKeeping),
      "peak": .integer(estimate.peak),
    ]
  }

  /// Whether it fits, and the budget after it.
  private func budgetMembers() throws -> [JSONValue.Member] {
    guard let payment = job.payment else { return [.init("fits", true), .init("budget", .null)] }
    let (path, price) = (payment.path, payment.price)
    let (covered, frozen) = (try path.admits(price), path.frozenBudget != nil)
    let fits = covered && !frozen
    let after = try path.balance(after: price)
    let alternatives = covered ? [] : try job.settingsThatFit(path, price)
    let budget: JSONValue = .object([
      .init("id", .string(path.asked.id.text)),
      .init("epsilon", .number(try price.shownEpsilon(in: path.asked))),
      .init("remaining", path.asked.balance().remaining.json),
      .init("remaining_after", fits ? after.remaining.json : .null),
      .init("epsilon_after", fits ? .number(after.spent.epsilon + after.reserved.epsilon) : .null),
      .init("count_that_fits", .integer(frozen ? 0 : try path.largestCount(of: price, atMost: Self.countLimit))),
      .init("frozen", .bool(frozen)),
    ])
    return [.init("fits", .bool(fits)), .init("budget", budget), .init("alternatives", .array(alternatives))]
  }
}
