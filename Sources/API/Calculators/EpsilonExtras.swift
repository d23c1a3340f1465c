import Accounting

/// What `POST /v1/epsilon` gives beside ε where it is asked for: a second opinion, what an attacker can achieve, the guarantee
/// for a user who has several examples, and a trajectory.
struct EpsilonExtras {
  private let verify: Bool
  private let risk: Bool
  private let trajectoryPoints: Int?
  private let maxExamplesPerUser: Int?

  /// A point an update is more than anybody looks at; this many cost a tenth of a second.
  private static let pointLimit = 10_000

  static let nothingToVerify = "gdp is an estimate; there is nothing to verify in it."

  /// nil where a field is bad.
  init?(_ fields: FieldReader, _ mechanism: Mechanism?) {
    verify = fields.optionalFlag("verify") ?? false
    risk = fields.optionalFlag("risk") ?? false
    trajectoryPoints = fields.optionalInteger("trajectory", 1...Self.pointLimit)
    maxExamplesPerUser = fields.optionalInteger("max_examples_per_user", 1...1_000_000)
    guard let mechanism else { return nil }
    if verify, mechanism.choices.accountant == .gdp {
      fields.add("verify", Self.nothingToVerify, code: .unsoundCombination)
      return nil
    }
    if trajectoryPoints != nil, mechanism.unitAndCount.count < 2 {
      fields.add(
        "trajectory", "A trajectory needs a run of several steps: give steps, or an event of type self_composed.")
      return nil
    }
    if maxExamplesPerUser != nil, mechanism.choices.relation != .addOrRemoveOne {
      fields.add(
        "max_examples_per_user", "The user-level guarantee is derived under add_or_remove_one only.",
        code: .unsoundCombination)
      return nil
    }
  }

  /// How often ε is computed for them, at most.
  var questions: Int {
    (verify ? 1 : 0) + (risk ? RiskFigures.questions : 0) + (maxExamplesPerUser == nil ? 0 : UserLevel.questions)
      + (trajectoryPoints ?? 0)
  }

  /// The field that asks for most of them; nil where none asks for many.
  var cause: String? { trajectoryPoints.map { $0 > 1 ? "/trajectory" : nil } ?? (risk ? "/risk" : nil) }

  func compute(
    _ mechanism: Mechanism, _ accountant: ChosenAccountant, _ figure: EpsilonFigure, delta: Double
  ) throws -> (members: [JSONValue.Member], warnings: [String?]) {
    var (members, warnings): ([JSONValue.Member], [String?]) = ([], [])
    if verify {
      let verification = try Verification(of: figure, delta: delta, accountant)
      members.append(verification.member)
      warnings.append(verification.warning)
    }
    if risk {
      let risk = try RiskFigures(accountant.event, accountant.relation)
      members.append(risk.member)
      warnings.append(risk.warning)
    }
    if let maxExamplesPerUser {
      let user = try UserLevel(mechanism.event, examples: maxExamplesPerUser, delta: delta, mechanism.choices)
      members.append(.init("user_level", user.json))
    }
    if let trajectoryPoints {
      members.append(.init("trajectory", try trajectory(trajectoryPoints, mechanism, delta: delta)))
    }
    return (members, warnings)
  }

  private func trajectory(_ points: Int, _ mechanism: Mechanism, delta: Double) throws -> JSONValue {
    let (unit, count) = mechanism.unitAndCount
    let counts = Self.spread(points, over: count)
    let figures = try ChosenAccountant(unit, mechanism.choices).epsilons(afterRepetitions: counts, delta: delta)
    return .array(
      zip(counts, figures).map { count, figure in
        .object([
          .init("step", .integer(mechanism.steps(ofUnits: count))), .init("epsilon", .number(figure.upper)),
          .init("epsilon_lower", JSONValue(figure.lower)),
        ])
      })
  }

  /// `points` numbers spread evenly over 1…`count`, the last being `count`; each of them where there are no more.
  private static func spread(_ points: Int, over count: Int) -> [Int] {
    let points = min(points, count)
    // ⌈i·n/k⌉ without overflow: n = wk + r gives i·w + ⌈i·r/k⌉.
    let (width, rest) = count.quotientAndRemainder(dividingBy: points)
    return (1...points).map { $0 * width + ($0 * rest + points - 1) / points }
  }
}
