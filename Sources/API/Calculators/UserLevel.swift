import Accounting

/// The guarantee for a user who has several examples, all of which are added or removed together: the least of two bounds.
struct UserLevel {
  let examples: Int
  let delta: Double
  /// Infinite where neither bound is finite.
  let epsilon: Double
  let method: Method

  enum Method: String {
    /// From the guarantee for one example (Vadhan 2017, Lemma 2.2).
    case groupPrivacy = "group privacy"
    /// The user's examples as one contribution of random size (arXiv:2401.10294).
    case contribution = "mixture of Gaussians"
  }

  /// Tight answers: the search for an example's δ is by Rényi divergence, on one curve.
  static let questions = 1

  /// - Throws: `AccountingError`.
  init(_ event: PrivacyEvent, examples: Int, delta: Double, _ choices: AccountingChoices) throws {
    self.examples = examples
    self.delta = delta
    let byGroup = try Self.byGroupPrivacy(event, examples, delta, choices)
    let byContribution = try Self.byContribution(event, examples, delta, choices) ?? .infinity
    epsilon = min(byGroup, byContribution)
    method = byContribution < byGroup ? .contribution : .groupPrivacy
  }

  var json: JSONValue {
    [
      "max_examples_per_user": .integer(examples), "epsilon": .number(epsilon), "delta": .number(delta),
      "method": .string(method.rawValue),
    ]
  }

  /// By Rényi divergence: it follows δ as far down as the lemma needs it.
  private static func byGroupPrivacy(
    _ event: PrivacyEvent, _ examples: Int, _ delta: Double, _ choices: AccountingChoices
  ) throws -> Double {
    let accountant = try RenyiAccountant(event: event, relation: choices.relation)
    var failure: (any Error)?
    let epsilon = GroupPrivacy.epsilonUpperBound(delta: delta, groupSize: examples) { exampleDelta in
      do {
        return try accountant.epsilon(delta: exampleDelta, orders: choices.orders).epsilon
      } catch {
        failure = error
        return .infinity
      }
    }
    if let failure { throw failure }
    return epsilon
  }

  /// nil where there is no such event, or no certified bound of it.
  private static func byContribution(
    _ event: PrivacyEvent, _ examples: Int, _ delta: Double, _ choices: AccountingChoices
  ) throws -> Double? {
    try event.ofUser(examples: examples).flatMap { user in
      try bound { try ChosenAccountant(user, choices).epsilon(delta: delta).upper }
    }
  }

  /// nil where the accountant has no bound.
  static func bound<Figure>(_ body: () throws -> Figure) throws -> Figure? {
    do {
      return try body()
    } catch let error as AccountingError {
      switch error {
      case .notCertified, .unsoundCombination: return nil
      default: throw error
      }
    }
  }
}
