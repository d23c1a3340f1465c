import Accounting

/// Finds the one field that a run lacks.
struct HyperparameterSearch {
  let unknown: Hyperparameters.Unknown
  let training: Hyperparameters
  let target: PrivacyTarget
  let choices: AccountingChoices

  struct Found {
    /// With the field filled in; its ε is at most the target's.
    var run: Hyperparameters
    /// A value of the field close by, with a lower bound of its ε above the target: there is little left to gain. nil where no
    /// lower bound is known, or every value meets the target.
    var certificate: JSONValue?
  }

  /// - Throws: `AccountingError`; `targetUnreachable` where no value meets the target.
  func solution() throws -> Found {
    guard choices.accountant == .auto else {
      return try solution(choices.accountant == .pld ? .tight : .renyi(orders: choices.orders))
    }
    do {
      return try solution(.tight)
    } catch AccountingError.notCertified {
      // What meets the target by Rényi divergence meets it. The ε that is answered says why the tight accountant did not.
      return try solution(.renyi(orders: nil))
    }
  }

  private func solution(_ accountant: SolvingAccountant) throws -> Found {
    let calibration = try Calibration(target: target, relation: choices.relation, accountant: accountant)
    switch unknown {
    case .noiseMultiplier:
      let solution = try calibration.noiseMultiplier { noise in
        var run = training
        run.noiseMultiplier = noise
        return run.event ?? .nonPrivate
      }
      var run = training
      run.noiseMultiplier = solution.value
      return found(run, solution.miss) { .number($0) }
    case .steps:
      let solution = try calibration.steps(of: training.unitEvent)
      return found(run(.steps(steps(solution.value))), solution.miss) { .integer(leastSteps($0)) }
    case .epochs:
      let solution = try calibration.steps(of: training.unitEvent)
      return found(run(.epochs(epochs(solution.value))), solution.miss) { .number(epochs($0)) }
    case .batchSize:
      let solution = try calibration.batchSize(datasetSize: training.sampleRate?.datasetSize ?? 1) {
        size throws(AccountingError) in try event(run(rate(size)))
      }
      return found(run(rate(solution.value)), solution.miss) { .integer($0) }
    case .sampleRate:
      let solution = try calibration.sampleRate { rate throws(AccountingError) in try event(run(.rate(rate))) }
      return found(run(.rate(solution.value)), solution.miss) { .number($0) }
    case .delta: preconditionFailure("δ is no hyperparameter")
    }
  }

  private func found<Value>(
    _ run: Hyperparameters, _ miss: Miss<Value>?, _ value: (Value) -> JSONValue
  ) -> Found {
    Found(
      run: run,
      certificate: miss.map {
        .object([.init(unknown.rawValue, value($0.value)), .init("epsilon_lower", .number($0.epsilonLower))])
      })
  }

  // MARK: Runs

  private func run(_ length: Hyperparameters.Length) -> Hyperparameters {
    var run = training
    run.length = length
    return run
  }

  private func run(_ rate: SampleRate) -> Hyperparameters {
    var run = training
    run.sampleRate = rate
    return run
  }

  private func rate(_ batchSize: Int) -> SampleRate {
    .batch(size: batchSize, of: training.sampleRate?.datasetSize ?? 1)
  }

  /// Everything that the run releases.
  private func event(_ run: Hyperparameters) throws(AccountingError) -> PrivacyEvent {
    guard let event = run.event else {
      throw .limitExceeded(path: [.field("epochs")], what: "the number of steps", limit: Hyperparameters.stepLimit)
    }
    return event
  }

  // MARK: Lengths

  private var stepsPerUnit: Int { training.sampling.unitIsEpoch ? training.sampleRate?.stepsPerEpoch ?? 1 : 1 }

  /// The most steps that are at most this many units.
  private func steps(_ units: Int) -> Int {
    let (steps, overflow) = units.multipliedReportingOverflow(by: stepsPerUnit)
    return overflow ? Hyperparameters.stepLimit : min(steps, Hyperparameters.stepLimit)
  }

  /// The least steps that are this many units: a shuffled epoch counts from its first step, bins only when they are full.
  private func leastSteps(_ units: Int) -> Int {
    training.sampling == .shuffle ? steps(units - 1) + 1 : steps(units)
  }

  /// The most epochs that are at most this many units.
  private func epochs(_ units: Int) -> Double {
    guard !training.sampling.unitIsEpoch, let rate = training.sampleRate else { return Double(units) }
    var epochs =
      switch rate {
      case .rate(let rate): Double(units) * rate
      case .batch(let size, let datasetSize): Double(units) * Double(size) / Double(datasetSize)
      }
    while let steps = rate.steps(epochs: epochs, limit: Hyperparameters.stepLimit), steps > units {
      epochs = epochs.nextDown
    }
    return epochs
  }
}
