import Glibc

/// A pair (ε, δ) to stay within.
public struct PrivacyTarget: Hashable, Sendable {
  public let epsilon: Double
  public let delta: Double

  /// - Parameters:
  ///   - epsilon: finite and > 0.
  ///   - delta: in [0, 1].
  public init(epsilon: Double, delta: Double) throws(AccountingError) {
    let requirement = "must be finite and greater than 0"
    try Domain.require(epsilon > 0 && epsilon.isFinite, "target_epsilon", epsilon, requirement)
    try Domain.requireDelta(delta)
    self.epsilon = epsilon
    self.delta = delta
  }
}

/// Solves for one parameter of a mechanism such that its ε, evaluated again, is at most the target's.
///
/// Every search keeps a value that meets the target and one that does not, and returns the former. ε falls with σ and grows
/// with the number of steps. In the sample rate at a fixed number of epochs it need not be monotone, because the steps change
/// with it; there the result is valid but there may be other solutions.
///
/// By the tight accountant a search begins at the solution by Rényi divergence, which meets the target by either, and moves
/// from there by small factors: no value far from the answer is ever evaluated. Where a lower bound of ε is known the solution
/// comes with a `Miss`, a value close by that certainly fails: the proof that there is little left to gain.
public struct Calibration: Sendable {
  public let target: PrivacyTarget
  public let relation: NeighboringRelation
  public let accountant: SolvingAccountant

  /// - Parameter orders: as for `RenyiAccountant.epsilon(delta:orders:)`.
  public init(
    target: PrivacyTarget, relation: NeighboringRelation = .addOrRemoveOne, orders: [Double]? = nil
  ) throws(AccountingError) {
    try self.init(target: target, relation: relation, accountant: .renyi(orders: orders))
  }

  public init(
    target: PrivacyTarget, relation: NeighboringRelation = .addOrRemoveOne, accountant: SolvingAccountant
  ) throws(AccountingError) {
    if case .renyi(let orders?) = accountant { try RenyiOrders.validate(orders) }
    self.target = target
    self.relation = relation
    self.accountant = accountant
  }

  /// Noise multipliers that are searched.
  public static let noiseMultipliers: ClosedRange<Double> = 1e-6...1e15
  /// Sample rates that are searched.
  public static let sampleRates: ClosedRange<Double> = 1e-12...1
}

extension Calibration {
  /// The smallest noise multiplier found that meets the target, to the accountant's precision.
  /// - Throws: `targetUnreachable` where none up to 1e15 does.
  public func noiseMultiplier(
    samplingProbability: Double, length: RunLength
  ) throws(AccountingError) -> Solution<Double> {
    try Domain.requireSampleRate(samplingProbability)
    let steps = try length.steps(samplingProbability: samplingProbability)
    return try noiseMultiplier { .dpsgd(samplingProbability: samplingProbability, noiseMultiplier: $0, steps: steps) }
  }

  /// The smallest noise multiplier found such that the event made with it meets the target.
  /// - Parameter event: must cost less with more noise.
  public func noiseMultiplier(
    of event: (Double) -> PrivacyEvent
  ) throws(AccountingError) -> Solution<Double> {
    let search = RealSearch(
      parameter: "noise_multiplier", range: Calibration.noiseMultipliers, isRising: false, target: target)
    return try solve(search, from: 1) { noise throws(AccountingError) in event(noise) }
  }

  /// A sample rate that meets the target while one larger by the accountant's precision does not, or 1 if that does.
  /// - Throws: `targetUnreachable` where not even 1e-12 does.
  public func sampleRate(
    noiseMultiplier: Double, length: RunLength
  ) throws(AccountingError) -> Solution<Double> {
    try Domain.requireNoiseMultiplier(noiseMultiplier)
    return try sampleRate { rate throws(AccountingError) in
      .dpsgd(
        samplingProbability: rate, noiseMultiplier: noiseMultiplier, steps: try length.steps(samplingProbability: rate))
    }
  }

  /// The same for the event made with a sample rate in (0, 1].
  public func sampleRate(
    of event: (Double) throws(AccountingError) -> PrivacyEvent
  ) throws(AccountingError) -> Solution<Double> {
    let search = RealSearch(
      parameter: "sample_rate", range: Calibration.sampleRates, isRising: true, target: target)
    return try solve(search, from: 1, event)
  }

  /// The largest number of steps that meets the target, at most `PrivacyEvent.Limits.count`.
  /// - Throws: `targetUnreachable` where not even one step does.
  public func steps(
    samplingProbability: Double, noiseMultiplier: Double
  ) throws(AccountingError) -> Solution<Int> {
    try steps(of: Calibration.step(samplingProbability, noiseMultiplier))
  }

