import CKernels
import Tensors

/// Runs a network over physical batches of one fixed size: losses, per-example gradient norms, and weighted sums of
/// per-example gradients, with one backward pass ("book-keeping", Bu et al., arXiv:2210.00038).
///
/// A step of DP-SGD, its sample cut into batches:
///
///     for each batch {
///       for row in ... { try engine.load(row: row, features: ..., targets: ...) }
///       engine.clear(rows: those left over)
///       try engine.accumulate(parameters: parameters, rule: rule)
///     }
///     the sum of engine.accumulators is the clipped sum
///
/// Every row is computed at every step, whatever it holds. Nothing is allocated per step, and a result depends on the
/// number of threads but not on their timing. An engine belongs to one thread at a time.
public final class GradientEngine {
  public let network: Network
  public let configuration: EngineConfiguration
  /// What was decided for each layer.
  public let plan: [LayerPlan]
  public let memory: EngineMemory
  /// The method of each layer with trained parameters, by name.
  public var methods: [String: BookKeeping] {
    Dictionary(uniqueKeysWithValues: plan.compactMap { layer in layer.bookKeeping.map { (layer.name, $0) } })
  }
  public private(set) var durations = PhaseDurations()

  private let execution: ExecutionPlan
  private let arena: Arena
  private let pool: WorkerPool
  private let workers: [EngineWorker]

