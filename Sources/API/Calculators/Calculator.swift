import Accounting

/// A pure question: a body in, figures out. What all of them share stands here.
protocol Calculator: Operation {
  func answer(_ fields: FieldReader) throws -> JSONValue
}

extension Calculator {
  func answer(_ call: APICall) throws -> APIResponse {
    try call.refuseQuery()
    let errors = FieldErrors()
    guard let fields = FieldReader(try call.body(), errors: errors) else { throw errors.problem }
    return APIResponse(json: try answer(fields))
  }
}

extension FieldReader {
  /// δ, at which an ε is asked for. 0 asks for pure differential privacy.
  func delta() -> Double? { number("delta", .from(0, below: 1)) }

  /// The ε that may not be exceeded.
  func targetEpsilon() -> Double? { number("target_epsilon", .positive) }
}

extension Mechanism {
  /// Asks the chosen accountant about the whole release.
  /// - Parameters:
  ///   - questions: how many times `body` asks for an ε.
  ///   - cause: the field that asks for so many.
  func accounting<Value>(
    questions: Int = 1, cause: String? = nil, _ body: (ChosenAccountant) throws -> Value
  ) throws -> Value {
    try locating {
      try checkWork(questions: questions, cause: cause)
      return try body(ChosenAccountant(event, choices))
    }
  }

  /// Runs what asks the accountant; what it refuses is located in the request.
  func locating<Value>(_ body: () throws -> Value) throws -> Value {
    do {
      return try body()
    } catch let error as AccountingError {
      // Our own fault: it goes to the operator as it is.
      if case .contradiction = error { throw error }
      throw Problem(error, pointer: pointer(for: error))
    }
  }

  /// Where in the request stands what the accountant refuses. Parts of an event are found below the event. Hyperparameters
  /// have no such parts and were checked one by one before: what is wrong is how they go together.
  private func pointer(for error: AccountingError) -> String {
    if Self.ownFields.contains(error.pointer) { return error.pointer }
    if case .notCertified = error { return "/accountant" }
    if case .event = release { return "/event" + error.pointer }
    if case .unsoundCombination = error { return "/sampling" }
    return ""
  }

  /// Fields of the question, not of the event.
  private static let ownFields: Set<String> = [
    "/delta", "/epsilon", "/orders", "/target_epsilon", "/noise_multiplier", "/steps", "/sample_rate", "/batch_size",
  ]

  /// What every answer says about how it was found.
  /// - Parameters:
  ///   - epsilon: infinite where there is none, which is said in a warning.
  ///   - further: warnings of what was asked for beside the figure.
  func commonMembers(
    _ provenance: Provenance, epsilon: Double?, delta: Double?, further: [String?] = []
  ) -> [JSONValue.Member] {
    let warnings = warnings(provenance, epsilon: epsilon, delta: delta) + further.compactMap(\.self)
    return provenance.members + [
      .init("assumptions", .array(assumptions(provenance).map { .string($0) })),
      .init("warnings", .array(warnings.map { .string($0) })),
      .init("mechanism", echo),
    ]
  }

  private func assumptions(_ provenance: Provenance) -> [String] {
    guard provenance.order == .infinity else { return assumptions }
    return assumptions + ["The bound is that of pure differential privacy (order ∞, written as null)."]
  }

  func warnings(_ provenance: Provenance?, epsilon: Double?, delta: Double?) -> [String] {
    var warnings: [String] = []
    if let warning = provenance?.warning { warnings.append(warning) }
    if case .training(let training) = release, let warning = training.sampling.warning { warnings.append(warning) }
    if epsilon == .infinity {
      warnings.append(
        "epsilon is null: it is infinite. No finite ε is proved at this delta, so treat the release as not private.")
    }
    if let delta, let datasetSize, delta > 0, delta * Double(datasetSize) >= 1 {
      warnings.append(
        "delta = \(delta) is at least 1/dataset_size: publishing one example whole would satisfy it. Take at most "
          + "1/(10 · dataset_size) = \(0.1 / Double(datasetSize)).")
    }
    return warnings
  }
}
