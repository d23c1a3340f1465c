import Accounting

/// `POST /v1/solve`: any one hyperparameter from the others and a target ε.
struct SolveCalculator: Calculator {
  func answer(_ fields: FieldReader) throws -> JSONValue {
    let unknown = fields.choice("solve_for", choices(Hyperparameters.Unknown.self))
    guard let unknown else {
      // Which other fields belong here depends on it; what belongs here in any case is checked along with it.
      _ = (fields.targetEpsilon(), fields.number("delta", .above(0, below: 1)))
      throw fields.errors.problem
    }
    return try SolveQuestion(fields, unknown: unknown).answer(names: .solve)
  }
}

/// `POST /v1/noise-multiplier`: the smallest noise multiplier that meets a target ε.
struct NoiseMultiplierCalculator: Calculator {
  func answer(_ fields: FieldReader) throws -> JSONValue {
    try SolveQuestion(fields, unknown: .noiseMultiplier).answer(names: .noiseMultiplier)
  }
}

/// A target, and a mechanism that lacks one field.
struct SolveQuestion {
  private let unknown: Hyperparameters.Unknown
  private let mechanism: Mechanism
  private let training: Hyperparameters
  private let targetEpsilon: Double
  private let delta: Double

  enum Names {
    case solve, noiseMultiplier
  }

  init(_ fields: FieldReader, unknown: Hyperparameters.Unknown) throws {
    fields.refuse("event", because: "only a run given by hyperparameters has a field to solve for.")
    guard fields.errors.isEmpty else { throw fields.errors.problem }
    let mechanism = Mechanism(fields, unknown: unknown)
    let target = fields.targetEpsilon()
    // Gaussian noise gives no finite ε at δ = 0, and no ε at all without noise.
    let delta = fields.number("delta", .above(0, below: 1))
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

  func answer(names: Names) throws -> JSONValue {
    let solved = try solve()
    let found = Mechanism(training: solved, choices: mechanism.choices, datasetSize: mechanism.datasetSize)
    // What is answered is what feeding the found value back would answer.
    return try found.accounting { accountant in
      let bound = try accountant.epsilon(delta: delta, orders: mechanism.choices.orders)
      var members: [JSONValue.Member] = []
      if names == .solve { members.append(.init("solve_for", .string(unknown.rawValue))) }
      members += [
        .init(unknown.rawValue, value(of: solved)), .init("epsilon", .number(bound.epsilon)),
        .init("target_epsilon", .number(targetEpsilon)), .init("delta", .number(delta)),
      ]
      return .object(members + found.commonMembers(order: bound.order, epsilon: bound.epsilon, delta: delta))
    }
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
  private func solve() throws -> Hyperparameters {
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
        return .selfComposed(event: run.stepEvent, count: run.steps ?? 0)
      }.value
    case .steps:
      solved.length = .steps(try calibration.steps(samplingProbability: probability, noiseMultiplier: noise).value)
    case .epochs:
      solved.length = .epochs(try calibration.epochs(samplingProbability: probability, noiseMultiplier: noise).value)
    case .batchSize:
      let size = try calibration.batchSize(
        datasetSize: training.sampleRate?.datasetSize ?? 1, noiseMultiplier: noise, length: length
      ).value
      return try largestBatch(from: size)
    case .sampleRate:
      solved.sampleRate = .rate(try calibration.sampleRate(noiseMultiplier: noise, length: length).value)
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
  private func largestBatch(from size: Int) throws -> Hyperparameters {
    var solved = training
    for candidate in [size, size - 1] where candidate >= 1 {
      solved.sampleRate = .batch(size: candidate, of: training.sampleRate?.datasetSize ?? 1)
      let found = Mechanism(training: solved, choices: mechanism.choices, datasetSize: mechanism.datasetSize)
      let epsilon = try RenyiAccountant(event: found.event, relation: mechanism.choices.relation)
        .epsilon(delta: delta, orders: mechanism.choices.orders).epsilon
      if epsilon <= targetEpsilon { return solved }
    }
    throw AccountingError.targetUnreachable(
      parameter: unknown.rawValue, closest: 1, epsilon: .infinity, targetEpsilon: targetEpsilon)
  }
}
