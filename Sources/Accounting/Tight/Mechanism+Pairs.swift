extension Mechanism {
  /// The pairs that dominate one application; `nil` where none is known and only Rényi bounds serve.
  var pairs: MechanismPairs? {
    switch self {
    case .nonPrivate, .zeroConcentrated, .allocatedGaussian, .selection: nil
    case .gaussian(let noise): noise > 0 ? Self.symmetric(Self.shift(by: 1 / noise)) : nil
    case .gaussianWithin(let noise, let reached):
      noise > 0 ? Self.symmetric(Self.shift(by: 1 / noise), reached: Self.shift(by: 1 / reached)) : nil
    case .laplace(let noise): noise > 0 ? Self.symmetric(.laplace(scale: noise)) : nil
    case .poissonGaussian(let probability, let noise, let replaceOne):
      Self.sampledGaussian(probability, noise, replaceOne: replaceOne)
    case .gaussianMixture(let mixture):
      Self.reversible(.gaussianMixtures(p: mixture, q: Self.nothing))
    case .fixedSizeGaussian(let sample): Self.fixedSize(sample)
    case .truncatedPoissonGaussian(let sample): Self.truncated(sample)
    case .sampled(let base, let probability): Self.sampled(base, probability)
    case .discreteGaussian(let scale, let sensitivity): Self.discreteGaussian(scale, sensitivity)
    case .boundedRange(let epsilon):
      // In either direction there is an exponential mechanism with this very pair.
      outcomes.map {
        Self.symmetric($0.dominating, reached: DiscreteOutcomes.boundedRangeReached(epsilon: epsilon).dominated)
      }
    case .pure, .randomizedResponse(_, _, replaceOne: true):
      outcomes.map { Self.symmetric($0.dominating, reached: $0.dominated) }
    case .randomizedResponse:
      outcomes.map {
        MechanismPairs(
          removing: $0.dominating, adding: $0.reversed.dominating, reached: ($0.dominated, $0.reversed.dominated))
      }
    case .discreteLaplace(let scale, let sensitivity):
      outcomes.map {
        // Laplace noise goes through the same points and lies below the chords.
        Self.symmetric(
          $0.dominating,
          reached: sensitivity <= Double(DiscreteOutcomes.limit) ? $0.dominated : .laplace(scale: scale / sensitivity))
      }
    }
  }

  /// The same, where an event of a probability up to `negligible` may count as a failure.
  func pairs(neglecting negligible: Double) -> MechanismPairs? {
    guard case .truncatedPoissonGaussian(let sample) = self, let full = sample.branches.last, full.weight <= negligible
    else { return pairs }
    // The sample is never cut down otherwise: a weight that rare would spoil every grid.
    var pairs = sample.branches.first?.mechanism.pairs
    let reached = Self.truncated(sample)?.reached
    pairs?.reached = reached
    pairs?.unboundedMass = min(1, full.weight * (1 + 1e-9))
    return pairs
  }

  /// The outcomes of a pair that dominates and is its own reverse, or of randomized response; `nil` where there is no such list.
  var outcomes: DiscreteOutcomes? {
    switch self {
    case .pure(let epsilon): .pure(epsilon: epsilon)
    case .boundedRange(let epsilon): .boundedRange(epsilon: epsilon)
    case .discreteLaplace(let scale, let sensitivity):
      scale > 1e-300 ? .discreteLaplace(scale: scale, sensitivity: sensitivity) : nil
    case .discreteGaussian(let scale, let sensitivity):
      DiscreteGaussianTable(scale: scale, sensitivity: sensitivity).outcomes
    case .randomizedResponse(let p, let buckets, let replaceOne):
      .randomizedResponse(noiseParameter: p, buckets: buckets, replaceOne: replaceOne)
    default: nil
    }
  }
}

extension Mechanism {
  /// N(0, 1).
  private static let nothing = GaussianMixture(means: [0], weights: [1])

  /// N(μ, 1) against N(0, 1), which is its own reverse by reflection.
  private static func shift(by mean: Double) -> LossPair {
    .gaussianMixtures(p: GaussianMixture(means: [mean], weights: [1]), q: nothing)
  }

