import Tensors

/// One thread's part of an engine: its share of the examples, block by block.
final class EngineWorker {
  let backend: any NumericBackend
  private let thread: Int
  private let network: Network
  private let plan: ExecutionPlan
  private let arena: Arena
  private let wantsNorms: Bool
  private let blocks: [Block]
  /// The first layer with parameters: backward goes no further down.
  private let firstParameterized: Int
  private var durations = PhaseDurations()
  private var failure: TensorError?

  init(
    thread: Int, backend: any NumericBackend, network: Network, plan: ExecutionPlan, arena: Arena, wantsNorms: Bool
  ) {
    self.thread = thread
    self.backend = backend
    self.network = network
    self.plan = plan
    self.arena = arena
    self.wantsNorms = wantsNorms
    blocks = plan.sizes.blocks(of: thread)
    firstParameterized = plan.parameters.firstIndex { $0 != nil } ?? network.layers.count
  }

  func takeDurations() -> PhaseDurations {
    defer { durations = PhaseDurations() }
    return durations
  }

  /// The first error since the last call; errors cannot be thrown across threads.
  func takeFailure() -> TensorError? {
    defer { failure = nil }
    return failure
  }

  func run(parameters: Floats, backward: Bool) {
    do throws(TensorError) {
      for block in blocks {
        try forward(block, parameters)
        if backward { try self.backward(block, parameters) }
      }
    } catch {
      failure = error
    }
  }

  /// Leaves Σ factors[i] · ∇loss_i over this thread's examples in its partial sum.
  func sumGradients(factors: Floats) {
    let sum = arena[plan.partialSums[thread]]
    sum.update(repeating: 0)
    let share = plan.sizes.share(thread)
    do throws(TensorError) {
      for (index, storage) in plan.parameters.enumerated() {
        guard let storage else { continue }
        let parts =
          storage.retention.sumsInBlocks
          ? blocks : [Block(thread: thread, start: share.lowerBound, count: share.count)]
        for block in parts {
          try storage.layer.addGradientSum(
            sumPass(index, storage, block), factors: factors.slice(block.start, block.count), to: sum)
        }
      }
    } catch {
      failure = error
    }
  }

  // MARK: One block

  private func forward(_ block: Block, _ parameters: Floats) throws(TensorError) {
    let start = ContinuousClock.now
    for (index, layer) in network.layers.enumerated() where layer.outputStorage != .sameAsInput {
      try layer.forward(pass(index, block, parameters))
    }
    let logits = plan.graph.logits
    backend.softmaxCrossEntropy(
      count: block.count, classes: network.classCount, logits: Floats(plan.values[logits](block, in: arena)),
      labels: UnsafeBufferPointer(plan.labels(block, in: arena)), losses: plan.losses(block, in: arena),
      gradient: plan.gradients[logits](block, in: arena))
    durations.forward += seconds(since: start)
  }

  private func backward(_ block: Block, _ parameters: Floats) throws(TensorError) {
    for index in network.layers.indices.reversed() where index >= firstParameterized {
      if let storage = plan.parameters[index] {
        let start = ContinuousClock.now
        let norms = (storage.weightNorms(block, in: arena), storage.biasNorms(block, in: arena))
        try storage.layer.squaredNorms(gradientPass(index, storage, block), into: wantsNorms ? norms : nil)
        durations.norms += seconds(since: start)
      }
      if index > firstParameterized, network.layers[index].outputStorage != .sameAsInput {
        let start = ContinuousClock.now
        try network.layers[index].backward(pass(index, block, parameters))
        durations.backward += seconds(since: start)
      }
    }
    if wantsNorms { totalNorms(block) }
  }

  /// Adds up the norms of the parameters, always in the same order.
  private func totalNorms(_ block: Block) {
    let total = plan.squaredNorms(block, in: arena)
    total.update(repeating: 0)
    for case let storage? in plan.parameters {
      let (weight, bias) = (storage.weightNorms(block, in: arena), storage.biasNorms(block, in: arena))
      for i in 0..<block.count { total[i] += weight[i] + bias[i] }
    }
  }

  private func pass(_ index: Int, _ block: Block, _ parameters: Floats) -> LayerPass {
    let (input, output) = (plan.graph.inputs[index], plan.graph.outputs[index])
    return LayerPass(
      backend: backend, count: block.count, parameters: parameters,
      packedWeights: plan.parameters[index].map { arena[$0.packedWeights] } ?? MutableFloats(start: nil, count: 0),
      input: plan.values[input](block, in: arena), output: plan.values[output](block, in: arena),
      outputGradient: plan.gradients[output](block, in: arena), inputGradient: plan.gradients[input](block, in: arena),
      winners: plan.winners[index](block, in: arena))
  }

  private func gradientPass(_ index: Int, _ storage: ParameterStorage, _ block: Block) -> GradientPass {
    GradientPass(
      backend: backend, method: storage.method, count: block.count,
      input: plan.values[plan.graph.inputs[index]](block, in: arena),
      outputGradient: plan.gradients[plan.graph.outputs[index]](block, in: arena),
      kept: (storage.keptWeight(block, in: arena), storage.keptBias(block, in: arena)),
      scratch: arena[plan.scratch[thread]])
  }

  /// As `gradientPass`, after backward: activations are there only if the method retains them.
  private func sumPass(_ index: Int, _ storage: ParameterStorage, _ block: Block) -> GradientPass {
    guard !storage.retention.activations else { return gradientPass(index, storage, block) }
    let none = MutableFloats(start: nil, count: 0)
    return GradientPass(
      backend: backend, method: storage.method, count: block.count, input: none, outputGradient: none,
      kept: (storage.keptWeight(block, in: arena), storage.keptBias(block, in: arena)),
      scratch: arena[plan.scratch[thread]])
  }
}

func seconds(since start: ContinuousClock.Instant) -> Double {
  let (seconds, attoseconds) = (ContinuousClock.now - start).components
  return Double(seconds) + Double(attoseconds) * 1e-18
}

extension PhaseDurations {
  mutating func add(_ other: PhaseDurations) {
    forward += other.forward
    backward += other.backward
    norms += other.norms
    gradientSum += other.gradientSum
  }
}

extension LayerPlan {
  init(_ layer: any Layer, _ storage: ParameterStorage?, graph: TensorGraph, index: Int) {
    self.layer = layer.label
    bookKeeping = storage?.method
    guard let kept = storage?.retention else {
      keptBytesPerExample = 0
      return
    }
    let activations = kept.activations ? graph.widths[graph.inputs[index]] + graph.widths[graph.outputs[index]] : 0
    keptBytesPerExample = (kept.weightFloats + kept.biasFloats + activations) * MemoryLayout<Float>.size
  }
}
