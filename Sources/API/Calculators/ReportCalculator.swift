import Accounting

/// `POST /v1/report`: what a reviewer of privacy needs to know about a mechanism, as fields, as text and as Markdown.
struct ReportCalculator: Calculator {
  func answer(_ fields: FieldReader) throws -> JSONValue {
    for name in ["accountant", "orders"] {
      fields.refuse(name, because: "a report states the tight bounds and, beside them, that of Rényi divergence.")
    }
    let mechanism = Mechanism(fields)
    let delta = fields.delta()
    let release = fields.optionalText("release", length: 1...500)
    let examples = fields.optionalInteger("max_examples_per_user", 1...1_000_000)
    let event = mechanism.flatMap { releases(of: $0, examples, fields) }
    fields.finish()
    guard let mechanism, let delta, let event, fields.errors.isEmpty else { throw fields.errors.problem }
    return try mechanism.locating {
      try mechanism.checkWork(questions: RiskFigures.questions)
      var setting = PrivacyReport.Setting(assumptions: mechanism.assumptionsBeyondEvent)
      if let release { setting.release = release }
      if let examples { setting.unit = .user(maxExamples: examples) }
      let report = try PrivacyReport(
        event: event, relation: mechanism.choices.relation, delta: delta, setting: setting)
      return answer(report, mechanism)
    }
  }

  /// All that is released, with all of a user's examples in it.
  private func releases(of mechanism: Mechanism, _ examples: Int?, _ fields: FieldReader) -> PrivacyEvent? {
    guard let examples else { return mechanism.event }
    guard mechanism.choices.relation == .addOrRemoveOne, let event = mechanism.event.ofUser(examples: examples) else {
      fields.add(
        "max_examples_per_user",
        "There is no report for users here: it takes add_or_remove_one, and Gaussian or Laplace noise with Poisson sampling "
          + "or none. POST /v1/epsilon has a bound by group privacy.", code: .unsoundCombination)
      return nil
    }
    return event
  }

  private func answer(_ report: PrivacyReport, _ mechanism: Mechanism) -> JSONValue {
    let risk = RiskFigures(report)
    let provenance =
      EpsilonFigure(tight: report.epsilon)?.provenance ?? .renyi(order: report.renyi.order)
    var warnings = mechanism.warnings(provenance, epsilon: report.epsilon.upper, delta: report.delta)
    if let warning = risk.warning { warnings.append(warning) }
    var members: [JSONValue.Member] = [
      .init("epsilon", .number(report.epsilon.upper)), .init("epsilon_lower", JSONValue(report.epsilon.lower)),
      .init("delta", .number(report.delta)), .init("epsilon_rdp", .number(report.renyi.epsilon)),
    ]
    members += provenance.members
    members += report.entries.compactMap(Self.statement)
    members.append(risk.member)
    members += [
      .init("warnings", .array(warnings.map { .string($0) })), .init("mechanism", mechanism.echo),
      .init("text", .string(report.text)), .init("markdown", .string(report.markdown)),
    ]
    return .object(members)
  }

  /// The entries in words; the figures among them stand in fields of their own.
  private static func statement(_ entry: PrivacyReport.Entry) -> JSONValue.Member? {
    switch entry.value {
    case .number: nil
    case .list(let sentences): .init(entry.key, .array(sentences.map { .string($0) }))
    case .text(let text): .init(entry.key == "accountant" ? "accounting" : entry.key, .string(text))
    }
  }
}