  /// The largest number of repetitions of a step that meets the target.
  public func steps(of step: PrivacyEvent) throws(AccountingError) -> Solution<Int> {
    try repetitions(of: step, parameter: "steps")
  }

  /// The largest number of epochs that meets the target: the number of steps above, as ⌈epochs/q⌉ sees it.
  public func epochs(
    samplingProbability: Double, noiseMultiplier: Double
  ) throws(AccountingError) -> Solution<Double> {
    let step = try Calibration.step(samplingProbability, noiseMultiplier)
    let solution = try repetitions(of: step, parameter: "epochs")
    func epochs(_ steps: Int) -> Double {
      var epochs = Double(steps) * samplingProbability
      while (epochs / samplingProbability).rounded(.up) > Double(steps) { epochs = epochs.nextDown }
      return epochs
    }
    let miss = solution.miss.map { Miss(value: epochs($0.value), epsilonLower: $0.epsilonLower) }
    return Solution(
      value: epochs(solution.value), bound: solution.bound, bracket: solution.bracket, miss: miss)
  }

  /// A batch size that meets the target while one more does not, or the whole dataset if that does.
  /// - Parameters:
  ///   - datasetSize: ≥ 1.
  ///   - noiseMultiplier: finite, ≥ 0.
  /// - Throws: `targetUnreachable` where not even a batch of one does.
  public func batchSize(
    datasetSize: Int, noiseMultiplier: Double, length: RunLength
  ) throws(AccountingError) -> Solution<Int> {
    try Domain.requireNoiseMultiplier(noiseMultiplier)
    return try batchSize(datasetSize: datasetSize) { size throws(AccountingError) in
      let rate = Double(size) / Double(datasetSize)
      return .dpsgd(
        samplingProbability: rate, noiseMultiplier: noiseMultiplier, steps: try length.steps(samplingProbability: rate))
    }
  }

  /// The same for the event made with a batch size in 1…`datasetSize`.
  public func batchSize(
    datasetSize: Int, of event: (Int) throws(AccountingError) -> PrivacyEvent
  ) throws(AccountingError) -> Solution<Int> {
    try Domain.require(datasetSize >= 1, "dataset_size", Double(datasetSize), "must be at least 1")
    let search = IntegerSearch(parameter: "batch_size", greatest: datasetSize, target: target)
    return try solve(search) { accountant, size throws(AccountingError) in
      try accountant.evaluation(of: try event(size), repetitions: 1, self)
    }
  }
}

extension Calibration {
  private static func step(
    _ samplingProbability: Double, _ noiseMultiplier: Double
  ) throws(AccountingError) -> PrivacyEvent {
    try Domain.requireSampleRate(samplingProbability)
    try Domain.requireNoiseMultiplier(noiseMultiplier)
    return .poissonSampled(
      samplingProbability: samplingProbability, event: .gaussian(noiseMultiplier: noiseMultiplier))
  }

  private func repetitions(of step: PrivacyEvent, parameter: String) throws(AccountingError) -> Solution<Int> {
    let search = IntegerSearch(parameter: parameter, greatest: PrivacyEvent.Limits.count, target: target)
    return try solve(search) { accountant, count throws(AccountingError) in
      try accountant.evaluation(of: step, repetitions: count, self)
    }
  }

  private func solve(
    _ search: RealSearch, from start: Double, _ event: (Double) throws(AccountingError) -> PrivacyEvent
  ) throws(AccountingError) -> Solution<Double> {
    let byRenyi = try search.solution(from: start, .wide) { value throws(AccountingError) in
      try accountant.first.evaluation(of: try event(value), repetitions: 1, self)
    }
    guard accountant == .tight else { return byRenyi }
    return try search.solution(from: byRenyi.value, .near) { value throws(AccountingError) in
      try accountant.evaluation(of: try event(value), repetitions: 1, self)
    }
  }

  private func solve(
    _ search: IntegerSearch, _ evaluate: (SolvingAccountant, Int) throws(AccountingError) -> Evaluation
  ) throws(AccountingError) -> Solution<Int> {
    var start = 1
    do {
      let byRenyi = try search.solution(from: start, .wide) { value throws(AccountingError) in
        try evaluate(accountant.first, value)
      }
      guard accountant == .tight else { return byRenyi }
      start = byRenyi.value
    } catch .targetUnreachable(let parameter, let closest, let epsilon, let wanted) {
      // What Rényi divergence finds too much even once may still be little enough.
      guard accountant == .tight else {
        throw .targetUnreachable(parameter: parameter, closest: closest, epsilon: epsilon, targetEpsilon: wanted)
      }
    }
    return try search.solution(from: start, .near) { value throws(AccountingError) in
      try evaluate(accountant, value)
    }
  }
}