  /// - Throws: `NetworkError` for overrides or groups that do not fit, `TensorError` for sizes or memory that are out of
  ///   reach.
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
    plan = network.layers.enumerated().map { index, layer in
      LayerPlan(
        name: network.nodes[index].name, layer: layer.label, bookKeeping: execution.trained[index]?.method,
        keptBytesPerExample: (execution.trained[index]?.keptCount ?? 0) * MemoryLayout<Float>.size)
    }
    pool = try WorkerPool(members: configuration.threads)
    workers = backends.enumerated().map { thread, backend in
      EngineWorker(
        thread: thread, backend: backend, network: network, plan: execution, arena: arena,
        hasSecondBackwardPass: configuration.strategy.hasSecondBackwardPass)
    }
    clear(rows: 0..<configuration.batchSize)
  }

  public func resetDurations() { durations = PhaseDurations() }

  // MARK: The batch

  /// Puts an example into a row of the batch.
  ///
  /// An example whose gradient is not finite is found out by the next `accumulate`, which counts it as 0; from then on its
  /// row holds no example.
  /// - Parameters:
  ///   - row: 0..<batchSize.
  ///   - features: the network's input shape, channels first; or token ids.
  ///   - targets: `network.targetCount` of them.
  ///   - seed: all randomness of the example's dropout follows from it.
  /// - Throws: `NetworkError.count`, `.token`, `.label` or `.target`.
  public func load(row: Int, features: Floats, targets: Floats, seed: UInt64 = 0) throws(NetworkError) {
    precondition(row >= 0 && row < configuration.batchSize)
    let shape = network.inputShape
    guard features.count == shape.count else {
      throw .count(what: "features", expected: shape.count, got: features.count)
    }
    if let vocabulary = network.vocabulary {
      for token in features where !(token >= 0 && token < Float(vocabulary) && token.rounded() == token) {
        throw .token(token, vocabulary: vocabulary)
      }
    }
    try network.loss.check(targets, output: network.outputShape)
    let place = arena[execution.batch.input].slice(row * shape.count, shape.count)
    if let image = shape.image, image.channels > 1, image.height * image.width > 1 {
      transpose(features, rows: image.channels, columns: image.height * image.width, into: place)
    } else {
      _ = place.update(from: features)
    }
    _ = arena[execution.batch.targets].slice(row * targets.count, targets.count).update(from: targets)
    arena[execution.batch.isExample][row] = true
    arena[execution.batch.seeds][row] = seed
  }

  /// Makes rows hold no example: zeros, which add nothing to any sum.
  public func clear(rows: Range<Int>) {
    precondition(rows.lowerBound >= 0 && rows.upperBound <= configuration.batchSize)
    let width = network.inputShape.count
    arena[execution.batch.input].slice(rows.lowerBound * width, rows.count * width).update(repeating: 0)
    arena[execution.batch.targets].slice(rows.lowerBound * network.targetCount, rows.count * network.targetCount)
      .update(repeating: 0)
    arena[execution.batch.isExample].slice(rows.lowerBound, rows.count).update(repeating: false)
  }

  // MARK: Computing

  /// Forward pass, without dropout, losses and `outputs`. The norms of an earlier pass stay.
  /// - Throws: `NetworkError.count`, `TensorError.library`.
  public func evaluate(parameters: [Float]) throws {
    try parameters.withUnsafeBufferPointer { try evaluate(parameters: $0) }
  }

  /// As above.
  public func evaluate(parameters: Floats) throws {
    try run(parameters) { worker in worker.evaluate(parameters: parameters) }
  }

  /// Adds the gradients of the batch to the accumulators, each times what `rule` gives for its own norms. In mode `batch`
  /// no rule is asked and every factor is 1.
  /// - Throws: `NetworkError.count`, `TensorError.library`. The accumulators are then of no use.
  public func accumulate(parameters: [Float], rule: some FactorRule) throws {
    try parameters.withUnsafeBufferPointer { try accumulate(parameters: $0, rule: rule) }
  }

  /// As above.
  public func accumulate(parameters: Floats, rule: some FactorRule) throws {
    if configuration.mode == .perExample {
      try run(parameters) { worker in worker.accumulate(parameters: parameters, rule: rule) }
    } else {
      try run(parameters) { worker in worker.accumulate(parameters: parameters, to: worker.accumulator) }
    }
  }

  // MARK: Results

  /// One for each thread, in the layout of the parameter buffer: their sum is the gradient sum so far. Whoever uses it up
  /// sets it to 0.
  public var accumulators: [MutableFloats] { execution.accumulators.map { arena[$0] } }

  /// Adds the gradient sum so far to `gradient` and begins a new one.
  /// - Throws: `NetworkError.count`.
  public func takeGradient(addingTo gradient: inout [Float]) throws(NetworkError) {
    guard gradient.count == network.parameterCount else {
      throw .count(what: "gradient", expected: network.parameterCount, got: gradient.count)
    }
    // In the order of the threads' numbers, so that the rounding is always the same.
    gradient.withUnsafeMutableBufferPointer { sum in
      for part in accumulators {
        ck_add(part.count, part.baseAddress, sum.baseAddress)
        part.update(repeating: 0)
      }
    }
  }

  /// Each row's loss.
  public var losses: UnsafeBufferPointer<Double> { .init(arena[execution.batch.losses]) }
  /// [batchSize, groups]: squared L2 norm of each row's gradient over the parameters of a group; at least 0, or NaN or
  /// infinite where the arithmetic was. Of the last `accumulate` in mode `perExample`.
  public var squaredNorms: UnsafeBufferPointer<Double> { .init(arena[execution.batch.squaredNorms]) }
  /// [batchSize, groups]: what each row's gradient was multiplied by in the last `accumulate` in mode `perExample`.
  public var factors: Floats { Floats(arena[execution.batch.factors]) }
  /// [batchSize] + the network's output shape. Of the last `evaluate`.
  public var outputs: Floats { Floats(arena[execution.batch.outputs]) }

  /// Squared norms of each row's gradient with respect to one parameter tensor; nil if there is none of that name.
  public func parameterSquaredNorms(of parameter: String) -> UnsafeBufferPointer<Double>? {
    guard let number = network.parameters.firstIndex(where: { $0.name == parameter }) else { return nil }
    let rows = configuration.batchSize
    return .init(arena[execution.batch.parameterSquaredNorms].slice(number * rows, rows))
  }

  // MARK: Helpers

  private func run(_ parameters: Floats, _ body: (EngineWorker) -> Void) throws {
    guard parameters.count == network.parameterCount else {
      throw NetworkError.count(what: "parameters", expected: network.parameterCount, got: parameters.count)
    }
    if execution.hasPackedWeights {
      pool.run { workers[$0].packWeights(parameters) }
      try rethrowFailure()
    }
    pool.run { body(workers[$0]) }
    try rethrowFailure()
    durations.add(workers[0].takeDurations())
  }

  private func rethrowFailure() throws {
    for worker in workers {
      if let failure = worker.takeFailure() { throw failure }
    }
  }
}
