/// What can be said about the privacy of a DP-SGD run, in the words of TF Privacy's `compute_dp_sgd_privacy_statement`.
///
/// Two readings are given side by side: that every example takes part in exactly one step of each epoch in an arbitrary order
/// (one Gaussian release an epoch: the other steps touch other examples), and that every batch is Poisson-sampled. Both are
/// under add-or-remove-one adjacency and cover the release of all checkpoints.
public struct DPSGDStatement: Hashable, Sendable {
  /// The run that the statement is about.
  public struct Run: Hashable, Sendable {
    /// Examples in the dataset, ≥ 1.
    public var datasetSize: Int
    /// (Expected) examples in a batch, 1…`datasetSize`.
    public var batchSize: Int
    /// Passes over the data, > 0; may be fractional.
    public var epochs: Double
    /// Noise standard deviation over the clipping norm, > 0.
    public var noiseMultiplier: Double
    /// In (0, 1).
    public var delta: Double
    /// Whether clipping was by microbatches of more than one example, which doubles the sensitivity (arXiv:2303.00654,
    /// §5.6).
    public var usedMicrobatching: Bool
    /// Bound on the examples of one user, ≥ 1; `nil` where there is none, and then no user-level guarantee either.
    public var maxExamplesPerUser: Int?

    public init(
      datasetSize: Int, batchSize: Int, epochs: Double, noiseMultiplier: Double, delta: Double,
      usedMicrobatching: Bool, maxExamplesPerUser: Int? = nil
    ) {
      self.datasetSize = datasetSize
      self.batchSize = batchSize
      self.epochs = epochs
      self.noiseMultiplier = noiseMultiplier
      self.delta = delta
      self.usedMicrobatching = usedMicrobatching
      self.maxExamplesPerUser = maxExamplesPerUser
    }
  }

  /// One figure of the statement. All bounds are valid.
  public struct Figure: Hashable, Sendable {
    /// TF Privacy's figure, which the text prints: ε over `RenyiOrders.standard` with its bound at fractional orders
    /// (`MajorantSeries`); `infinity` where there is no bound.
    public var standard: Double
    /// ε with the order optimised continuously.
    public var optimized: Double
    /// The certified interval of the least ε; `nil` where none could be certified.
    public var tight: EpsilonBracket?
    /// The least valid bound known.
    public var least: Double { min(standard, optimized, tight?.upper ?? .infinity) }
  }

  /// The two readings of one guarantee.
  public struct Guarantee: Hashable, Sendable {
    /// Each example takes part once in an epoch, in any order.
    public var eachOncePerEpoch: Figure
    /// Every batch is Poisson-sampled with probability batch size over dataset size.
    public var poissonSampled: Figure
  }

  public let run: Run
  /// ⌈epochs⌉ and ⌈epochs·datasetSize/batchSize⌉: how often each reading composes its release.
  public let fullPassSteps: Int
  public let poissonSteps: Int
  /// For one example.
  public let example: Guarantee
  /// For all examples of one user; `nil` without a bound on their number.
  public let user: Guarantee?

  /// The least valid bound on one example's ε that needs no assumption on how batches were drawn beyond what the run says.
  public var leastValidBound: Double { example.eachOncePerEpoch.least }

  /// - Throws: `invalidParameter` with the field's name in the public request format.
  public init(_ run: Run) throws(AccountingError) {
    try run.validate()
    self.run = run
    let probability = Double(run.batchSize) / Double(run.datasetSize)
    poissonSteps = try RunLength.epochs(run.epochs).steps(samplingProbability: probability)
    fullPassSteps = try RunLength.epochs(run.epochs).steps(samplingProbability: 1)
    let computation = StatementComputation(
      noiseMultiplier: run.usedMicrobatching ? run.noiseMultiplier / 2 : run.noiseMultiplier, delta: run.delta,
      probability: probability, poissonSteps: poissonSteps, fullPassSteps: fullPassSteps)
    example = try computation.guarantee(groupSize: 1)
    user =
      if let size = run.maxExamplesPerUser { size == 1 ? example : try computation.guarantee(groupSize: size) } else {
        nil
      }
  }
}

