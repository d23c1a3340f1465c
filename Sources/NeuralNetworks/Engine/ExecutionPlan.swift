import Tensors

// The places of everything that a network computes, decided once.
//
// The batch is split over threads by example. A thread takes its share in blocks of a few examples, and runs each block
// through forward, loss, backward and norms before it begins the next, so that most activations need memory for one block
// only, and are still in the cache when they are read:
//
//     batch   |..........thread 0..........|..........thread 1..........|
//     blocks  |  b  |  b  |  b  |  b  |  b |  b  |  b  |  b  |  b  |  b |
//
// What the clipped sum needs later is kept for the whole batch. A buffer is therefore either batch-wide or one for each
// thread. Layers that work in place share a tensor, and with it the tensor's gradient.

/// The examples of one block: `start` counts from the beginning of the batch.
struct Block {
  let thread: Int
  let start: Int
  let count: Int
}

/// A buffer with `width` elements for each example.
struct BlockBuffer<Element: BitwiseCopyable> {
  let width: Int
  private let batchWide: Bool
  private let regions: [ArenaRegion<Element>]

  /// - Throws: `TensorError.tooLarge`.
  init(width: Int, batchWide: Bool, plan: BlockSizes, layout: inout ArenaLayout) throws(TensorError) {
    self.width = width
    self.batchWide = batchWide
    var regions: [ArenaRegion<Element>] = []
    for _ in 0..<(batchWide ? 1 : plan.threads) {
      let rows = batchWide ? plan.batch : plan.block
      regions.append(try layout.reserve(width == 0 ? 0 : try checkedProduct([width, rows])))
    }
    self.regions = regions
  }

  func callAsFunction(_ block: Block, in arena: Arena) -> UnsafeMutableBufferPointer<Element> {
    batchWide
      ? arena[regions[0]].slice(block.start * width, block.count * width)
      : arena[regions[block.thread]].slice(0, block.count * width)
  }

  func whole(in arena: Arena) -> UnsafeMutableBufferPointer<Element> {
    precondition(batchWide)
    return arena[regions[0]]
  }
}

struct BlockSizes: Hashable {
  let batch, threads, block: Int

  func share(_ thread: Int) -> Range<Int> { WorkerPool.share(of: batch, member: thread, members: threads) }

  func blocks(of thread: Int) -> [Block] {
    let share = share(thread)
    return stride(from: share.lowerBound, to: share.upperBound, by: block).map {
      Block(thread: thread, start: $0, count: min(block, share.upperBound - $0))
    }
  }
}

/// Which tensor a layer reads and which it writes; tensor 0 is the network's input.
struct TensorGraph {
  private(set) var widths: [Int]
  private(set) var inputs: [Int] = []
  private(set) var outputs: [Int] = []

  init(_ network: Network) {
    widths = [network.inputShape.count]
    // The caller's input is not ours to overwrite.
    var overwritable = false
    for layer in network.layers {
      let input = widths.count - 1
      inputs.append(input)
      switch layer.outputStorage {
      case .sameAsInput: break
      case .overInput where overwritable: overwritable = !layer.readsOutputInBackward
      case .own, .overInput:
        widths.append(layer.outputShape.count)
        overwritable = !layer.readsOutputInBackward
      }
      outputs.append(widths.count - 1)
    }
  }

  var logits: Int { widths.count - 1 }
}

/// The buffers of a layer with parameters.
struct ParameterStorage {
  let layer: any ParameterizedLayer
  let method: BookKeeping
  let retention: Retention
  let packedWeights: ArenaRegion<Float>
  let keptWeight, keptBias: BlockBuffer<Float>
  let weightNorms, biasNorms: BlockBuffer<Double>
}

struct ExecutionPlan {
  let sizes: BlockSizes
  let graph: TensorGraph
  let values, gradients: [BlockBuffer<Float>]
  let winners: [BlockBuffer<UInt16>]
  /// By layer; nil where a layer has no parameters.
  let parameters: [ParameterStorage?]
  let scratch: [ArenaRegion<Float>]
  /// Each thread's part of a gradient sum, in the layout of the parameter buffer.
  let partialSums: [ArenaRegion<Float>]
  let losses, squaredNorms: BlockBuffer<Double>
  let labels: BlockBuffer<Int32>
  let layout: ArenaLayout
  let memory: EngineMemory

