import Tensors

/// One thread's part of an engine: its share of the examples, block by block.
final class EngineWorker {
  let backend: any NumericBackend
  private let network: Network
  private let plan: ExecutionPlan
  private let buffers: BlockBuffers
  private let blocks: [Block]
  private let thread: Int
  private let hasSecondBackwardPass: Bool
  private var durations = PhaseDurations()
  private var failure: TensorError?

  init(
    thread: Int, backend: any NumericBackend, network: Network, plan: ExecutionPlan, arena: Arena,
    hasSecondBackwardPass: Bool
  ) {
    self.backend = backend
    self.network = network
    self.plan = plan
    buffers = BlockBuffers(thread: thread, plan: plan, arena: arena)
    blocks = plan.sizes.blocks(of: thread)
    self.thread = thread
    self.hasSecondBackwardPass = hasSecondBackwardPass
  }

  var accumulator: MutableFloats { buffers.accumulator }

  func takeDurations() -> PhaseDurations {
    defer { durations = PhaseDurations() }
    return durations
  }

  /// The first error since the last call; errors cannot be thrown across threads.
  func takeFailure() -> TensorError? {
    defer { failure = nil }
    return failure
  }

  // MARK: This thread's share

  func packWeights(_ parameters: Floats) {
    guarded { () throws(TensorError) in
      for index in plan.packing[thread] {
        guard let layer = network.layers[index] as? any ParameterizedLayer else { continue }
        try layer.packWeights(parameters, into: buffers.packedWeights(index), backend: backend)
      }
    }
  }

  func evaluate(parameters: Floats) {
    guarded { () throws(TensorError) in
      for block in blocks {
        try forward(block, parameters, isTraining: false)
        _ = buffers.outputs(block).update(from: buffers.value(plan.graph.output, block))
      }
    }
  }

  /// Adds Σ factor · gradient to the accumulator.
  func accumulate(parameters: Floats, rule: some FactorRule) {
    guarded { () throws(TensorError) in
      for block in blocks {
        try forward(block, parameters, isTraining: true)
        maskLoss(block)
        try backward(block, parameters)
        try setFactors(block, parameters, rule)
        if hasSecondBackwardPass {
          try repeatBackward(block, parameters)
        } else {
          try addSums(block, parameters)
        }
      }
    }
  }

  /// Adds the plain sum of the gradients to `sum`.
  func accumulate(parameters: Floats, to sum: MutableFloats) {
    guarded { () throws(TensorError) in
      for block in blocks {
        try forward(block, parameters, isTraining: true)
        maskLoss(block)
        try backward(block, parameters, sum: sum)
      }
    }
  }

  private func guarded(_ body: () throws(TensorError) -> Void) {
    do throws(TensorError) {
      try body()
    } catch {
      failure = error
    }
  }

  // MARK: One block

  private func forward(_ block: Block, _ parameters: Floats, isTraining: Bool) throws(TensorError) {
    let start = ContinuousClock.now
    for (index, layer) in network.layers.enumerated() where layer.outputStorage != .sameAsInput {
      try layer.forward(pass(index, block, parameters, isTraining: isTraining))
    }
    evaluateLoss(block)
    durations.forward += seconds(since: start)
  }

  private func evaluateLoss(_ block: Block) {
    let output = plan.graph.output
    network.loss.evaluate(
      network.outputShape, count: block.count, outputs: Floats(buffers.value(output, block)),
      targets: Floats(buffers.targets(block)), losses: buffers.losses(block),
      gradient: buffers.gradient(output, block), backend: backend)
  }

  /// - Parameter sum: where the plain sum of the gradients is added; nil if norms are wanted instead.
  private func backward(_ block: Block, _ parameters: Floats, sum: MutableFloats? = nil) throws(TensorError) {
    let views = buffers.views(block)
    for index in plan.schedule.backward.reversed() {
      let start = ContinuousClock.now
      let pass = pass(index, block, parameters, isTraining: true)
      try network.layers[index].backward(pass)
      for (slot, target) in plan.schedule.wanted[index].enumerated() where target == .addition {
        let tensor = plan.graph.inputs[index][slot]
        backend.add(
          Floats(buffers.addition(slot, tensor, block)), to: buffers.gradient(tensor, block))
      }
      let between = ContinuousClock.now
      durations.backward += seconds(from: start, to: between)
      guard let trained = plan.trained[index] else { continue }
      if let sum {
        try trained.layer.addGradientSum(pass, factors: nil, to: sum)
        durations.gradientSum += seconds(since: between)
      } else {
        try trained.layer.squaredNorms(pass, into: views.norms[index])
        durations.norms += seconds(since: between)
      }
    }
  }

  /// Rows without an example have the gradient 0.
  private func maskLoss(_ block: Block) {
    let gradient = buffers.gradient(plan.graph.output, block)
    let width = network.outputShape.count
    for (row, isExample) in buffers.isExample(block).enumerated() where !isExample {
      gradient.slice(row * width, width).update(repeating: 0)
    }
  }

