/// One walk over an event tree that sorts its leaves into groups.
struct GroupCollector {
  let relation: NeighboringRelation
  private var counts: [Mechanism: Int] = [:]
  /// How often a black box with this probability of failure runs.
  private var failures: [Double: Int] = [:]

  init(relation: NeighboringRelation) { self.relation = relation }

  var sortedGroups: [Composition.Group] {
    counts.map { (key: $0.key.sortKey, group: Composition.Group(mechanism: $0.key, count: $0.value)) }
      .sorted { $0.key.lexicographicallyPrecedes($1.key) }
      .map(\.group)
  }

  /// Upper bound of the probability that some black box fails; sorted, so that the order of the events does not matter.
  var failure: Double {
    failures.sorted { $0.key < $1.key }.reduce(0.0) {
      DeltaSplit.total(of: Repetition.failure(of: $1.key, times: $1.value), and: $0)
    }
  }

  /// - Parameter count: how often `event` runs, ≥ 0; sums cannot overflow because the event is within its limits.
  mutating func add(_ event: PrivacyEvent, count: Int, path: [PathComponent]) throws(AccountingError) {
    guard count > 0 else { return }
    switch event {
    case .noOp: return
    case .nonPrivate: append(.nonPrivate, count)
    case .gaussian(let noise): append(.gaussian(noiseMultiplier: overSensitivity(noise)), count)
    case .laplace(let noise): append(.laplace(noiseMultiplier: overSensitivity(noise)), count)
    case .discreteGaussian(let scale, let sensitivity):
      append(.discreteGaussian(scale: scale, sensitivity: Double(sensitivity) * self.sensitivity), count)
    case .discreteLaplace(let scale, let sensitivity):
      append(.discreteLaplace(scale: scale, sensitivity: Double(sensitivity) * self.sensitivity), count)
    case .zeroConcentrated(let rho, let xi): append(.zeroConcentrated(rho: rho, xi: xi), count)
    case .epsilonDelta(let epsilon, let delta):
      if delta > 0 { failures[delta, default: 0] += count }
      append(.pure(epsilon: epsilon.magnitude), count)
    case .exponentialMechanism(let epsilon): if epsilon != 0 { append(.boundedRange(epsilon: epsilon), count) }
    case .randomizedResponse(let noise, let buckets):
      guard relation != .addOrRemoveOne else { throw Refusal.randomizedResponse(path) }
      append(
        .randomizedResponse(
          noiseParameter: noise.magnitude, buckets: buckets, replaceOne: relation == .replaceOne), count)
    case .mixtureOfGaussians(let deviation, let sensitivities, let probabilities):
      guard relation != .replaceOne else { throw Refusal.replacedMixture(path) }
      let mixture = SensitivityMixture(
        standardDeviation: deviation, sensitivities: sensitivities, probabilities: probabilities)
      if let mechanism = mixture.mechanism { append(mechanism, count) }
    case .treeAggregation(let noise, let schedule):
      appendGaussian(
        noise: overSensitivity(noise), sensitivity: try TreeSensitivity.bounds(schedule, path: path), count)
    case .matrixFactorization(let noise, let strategy):
      appendGaussian(
        noise: overSensitivity(noise), sensitivity: try MatrixSensitivity.bounds(strategy, path: path), count)
    case .randomAllocation(let noise, let bins, let selected):
      appendAllocation(noise: noise.magnitude, bins: bins, selected: selected, count)
    case .composed, .selfComposed, .poissonSampled, .sampledWithoutReplacement, .truncatedPoissonSampledGaussian,
      .repeatAndSelect:
      try addCompound(event, count: count, path: path)
    }
  }

  private mutating func addCompound(
    _ event: PrivacyEvent, count: Int, path: [PathComponent]
  ) throws(AccountingError) {
    switch event {
    case .composed(let events):
      for (index, inner) in events.enumerated() {
        try add(inner, count: count, path: path + [.field("events"), .index(index)])
      }
    case .selfComposed(let inner, let repetitions):
      try add(inner, count: count * repetitions, path: path + [.field("event")])
    case .poissonSampled(let probability, let inner):
      try addSampled(inner, probability: probability, count: count, path: path + [.field("event")])
    case .sampledWithoutReplacement(let datasetSize, let sampleSize, let inner):
      let draw = FixedSizeDraw(datasetSize: datasetSize, sampleSize: sampleSize, relation: relation)
      try append(draw.mechanism(of: inner, path: path + [.field("event")]), count)
    case .truncatedPoissonSampledGaussian(let datasetSize, let probability, let batchSize, let noise):
      let draw = TruncatedPoissonDraw(
        datasetSize: datasetSize, samplingProbability: probability, batchSize: batchSize, relation: relation)
      try append(draw.mechanism(noiseMultiplier: noise.magnitude, path: path), count)
    case .repeatAndSelect(let inner, let mean, let shape):
      try appendSelection(of: inner, mean: mean, shape: shape, count: count, path: path + [.field("event")])
    default: preconditionFailure("not an event with another inside")
    }
  }

  /// How far one record moves a sum, in units of its clipping norm.
  private var sensitivity: Double { relation == .replaceOne ? 2 : 1 }

