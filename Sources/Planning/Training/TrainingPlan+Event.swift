import Accounting

extension PrivateMechanism {
  /// What one step on a sample drawn so costs, under `relation`.
  ///
  /// The sum moves by `contributionInClippingNorms`·C where one example appears, so its noise over that bound is the
  /// multiplier; the accountant, which is told the relation, doubles the distance where an example is replaced. Adaptive
  /// clipping publishes the count of the same sample beside it: one example moves the count of ±½ by ½ (Andrew et al. 2021,
  /// arXiv:1905.03871, theorem 1), and both releases are priced together.
  public func event(of sampling: PoissonSampling) -> PrivacyEvent {
    let sum = PrivacyEvent.gaussian(noiseMultiplier: noiseMultiplier / contributionInClippingNorms)
    guard case .adaptive(let adaptive) = clipping else {
      return .poissonSampled(samplingProbability: sampling.probability, event: sum)
    }
    let count = PrivacyEvent.gaussian(
      noiseMultiplier: 2 * adaptive.countStandardDeviation / contributionInClippingNorms)
    return .poissonSampled(samplingProbability: sampling.probability, event: .composed([sum, count]))
  }

  public var relation: NeighboringRelation { adjacency.relation }
}

extension TrainingPlan {
  /// What one step costs under `mechanism.relation`; `noOp` without privacy, since public data owes nothing.
  public var stepEvent: PrivacyEvent { mechanism?.event(of: sampling) ?? .noOp }

  /// What the whole run costs.
  public var event: PrivacyEvent { event(steps: steps) }

  /// What the first `count` steps cost.
  public func event(steps count: Int) -> PrivacyEvent {
    mechanism == nil ? .noOp : .selfComposed(event: stepEvent, count: count)
  }

  /// ε at the plan's δ after the first `count` steps, an upper bound; nil without privacy, infinite where no finite ε
  /// holds.
  public func epsilonUpperBound(steps count: Int) throws(AccountingError) -> Double? {
    guard let mechanism else { return nil }
    guard count > 0 else { return 0 }
    return try RenyiAccountant(event: event(steps: count), relation: mechanism.relation)
      .epsilon(delta: mechanism.delta).epsilon
  }
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
