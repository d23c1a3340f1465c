import CKernels
import Planning
import Tensors

/// The second half of a step, in one sweep over the memory: the threads' sums of clipped gradients are added up and set to
/// zero for the next step, noise is added, the whole is divided by a public constant, the optimizer moves the parameters,
/// and their average follows.
///
/// The sweep goes by noise blocks of the trainable parameters, which never leave the cache on their way through. Threads
/// take whole blocks, and blocks address their randomness, so the result does not depend on how many threads share the
/// sweep. A frozen parameter has no number, and so neither noise nor a step.
package final class NoisyUpdate {
  /// What changes from step to step.
  package struct Constants: Hashable, Sendable {
    /// η.
    package var learningRate: Double
    /// Of the noise on each coordinate of the sum; of no meaning where the update is not noisy.
    package var noiseStandardDeviation: Double
    /// d of average ← d·average + (1 − d)·parameter; nil where there is no average.
    package var averageDecay: Double?
    /// What the sum is multiplied with before the noise is added (`ClippingFactors.sumScale`).
    package var sumScale: Float

    package init(
      learningRate: Double, noiseStandardDeviation: Double = 0, averageDecay: Double? = nil, sumScale: Float = 1
    ) {
      self.sumScale = sumScale
      self.learningRate = learningRate
      self.noiseStandardDeviation = noiseStandardDeviation
      self.averageDecay = averageDecay
    }
  }

  private let optimizer: OptimizerSpecification
  private let scale: Float
  private let lanes: [Lane]
  private let pool: WorkerPool?

  /// Fewer blocks than this are done before another thread has woken up.
  private static let blocksWorthAThread = 8

  /// What one thread needs.
  private final class Lane {
    let noise: GaussianNoise?
    let values: MutableFloats
    let gradient: MutableFloats
    var error: RandomnessError?
    var seconds = (noise: 0.0, update: 0.0)

    init(key: AttemptKey, isNoisy: Bool) throws(RandomnessError) {
      noise = isNoisy ? try GaussianNoise(key: key) : nil
      values = .allocate(capacity: GaussianNoise.blockSize)
      values.initialize(repeating: 0)
      gradient = .allocate(capacity: GaussianNoise.blockSize)
      gradient.initialize(repeating: 0)
    }

    deinit {
      values.deallocate()
      gradient.deallocate()
    }
  }

  /// - Parameters:
  ///   - isNoisy: false for training on public data without noise.
  ///   - denominator: the public constant that the noisy sum is divided by.
  ///   - pool: threads to share the sweep among; nil does it on the caller's.
  package init(
    key: AttemptKey, isNoisy: Bool, optimizer: OptimizerSpecification, denominator: Int, pool: WorkerPool?
  ) throws(RandomnessError) {
    precondition(denominator >= 1, "a batch is divided by its expected size")
    var lanes: [Lane] = []
    for _ in 0..<(pool?.members ?? 1) { lanes.append(try Lane(key: key, isNoisy: isNoisy)) }
    self.lanes = lanes
    self.pool = pool
    self.optimizer = optimizer
    scale = Float(1 / Double(denominator))
  }

  /// Makes step number `step`, from 0.
  ///
  /// - Parameters:
  ///   - sums: whose total is the sum of clipped gradients, in the layout of the network's parameters; set to 0 where
  ///     parameters are trained.
  ///   - isTimed: adds to `seconds`.
  package func apply(
    step: Int, _ constants: Constants, sums: [MutableFloats], to state: ParameterState, isTimed: Bool = false
  ) throws(RandomnessError) {
    precondition(sums.allSatisfy { $0.count == state.parameters.count } && !sums.isEmpty, "a sum is of all parameters")
    precondition((state.average == nil) == (constants.averageDecay == nil), "an average has a decay")
    let sweep = Sweep(
      step: step, rule: ParameterStep(optimizer, rate: constants.learningRate, step: step),
      noiseStandardDeviation: constants.noiseStandardDeviation, sums: sums, state: state,
      averageShare: constants.averageDecay.map { Float(1 - $0) }, sumScale: constants.sumScale, isTimed: isTimed)
    let blocks = (state.trainable.count + GaussianNoise.blockSize - 1) / GaussianNoise.blockSize
    if let pool, blocks >= pool.members * Self.blocksWorthAThread {
      pool.run { member in
        run(sweep, lanes[member], blocks: WorkerPool.share(of: blocks, member: member, members: pool.members))
      }
    } else {
      run(sweep, lanes[0], blocks: 0..<blocks)
    }
    for lane in lanes { if let error = lane.error { throw error } }
  }

  /// Seconds that the slowest thread spent on noise and on the update in timed calls so far.
  package var seconds: (noise: Double, update: Double) {
    (lanes.map(\.seconds.noise).max() ?? 0, lanes.map(\.seconds.update).max() ?? 0)
  }

  // MARK: Block by block

  private struct Sweep {
    let step: Int
    let rule: ParameterStep
    let noiseStandardDeviation: Double
    let sums: [MutableFloats]
    let state: ParameterState
    let averageShare: Float?
    let sumScale: Float
    let isTimed: Bool
  }

  private func run(_ sweep: Sweep, _ lane: Lane, blocks: Range<Int>) {
    do throws(RandomnessError) {
      for block in blocks { try run(sweep, lane, block: block) }
    } catch {
      lane.error = error
    }
  }

  private func run(_ sweep: Sweep, _ lane: Lane, block: Int) throws(RandomnessError) {
    let start = sweep.isTimed ? ContinuousClock.now : nil
    let noise = lane.noise == nil ? nil : lane.values.baseAddress!
    try lane.noise?.draw(
      step: sweep.step, block: block, standardDeviation: sweep.noiseStandardDeviation, into: lane.values)
    let drawn = sweep.isTimed ? ContinuousClock.now : nil
    let first = block * GaussianNoise.blockSize
    let state = sweep.state
    let end = min(first + GaussianNoise.blockSize, state.trainable.count)
    state.trainable.forEachPiece(of: first..<end) { number, place, length in
      let gradient = lane.gradient.baseAddress!
      noise_take_sum(length, sweep.sums[0].slice(place, length).baseAddress!, gradient)
      for sum in sweep.sums.dropFirst() { noise_add_sum(length, sum.slice(place, length).baseAddress!, gradient) }
      noise_add_scaled(length, sweep.sumScale, noise.map { $0 + (number - first) }, scale, gradient)
      let parameters = state.parameters.slice(place, length).baseAddress!
      let memory = state.memory
      sweep.rule.apply(
        count: length, gradient: gradient, parameters: parameters,
        memory: (
          memory.isEmpty ? nil : memory[0].slice(number, length).baseAddress!,
          memory.count < 2 ? nil : memory[1].slice(number, length).baseAddress!
        ))
      if let average = state.average, let share = sweep.averageShare {
        noise_average(length, share, parameters, average.slice(number, length).baseAddress!)
      }
    }
    if let start, let drawn {
      lane.seconds.noise += (drawn - start) / .seconds(1)
      lane.seconds.update += (ContinuousClock.now - drawn) / .seconds(1)
    }
  }
}
