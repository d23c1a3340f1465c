import Datasets
import NeuralNetworks
import Planning

/// Differentially private stochastic gradient descent (Abadi et al. 2016, arXiv:1607.00133v2, algorithm 1).
///
/// One step: draw a Poisson sample; clip each example's gradient to norm C; sum; add Gaussian noise of standard deviation
/// σ·C to every coordinate of the sum; divide by the expected batch size; update. All these numbers come from the
/// `TrainingPlan`, from which the accounted event comes too. A step on an empty sample adds its noise and counts.
///
/// What may leave a trainer: the number of steps made, the parameters (as `checkpoint` or `model`) once the steps are paid
/// for, and figures on public examples. What never leaves it: losses, norms, the size of a sample, the time of a step.
///
/// A trainer draws its own secret key when it is made and is used for one attempt. To resume, make a new one from a
/// checkpoint: it has a new key, so no step is ever repeated with the same noise. A trainer belongs to one thread at a
/// time.
public final class Trainer {
  public let plan: TrainingPlan
  public let network: Network
  /// Noisy updates made since the beginning of the run, those before the checkpoint included.
  public private(set) var step = 0

  /// In the layout of `network.parameters`.
  package private(set) var parameters: [Float]
  /// Empty without momentum.
  package private(set) var velocity: [Float]
  let engine: GradientEngine

  private let sampler: PoissonSampler
  private let gradients: ClippedGradientSum
  private let update: NoisyUpdate
  private var sample: [Int32] = []
  private var sum: [Float]
  private var isBroken = false

  /// A private run.
  ///
  /// - Parameters:
  ///   - plan: with a mechanism; for a run without one the examples must be public (the other initializer).
  ///   - checkpoint: what `checkpoint()` gave in an earlier attempt at the same plan; nil begins the run.
  /// - Throws: `TrainingError`, `CheckpointError`, `RandomnessError`; `NetworkError` and `TensorError` for sizes and
  ///   memory out of reach.
  public convenience init(
    plan: TrainingPlan, examples: Examples, resumingFrom checkpoint: [UInt8]? = nil, execution: Execution = Execution()
  ) throws {
    guard plan.mechanism != nil else { throw TrainingError.privacyRequired }
    try self.init(plan: plan, examples: examples, checkpoint: checkpoint, key: AttemptKey(), execution: execution)
  }

  /// A run on public data: private or not, as the plan says.
  ///
  /// Without a mechanism the step is the same less clipping and noise: the sum of the sampled examples' gradients over
  /// the expected batch size.
  ///
  /// - Parameter knownKey: 32 bytes from which all randomness follows, to replay a run exactly; nil draws a secret key.
  /// - Throws: as above, and `TrainingError.notPublic` if the plan's dataset is not registered as public.
  public convenience init(
    plan: TrainingPlan, publicExamples: PublicExamples, knownKey: [UInt8]? = nil,
    resumingFrom checkpoint: [UInt8]? = nil, execution: Execution = Execution()
  ) throws {
    guard plan.dataset.isPublic else { throw TrainingError.notPublic }
    let key = if let knownKey { AttemptKey(known: knownKey) } else { try AttemptKey() }
    try self.init(
      plan: plan, examples: publicExamples.examples, checkpoint: checkpoint, key: key, execution: execution)
  }

  private init(
    plan: TrainingPlan, examples: Examples, checkpoint: [UInt8]?, key: AttemptKey, execution: Execution
  ) throws {
    try Self.check(examples, against: plan)
    self.plan = plan
    network = try Network(plan.architecture)
    engine = try GradientEngine(network: network, configuration: execution.engine(for: plan))
    sampler = try PoissonSampler(key: key, probability: plan.sampling.probability, count: examples.count)
    gradients = ClippedGradientSum(
      engine: engine, examples: examples, clippingNorm: plan.mechanism?.clippingNorm)
    update = try NoisyUpdate(
      key: key, noiseStandardDeviation: plan.mechanism?.noiseStandardDeviation,
      expectedBatchSize: plan.sampling.expectedBatchSize, optimizer: plan.optimizer, pool: execution.updatePool())
    sum = Array(repeating: 0, count: network.parameterCount)
    velocity = Array(repeating: 0, count: plan.optimizer.momentum > 0 ? network.parameterCount : 0)
    parameters = []
    if let checkpoint {
      let state = try Checkpoint(checkpoint, network: network, plan: plan)
      (step, parameters, velocity) = (state.step, state.parameters, state.velocity)
    } else {
      parameters = try initialParameters(of: network, key: key)
    }
  }

  /// Makes up to `count` more steps and returns how many it made: fewer at the end of the plan or when `isCancelled`,
  /// which is asked before each, says so.
  ///
  /// - Throws: `RandomnessError`, `TensorError`. The trainer is then of no use: it may have been in the middle of a step.
  @discardableResult
  public func run(steps count: Int, isCancelled: () -> Bool = { false }) throws -> Int {
    precondition(!isBroken, "a trainer that failed is not used again")
    isBroken = true
    var made = 0
    while made < count, step < plan.steps, !isCancelled() {
      try sampler.draw(step: step, into: &sample)
      try gradients.add(sample, parameters: parameters, to: &sum)
      try update.apply(step: step, sum: &sum, velocity: &velocity, parameters: &parameters)
      step += 1
      made += 1
    }
    isBroken = false
    return made
  }

  public var isFinished: Bool { step >= plan.steps }

  /// Whether a parameter has overflowed or become NaN; training further is then useless. The parameters are an output
  /// of the mechanism, so saying this costs no privacy beyond the steps made.
  public var hasDiverged: Bool { parameters.contains { !$0.isFinite } }

  /// The state after `step` steps, for `init(… resumingFrom:)`: a safetensors file. It contains the parameters and so
  /// must not be readable by others before the steps are paid for. No key is in it.
  public func checkpoint() throws -> [UInt8] {
    precondition(!isBroken, "a trainer that failed has no state to save")
    return try Checkpoint(step: step, parameters: parameters, velocity: velocity).encoded(network: network, plan: plan)
  }

  static func check(_ examples: Examples, against plan: TrainingPlan) throws(TrainingError) {
    guard TensorShape(dimensions: examples.shape) == plan.dataset.inputShape else {
      throw .shape(expected: plan.dataset.inputShape.dimensions, got: examples.shape)
    }
    guard let classCount = examples.classCount, classCount <= plan.architecture.classCount else {
      throw .classes(expected: plan.architecture.classCount, got: examples.classCount ?? 0)
    }
    guard examples.count <= Int(Int32.max) else { throw .tooMany(examples.count) }
  }
}
