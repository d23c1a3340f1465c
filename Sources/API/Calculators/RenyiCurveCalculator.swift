import Accounting

/// `POST /v1/rdp`: the Rényi divergence of a mechanism after composition, at given orders.
struct RenyiCurveCalculator: Calculator {
  func answer(_ fields: FieldReader) throws -> JSONValue {
    let mechanism = Mechanism(fields)
    if !fields.has("orders") { fields.add("orders", "orders is missing; give the Rényi orders > 1 to evaluate.") }
    fields.finish()
    guard let mechanism, let orders = mechanism.choices.orders, fields.errors.isEmpty else {
      throw fields.errors.problem
    }
    return try mechanism.locating {
      try mechanism.checkWork()
      let curve = try RenyiAccountant(event: mechanism.event, relation: mechanism.choices.relation)
        .curve(orders: orders)
      var warnings = mechanism.warnings(nil, epsilon: nil, delta: nil)
      if curve.divergences.contains(.infinity) {
        warnings.append("rdp is null where it is infinite: there is no bound at that order.")
      }
      if curve.additiveDelta > 0 {
        warnings.append(
          "The curve holds outside of an event of probability additive_delta only: a black box takes part.")
      }
      return .object([
        .init("orders", .array(curve.orders.map { .number($0) })),
        .init("rdp", .array(curve.divergences.map { .number($0) })),
        .init("additive_delta", .number(curve.additiveDelta)),
        .init("accountant", "rdp"),
        .init("assumptions", .array(mechanism.assumptions.map { .string($0) })),
        .init("warnings", .array(warnings.map { .string($0) })),
        .init("mechanism", mechanism.echo),
      ])
    }
  }
}
