import Accounting

/// The figures of a DP-SGD statement by the tight accountant, for its two readings: each example once per epoch in any order, and
/// Poisson sampling. Of a user all examples are one contribution.
struct TightStatement {
  typealias Guarantee = (eachOncePerEpoch: EpsilonFigure, poissonSampled: EpsilonFigure)

  let example: Guarantee
  /// nil without a bound on the examples of a user. `poissonSampled` is nil where no such bound is certified.
  let user: (eachOncePerEpoch: EpsilonFigure, poissonSampled: EpsilonFigure?)?

  /// - Throws: `AccountingError`.
  init(_ run: DPSGDStatement.Run) throws {
    let rate = SampleRate.batch(size: run.batchSize, of: run.datasetSize)
    // Microbatches of several examples double the sensitivity.
    let noise = run.usedMicrobatching ? run.noiseMultiplier / 2 : run.noiseMultiplier
    func event(_ sampling: Sampling) throws -> PrivacyEvent {
      let training = Hyperparameters(
        noiseMultiplier: noise, sampleRate: rate, length: .epochs(run.epochs), sampling: sampling)
      guard let count = training.unitCount else {
        throw AccountingError.limitExceeded(
          path: [.field("epochs")], what: "the number of steps", limit: Hyperparameters.stepLimit)
      }
      return .selfComposed(event: training.unitEvent, count: count)
    }
    func figure(_ event: PrivacyEvent) throws -> EpsilonFigure {
      try ChosenAccountant(event, AccountingChoices(relation: .addOrRemoveOne, accountant: .auto))
        .epsilon(delta: run.delta)
    }
    let (shuffled, sampled) = (try event(.shuffle), try event(.poisson))
    example = (try figure(shuffled), try figure(sampled))
    user = try run.maxExamplesPerUser.map { examples in
      guard let once = shuffled.ofUser(examples: examples) else {
        preconditionFailure("a Gaussian release has an event for users")
      }
      return (
        try figure(once),
        try sampled.ofUser(examples: examples).flatMap { event in try UserLevel.bound { try figure(event) } }
      )
    }
  }

  var json: JSONValue {
    func members(_ name: String, _ figure: EpsilonFigure?) -> [JSONValue.Member] {
      [.init(name, JSONValue(figure?.upper)), .init(name + "_lower", JSONValue(figure?.lower))]
    }
    return .object(
      members("example_epsilon_each_once_per_epoch", example.eachOncePerEpoch)
        + members("example_epsilon_poisson", example.poissonSampled)
        + members("user_epsilon_each_once_per_epoch", user?.eachOncePerEpoch)
        + members("user_epsilon_poisson", user?.poissonSampled))
  }

  var warnings: [String] {
    let figures = [example.eachOncePerEpoch, example.poissonSampled, user?.eachOncePerEpoch, user?.poissonSampled]
    let reasons = Set(figures.compactMap { $0?.provenance.fallback })
    return reasons.sorted().map { "A tight figure without a lower bound is by Rényi divergence: \($0)." }
  }
}
