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
    /// Parameters, velocity, and the backend's own copies of the weights.
    public let parameters: Int
    /// The sum of clipped gradients.
    public let gradients: Int
    /// Inputs, outputs and their gradients of one physical batch, and scratch.
    public let activations: Int
    /// What is kept of each example between its norm and the clipped sum.
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
    try rehearsal.run(step: 0)
    let before = rehearsal.clocks
    let start = ContinuousClock.now
    var made = 0
    var total = 0.0
    repeat {
      made += 1
      try rehearsal.run(step: made)
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
      timing: timing, memory: Memory(plan, rehearsal.engine.memory),
      layers: rehearsal.engine.plan.map(String.init(describing:)))
  }
}

extension StepProfile.Memory {
  init(_ plan: TrainingPlan, _ engine: EngineMemory) {
    let floats = MemoryLayout<Float>.size
    let parameterBytes = plan.architecture.parameterCount * floats
    let examples = [plan.dataset, plan.evaluation].compactMap { $0 }.reduce(0.0) {
      $0 + Double($1.exampleCount) * Double($1.inputShape.elementCount + 1) * Double(floats)
    }
    parameters = parameterBytes * (plan.optimizer.momentum > 0 ? 2 : 1) + engine.parameters
    gradients = parameterBytes
    activations = engine.activations
    bookKeeping = engine.bookKeeping
    let total = Double(parameters) + Double(gradients) + Double(activations) + Double(bookKeeping) + examples
    peak = Int(exactly: total.rounded(.up)) ?? Int.max
  }
}

/// A run of the plan's own parts on synthetic examples, with clocks.
private final class Rehearsal {
  struct Clocks {
    var data = 0.0
    var forward = 0.0
    var backward = 0.0
    var norms = 0.0
    var clippedSum = 0.0
    var noise = 0.0
    var update = 0.0
  }

  let engine: GradientEngine
  private let exampleCount: Int32
  private let sampler: PoissonSampler
  private let gradients: ClippedGradientSum
  private let update: NoisyUpdate
  private var samplerSeconds = 0.0
  private var sample: [Int32] = []
  private var parameters: [Float]
  private var velocity: [Float]
  private var sum: [Float]

  /// Enough different examples that they do not all stay in the cache, and no more memory than a run itself would take.
  private static let exampleLimit = 4096

  init(_ plan: TrainingPlan, execution: Execution) throws {
    let key = try AttemptKey()
    let network = try Network(plan.architecture)
    engine = try GradientEngine(network: network, configuration: execution.engine(for: plan))
    let examples = Self.examples(plan)
    exampleCount = Int32(examples.count)
    // The sampler walks over the registered number of examples, as in the run; its picks are folded onto the few.
    sampler = try PoissonSampler(
      key: key, probability: plan.sampling.probability, count: min(plan.sampling.datasetSize, Int(Int32.max)))
    gradients = ClippedGradientSum(engine: engine, examples: examples, clippingNorm: plan.mechanism?.clippingNorm)
    update = try NoisyUpdate(
      key: key, noiseStandardDeviation: plan.mechanism?.noiseStandardDeviation,
      expectedBatchSize: plan.sampling.expectedBatchSize, optimizer: plan.optimizer, pool: execution.updatePool())
    parameters = try initialParameters(of: network, key: key)
    velocity = Array(repeating: 0, count: plan.optimizer.momentum > 0 ? network.parameterCount : 0)
    sum = Array(repeating: 0, count: network.parameterCount)
  }

  var clocks: Clocks {
    let engine = engine.durations, sweep = update.seconds
    return Clocks(
      data: samplerSeconds + gradients.dataSeconds, forward: engine.forward, backward: engine.backward,
      norms: engine.norms, clippedSum: engine.gradientSum, noise: sweep.noise, update: sweep.update)
  }

  func run(step: Int) throws {
    let start = ContinuousClock.now
    try sampler.draw(step: step, into: &sample)
    for i in sample.indices { sample[i] %= exampleCount }
    samplerSeconds += (ContinuousClock.now - start) / .seconds(1)
    try gradients.add(sample, parameters: parameters, to: &sum)
    try update.apply(step: step, sum: &sum, velocity: &velocity, parameters: &parameters, isTimed: true)
  }

  /// Features spread over [0, 1) and labels over the classes; what they are does not matter to the time.
  private static func examples(_ plan: TrainingPlan) -> Examples {
    let size = plan.dataset.inputShape.elementCount
    let count = max(1, min(plan.dataset.exampleCount, exampleLimit, 64_000_000 / size))
    var state: UInt32 = 1
    let features = (0..<count * size).map { _ in
      // A linear congruential generator (Numerical Recipes, third edition, §7.1.5).
      state = state &* 1_664_525 &+ 1_013_904_223
      return Float(state >> 8) * 0x1p-24
    }
    let labels = (0..<count).map { Int32($0 % plan.architecture.classCount) }
    return Examples(
      features: features, shape: plan.dataset.inputShape.dimensions, labels: labels,
      classCount: plan.architecture.classCount)
  }
}
