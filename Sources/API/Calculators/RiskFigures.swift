import Accounting

/// What an attacker can achieve, and the Gaussian mechanism that is as private. From the tight accountant's whole profile,
/// whichever accountant gives the ε beside it.
struct RiskFigures {
  /// nil where the profile cannot be followed; the warning says why.
  private let figures: (risk: AttackRisk, gaussian: GaussianGuarantee)?
  let warning: String?

  /// Tight answers that it takes to follow a profile, where each takes long.
  static let questions = 64

  init(_ event: PrivacyEvent, _ relation: NeighboringRelation) throws {
    do {
      let profile = try SampledProfile(TightAccountant(event: event, relation: relation))
      figures = (try AttackRisk(profile), GaussianGuarantee(profile))
      warning = nil
    } catch AccountingError.notCertified(let reason, _) {
      figures = nil
      warning = "risk is null: \(reason)."
    }
  }

  init(_ report: PrivacyReport) {
    if let risk = report.risk, let gaussian = report.gaussian {
      figures = (risk, gaussian)
      warning = nil
    } else {
      figures = nil
      warning = "risk is null: there is no trade-off between δ and a finite ε that could be followed."
    }
  }

  var member: JSONValue.Member {
    guard let (risk, gaussian) = figures else { return .init("risk", .null) }
    let rates = zip(risk.falsePositiveRates, risk.truePositiveRates).map { rate, bound -> JSONValue in
      ["false_positive_rate": .number(rate), "bound": .number(bound)]
    }
    return .init(
      "risk",
      [
        "advantage": .number(risk.advantage), "mu": .number(gaussian.mu), "mu_lower": .number(gaussian.muLower),
        "regret": .number(gaussian.regret), "floor": .number(gaussian.floor), "true_positive_rate": .array(rates),
      ])
  }
}
