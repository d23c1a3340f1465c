import Accounting

/// What `POST /v1/epsilon` gives beside ε where it is asked for: a trajectory, and the guarantee for a user who has
/// several examples.
struct EpsilonExtras {
  private let trajectoryPoints: Int?
  private let maxExamplesPerUser: Int?

  /// More points than a curve on a screen needs are refused.
  private static let pointLimit = 500

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
}
