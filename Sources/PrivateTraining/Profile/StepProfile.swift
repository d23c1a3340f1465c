import Datasets
import NeuralNetworks
import Planning

/// Where the time of a step goes and what memory it takes, measured on synthetic examples of the plan's shape.
///
/// The time of a step on private data is itself private (an overflowing or absent example may change it), so a job's
/// timing is taken here, on noise, before or beside the run.
public struct StepProfile: Hashable, Sendable {
  /// Seconds a step.
  public struct Timing: Hashable, Sendable {
    /// Sampling and copying examples into batches.
    public let data: Double
    public let forward: Double
    public let backward: Double
    /// Per-example gradient norms.
    public let norms: Double
    public let clippedSum: Double
    public let noise: Double
    public let update: Double
    /// Wall time of the whole step; the parts leave out what lies between them.
    public let total: Double
  }

  /// Bytes.
  public struct Memory: Hashable, Sendable {
    /// Parameters, what the optimizer remembers of them, their average, and the backend's own copies of the weights.
    public let parameters: Int
    /// The threads' sums of clipped gradients.
    public let gradients: Int
    /// A physical batch, and activations, their gradients and scratch of the block of examples that each thread is at.
    public let activations: Int
    /// What is kept of each example of a block between its norm and the clipped sum.
    public let bookKeeping: Int
    /// All of these and the training and evaluation examples.
    public let peak: Int
  }

  public let timing: Timing
  public let memory: Memory
  /// What was decided for each layer, for people to read.
  public let layers: [String]

  /// Runs a few steps of `plan` and reports their mean.
  ///
  /// - Parameters:
  ///   - steps: measured steps at most, ≥ 1, after one to warm up.
  ///   - secondsLimit: no step is begun after this; one is always measured.
  /// - Throws: as `Trainer.init`.
  public static func measure(
    _ plan: TrainingPlan, execution: Execution = Execution(), steps: Int = 5, secondsLimit: Double = 3
  ) throws -> StepProfile {
    precondition(steps >= 1, "a mean needs a step")
    let rehearsal = try Rehearsal(plan, execution: execution)
    try rehearsal.advance()
    let before = rehearsal.clocks
    let start = ContinuousClock.now
    var made = 0
    var total = 0.0
    repeat {
      made += 1
      try rehearsal.advance()
      total = (ContinuousClock.now - start) / .seconds(1)
    } while made < steps && total < secondsLimit
    let after = rehearsal.clocks
    func mean(_ part: KeyPath<Rehearsal.Clocks, Double>) -> Double {
      (after[keyPath: part] - before[keyPath: part]) / Double(made)
    }
    let timing = Timing(
      data: mean(\.data), forward: mean(\.forward), backward: mean(\.backward), norms: mean(\.norms),
      clippedSum: mean(\.clippedSum), noise: mean(\.noise), update: mean(\.update), total: total / Double(made))
    return StepProfile(
      timing: timing, memory: Memory(plan, rehearsal.descent), layers: rehearsal.descent.engine.plan.map(\.description))
  }
}

extension StepProfile.Memory {
  init(_ plan: TrainingPlan, _ descent: Descent) {
    let floats = MemoryLayout<Float>.size
    let engine = descent.engine.memory
    let accumulators = descent.engine.accumulators.reduce(0) { $0 + $1.count * floats }
    let examples = [plan.dataset, plan.evaluation].compactMap { $0 }.reduce(0.0) {
      $0 + Double($1.exampleCount) * Double($1.inputShape.elementCount + descent.engine.network.targetCount)
        * Double(floats)
    }
    parameters = descent.state.byteCount + engine.parameters - accumulators
    // With microbatches, their sum lies beside the engine's.
    let apart = plan.mechanism?.microbatches == nil ? 0 : descent.engine.network.parameterCount * floats
    gradients = accumulators + apart
    activations = engine.activations
    bookKeeping = engine.bookKeeping
    let total = Double(descent.state.byteCount) + Double(engine.total) + Double(apart) + examples
    peak = Int(exactly: total.rounded(.up)) ?? Int.max
  }
}
