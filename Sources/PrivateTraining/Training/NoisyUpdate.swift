import CKernels
import Planning
import Tensors

/// The second half of a step: noise on the sum of clipped gradients, division by the public batch size, and stochastic
/// gradient descent with momentum, in one sweep over the parameters.
///
/// The sweep goes by noise blocks, whose noise never leaves the cache. Threads take whole blocks, and blocks address
/// their randomness, so the result does not depend on the number of threads.
package final class NoisyUpdate {
  private let lanes: [Lane]
  private let pool: WorkerPool?
  private let scale: Float
  private let optimizer: OptimizerSpecification

  /// Fewer blocks than this are done before another thread has woken up.
  private static let blocksWorthAThread = 32

  /// What one thread needs.
  private final class Lane {
    let noise: GaussianNoise?
    let values: MutableFloats
    var error: RandomnessError?
    var seconds = (noise: 0.0, update: 0.0)

    init(key: AttemptKey, standardDeviation: Double?) throws(RandomnessError) {
      if let standardDeviation {
        noise = try GaussianNoise(key: key, standardDeviation: standardDeviation)
      } else {
        noise = nil
      }
      values = .allocate(capacity: GaussianNoise.blockSize)
      values.initialize(repeating: 0)
    }

    deinit { values.deallocate() }
  }

  /// - Parameters:
  ///   - noiseStandardDeviation: on each coordinate of the sum; nil adds no noise (training on public data).
  ///   - expectedBatchSize: the public constant that the noisy sum is divided by.
  ///   - pool: threads to share the sweep among; nil does it on the caller's.
  package init(
    key: AttemptKey, noiseStandardDeviation: Double?, expectedBatchSize: Int, optimizer: OptimizerSpecification,
    pool: WorkerPool?
  ) throws(RandomnessError) {
    var lanes: [Lane] = []
    for _ in 0..<(pool?.members ?? 1) {
      lanes.append(try Lane(key: key, standardDeviation: noiseStandardDeviation))
    }
    self.lanes = lanes
    self.pool = pool
    self.optimizer = optimizer
    scale = Float(1 / Double(expectedBatchSize))
  }

  /// Updates `parameters` and `velocity` by the sum of step `step`, and sets the sum to 0.
  ///
  /// - Parameter velocity: as long as the parameters; empty without momentum.
  package func apply(
    step: Int, sum: inout [Float], velocity: inout [Float], parameters: inout [Float], isTimed: Bool = false
  ) throws(RandomnessError) {
    let count = parameters.count
    precondition(sum.count == count && (velocity.count == count || velocity.isEmpty && optimizer.momentum == 0))
    sum.withUnsafeMutableBufferPointer { sum in
      velocity.withUnsafeMutableBufferPointer { velocity in
        parameters.withUnsafeMutableBufferPointer { parameters in
          let state = State(
            step: step, sum: sum, velocity: velocity.isEmpty ? nil : velocity, parameters: parameters, isTimed: isTimed)
          sweep(state)
        }
      }
    }
    for lane in lanes { if let error = lane.error { throw error } }
  }

  /// The buffers of one step.
  private struct State {
    let step: Int
    let sum: MutableFloats
    let velocity: MutableFloats?
    let parameters: MutableFloats
    let isTimed: Bool
  }

  private func sweep(_ state: State) {
    let blocks = (state.parameters.count + GaussianNoise.blockSize - 1) / GaussianNoise.blockSize
    if let pool, blocks >= pool.members * Self.blocksWorthAThread {
      pool.run { member in
        sweep(state, lanes[member], blocks: WorkerPool.share(of: blocks, member: member, members: pool.members))
      }
    } else {
      sweep(state, lanes[0], blocks: 0..<blocks)
    }
  }

  private func sweep(_ state: State, _ lane: Lane, blocks: Range<Int>) {
    do throws(RandomnessError) {
      for block in blocks { try update(state, lane, block: block) }
    } catch {
      lane.error = error
    }
  }

  private func update(_ state: State, _ lane: Lane, block: Int) throws(RandomnessError) {
    let start = state.isTimed ? ContinuousClock.now : nil
    if let noise = lane.noise { try noise.draw(step: state.step, block: block, into: lane.values) }
    let drawn = state.isTimed ? ContinuousClock.now : nil
    let first = block * GaussianNoise.blockSize
    let count = min(GaussianNoise.blockSize, state.parameters.count - first)
    noise_sgd_update(
      count, state.sum.baseAddress! + first, lane.noise == nil ? nil : lane.values.baseAddress!, scale,
      Float(optimizer.momentum), Float(optimizer.learningRate), state.velocity.map { $0.baseAddress! + first },
      state.parameters.baseAddress! + first)
    if let start, let drawn {
      lane.seconds.noise += (drawn - start) / .seconds(1)
      lane.seconds.update += (ContinuousClock.now - drawn) / .seconds(1)
    }
  }

  /// Seconds that the slowest thread spent on noise and on the update in timed calls so far.
  package var seconds: (noise: Double, update: Double) {
    (lanes.map(\.seconds.noise).max() ?? 0, lanes.map(\.seconds.update).max() ?? 0)
  }
}
