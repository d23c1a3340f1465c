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
      let bound = try accountant.epsilon(delta: delta, orders: mechanism.choices.orders)
      var members: [JSONValue.Member] = [
        .init("epsilon", .number(bound.epsilon)), .init("epsilon_lower", .null), .init("delta", .number(delta)),
      ]
      members += mechanism.commonMembers(order: bound.order, epsilon: bound.epsilon, delta: delta)
      members += try extras.members(mechanism, accountant, delta: delta)
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
      let bound = try accountant.delta(epsilon: epsilon, orders: mechanism.choices.orders)
      let members: [JSONValue.Member] = [
        .init("delta", .number(bound.delta)), .init("delta_lower", .null), .init("epsilon", .number(epsilon)),
      ]
      return .object(members + mechanism.commonMembers(order: bound.order, epsilon: epsilon, delta: bound.delta))
    }
  }
}
