import CKernels
import Tensors

/// Runs a network over physical batches of one fixed size: losses, per-example gradient norms, and weighted sums of
/// per-example gradients, with one backward pass ("book-keeping", Bu et al., arXiv:2210.00038).
///
/// A step of DP-SGD with flat clipping at C:
///
///     for row in ... { try engine.load(row: row, features: ..., label: ...) }
///     try engine.run(parameters: parameters)
///     factors[i] = 1 / max(1, √engine.squaredNorms[i] / C) for a row that holds an example, 0 for any other
///     try engine.addGradientSum(factors: factors, to: &gradient)
///
/// Every row is computed at every step, whatever it holds: a factor of 0 masks it. Nothing is allocated per step, and a
/// result depends on the number of threads but not on their timing. An engine belongs to one thread at a time.
public final class GradientEngine {
  public let network: Network
  public let configuration: EngineConfiguration
  /// What was decided for each layer.
  public let plan: [LayerPlan]
  public let memory: EngineMemory
  public private(set) var durations = PhaseDurations()

  private let execution: ExecutionPlan
  private let arena: Arena
  private let pool: WorkerPool
  private let workers: [EngineWorker]

  /// - Throws: `NetworkError` for overrides that fit no layer, `TensorError` for sizes or memory that are out of reach.
  public init(network: Network, configuration: EngineConfiguration) throws {
    guard configuration.batchSize >= 1 else { throw TensorError.dimension(configuration.batchSize) }
    guard (1...4096).contains(configuration.threads) else { throw TensorError.dimension(configuration.threads) }
    var configuration = configuration
    configuration.threads = min(configuration.threads, configuration.batchSize)
    let backends = try (0..<configuration.threads).map { _ in try configuration.backend.make() }
    let execution = try ExecutionPlan(network, configuration, backend: backends[0])
    let arena = try Arena(execution.layout)
    self.network = network
    self.configuration = configuration
    self.execution = execution
    self.arena = arena
    memory = execution.memory
    plan = zip(network.layers, execution.parameters).enumerated().map { index, pair in
      LayerPlan(pair.0, pair.1, graph: execution.graph, index: index)
    }
    pool = try WorkerPool(members: configuration.threads)
    workers = backends.enumerated().map { thread, backend in
      EngineWorker(
        thread: thread, backend: backend, network: network, plan: execution, arena: arena,
        wantsNorms: configuration.mode == .perExample)
    }
  }

  public func resetDurations() { durations = PhaseDurations() }

  // MARK: The batch

  /// Puts an example into a row of the batch.
  /// - Parameters:
  ///   - row: 0..<batchSize.
  ///   - features: the network's input shape, channels first.
  ///   - label: 0..<classCount.
  /// - Throws: `NetworkError.count` or `.label`.
  public func load(row: Int, features: UnsafeBufferPointer<Float>, label: Int) throws(NetworkError) {
    precondition(row >= 0 && row < configuration.batchSize)
    let shape = network.inputShape
    guard features.count == shape.count else {
      throw .count(what: "features", expected: shape.count, got: features.count)
    }
    guard label >= 0, label < network.classCount else { throw .label(label, classes: network.classCount) }
    let place = execution.values[0].whole(in: arena).slice(row * shape.count, shape.count)
    if let image = shape.image, image.channels > 1, image.height * image.width > 1 {
      transpose(features, rows: image.channels, columns: image.height * image.width, into: place)
    } else {
      _ = place.update(from: features)
    }
    execution.labels.whole(in: arena)[row] = Int32(label)
  }

  /// Puts zeros and label 0 into rows that hold no example.
  public func clear(rows: Range<Int>) {
    precondition(rows.lowerBound >= 0 && rows.upperBound <= configuration.batchSize)
    let width = network.inputShape.count
    execution.values[0].whole(in: arena).slice(rows.lowerBound * width, rows.count * width).update(repeating: 0)
    execution.labels.whole(in: arena).slice(rows.lowerBound, rows.count).update(repeating: 0)
  }

  // MARK: Computing

  /// Forward pass and losses only. The gradients and norms of an earlier `run` are lost.
  /// - Throws: `NetworkError.count`, `TensorError.library`.
  public func evaluate(parameters: [Float]) throws { try run(parameters, backward: false) }

  /// Forward pass, losses, backward pass and, in mode `perExample`, the norms.
  /// - Throws: `NetworkError.count`, `TensorError.library`.
  public func run(parameters: [Float]) throws { try run(parameters, backward: true) }

  /// Adds Σ_i factors[i] · ∇loss_i over the rows of the last `run` to `gradient`. May be repeated with other factors.
  /// - Throws: `NetworkError.count`, `TensorError.library`.
  public func addGradientSum(factors: [Float], to gradient: inout [Float]) throws {
    try check("factors", factors.count, configuration.batchSize)
    try check("gradient", gradient.count, network.parameterCount)
    let start = ContinuousClock.now
    factors.withUnsafeBufferPointer { factors in
      pool.run { workers[$0].sumGradients(factors: factors) }
    }
    try rethrowFailure()
    let parts = execution.partialSums.map { arena[$0] }
    gradient.withUnsafeMutableBufferPointer { sum in
      pool.run { member in
        let range = WorkerPool.share(of: sum.count, member: member, members: workers.count, unit: 16)
        // In the order of the threads' numbers, so that the rounding is always the same.
        for part in parts {
          ck_add(
            range.count, part.slice(range.lowerBound, range.count).baseAddress,
            sum.slice(range.lowerBound, range.count).baseAddress)
        }
      }
    }
    durations.gradientSum += seconds(since: start)
  }

  // MARK: Results of the last pass

  /// Softmax cross-entropy of each row.
  public var losses: UnsafeBufferPointer<Double> { UnsafeBufferPointer(execution.losses.whole(in: arena)) }
  /// Squared L2 norm of each row's gradient over all parameters: at least 0, or NaN or infinite where the arithmetic was.
  public var squaredNorms: UnsafeBufferPointer<Double> { UnsafeBufferPointer(execution.squaredNorms.whole(in: arena)) }
  /// [batchSize, classCount].
  public var logits: UnsafeBufferPointer<Float> { Floats(execution.values[execution.graph.logits].whole(in: arena)) }

  /// Squared norms of each row's gradient with respect to one parameter tensor; nil if there is none of that name.
  public func squaredNorms(of parameter: String) -> UnsafeBufferPointer<Double>? {
    for case let storage? in execution.parameters {
      if storage.layer.weight.name == parameter { return .init(storage.weightNorms.whole(in: arena)) }
      if storage.layer.bias?.name == parameter { return .init(storage.biasNorms.whole(in: arena)) }
    }
    return nil
  }

  // MARK: Helpers

  private func run(_ parameters: [Float], backward: Bool) throws {
    try check("parameters", parameters.count, network.parameterCount)
    try parameters.withUnsafeBufferPointer { parameters in
      for case let storage? in execution.parameters {
        try storage.layer.packWeights(parameters, into: arena[storage.packedWeights], backend: workers[0].backend)
      }
      pool.run { workers[$0].run(parameters: parameters, backward: backward) }
    }
    try rethrowFailure()
    durations.add(workers[0].takeDurations())
  }

  private func rethrowFailure() throws {
    for worker in workers {
      if let failure = worker.takeFailure() { throw failure }
    }
  }

  private func check(_ what: String, _ got: Int, _ expected: Int) throws(NetworkError) {
    guard got == expected else { throw .count(what: what, expected: expected, got: got) }
  }
}
