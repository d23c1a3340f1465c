import Datasets
import NeuralNetworks
import Planning
import Tensors

/// Differentially private stochastic gradient descent (Abadi et al. 2016, arXiv:1607.00133v2, algorithm 1), with the
/// clipping rules and optimizers of a `TrainingPlan`. A step on an empty sample adds its noise and counts.
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
  let descent: Descent
  private var sample: [Int32] = []
  private var isBroken = false

  /// A private run.
  ///
  /// - Parameters:
  ///   - plan: with a mechanism; for a run without one the examples must be public (the other initializer).
  ///   - initialWeights: a model to begin with, public by whoever gives it; nil draws weights from no data.
  ///   - checkpoint: what `checkpoint()` gave in an earlier attempt at the same plan; nil begins the run.
  /// - Throws: `TrainingError`, `CheckpointError`, `RandomnessError`; `NetworkError` and `TensorError` for weights that do
  ///   not fit, and for sizes and memory out of reach.
  public convenience init(
    plan: TrainingPlan, examples: Examples, initialWeights: Safetensors? = nil,
    resumingFrom checkpoint: [UInt8]? = nil, execution: Execution = Execution()
  ) throws {
    guard plan.mechanism != nil else { throw TrainingError.privacyRequired }
    try self.init(
      plan: plan, examples: examples, initialWeights: initialWeights, checkpoint: checkpoint, key: AttemptKey(),
      execution: execution)
  }

  /// A run on public data: private or not, as the plan says.
  ///
  /// Without a mechanism the step is the same less clipping and noise: the sum of the sampled examples' gradients over
  /// the expected batch size.
  ///
  /// - Parameter knownKey: 32 bytes from which all randomness follows, to replay a run exactly; nil draws a secret key.
  /// - Throws: as above, and `TrainingError.notPublic` if the plan's dataset is not registered as public.
  public convenience init(
    plan: TrainingPlan, publicExamples: PublicExamples, initialWeights: Safetensors? = nil, knownKey: [UInt8]? = nil,
    resumingFrom checkpoint: [UInt8]? = nil, execution: Execution = Execution()
  ) throws {
    guard plan.dataset.isPublic else { throw TrainingError.notPublic }
    let key = if let knownKey { AttemptKey(known: knownKey) } else { try AttemptKey() }
    try self.init(
      plan: plan, examples: publicExamples.examples, initialWeights: initialWeights, checkpoint: checkpoint, key: key,
      execution: execution)
  }

  private init(
    plan: TrainingPlan, examples: Examples, initialWeights: Safetensors?, checkpoint: [UInt8]?, key: AttemptKey,
    execution: Execution
  ) throws {
    let network = try Network(plan.architecture)
    try Self.check(examples, against: plan, network)
    self.plan = plan
    self.network = network
    descent = try Descent(
      plan, network: network, examples: examples, sampledCount: examples.count, key: key, execution: execution,
      initialParameters: try Self.initialParameters(of: network, from: initialWeights, key: key),
      checkpoint: try checkpoint.map { try Checkpoint($0, network: network, plan: plan) })
  }

  /// Noisy updates made since the beginning of the run, those before the checkpoint included.
  public var step: Int { descent.step }
  public var isFinished: Bool { step >= plan.steps }

  /// In the layout of `network.parameters`: what training moves.
  package var parameters: [Float] { Array(descent.state.parameters) }
  /// What is evaluated and published: the weights' average where the plan has one, otherwise the weights.
  package var published: [Float] { descent.state.published }
  /// C of the next step; nil without a mechanism.
  package var clippingNorm: Double? { descent.clippingNorm }

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
      try descent.draw(into: &sample)
      try descent.advance(sample)
      made += 1
    }
    isBroken = false
    return made
  }

  /// Whether a parameter has overflowed or become NaN; training further is then useless. The parameters are an output
  /// of the mechanism, so saying this costs no privacy beyond the steps made.
  public var hasDiverged: Bool { descent.state.parameters.contains { !$0.isFinite } }

  /// The state after `step` steps, for `init(… resumingFrom:)`: a safetensors file. It contains the parameters and so
  /// must not be readable by others before the steps are paid for. No key is in it.
  public func checkpoint() throws -> [UInt8] {
    precondition(!isBroken, "a trainer that failed has no state to save")
    return try Checkpoint(descent).encoded(network: network, plan: plan)
  }

  private static func initialParameters(
    of network: Network, from weights: Safetensors?, key: AttemptKey
  ) throws -> [Float] {
    if let weights {
      let values = try network.parameters(from: weights)
      guard values.allSatisfy(\.isFinite) else {
        throw NetworkError.parameters("the initial weights hold a value that is not finite")
      }
      return values
    }
    return try PrivateTraining.initialParameters(of: network, key: key)
  }

  /// Whether examples fit: a mistake found in the middle of a run would be an answer about one of them.
  static func check(_ examples: Examples, against plan: TrainingPlan, _ network: Network) throws {
    guard TensorShape(dimensions: examples.shape) == plan.dataset.inputShape else {
      throw TrainingError.shape(expected: plan.dataset.inputShape.dimensions, got: examples.shape)
    }
    guard examples.targetCount == network.targetCount else {
      throw TrainingError.targets(expected: network.targetCount, got: examples.targetCount)
    }
    if let vocabulary = network.vocabulary {
      guard let own = examples.vocabularySize, own <= vocabulary else {
        throw TrainingError.tokens(vocabulary: vocabulary, got: examples.vocabularySize)
      }
    }
    if let classes = examples.classCount, network.loss.isOfClasses, classes > network.classCount {
      throw TrainingError.classes(expected: network.classCount, got: classes)
    }
    guard examples.count <= Int(Int32.max) else { throw TrainingError.tooMany(examples.count) }
    try examples.targets.withUnsafeBufferPointer { targets in
      for example in 0..<examples.count {
        let own = targets.extracting(example * examples.targetCount..<(example + 1) * examples.targetCount)
        try network.loss.check(own, output: network.outputShape)
      }
    }
  }
}

extension Loss {
  /// Whether a target is the number of a class.
  var isOfClasses: Bool {
    switch self {
    case .softmaxCrossEntropy, .tokenCrossEntropy: true
    case .binaryCrossEntropy, .meanSquaredError: false
    }
  }
}
