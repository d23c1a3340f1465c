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

/// A parameter that meets a target, and the bound it was accepted for: evaluating the parameter again gives that bound.
public struct Solution<Value: Hashable & Sendable>: Hashable, Sendable {
  public var value: Value
  public var bound: EpsilonBound
}

/// Solves for one parameter of a DP-SGD run such that its ε, evaluated again, is at most the target's.
///
/// Every search keeps a value that meets the target and one that does not, and returns the former. ε falls with σ and grows
/// with the number of steps. In the sample rate at a fixed number of epochs it need not be monotone, because the steps change
/// with it; there the result is valid but there may be other solutions.
public struct Calibration: Sendable {
  public let target: PrivacyTarget
  public let relation: NeighboringRelation
  public let orders: [Double]?

  /// - Parameter orders: as for `RenyiAccountant.epsilon(delta:orders:)`.
  public init(
    target: PrivacyTarget, relation: NeighboringRelation = .addOrRemoveOne, orders: [Double]? = nil
  ) throws(AccountingError) {
    if let orders { try RenyiOrders.validate(orders) }
    self.target = target
    self.relation = relation
    self.orders = orders
  }

  /// Noise multipliers that are searched.
  public static let noiseMultipliers: ClosedRange<Double> = 1e-6...1e15
  /// Sample rates that are searched.
  public static let sampleRates: ClosedRange<Double> = 1e-12...1
  /// Real-valued searches end when the two sides are this close, relatively.
  static let precision = 1e-10

  /// The smallest noise multiplier found (to 1e-10 relative) that meets the target.
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
    try Bisection(parameter: "noise_multiplier", range: Calibration.noiseMultipliers, target: target)
      .leastMeeting { noise throws(AccountingError) in
        try RenyiAccountant(event: event(noise), relation: relation).epsilon(delta: target.delta, orders: orders)
      }
  }

  /// The largest number of steps that meets the target, at most `PrivacyEvent.Limits.count`.
  /// - Throws: `targetUnreachable` where not even one step does.
  public func steps(
    samplingProbability: Double, noiseMultiplier: Double
  ) throws(AccountingError) -> Solution<Int> {
    let bound = try boundAfterSteps(samplingProbability: samplingProbability, noiseMultiplier: noiseMultiplier)
    return try IntegerSearch(parameter: "steps", greatest: PrivacyEvent.Limits.count, target: target)
      .greatestMeeting(bound)
  }

  /// The largest number of epochs that meets the target: the number of steps above, as ⌈epochs/q⌉ sees it.
  public func epochs(
    samplingProbability: Double, noiseMultiplier: Double
  ) throws(AccountingError) -> Solution<Double> {
    let bound = try boundAfterSteps(samplingProbability: samplingProbability, noiseMultiplier: noiseMultiplier)
    let solution = try IntegerSearch(parameter: "epochs", greatest: PrivacyEvent.Limits.count, target: target)
      .greatestMeeting(bound)
    var epochs = Double(solution.value) * samplingProbability
    while (epochs / samplingProbability).rounded(.up) > Double(solution.value) { epochs = epochs.nextDown }
    return Solution(value: epochs, bound: solution.bound)
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
    try Domain.require(datasetSize >= 1, "dataset_size", Double(datasetSize), "must be at least 1")
    return try IntegerSearch(parameter: "batch_size", greatest: datasetSize, target: target)
      .greatestMeeting { size throws(AccountingError) in
        try bound(Double(size) / Double(datasetSize), noiseMultiplier, length)
      }
  }

  /// A sample rate that meets the target while one larger by 1e-10 relative does not, or 1 if that does.
  /// - Throws: `targetUnreachable` where not even 1e-12 does.
  public func sampleRate(
    noiseMultiplier: Double, length: RunLength
  ) throws(AccountingError) -> Solution<Double> {
    try Domain.requireNoiseMultiplier(noiseMultiplier)
    return try Bisection(parameter: "sample_rate", range: Calibration.sampleRates, target: target)
      .greatestMeeting { rate throws(AccountingError) in try bound(rate, noiseMultiplier, length) }
  }

  private func bound(
    _ samplingProbability: Double, _ noiseMultiplier: Double, _ length: RunLength
  ) throws(AccountingError) -> EpsilonBound {
    let steps = try length.steps(samplingProbability: samplingProbability)
    let event = PrivacyEvent.dpsgd(
      samplingProbability: samplingProbability, noiseMultiplier: noiseMultiplier, steps: steps)
    return try RenyiAccountant(event: event, relation: relation).epsilon(delta: target.delta, orders: orders)
  }

  private func boundAfterSteps(
    samplingProbability: Double, noiseMultiplier: Double
  ) throws(AccountingError) -> (Int) throws(AccountingError) -> EpsilonBound {
    try Domain.requireSampleRate(samplingProbability)
    try Domain.requireNoiseMultiplier(noiseMultiplier)
    let step = PrivacyEvent.poissonSampled(
      samplingProbability: samplingProbability, event: .gaussian(noiseMultiplier: noiseMultiplier))
    let accountant = try RenyiAccountant(event: step, relation: relation)
    return { steps throws(AccountingError) in
      try accountant.epsilons(afterRepetitions: [steps], delta: target.delta, orders: orders)[0].bound
    }
  }
}