  init(
    _ network: Network, _ configuration: EngineConfiguration, backend: any NumericBackend
  ) throws {
    let graph = TensorGraph(network)
    self.graph = graph
    let methods = try BookKeepingChoice(network, configuration, backend: backend)
    let sizes = BlockSizes(
      batch: configuration.batchSize, threads: configuration.threads,
      block: Self.blockSize(configuration, floatsPerExample: graph.widths.reduce(0, +)))
    self.sizes = sizes
    var layout = ArenaLayout()
    var memory = EngineMemory()

    var keepsValue = Set([0, graph.logits])
    var keepsGradient: Set<Int> = []
    for (index, choice) in methods.byLayer.enumerated() {
      guard let choice, choice.retention.activations else { continue }
      keepsValue.insert(graph.inputs[index])
      keepsGradient.insert(graph.outputs[index])
    }
    values = try graph.widths.enumerated().map { tensor, width in
      try BlockBuffer(width: width, batchWide: keepsValue.contains(tensor), plan: sizes, layout: &layout)
    }
    gradients = try graph.widths.enumerated().map { tensor, width in
      try BlockBuffer(width: width, batchWide: keepsGradient.contains(tensor), plan: sizes, layout: &layout)
    }
    winners = try network.layers.map {
      try BlockBuffer(width: $0.winnerCount, batchWide: false, plan: sizes, layout: &layout)
    }
    labels = try BlockBuffer(width: 1, batchWide: true, plan: sizes, layout: &layout)
    losses = try BlockBuffer(width: 1, batchWide: true, plan: sizes, layout: &layout)
    squaredNorms = try BlockBuffer(width: 1, batchWide: true, plan: sizes, layout: &layout)
    let scratchCount = try methods.scratchCount(sizes)
    scratch = try (0..<sizes.threads).map { _ in try layout.reserve(scratchCount) }
    memory.activations = layout.byteCount

    partialSums = try (0..<sizes.threads).map { _ in try layout.reserve(network.parameterCount) }
    let packed: [ArenaRegion<Float>] = try network.layers.map {
      try layout.reserve(($0 as? any ParameterizedLayer)?.packedWeightCount(for: backend) ?? 0)
    }
    memory.parameters = layout.byteCount - memory.activations

    parameters = try methods.byLayer.enumerated().map { index, choice in
      guard let choice else { return nil }
      let kept = choice.retention
      return ParameterStorage(
        layer: choice.layer, method: choice.method, retention: kept, packedWeights: packed[index],
        keptWeight: try BlockBuffer(width: kept.weightFloats, batchWide: true, plan: sizes, layout: &layout),
        keptBias: try BlockBuffer(width: kept.biasFloats, batchWide: true, plan: sizes, layout: &layout),
        weightNorms: try BlockBuffer(width: 1, batchWide: true, plan: sizes, layout: &layout),
        biasNorms: try BlockBuffer(width: 1, batchWide: true, plan: sizes, layout: &layout))
    }
    memory.bookKeeping = layout.byteCount - memory.activations - memory.parameters
    self.memory = memory
    self.layout = layout
  }

  /// 32 examples, or as many as have their activations and gradients in 64 MiB, and at most a thread's share. Measured:
  /// the tutorial's network is indifferent between 8 and 64, whose gradients pass through the cache either way; VGG11
  /// loses half with 8, because its weights are read again for every block.
  private static func blockSize(_ configuration: EngineConfiguration, floatsPerExample: Int) -> Int {
    let share = (configuration.batchSize + configuration.threads - 1) / configuration.threads
    let fitting = (64 << 20) / max(floatsPerExample * 2 * MemoryLayout<Float>.size, 1)
    return min(max(configuration.blockSize ?? min(fitting, 32), 1), share)
  }
}