  private func setFactors(_ block: Block, _ parameters: Floats, _ rule: some FactorRule) throws(TensorError) {
    let start = ContinuousClock.now
    let views = buffers.views(block)
    try addUpNorms(block, parameters)
    let isExample = buffers.isExample(block)
    rule.setFactors(
      squaredNorms: .init(views.squaredNorms), isExample: .init(isExample), firstRow: block.start, count: block.count,
      into: views.groupFactors)
    for row in 0..<block.count {
      if !(0..<plan.groups.count).allSatisfy({ views.squaredNorms[$0 * block.count + row].isFinite }) {
        zero(row, of: block, parameters)
        isExample[row] = false
      }
      if !isExample[row] {
        for group in 0..<plan.groups.count { views.groupFactors[group * block.count + row] = 0 }
      }
    }
    buffers.publish(block)
    durations.norms += seconds(since: start)
  }

  /// Σ factor · gradient, from what backward left.
  private func addSums(_ block: Block, _ parameters: Floats) throws(TensorError) {
    let start = ContinuousClock.now
    let views = buffers.views(block)
    for index in plan.schedule.backward {
      guard let trained = plan.trained[index] else { continue }
      try trained.layer.addGradientSum(
        pass(index, block, parameters, isTraining: true), factors: views.factors[index], to: buffers.accumulator)
    }
    durations.gradientSum += seconds(since: start)
  }

  /// The gradient of Σ factor · loss, which is the same.
  private func repeatBackward(_ block: Block, _ parameters: Floats) throws(TensorError) {
    evaluateLoss(block)
    let gradient = buffers.gradient(plan.graph.output, block)
    backend.scaleRows(
      rows: block.count, columns: network.outputShape.count, Floats(gradient),
      by: Floats(buffers.views(block).groupFactors), output: gradient)
    try backward(block, parameters, sum: buffers.accumulator)
  }

  /// Norms of the parameters and of their groups, always added up in the same order.
  private func addUpNorms(_ block: Block, _ parameters: Floats) throws(TensorError) {
    let views = buffers.views(block)
    for p in network.parameters.indices { buffers.parameterNorms(p, block).update(repeating: 0) }
    for (index, trained) in plan.trained.enumerated() {
      guard let trained else { continue }
      if let tied = trained.layer as? any TiedLayer {
        try tied.addCrossTerms(
          pass(index, block, parameters, isTraining: true),
          owner: pass(tied.owner, block, parameters, isTraining: true), to: views.norms[index][0])
      }
      for (norms, p) in zip(views.norms[index], trained.parameters) {
        let total = buffers.parameterNorms(p, block)
        for i in 0..<block.count { total[i] += norms[i] }
      }
    }
    views.squaredNorms.update(repeating: 0)
    for (p, group) in plan.groups.byParameter.enumerated() where group >= 0 {
      let norms = buffers.parameterNorms(p, block)
      for i in 0..<block.count { views.squaredNorms[group * block.count + i] += norms[i] }
    }
  }

  /// An example whose gradient is not finite has no direction to keep, and 0 · ∞ would spoil the sum for all: everything
  /// that the sums, or a second backward pass, read of it becomes 0. Exact, because no layer mixes examples.
  private func zero(_ row: Int, of block: Block, _ parameters: Floats) {
    func clear(_ buffer: MutableFloats, _ width: Int) { buffer.slice(row * width, width).update(repeating: 0) }
    for tensor in plan.schedule.valuesReadLast {
      clear(buffers.value(tensor, block), plan.graph.tensors[tensor].width)
    }
    for tensor in plan.schedule.gradientsReadLast {
      clear(buffers.gradient(tensor, block), plan.graph.tensors[tensor].width)
    }
    for (index, trained) in plan.trained.enumerated() {
      guard let trained else { continue }
      let pass = pass(index, block, parameters, isTraining: true)
      trained.layer.clearKept(pass, row: row)
      clear(pass.state, trained.layer.stateCount)
    }
    guard hasSecondBackwardPass else { return }
    for (index, layer) in network.layers.enumerated() { clear(buffers.state(index, block), layer.stateCount) }
  }

  private func pass(_ index: Int, _ block: Block, _ parameters: Floats, isTraining: Bool) -> LayerPass {
    let inputs = plan.graph.inputs[index]
    let none = MutableFloats(start: nil, count: 0)
    func value(_ slot: Int) -> MutableFloats { slot < inputs.count ? buffers.value(inputs[slot], block) : none }
    func gradient(_ slot: Int) -> MutableFloats? {
      guard slot < plan.schedule.wanted[index].count else { return nil }
      return switch plan.schedule.wanted[index][slot] {
      case .first: buffers.gradient(inputs[slot], block)
      case .addition: buffers.addition(slot, inputs[slot], block)
      case nil: nil
      }
    }
    return LayerPass(
      backend: backend, count: block.count, parameters: parameters, packedWeights: buffers.packedWeights(index),
      input: value(0), secondInput: value(1), thirdInput: value(2),
      output: buffers.value(plan.graph.outputs[index], block),
      outputGradient: buffers.gradient(plan.graph.outputs[index], block), inputGradient: gradient(0),
      secondInputGradient: gradient(1), thirdInputGradient: gradient(2), state: buffers.state(index, block),
      scratch: buffers.scratch, kept: buffers.kept(index, block), winners: buffers.winners(index, block),
      method: plan.trained[index]?.method ?? .ghost, isTraining: isTraining, seeds: .init(buffers.seeds(block)))
  }
}

func seconds(since start: ContinuousClock.Instant) -> Double { seconds(from: start, to: .now) }

func seconds(from start: ContinuousClock.Instant, to end: ContinuousClock.Instant) -> Double {
  let (seconds, attoseconds) = (end - start).components
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
