import Accounting

/// `POST /v1/statement`: TF Privacy's DP-SGD statement, its figures, and the optimised ones beside them.
struct StatementCalculator: Calculator {
  func answer(_ fields: FieldReader) throws -> JSONValue {
    let run = run(fields)
    fields.finish()
    guard let run, fields.errors.isEmpty else { throw fields.errors.problem }
    return answer(try DPSGDStatement(run))
  }

  private func run(_ fields: FieldReader) -> DPSGDStatement.Run? {
    let datasetSize = fields.integer("dataset_size", 1...Hyperparameters.datasetLimit)
    let batchSize = fields.integer("batch_size", 1...(datasetSize ?? Hyperparameters.datasetLimit))
    let noise = fields.number("noise_multiplier", .positive)
    let epochs = fields.number("epochs", .positive)
    let delta = fields.number("delta", .above(0, below: 1))
    let microbatching = fields.optionalFlag("used_microbatching") ?? false
    let examples = fields.optionalInteger("max_examples_per_user", 1...1_000_000)
    guard let datasetSize, let batchSize, let noise, let epochs, let delta else { return nil }
    return DPSGDStatement.Run(
      datasetSize: datasetSize, batchSize: batchSize, epochs: epochs, noiseMultiplier: noise, delta: delta,
      usedMicrobatching: microbatching, maxExamplesPerUser: examples)
  }

  private func answer(_ statement: DPSGDStatement) -> JSONValue {
    let run = statement.run
    var members: [JSONValue.Member] = [
      .init("dataset_size", .integer(run.datasetSize)),
      .init("batch_size", .integer(run.batchSize)),
      .init("noise_multiplier", .number(run.noiseMultiplier)),
      .init("epochs", .number(run.epochs)),
      .init("delta", .number(run.delta)),
      .init("used_microbatching", .bool(run.usedMicrobatching)),
      .init("max_examples_per_user", JSONValue(run.maxExamplesPerUser)),
      .init("accountant", "rdp"),
    ]
    members += figures(statement, \.standard)
    members.append(.init("optimized", .object(figures(statement, \.optimized))))
    members += [
      .init("tight", .object(tightFigures(statement))),
      .init("least_valid_bound", .number(statement.leastValidBound)),
      .init("full_pass_steps", .integer(statement.fullPassSteps)),
      .init("poisson_steps", .integer(statement.poissonSteps)),
      .init("assumptions", .array(Self.assumptions.map { .string($0) })),
      .init("warnings", .array(warnings(statement).map { .string($0) })),
      .init("text", .string(statement.text)),
    ]
    return .object(members)
  }

  private func figures(
    _ statement: DPSGDStatement, _ figure: KeyPath<DPSGDStatement.Figure, Double>
  ) -> [JSONValue.Member] {
    [
      .init("example_epsilon_each_once_per_epoch", .number(statement.example.eachOncePerEpoch[keyPath: figure])),
      .init("example_epsilon_poisson", .number(statement.example.poissonSampled[keyPath: figure])),
      .init(
        "user_epsilon_each_once_per_epoch", JSONValue(statement.user.map { $0.eachOncePerEpoch[keyPath: figure] })),
      .init("user_epsilon_poisson", JSONValue(statement.user.map { $0.poissonSampled[keyPath: figure] })),
    ]
  }

  /// By the tight accountant, each with its lower bound; null where none is certified.
  private func tightFigures(_ statement: DPSGDStatement) -> [JSONValue.Member] {
    let brackets = [
      ("example_epsilon_each_once_per_epoch", statement.example.eachOncePerEpoch.tight),
      ("example_epsilon_poisson", statement.example.poissonSampled.tight),
      ("user_epsilon_each_once_per_epoch", statement.user?.eachOncePerEpoch.tight),
      ("user_epsilon_poisson", statement.user?.poissonSampled.tight),
    ]
    return brackets.flatMap { name, bracket -> [JSONValue.Member] in
      [.init(name, JSONValue(bracket?.upper)), .init(name + "_lower", JSONValue(bracket?.lower))]
    }
  }

  private static let assumptions = [
    "Neighboring datasets differ by one example that is added or removed.",
    "example_epsilon_each_once_per_epoch holds for any order of the data in which each example is in one batch an epoch.",
    "example_epsilon_poisson holds only where each batch is Poisson-sampled; it does not bound shuffled batches.",
  ]

  private func warnings(_ statement: DPSGDStatement) -> [String] {
    var warnings = ["The text prints ε rounded to nearest, as TF Privacy does; the fields hold the upper bounds."]
    let guarantees = [statement.example, statement.user].compactMap { $0 }
    if guarantees.contains(where: {
      $0.eachOncePerEpoch.standard == .infinity || $0.poissonSampled.standard == .infinity
    }) {
      warnings.append(
        "An epsilon that is null although its guarantee is stated is infinite: no finite bound is proved.")
    }
    if statement.user == nil {
      warnings.append(
        "The user-level epsilons are null: without max_examples_per_user there is no user-level guarantee.")
    }
    if statement.run.delta * Double(statement.run.datasetSize) >= 1 {
      warnings.append("delta is at least 1/dataset_size: publishing one example whole would satisfy it.")
    }
    return warnings
  }
}