  /// The same pair in both directions.
  private static func symmetric(_ pair: LossPair, reached: LossPair? = nil) -> MechanismPairs {
    MechanismPairs(removing: pair, adding: pair, reached: reached.map { ($0, $0) })
  }

  /// A pair and its reverse.
  private static func reversible(_ pair: LossPair) -> MechanismPairs {
    MechanismPairs(removing: pair, adding: .reversed(pair))
  }

  private static func discreteGaussian(_ scale: Double, _ sensitivity: Double) -> MechanismPairs? {
    guard let outcomes = DiscreteGaussianTable(scale: scale, sensitivity: sensitivity).outcomes else { return nil }
    var pairs = symmetric(outcomes.dominating, reached: outcomes.dominated)
    pairs.unboundedMass = DiscreteGaussianTable.tailMass
    return pairs
  }

  private static func sampledGaussian(_ probability: Double, _ noise: Double, replaceOne: Bool) -> MechanismPairs {
    let present = GaussianMixture(means: [0, 1 / noise], weights: [1 - probability, probability])
    if replaceOne {
      let replaced = GaussianMixture(means: [-1 / noise, 0], weights: [probability, 1 - probability])
      return symmetric(.gaussianMixtures(p: present, q: replaced))
    }
    return reversible(.gaussianMixtures(p: present, q: nothing))
  }

  /// Poisson sampling of a mechanism whose pair is its own reverse; see `PoissonSampling`.
  private static func sampled(_ base: Mechanism, _ probability: Double) -> MechanismPairs? {
    guard let pairs = base.pairs else { return nil }
    func sampled(_ pair: LossPair) -> LossPair { .sampled(pair, probability: probability) }
    let reached = (pairs.reached ?? (pairs.removing, pairs.adding)).removing
    return MechanismPairs(
      removing: sampled(pairs.removing), adding: .reversed(sampled(pairs.removing)),
      reached: (sampled(reached), .reversed(sampled(reached))), unboundedMass: pairs.unboundedMass)
  }

  /// The spliced curves of `FixedSizeProfile`.
  private static func fixedSize(_ sample: FixedSizeGaussian) -> MechanismPairs? {
    guard sample.noiseMultiplier > 1e-3 else { return nil }
    let (q, rest) = (sample.samplingProbability, 1 - sample.samplingProbability)
    let mean = (sample.zeroOut ? 1 : 2) / sample.noiseMultiplier
    let present = LossPair.gaussianMixtures(p: GaussianMixture(means: [0, mean], weights: [rest, q]), q: nothing)
    guard sample.zeroOut else {
      // The first half is a pair that exists (x against all others), in either direction.
      return symmetric(.spliced(above: present, below: .reversed(present)), reached: present)
    }
    let outcomes = SplicedOutcomes(samplingProbability: q, mean: mean).removing
    return MechanismPairs(
      removing: outcomes.dominating, adding: outcomes.reversed.dominating,
      // All others without contribution.
      reached: (present, .reversed(present)), unboundedMass: SplicedOutcomes.tailMass)
  }

  private static func truncated(_ sample: TruncatedPoissonGaussian) -> MechanismPairs? {
    let branches = sample.branches
    let total = branches.reduce(0.0) { $0 + $1.weight }
    let pairs = branches.compactMap { branch in
      branch.mechanism.pairs.map { (weight: branch.weight / total, pairs: $0) }
    }
    guard pairs.count == branches.count else { return nil }
    func branched(_ direction: KeyPath<MechanismPairs, LossPair>) -> LossPair {
      .branched(pairs.map { LossBranch(weight: $0.weight, pair: $0.pairs[keyPath: direction]) })
    }
    // All others without contribution: the record is in the batch with one probability.
    let inclusion =
      (sample.roomProbability * sample.samplingProbability + sample.fullProbability * sample.placeProbability)
      / total * (1 - 1e-9)
    let reached = sampledGaussian(inclusion, sample.noiseMultiplier, replaceOne: sample.relation == .replaceOne)
    return MechanismPairs(
      removing: branched(\.removing), adding: branched(\.adding), reached: (reached.removing, reached.adding),
      unboundedMass: pairs.reduce(0.0) { $0 + $1.weight * $1.pairs.unboundedMass })
  }
}
