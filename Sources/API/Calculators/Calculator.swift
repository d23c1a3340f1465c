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
  /// Asks the accountant about the whole release.
  /// - Parameter questions: how many times `body` asks for an ε.
  func accounting<Value>(questions: Int = 1, _ body: (RenyiAccountant) throws -> Value) throws -> Value {
    try checkWork(questions: questions)
    return try locating { try body(RenyiAccountant(event: event, relation: choices.relation)) }
  }

  /// Runs what asks the accountant; what it refuses is located in the request.
  func locating<Value>(_ body: () throws -> Value) throws -> Value {
    do {
      return try body()
    } catch let error as AccountingError {
      throw Problem(error, at: pointer(for: error))
    }
  }

  /// What precedes the accountant's own path. Of an event it is the event's place. Hyperparameters have no place for
  /// the parts of an event, and were checked one by one before: the problem is in the combination.
  private func pointer(for error: AccountingError) -> String {
    if case .event = release, !Self.ownFields.contains(error.pointer) { return "/event" }
    return ""
  }

  /// Fields of the question, not of the event.
  private static let ownFields: Set<String> = [
    "/delta", "/epsilon", "/orders", "/target_epsilon", "/noise_multiplier", "/steps", "/sample_rate", "/batch_size",
  ]

  /// What every answer says about how it was found.
  /// - Parameters:
  ///   - order: the Rényi order of the bound; infinite where pure differential privacy decides.
  ///   - epsilon: infinite where there is none, which is said in a warning.
  func commonMembers(order: Double?, epsilon: Double?, delta: Double?) -> [JSONValue.Member] {
    [
      .init("accountant", "rdp"),
      .init("order", order.map { .number($0) } ?? .null),
      .init("assumptions", .array(assumptions(order: order).map { .string($0) })),
      .init("warnings", .array(warnings(epsilon: epsilon, delta: delta).map { .string($0) })),
      .init("mechanism", echo),
    ]
  }

  private func assumptions(order: Double?) -> [String] {
    guard order == .infinity else { return assumptions }
    return assumptions + ["The bound is that of pure differential privacy (order ∞, written as null)."]
  }

  func warnings(epsilon: Double?, delta: Double?) -> [String] {
    var warnings: [String] = []
    if let warning = choices.accountant.warning { warnings.append(warning) }
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
