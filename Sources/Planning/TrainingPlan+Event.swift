import Accounting

extension TrainingPlan {
  /// What one step costs under `mechanism.relation`; `noOp` without privacy, since public data owes nothing.
  public var stepEvent: PrivacyEvent {
    guard let mechanism else { return .noOp }
    return .poissonSampled(
      samplingProbability: sampling.probability, event: .gaussian(noiseMultiplier: mechanism.noiseMultiplier))
  }

  /// What the whole run costs.
  public var event: PrivacyEvent { event(steps: steps) }

  /// What the first `count` steps cost.
  public func event(steps count: Int) -> PrivacyEvent {
    mechanism == nil ? .noOp : .selfComposed(event: stepEvent, count: count)
  }
}

extension TrainingPlan {
  /// ε at the plan's δ after the first `count` steps, an upper bound; nil without privacy, infinite where no finite ε
  /// holds.
  public func epsilonUpperBound(steps count: Int) throws(AccountingError) -> Double? {
    guard let mechanism else { return nil }
    guard count > 0 else { return 0 }
    return try RenyiAccountant(event: event(steps: count), relation: mechanism.relation)
      .epsilon(delta: mechanism.delta).epsilon
  }
}

extension PrivateMechanism {
  public var relation: NeighboringRelation { adjacency.relation }
}

extension Adjacency {
  /// The same relation in the accountant's words.
  public var relation: NeighboringRelation {
    switch self {
    case .addOrRemoveOne: .addOrRemoveOne
    case .replaceOne: .replaceOne
    case .zeroOut: .replaceSpecial
    }
  }
}
