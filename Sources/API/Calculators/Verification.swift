import Accounting

/// An answer computed a second, independent way. Where the two contradict each other there is no answer: `verify` throws.
struct Verification {
  /// nil where there is no second way; the warning says why.
  private let members: [JSONValue.Member]?
  let warning: String?

  init(of figure: EpsilonFigure, delta: Double, _ accountant: ChosenAccountant) throws {
    let bracket = EpsilonBracket(
      lower: figure.lower, upper: figure.upper, delta: delta, method: figure.provenance.tightMethod)
    try self.init {
      let second = try TightAccountant(event: accountant.event, relation: accountant.relation).verify(bracket)
      return [
        .init("method", .string(second.method.rawValue)), .init("epsilon", .number(second.upper)),
        .init("epsilon_lower", JSONValue(second.lower)), .init("agrees", true),
      ]
    }
  }

  init(of figure: DeltaFigure, epsilon: Double, _ accountant: ChosenAccountant) throws {
    let bracket = DeltaBracket(
      lower: figure.lower, upper: figure.upper, epsilon: epsilon, method: figure.provenance.tightMethod)
    try self.init {
      let second = try TightAccountant(event: accountant.event, relation: accountant.relation).verify(bracket)
      return [
        .init("method", .string(second.method.rawValue)), .init("delta", .number(second.upper)),
        .init("delta_lower", JSONValue(second.lower)), .init("agrees", true),
      ]
    }
  }

  private init(_ second: () throws -> [JSONValue.Member]) throws {
    do {
      members = try second()
      warning = nil
    } catch AccountingError.notCertified(let reason, _) {
      members = nil
      warning = "The answer was not verified: \(reason)."
    }
  }

  var member: JSONValue.Member { .init("verification", members.map { .object($0) } ?? .null) }
}
