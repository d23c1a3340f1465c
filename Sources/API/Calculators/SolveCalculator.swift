import Accounting

/// `POST /v1/solve`: any one hyperparameter from the others and a target ε.
struct SolveCalculator: Calculator {
  func answer(_ fields: FieldReader) throws -> JSONValue {
    guard let unknown = fields.choice("solve_for", choices(Hyperparameters.Unknown.self)) else {
      // Which fields must be there, and which must not, depends on it; each that is there is checked all the same.
      fields.refuse("event", because: SolveQuestion.whyNoEvent)
      Hyperparameters.checkDomains(fields)
      _ = AccountingChoices(fields, isEvent: false)
      if fields.has("target_epsilon") { _ = fields.targetEpsilon() }
      _ = fields.optionalNumber("delta", .above(0, below: 1))
      fields.finish()
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
