import Accounting

/// `POST /v1/epsilon`: a mechanism and δ to ε.
struct EpsilonCalculator: Calculator {
  func answer(_ fields: FieldReader) throws -> JSONValue {
    let mechanism = Mechanism(fields)
    let delta = fields.delta()
    let extras = EpsilonExtras(fields, mechanism)
    fields.finish()
    guard let mechanism, let delta, let extras, fields.errors.isEmpty else { throw fields.errors.problem }
    return try mechanism.accounting(questions: 1 + extras.questions, cause: extras.cause) { accountant in
      let figure = try accountant.epsilon(delta: delta)
      var members: [JSONValue.Member] = [
        .init("epsilon", .number(figure.upper)), .init("epsilon_lower", JSONValue(figure.lower)),
        .init("delta", .number(delta)),
      ]
      let extras = try extras.compute(mechanism, accountant, figure, delta: delta)
      members += mechanism.commonMembers(
        figure.provenance, epsilon: figure.upper, delta: delta, further: extras.warnings)
      return .object(members + extras.members)
    }
  }
}

/// `POST /v1/delta`: a mechanism and ε to δ.
struct DeltaCalculator: Calculator {
  func answer(_ fields: FieldReader) throws -> JSONValue {
    let mechanism = Mechanism(fields)
    let epsilon = fields.number("epsilon", .divergence)
    let verify = fields.optionalFlag("verify") ?? false
    if verify, mechanism?.choices.accountant == .gdp {
      fields.add("verify", EpsilonExtras.nothingToVerify, code: .unsoundCombination)
    }
    fields.finish()
    guard let mechanism, let epsilon, fields.errors.isEmpty else { throw fields.errors.problem }
    return try mechanism.accounting(questions: verify ? 2 : 1) { accountant in
      let figure = try accountant.delta(epsilon: epsilon)
      let verification = verify ? try Verification(of: figure, epsilon: epsilon, accountant) : nil
      let members: [JSONValue.Member] = [
        .init("delta", .number(figure.upper)), .init("delta_lower", JSONValue(figure.lower)),
        .init("epsilon", .number(epsilon)),
      ]
      let common = mechanism.commonMembers(
        figure.provenance, epsilon: epsilon, delta: figure.upper, further: [verification?.warning])
      return .object(members + common + [verification?.member].compactMap(\.self))
    }
  }
}