  /// The magnitude, because −0 passes for "at least 0" and 1/−0 is −∞: no noise at all would cost less than nothing.
  private func overSensitivity(_ noise: Double) -> Double { noise.magnitude / sensitivity }

  private mutating func append(_ mechanism: Mechanism?, _ count: Int) {
    if let mechanism { counts[mechanism, default: 0] += count }
  }

  /// A Gaussian mechanism by its L2 sensitivity in units of what the noise multiplier is over.
  private mutating func appendGaussian(noise: Double, sensitivity: SensitivityBounds, _ count: Int) {
    if sensitivity.upper == 0 { return }
    let quotient = noise / sensitivity.upper
    // Exact quotients stay as they are.
    let multiplier = noise.addingProduct(-quotient, sensitivity.upper) >= 0 ? quotient : quotient.nextDown
    guard multiplier > 0 else { return append(.nonPrivate, count) }
    if sensitivity.isExact {
      append(.gaussian(noiseMultiplier: multiplier), count)
    } else {
      let reached = (noise / sensitivity.lower).nextUp
      append(.gaussianWithin(noiseMultiplier: multiplier, reachedNoiseMultiplier: reached), count)
    }
  }

  /// k of t bins cost at most k times one of ⌊t/k⌋ bins (arXiv:2502.08202): a uniform k-subset is one bin of each block of a
  /// random partition into k blocks, and telling the partition can only tell more.
  private mutating func appendAllocation(noise: Double, bins: Int, selected: Int, _ count: Int) {
    guard noise / 2 > 0 else { return append(.nonPrivate, count) }
    let share = bins / selected
    // The sum of all releases shows the record at k/(σ√t), which is √k times √(k/t)/σ.
    let reached = (overSensitivity(noise) * (Double(bins) / Double(selected)).squareRoot() * (1 + 2 * ulp)).nextUp
    if selected == bins {
      append(.gaussian(noiseMultiplier: overSensitivity(noise)), count * selected)
    } else if share == 1 {
      append(
        .gaussianWithin(noiseMultiplier: overSensitivity(noise), reachedNoiseMultiplier: reached), count * selected)
    } else {
      append(
        .allocatedGaussian(
          AllocatedGaussian(
            noiseMultiplier: noise, bins: share, replaceOne: relation == .replaceOne, sumNoiseMultiplier: reached,
            isWhole: selected == 1)),
        count * selected)
    }
  }

  private mutating func addSampled(
    _ inner: PrivacyEvent, probability: Double, count: Int, path: [PathComponent]
  ) throws(AccountingError) {
    if probability == 0 { return }
    if probability == 1 { return try add(inner, count: count, path: path) }
    if case .poissonSampled(let again, let innermost) = inner {
      // A sample of a sample is a sample.
      let product = again == 1 ? probability : (probability * again).nextUp
      return try addSampled(innermost, probability: product, count: count, path: path + [.field("event")])
    }
    if let release = GaussianRelease(of: inner) {
      switch release {
      case .nothing: return
      case .everything: append(.nonPrivate, count)
      case .noise(let multiplier):
        append(
          .poissonGaussian(
            samplingProbability: probability, noiseMultiplier: multiplier, replaceOne: relation == .replaceOne),
          count)
      }
      return
    }
    append(try PoissonSampling.mechanism(of: inner, probability: probability, relation: relation, path: path), count)
  }

  private mutating func appendSelection(
    of inner: PrivacyEvent, mean: Double, shape: Double?, count: Int, path: [PathComponent]
  ) throws(AccountingError) {
    var collector = GroupCollector(relation: relation)
    try collector.add(inner, count: 1, path: path)
    guard collector.failure == 0 else { throw Refusal.selectionOfFailures(path) }
    let base = Composition(groups: collector.sortedGroups, additiveDelta: 0)
    if base.groups.isEmpty { return }
    append(.selection(PrivateSelection(base: base, meanRepetitions: mean, shape: shape?.magnitude)), count)
  }
}

/// Refusals of combinations without a proved bound, in one voice.
enum Refusal {
  static func randomizedResponse(_ path: [PathComponent]) -> AccountingError {
    .unsoundCombination(
      path: path,
      reason: "randomized response publishes a report for each record, so adding a record shows by itself",
      alternative: "ask for replace_one or replace_special")
  }

  static func replacedMixture(_ path: [PathComponent]) -> AccountingError {
    .unsoundCombination(
      path: path,
      reason: "a mixture of Gaussians says how far a record moves the sum from where it is without the record",
      alternative: "ask for add_or_remove_one or replace_special")
  }

  static func selectionOfFailures(_ path: [PathComponent]) -> AccountingError {
    .unsoundCombination(
      path: path, reason: "private selection is accounted for runs without a delta of their own",
      alternative: "describe the run by its mechanisms, or by epsilon_delta with delta 0")
  }

  static func sampled(_ path: [PathComponent]) -> AccountingError {
    .unsoundCombination(
      path: path,
      reason: "sampling is accounted for Gaussian events and their compositions, and Poisson sampling under "
        + "add_or_remove_one or replace_special also for a single laplace, discrete_laplace or discrete_gaussian event",
      alternative: "sample such an event, or leave the sampling out, which is an upper bound")
  }
}
