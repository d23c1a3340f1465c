import Accounting

/// What `POST /v1/epsilon` gives beside ε where it is asked for: a trajectory, and the guarantee for a user who has
/// several examples.
struct EpsilonExtras {
  private let trajectoryPoints: Int?
  private let maxExamplesPerUser: Int?

  /// A point an update is more than anybody looks at; this many cost a tenth of a second.
  private static let pointLimit = 10_000

  /// nil where a field is bad.
  init?(_ fields: FieldReader, _ mechanism: Mechanism?) {
    trajectoryPoints = fields.optionalInteger("trajectory", 1...Self.pointLimit)
    maxExamplesPerUser = fields.optionalInteger("max_examples_per_user", 1...1_000_000)
    guard let mechanism else { return nil }
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

  /// How often ε is computed for them; the search for a user's δ takes up to some dozens of steps.
  var questions: Int { (trajectoryPoints ?? 0) + (maxExamplesPerUser == nil ? 0 : 100) }

  func members(_ mechanism: Mechanism, delta: Double) throws -> [JSONValue.Member] {
    var members: [JSONValue.Member] = []
    if let maxExamplesPerUser {
      members.append(.init("user_level", try userLevel(maxExamplesPerUser, mechanism, delta: delta)))
    }
    if let trajectoryPoints {
      members.append(.init("trajectory", try trajectory(trajectoryPoints, mechanism, delta: delta)))
    }
    return members
  }

  private func trajectory(_ points: Int, _ mechanism: Mechanism, delta: Double) throws -> JSONValue {
    let (unit, count) = mechanism.unitAndCount
    let counts = Self.spread(points, over: count)
    let figures = try ChosenAccountant(unit, mechanism.choices).epsilons(afterRepetitions: counts, delta: delta)
    return .array(
      zip(counts, figures).map { count, figure in
        [
          "step": .integer(mechanism.steps(ofUnits: count)), "epsilon": .number(figure.upper),
          "epsilon_lower": JSONValue(figure.lower),
        ]
      })
  }

  /// `points` numbers spread evenly over 1…`count`, the last being `count`; each of them where there are no more.
  private static func spread(_ points: Int, over count: Int) -> [Int] {
    let points = min(points, count)
    // ⌈i·n/k⌉ without overflow: n = wk + r gives i·w + ⌈i·r/k⌉.
    let (width, rest) = count.quotientAndRemainder(dividingBy: points)
    return (1...points).map { $0 * width + ($0 * rest + points - 1) / points }
  }

  private func userLevel(_ examples: Int, _ mechanism: Mechanism, delta: Double) throws -> JSONValue {
    let accountant = try RenyiAccountant(event: mechanism.event, relation: mechanism.choices.relation)
    var failure: (any Error)?
    let epsilon = GroupPrivacy.epsilonUpperBound(delta: delta, groupSize: examples) { exampleDelta in
      do {
        return try accountant.epsilon(delta: exampleDelta, orders: mechanism.choices.orders).epsilon
      } catch {
        failure = error
        return .infinity
      }
    }
    if let failure { throw failure }
    return [
      "max_examples_per_user": .integer(examples), "epsilon": .number(epsilon), "delta": .number(delta),
      "method": "group privacy",
    ]
  }
}
