import Tensors

// The places of everything that a network computes, decided once.
//
// The batch is split over threads by example. A thread takes its share in blocks of a few examples, and runs each block
// through forward, loss, backward, norms, factors and gradient sums before it begins the next:
//
//     batch   |..........thread 0..........|..........thread 1..........|
//     blocks  |  b  |  b  |  b  |  b  |  b |  b  |  b  |  b  |  b  |  b |
//
// An example's factor follows from that example alone, so that nothing is kept from one block to the next but numbers:
// losses, norms and factors. All else has a place for one block on each thread, and tensors that are not needed at the
// same time share theirs.

/// The examples of one block: `start` counts from the beginning of the batch.
struct Block {
  let start: Int
  let count: Int
}

struct BlockSizes: Hashable {
  let batch, threads, block: Int

  func blocks(of thread: Int) -> [Block] {
    let share = WorkerPool.share(of: batch, member: thread, members: threads)
    return stride(from: share.lowerBound, to: share.upperBound, by: block).map {
      Block(start: $0, count: min(block, share.upperBound - $0))
    }
  }

  /// Blocks of nearly equal size, so that no thread ends with a small one.
  ///
  /// A large block reads the weights and writes the gradient sum seldom; a small one stays in the cache. So: what has its
  /// activations and gradients in 8 MiB and the room of the weights and their sum, at most 32 examples; at least 16, if
  /// they fit 64 MiB, for the products need rows, or 8 where kept gradients want the cache as well and the weights leave
  /// it to them; and more where even they take less than 2 MiB. Measured on one core, ms for half of a usual batch in
  /// blocks of 8, 16, 32 and 64: LargerConvNet 38.5, 36.5, 36.9, 49; the tutorial's network 2.84, 2.49, 2.35, 2.26; an
  /// LSTM 9.5, 10.1, 9.7, -; VGG11 with 32 examples in one block 186, in 24 and 8 222.
  init(_ network: Network, _ configuration: EngineConfiguration) {
    batch = configuration.batchSize
    threads = configuration.threads
    let share = (batch + threads - 1) / threads
    let floats = network.layers.reduce(network.inputShape.count) {
      min($0 + $1.outputShape.count + $1.stateCount, maximumElementCount)
    }
    let bytes = 2 * MemoryLayout<Float>.size
    func fitting(_ limit: Int) -> Int { limit / max(floats * bytes, 1) }
    let keepsInCache = configuration.mode == .perExample && network.parameterCount * MemoryLayout<Float>.size <= 2 << 20
    let some = max(
      fitting((8 << 20) + network.parameterCount * bytes), min(fitting(64 << 20), keepsInCache ? 8 : 16))
    let preferred = max(min(some, 32), min(fitting(2 << 20), 256))
    let most = min(max(configuration.blockSize ?? preferred, 1), share)
    let blocks = (share + most - 1) / most
    block = configuration.blockSize == nil ? (share + blocks - 1) / blocks : most
  }
}

/// The places of one node's own buffers, one for each thread.
struct NodeStorage {
  let state: [ArenaRegion<Float>]
  let winners: [ArenaRegion<UInt16>]
  let kept: [ArenaRegion<Float>]
  /// Shared by all threads.
  let packedWeights: ArenaRegion<Float>
  /// By parameter: [block].
  let norms: [[ArenaRegion<Double>]]
}

/// What is known of every row of the batch.
struct BatchStorage {
  let input, targets, outputs: ArenaRegion<Float>
  let isExample: ArenaRegion<Bool>
  let seeds: ArenaRegion<UInt64>
  let losses: ArenaRegion<Double>
  /// [batch, groups].
  let squaredNorms: ArenaRegion<Double>
  let factors: ArenaRegion<Float>
  /// [parameters, batch].
  let parameterSquaredNorms: ArenaRegion<Double>

  init(
    _ network: Network, batch: Int, groups: Int, normCount: Int, layout: inout ArenaLayout
  ) throws(TensorError) {
    func product(_ a: Int, _ b: Int) throws(TensorError) -> Int { a == 0 || b == 0 ? 0 : try checkedProduct([a, b]) }
    input = try layout.reserve(product(network.inputShape.count, batch))
    targets = try layout.reserve(product(network.targetCount, batch))
    outputs = try layout.reserve(product(network.outputShape.count, batch))
    isExample = try layout.reserve(batch)
    seeds = try layout.reserve(batch)
    losses = try layout.reserve(batch)
    squaredNorms = try layout.reserve(product(groups, batch))
    factors = try layout.reserve(product(groups, batch))
    parameterSquaredNorms = try layout.reserve(product(normCount, batch))
  }
}

struct ExecutionPlan {
  let sizes: BlockSizes
  let graph: TensorGraph
  let groups: ParameterGroups
  /// By node; nil for a layer without trained parameters.
  let trained: [TrainedLayer?]
  let schedule: Schedule
  let nodes: [NodeStorage]
  let batch: BatchStorage
  /// For each thread: tensors and gradients by `values` and `gradients`.
  let tensors: [ArenaRegion<Float>]
  let values, gradients: [Int?]
  /// For each thread: what a second, third or fourth reader of a tensor writes before it is added.
  let additions: [[ArenaRegion<Float>]]
  let scratch: [ArenaRegion<Float>]
  /// For each thread: [groups, block] squared norms and factors.
  let blockNorms: [ArenaRegion<Double>]
  let blockFactors: [ArenaRegion<Float>]
  /// [block], never written.
  let zeros: ArenaRegion<Float>
  /// Each thread's part of the gradient sum, in the layout of the parameter buffer.
  let accumulators: [ArenaRegion<Float>]
  /// By thread: the nodes whose weights it packs.
  let packing: [[Int]]
  let layout: ArenaLayout
  let memory: EngineMemory

