import ArgumentParser
import NeuralNetworks
import Planning
import PrivateTraining
import Tensors

/// What a measured step does beside forward and backward.
enum BenchMode: Hashable {
  case nonprivate
  /// Flat clipping at 1 and noise of standard deviation 1, the gradients formed by a method.
  case `private`(TrainingMethod)

  var name: String {
    switch self {
    case .nonprivate: "nonprivate"
    case .private(.auto): "private"
    case .private(let method): "private_" + method.rawValue
    }
  }
}

/// A training step on a batch that lies in memory: forward, backward, clipping, noise, update by stochastic gradient
/// descent. Reading data and drawing a sample are no part of it.
final class BenchStep {
  let network: Network
  let engine: GradientEngine
  private let mode: BenchMode
  private let state: ParameterState
  private let update: NoisyUpdate
  private let factors = ClippingFactors(norms: [1])
  private var step = 0

  init(_ workload: BenchWorkload, batch: Int, mode: BenchMode, threads: Int, backend: BackendKind) throws {
    network = try workload.network()
    self.mode = mode
    engine = try GradientEngine(
      network: network,
      configuration: Self.configuration(batch: batch, mode: mode, threads: threads, backend: backend))
    var generator = SystemRandomNumberGenerator()
    let optimizer = OptimizerSpecification(learningRate: 0.05)
    state = try ParameterState(
      network.initialParameters(.torch, using: &generator), trainable: TrainableParameters(network),
      rule: optimizer.rule, hasAverage: false)
    update = try NoisyUpdate(
      key: AttemptKey(), isNoisy: mode != .nonprivate, optimizer: optimizer, denominator: batch,
      pool: threads > 1 ? WorkerPool(members: threads) : nil)
    for row in 0..<batch { try load(row: row, using: &generator) }
  }

  static func configuration(
    batch: Int, mode: BenchMode, threads: Int, backend: BackendKind
  ) -> EngineConfiguration {
    switch mode {
    case .nonprivate: EngineConfiguration(batchSize: batch, backend: backend, threads: threads, mode: .batch)
    case .private(let method):
      EngineConfiguration(
        batchSize: batch, backend: backend, threads: threads, mode: .perExample, strategy: method.strategy,
        timesMethods: true)
    }
  }

  private func load(row: Int, using generator: inout SystemRandomNumberGenerator) throws {
    let features = (0..<network.inputShape.count).map { _ in
      if let vocabulary = network.vocabulary {
        Float(Int.random(in: 0..<vocabulary, using: &generator))
      } else {
        Float.random(in: -1...1, using: &generator)
      }
    }
    let targets = (0..<network.targetCount).map { _ in
      Float(Int.random(in: 0..<network.classCount, using: &generator))
    }
    try features.withUnsafeBufferPointer { features in
      try targets.withUnsafeBufferPointer { try engine.load(row: row, features: features, targets: $0) }
    }
  }

  func run(isTimed: Bool = false) throws {
    try engine.accumulate(parameters: Floats(state.parameters), rule: factors)
    try update.apply(
      step: step, NoisyUpdate.Constants(learningRate: 0.05, noiseStandardDeviation: 1), sums: engine.accumulators,
      to: state, isTimed: isTimed)
    step += 1
  }

  /// Seconds of each part in the timed steps so far, in the order of a step.
  var parts: [(name: String, seconds: Double)] {
    let passes = engine.durations, sweep = update.seconds
    return [
      ("forward", passes.forward), ("backward", passes.backward), ("norms", passes.norms),
      ("clipped_sum", passes.gradientSum), ("noise", sweep.noise), ("update", sweep.update),
    ]
  }

  /// Bytes that the step holds: of parameters and their copies, of gradients, of activations, of book-keeping.
  var memory: [(name: String, bytes: Int)] {
    let engine = engine.memory
    let gradients = self.engine.accumulators.reduce(0) { $0 + $1.count * MemoryLayout<Float>.size }
    return [
      ("parameters", state.byteCount + engine.parameters - gradients), ("gradients", gradients),
      ("activations", engine.activations), ("book_keeping", engine.bookKeeping),
    ]
  }
}