extension DPSGDStatement.Run {
  fileprivate func validate() throws(AccountingError) {
    try Domain.require(datasetSize >= 1, "dataset_size", Double(datasetSize), "must be at least 1")
    try Domain.require(
      batchSize >= 1 && batchSize <= datasetSize, "batch_size", Double(batchSize),
      "must be at least 1 and at most the dataset size")
    try Domain.require(
      noiseMultiplier > 0 && noiseMultiplier.isFinite, "noise_multiplier", noiseMultiplier,
      "must be finite and greater than 0")
    try Domain.require(delta > 0 && delta < 1, "delta", delta, "must lie in (0, 1)")
    if let size = maxExamplesPerUser {
      try Domain.require(size >= 1, "max_examples_per_user", Double(size), "must be at least 1")
    }
  }
}

/// The figures of a statement.
private struct StatementComputation {
  /// Over the true sensitivity.
  var noiseMultiplier: Double
  var delta: Double
  var probability: Double
  var poissonSteps: Int
  var fullPassSteps: Int

  func guarantee(groupSize: Int) throws(AccountingError) -> DPSGDStatement.Guarantee {
    // In the worst case all of a user's examples meet in one step: the sum moves by the group size.
    let fullPass = PrivacyEvent.selfComposed(
      event: .gaussian(noiseMultiplier: noiseMultiplier / Double(groupSize)), count: fullPassSteps)
    let sampled = PrivacyEvent.dpsgd(
      samplingProbability: probability, noiseMultiplier: noiseMultiplier, steps: poissonSteps)
    return DPSGDStatement.Guarantee(
      eachOncePerEpoch: try figure(fullPass, groupSize: 1, tight: fullPass) { $0 },
      poissonSampled: try figure(
        sampled, groupSize: groupSize,
        tight: GroupPrivacy.sampledGroup(
          size: groupSize, samplingProbability: probability, noiseMultiplier: noiseMultiplier, steps: poissonSteps),
        printed: loosened))
  }

  /// The curve of the sampled run as TF Privacy has it; nowhere below the tight one, also where its sums lose digits.
  private func loosened(_ curve: RenyiCurve) -> RenyiCurve {
    guard probability < 1 else { return curve }
    let series = MajorantSeries(samplingProbability: probability, noiseMultiplier: noiseMultiplier)
    let divergences = zip(curve.orders, curve.divergences).map { order, divergence in
      guard order != order.rounded() else { return divergence }
      return max(divergence, Repetition.cost(of: series.divergence(order: order), times: poissonSteps))
    }
    return RenyiCurve(orders: curve.orders, divergences: divergences, additiveDelta: curve.additiveDelta)
  }

  private func figure(
    _ event: PrivacyEvent, groupSize: Int, tight group: PrivacyEvent?, printed: (RenyiCurve) -> RenyiCurve
  ) throws(AccountingError) -> DPSGDStatement.Figure {
    let accountant = try RenyiAccountant(event: event)
    let curve = printed(try accountant.curve(orders: RenyiOrders.standard))
    var evaluator = CompositionEvaluator(accountant.composition)
    return DPSGDStatement.Figure(
      standard: GroupPrivacy.epsilonUpperBound(delta: delta, groupSize: groupSize) {
        curve.epsilonUpperBound(delta: $0).epsilon
      },
      optimized: GroupPrivacy.epsilonUpperBound(delta: delta, groupSize: groupSize) {
        evaluator.epsilon(delta: $0, orders: nil).epsilon
      },
      tight: try group.map { event throws(AccountingError) in try tight(event) } ?? nil)
  }

  /// `nil` where no two-sided answer can be certified: the statement has its Rényi figures in any case.
  private func tight(_ event: PrivacyEvent) throws(AccountingError) -> EpsilonBracket? {
    do {
      let bracket = try TightAccountant(event: event).epsilon(delta: delta)
      return bracket.method == .renyi ? nil : bracket
    } catch .notCertified {
      return nil
    }
  }
}