  init(_ network: Network, _ configuration: EngineConfiguration, backend: any NumericBackend) throws {
    let sizes = BlockSizes(network, configuration)
    let trained = try BookKeepingChoice(network, configuration, sizes: sizes, backend: backend).byLayer
    let graph = TensorGraph(network, isTrained: trained.map { $0 != nil })
    let groups = try ParameterGroups(network, configuration.groups)
    self.groups = groups
    schedule = Schedule(network, graph, trained, mode: configuration.mode, strategy: configuration.strategy)
    (self.sizes, self.graph, self.trained) = (sizes, graph, trained)
    let hasNorms = configuration.mode == .perExample
    let threads = 0..<sizes.threads

    var layout = ArenaLayout()
    var memory = EngineMemory()
    batch = try BatchStorage(
      network, batch: sizes.batch, groups: hasNorms ? groups.count : 0,
      normCount: hasNorms ? network.parameters.count : 0,
      layout: &layout)
    let placement = try BufferPlacement(schedule.lifetimes, rows: sizes.block)
    values = Array(placement.offsets[..<graph.storageCount])
    gradients = Array(placement.offsets[graph.storageCount...])
    tensors = try threads.map { _ in try layout.reserve(placement.floatCount) }
    let additionCount = sizes.block * schedule.additionWidth
    additions = try threads.map { _ in
      try (0..<(additionCount == 0 ? 0 : 3)).map { _ in try layout.reserve(additionCount) }
    }
    let scratchCount = try Self.scratchCount(network, trained, rows: sizes.block, backend: backend)
    scratch = try threads.map { _ in try layout.reserve(scratchCount) }
    memory.activations = layout.byteCount

    accumulators = try threads.map { _ in try layout.reserve(network.parameterCount) }
    let packed: [ArenaRegion<Float>] = try network.layers.map {
      try layout.reserve(($0 as? any ParameterizedLayer)?.packedWeightCount(for: backend) ?? 0)
    }
    packing = Self.share(packed.map(\.count), among: sizes.threads)
    memory.parameters = layout.byteCount - memory.activations

    let block = sizes.block
    nodes = try network.layers.enumerated().map { index, layer in
      let storage = trained[index]
      let normCount = hasNorms ? storage?.parameters.count ?? 0 : 0
      return NodeStorage(
        state: try threads.map { _ in try layout.reserve(layer.stateCount * block) },
        winners: try threads.map { _ in try layout.reserve(layer.winnerCount * block) },
        kept: try threads.map { _ in try layout.reserve((storage?.keptCount ?? 0) * block) },
        packedWeights: packed[index],
        norms: try threads.map { _ in try (0..<normCount).map { _ in try layout.reserve(block) } })
    }
    blockNorms = try threads.map { _ in try layout.reserve(groups.count * block) }
    blockFactors = try threads.map { _ in try layout.reserve(groups.count * block) }
    zeros = try layout.reserve(block)
    let kept = trained.reduce(0) { $0 + ($1?.keptCount ?? 0) } * block * sizes.threads * MemoryLayout<Float>.size
    // Tensors that ordinary training would have dropped by then count as book-keeping, too.
    let plain = Schedule(network, graph, trained, mode: .batch, strategy: .auto)
    let retained = max(placement.floatCount - (try BufferPlacement(plain.lifetimes, rows: block).floatCount), 0)
    memory.bookKeeping = kept + retained * sizes.threads * MemoryLayout<Float>.size
    memory.activations = layout.byteCount - memory.parameters - memory.bookKeeping
    self.memory = memory
    self.layout = layout
  }

  var hasPackedWeights: Bool { packing.contains { !$0.isEmpty } }

  /// Gives each thread about the same number of floats to pack: the largest first, each to the thread with the least.
  private static func share(_ counts: [Int], among threads: Int) -> [[Int]] {
    var shares = [[Int]](repeating: [], count: threads), loads = [Int](repeating: 0, count: threads)
    for index in counts.indices.sorted(by: { counts[$0] > counts[$1] }) where counts[index] > 0 {
      let thread = loads.indices.reduce(0) { loads[$1] < loads[$0] ? $1 : $0 }
      shares[thread].append(index)
      loads[thread] += counts[index]
    }
    return shares
  }

  private static func scratchCount(
    _ network: Network, _ trained: [TrainedLayer?], rows: Int, backend: any NumericBackend
  ) throws(TensorError) -> Int {
    var most = 0
    for (index, layer) in network.layers.enumerated() {
      most = max(most, try layer.scratchCount(examples: rows, backend: backend))
      guard let trained = trained[index] else { continue }
      most = max(most, try trained.layer.scratchCount(trained.method, examples: rows, backend: backend))
    }
    return most
  }
}
