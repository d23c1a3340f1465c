import Accounting

/// A target, and a mechanism that lacks one field.
struct SolveQuestion {
  private let unknown: Hyperparameters.Unknown
  private let mechanism: Mechanism
  private let training: Hyperparameters
  private let targetEpsilon: Double
  /// 0 where it is what is asked for.
  private let delta: Double

  enum Names {
    case solve, noiseMultiplier
  }

  static let whyNoEvent = "only a run given by hyperparameters has a field to solve for."

  init(_ fields: FieldReader, unknown: Hyperparameters.Unknown) throws {
    fields.refuse("event", because: Self.whyNoEvent)
    guard fields.errors.isEmpty else { throw fields.errors.problem }
    let mechanism = Mechanism(fields, unknown: unknown)
    if let mechanism { Self.refuseWhatHasNoSolution(mechanism, unknown, fields) }
    let target = fields.targetEpsilon()
    if unknown == .delta { fields.refuse("delta", because: "it is what is asked for.") }
    // Gaussian noise gives no finite ε at δ = 0.
    let delta = unknown == .delta ? 0 : fields.number("delta", .above(0, below: 1))
    fields.finish()
    guard let mechanism, case .training(let training) = mechanism.release, let target, let delta, fields.errors.isEmpty
    else { throw fields.errors.problem }
    self.unknown = unknown
    self.mechanism = mechanism
    self.training = training
    targetEpsilon = target
    self.delta = delta
  }

  private static func refuseWhatHasNoSolution(
    _ mechanism: Mechanism, _ unknown: Hyperparameters.Unknown, _ fields: FieldReader
  ) {
    guard case .training(let training) = mechanism.release else { return }
    let asksForBatch = unknown == .batchSize || unknown == .sampleRate
    if let reason = mechanism.choices.accountant.whyNoSolution {
      fields.add("accountant", reason, code: .unsoundCombination)
    }
    if training.noiseMultiplier == 0 {
      fields.add(
        "noise_multiplier", "noise_multiplier = 0 is no noise: no \(unknown.rawValue) has a finite ε with it.")
    }
    switch training.sampling {
    case .fullBatch where asksForBatch:
      fields.add("solve_for", "full_batch fixes the batch; solve for noise_multiplier, steps, epochs or delta.")
    case .withoutReplacement where unknown == .sampleRate:
      fields.add("solve_for", "without_replacement is a matter of both sizes; solve for batch_size.")
    case .ballsInBins where asksForBatch:
      if case .steps = training.length {
        fields.add("steps", "steps are whole epochs for few batch sizes; give epochs.")
      }
    default: break
    }
  }

  func answer(names: Names) throws -> JSONValue {
    try mechanism.locating {
      if unknown == .delta { return try answerDelta() }
      let search = HyperparameterSearch(
        unknown: unknown, training: training, target: try PrivacyTarget(epsilon: targetEpsilon, delta: delta),
        choices: mechanism.choices)
      let found = try solution(search)
      let solved = Mechanism(training: found.run, choices: mechanism.choices, datasetSize: mechanism.datasetSize)
      // What is answered is what feeding the found value back would answer.
      let figure = try solved.accounting { try $0.epsilon(delta: delta) }
      let value = JSONValue.Member(unknown.rawValue, value(of: found.run))
      return answer(names, [value], figure, delta: delta, found.certificate, solved)
    }
  }

  /// A target out of reach is a fault of `target_epsilon`: the field solved for is not part of the request.
  private func solution(_ search: HyperparameterSearch) throws -> HyperparameterSearch.Found {
    do {
      return try search.solution()
    } catch AccountingError.targetUnreachable(let parameter, let closest, let epsilon, _) {
      let reached = epsilon.isFinite ? "ε = \(epsilon)" : "no finite ε"
      let detail =
        "No \(parameter) reaches target_epsilon = \(targetEpsilon): the nearest, \(closest), gives \(reached)."
      throw Problem(.invalidParameter, detail, errors: [.init(pointer: "/target_epsilon", detail: detail)])
    }
  }

  /// δ at the target, a little more where rounding makes the ε that belongs to it exceed the target. A smaller δ than the
  /// lower bound certainly does.
  private func answerDelta() throws -> JSONValue {
    try mechanism.accounting(questions: 2) { accountant in
      let atTarget = try accountant.delta(epsilon: targetEpsilon)
      var delta = atTarget.upper
      var figure = try accountant.epsilon(delta: delta)
      var excess = 0x1p-40
      while figure.upper > targetEpsilon, delta < 1 {
        delta = min(delta * (1 + excess), 1)
        excess *= 2
        figure = try accountant.epsilon(delta: delta)
      }
      let certificate = atTarget.lower.flatMap { lower in
        lower > 0
          ? JSONValue.object([.init("delta", .number(lower)), .init("epsilon_lower", .number(targetEpsilon))]) : nil
      }
      return answer(.solve, [], figure, delta: delta, certificate, mechanism)
    }
  }

  private func answer(
    _ names: Names, _ value: [JSONValue.Member], _ figure: EpsilonFigure, delta: Double, _ certificate: JSONValue?,
    _ solved: Mechanism
  ) -> JSONValue {
    let question: [JSONValue.Member] = names == .solve ? [.init("solve_for", .string(unknown.rawValue))] : []
    let members: [JSONValue.Member] = [
      .init("epsilon", .number(figure.upper)), .init("epsilon_lower", JSONValue(figure.lower)),
      .init("target_epsilon", .number(targetEpsilon)), .init("delta", .number(delta)),
      .init("certificate", certificate ?? .null),
    ]
    return .object(
      question + value + members + solved.commonMembers(figure.provenance, epsilon: figure.upper, delta: delta))
  }

  private func value(of solved: Hyperparameters) -> JSONValue {
    switch (unknown, solved.length, solved.sampleRate) {
    case (.noiseMultiplier, _, _): JSONValue(solved.noiseMultiplier)
    case (.steps, .steps(let steps), _): .integer(steps)
    case (.epochs, .epochs(let epochs), _): .number(epochs)
    case (.batchSize, _, .batch(let size, _)): .integer(size)
    case (.sampleRate, _, let rate?): .number(rate.probability)
    default: .null
    }
  }
}
