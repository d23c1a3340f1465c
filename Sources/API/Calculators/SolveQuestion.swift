import Accounting

/// A target, and a mechanism that lacks one field.
struct SolveQuestion {
  private let unknown: Hyperparameters.Unknown
  private let mechanism: Mechanism
  private let training: Hyperparameters
  private let targetEpsilon: Double
  /// nil where it is what is asked for.
  private let delta: Double?

  enum Names {
    case solve, noiseMultiplier
  }

  static let whyNoEvent = "only a run given by hyperparameters has a field to solve for."

  init(_ fields: FieldReader, unknown: Hyperparameters.Unknown) throws {
    fields.refuse("event", because: Self.whyNoEvent)
    guard fields.errors.isEmpty else { throw fields.errors.problem }
    let mechanism = Mechanism(fields, unknown: unknown)
    if mechanism?.choices.accountant == .gdp {
      fields.add(
        "accountant", "gdp is an estimate: what it solves for could miss the target. Send auto, pld or rdp.",
        code: .unsoundCombination)
    }
    let target = fields.targetEpsilon()
    let delta = Self.delta(fields, unknown)
    fields.finish()
    guard let mechanism, case .training(let training) = mechanism.release, let target, let delta, fields.errors.isEmpty
    else { throw fields.errors.problem }
    if training.noiseMultiplier == 0 {
      let detail = "noise_multiplier = 0 is no noise: no \(unknown.rawValue) has a finite ε with it."
      throw Problem(.invalidParameter, detail, errors: [.init(pointer: "/noise_multiplier", detail: detail)])
    }
    if training.sampling == .fullBatch, unknown == .batchSize || unknown == .sampleRate {
      let detail = "full_batch fixes the batch; solve for noise_multiplier, steps or epochs."
      throw Problem(.invalidParameter, detail, errors: [.init(pointer: "/solve_for", detail: detail)])
    }
    self.unknown = unknown
    self.mechanism = mechanism
    self.training = training
    targetEpsilon = target
    self.delta = delta
  }

  /// Gaussian noise gives no finite ε at δ = 0. A δ that is asked for is 0 until it is found, and the field is refused.
  private static func delta(_ fields: FieldReader, _ unknown: Hyperparameters.Unknown) -> Double?? {
    guard unknown == .delta else { return fields.number("delta", .above(0, below: 1)).map { .some($0) } }
    fields.refuse("delta", because: "it is what is asked for.")
    return .some(nil)
  }

  func answer(names: Names) throws -> JSONValue {
    if names == .solve, unknown == .delta { return try answerDelta() }
    guard let delta else { preconditionFailure("δ is given where it is not asked for") }
    let solved = try solve(delta)
    let found = Mechanism(training: solved, choices: mechanism.choices, datasetSize: mechanism.datasetSize)
    // What is answered is what feeding the found value back would answer.
    let figure = try found.accounting { try $0.epsilon(delta: delta) }
    return answer(names, value(of: solved), figure, delta: delta, found)
  }

  /// δ at the target, a little more where rounding makes the ε that belongs to it exceed the target.
  private func answerDelta() throws -> JSONValue {
    try mechanism.accounting(questions: 2) { accountant in
      var delta = try accountant.delta(epsilon: targetEpsilon).upper
      var figure = try accountant.epsilon(delta: delta)
      var excess = 0x1p-40
      while figure.upper > targetEpsilon, delta < 1 {
        delta = min(delta * (1 + excess), 1)
        excess *= 2
        figure = try accountant.epsilon(delta: delta)
      }
      return answer(.solve, .number(delta), figure, delta: delta, mechanism)
    }
  }

  private func answer(
    _ names: Names, _ value: JSONValue, _ figure: EpsilonFigure, delta: Double, _ found: Mechanism
  ) -> JSONValue {
    var members: [JSONValue.Member] = []
    if names == .solve { members.append(.init("solve_for", .string(unknown.rawValue))) }
    if unknown != .delta { members.append(.init(unknown.rawValue, value)) }
    members += [
      .init("epsilon", .number(figure.upper)), .init("epsilon_lower", JSONValue(figure.lower)),
      .init("target_epsilon", .number(targetEpsilon)), .init("delta", .number(delta)),
    ]
    return .object(members + found.commonMembers(figure.provenance, epsilon: figure.upper, delta: delta))
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

  /// A target out of reach is a fault of `target_epsilon`: the field solved for is not part of the request.
  private func solve(_ delta: Double) throws -> Hyperparameters {
    let target = try PrivacyTarget(epsilon: targetEpsilon, delta: delta)
    do {
      return try solve(
        Calibration(target: target, relation: mechanism.choices.relation, orders: mechanism.choices.orders))
    } catch AccountingError.targetUnreachable(let parameter, let closest, let epsilon, _) {
      let reached = epsilon.isFinite ? "ε = \(epsilon)" : "no finite ε"
      let detail =
        "No \(parameter) reaches target_epsilon = \(targetEpsilon): the nearest, \(closest), gives \(reached)."
      throw Problem(.invalidParameter, detail, errors: [.init(pointer: "/target_epsilon", detail: detail)])
    }
  }

  private func solve(_ calibration: Calibration) throws -> Hyperparameters {
    var solved = training
    let probability = training.sampleRate?.probability ?? 1
    let noise = training.noiseMultiplier ?? 0
    switch unknown {
    case .noiseMultiplier:
      solved.noiseMultiplier = try calibration.noiseMultiplier { candidate in
        var run = training
        run.noiseMultiplier = candidate
        return .selfComposed(event: run.unitEvent, count: run.unitCount ?? 0)
      }.value
    case .steps:
      solved.length = .steps(try calibration.steps(samplingProbability: probability, noiseMultiplier: noise).value)
    case .epochs:
      solved.length = .epochs(try calibration.epochs(samplingProbability: probability, noiseMultiplier: noise).value)
    case .batchSize:
      let size = try calibration.batchSize(
        datasetSize: training.sampleRate?.datasetSize ?? 1, noiseMultiplier: noise, length: length
      ).value
      return try largestBatch(from: size, delta: calibration.target.delta)
    case .sampleRate:
      solved.sampleRate = .rate(try calibration.sampleRate(noiseMultiplier: noise, length: length).value)
    case .delta: preconditionFailure("δ is no hyperparameter")
    }
    return solved
  }

  private var length: RunLength {
    switch training.length {
    case .steps(let steps): .steps(steps)
    case .epochs(let epochs): .epochs(epochs)
    case nil: preconditionFailure("a run whose batch is solved for has a length")
    }
  }

  /// The search takes q = batch/n as the nearest double; a request rounds it up. Where that crosses the target, the
  /// batch is one smaller.
  private func largestBatch(from size: Int, delta: Double) throws -> Hyperparameters {
    var solved = training
    for candidate in [size, size - 1] where candidate >= 1 {
      solved.sampleRate = .batch(size: candidate, of: training.sampleRate?.datasetSize ?? 1)
      let found = Mechanism(training: solved, choices: mechanism.choices, datasetSize: mechanism.datasetSize)
      let epsilon = try found.accounting { try $0.epsilon(delta: delta).upper }
      if epsilon <= targetEpsilon { return solved }
    }
    throw AccountingError.targetUnreachable(
      parameter: unknown.rawValue, closest: 1, epsilon: .infinity, targetEpsilon: targetEpsilon)
  }
}
