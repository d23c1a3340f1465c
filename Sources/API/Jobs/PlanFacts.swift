import Ledger
import Planning

/// What was derived from a job's specification when it was submitted, as the ledger keeps it.
struct PlanFacts {
  let json: JSONValue

  init(_ plan: TrainingPlan, _ specification: JobSpecification, epsilonAtEnd: Double?) {
    json = .object([
      .init("private", .bool(plan.mechanism != nil)),
      .init("noise_multiplier", JSONValue(plan.mechanism?.noiseMultiplier)),
      .init("target_epsilon", JSONValue(specification.privacy.targetEpsilon)),
      .init("delta", JSONValue(plan.mechanism?.delta)),
      .init("adjacency", JSONValue(plan.mechanism?.adjacency.rawValue)),
      .init("sampling", "poisson"),
      .init("sample_rate", .number(plan.sampling.probability)),
      .init("batch_size", .integer(plan.sampling.expectedBatchSize)),
      .init("dataset_size", .integer(plan.sampling.datasetSize)),
      .init("epochs", .number(plan.epochs(steps: plan.steps))),
      .init("steps", .integer(plan.steps)),
      .init("parameters", .integer(plan.architecture.parameterCount)),
      .init("trained_parameters", .integer(plan.architecture.trainedParameterCount)),
      .init("epsilon_at_end", JSONValue(epsilonAtEnd)),
    ])
  }

  /// - Throws: `LedgerError.corrupt` where a job's plan is not what was written.
  init(of job: Job) throws {
    json = try LedgerText.value(job.plan, location: "plan of job \(job.id)")
  }

  func number(_ name: String) -> Double? {
    switch json[name] {
    case .number(let number): number
    case .integer(let integer): Double(integer)
    default: nil
    }
  }
}
