import Datasets
import NeuralNetworks
import Planning
import Tensors

/// The machinery of a run: all that one step of a plan takes, and what the steps change.
///
/// One step: a Poisson sample; each example's gradient, or each microbatch's, clipped; their sum; Gaussian noise on every
/// trained coordinate of it; the division by a public constant; the optimizer. With adaptive clipping the norm of the next
/// step follows from a noisy count. Everything is taken from the `TrainingPlan`, from which the accounted event comes too.
final class Descent {
  let plan: TrainingPlan
  let engine: GradientEngine
  let state: ParameterState
  let update: NoisyUpdate
  let gradients: ClippedGradientSum
  /// Steps made.
  private(set) var step = 0
  /// C of the next step; nil without a mechanism.
  private(set) var clippingNorm: Double?

  private let sampler: PoissonSampler
  private let countNoise: CountNoise

  /// - Parameters:
  ///   - sampledCount: examples that the sampler decides on; those given, but for a rehearsal.
  ///   - state: from which to go on; nil begins with `initialParameters`.
  /// - Throws: `RandomnessError`; `NetworkError` and `TensorError` for sizes and memory out of reach.
  init(
    _ plan: TrainingPlan, network: Network, examples: Examples, sampledCount: Int, key: AttemptKey,
    execution: Execution, initialParameters: [Float], checkpoint: Checkpoint?
  ) throws {
    self.plan = plan
    engine = try GradientEngine(
      network: network, configuration: execution.engine(for: plan, network: network, resuming: checkpoint))
    let isTrained = Dictionary(
      uniqueKeysWithValues: plan.architecture.parameters.map { ($0.name, $0.isTrained) })
    state = try ParameterState(
      checkpoint?.parameters ?? initialParameters,
      trainable: TrainableParameters(network) { isTrained[$0] ?? false }, rule: plan.optimizer.rule,
      hasAverage: plan.averageDecay != nil)
    sampler = try PoissonSampler(key: key, probability: plan.sampling.probability, count: sampledCount)
    countNoise = try CountNoise(key: key)
    gradients = try ClippedGradientSum(
      engine: engine, examples: examples, microbatchCount: plan.mechanism?.microbatches?.count, key: key)
    update = try NoisyUpdate(
      key: key, isNoisy: plan.mechanism != nil, optimizer: plan.optimizer, denominator: plan.denominator,
      pool: execution.updatePool())
    clippingNorm = plan.mechanism?.clippingNorm
    if let checkpoint { restore(checkpoint) }
  }

  private func restore(_ checkpoint: Checkpoint) {
    step = checkpoint.step
    for (buffer, values) in zip(state.memory, checkpoint.memory) { _ = buffer.update(fromContentsOf: values) }
    if let average = state.average { _ = average.update(fromContentsOf: checkpoint.average) }
    clippingNorm = checkpoint.clippingNorm
  }

  /// Draws the sample of the next step: private data, as is its size.
  func draw(into sample: inout [Int32]) throws(RandomnessError) { try sampler.draw(step: step, into: &sample) }

  /// Makes the next step on a sample.
  /// - Throws: `RandomnessError`, `TensorError`. The state is then in the middle of a step.
  func advance(_ sample: [Int32], isTimed: Bool = false) throws {
    let factors = plan.mechanism.map { ClippingFactors($0, clippingNorm: clippingNorm ?? $0.clippingNorm) }
    try gradients.add(sample, step: step, parameters: Floats(state.parameters), factors: factors)
    let constants = NoisyUpdate.Constants(
      learningRate: plan.learningRate(step: step),
      noiseStandardDeviation: plan.mechanism.flatMap { mechanism in
        clippingNorm.map { mechanism.noiseStandardDeviation(clippingNorm: $0) }
      } ?? 0, averageDecay: plan.averageDecay(step: step), sumScale: factors?.sumScale ?? 1)
    try update.apply(step: step, constants, sums: gradients.sums, to: state, isTimed: isTimed)
    if case .adaptive(let adaptive) = plan.mechanism?.clipping, let norm = clippingNorm {
      let noise = adaptive.countStandardDeviation * (try countNoise.draw(step: step))
      clippingNorm = adaptive.norm(
        after: norm, noisyCount: gradients.signs + noise, denominator: plan.denominator)
    }
    step += 1
  }
}
