import Accounting

/// `POST /v1/epsilon`: a mechanism and δ to ε.
struct EpsilonCalculator: Calculator {
  func answer(_ fields: FieldReader) throws -> JSONValue {
    let mechanism = Mechanism(fields)
    let delta = fields.delta()
    let extras = EpsilonExtras(fields, mechanism)
    fields.finish()
    guard let mechanism, let delta, let extras, fields.errors.isEmpty else { throw fields.errors.problem }
    return try mechanism.accounting(questions: 1 + extras.questions) { accountant in
      let figure = try accountant.epsilon(delta: delta)
      var members: [JSONValue.Member] = [
        .init("epsilon", .number(figure.upper)), .init("epsilon_lower", JSONValue(figure.lower)),
        .init("delta", .number(delta)),
      ]
      members += mechanism.commonMembers(figure.provenance, epsilon: figure.upper, delta: delta)
      members += try extras.members(mechanism, delta: delta)
      return .object(members)
    }
  }
}

/// `POST /v1/delta`: a mechanism and ε to δ.
struct DeltaCalculator: Calculator {
  func answer(_ fields: FieldReader) throws -> JSONValue {
    let mechanism = Mechanism(fields)
    let epsilon = fields.number("epsilon", .divergence)
    fields.finish()
    guard let mechanism, let epsilon, fields.errors.isEmpty else { throw fields.errors.problem }
    return try mechanism.accounting { accountant in
      let figure = try accountant.delta(epsilon: epsilon)
      let members: [JSONValue.Member] = [
        .init("delta", .number(figure.upper)), .init("delta_lower", JSONValue(figure.lower)),
        .init("epsilon", .number(epsilon)),
      ]
      return .object(members + mechanism.commonMembers(figure.provenance, epsilon: epsilon, delta: figure.upper))
    }
  }
}
