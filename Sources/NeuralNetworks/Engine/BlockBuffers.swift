import Tensors

/// One thread's view of the arena: every buffer of a block, found by the plan.
struct BlockBuffers {
  private let thread: Int
  private let plan: ExecutionPlan
  private let arena: Arena
  private let allViews: [Views]

  /// What depends on the number of examples in a block. A thread has at most two: full blocks and a last, shorter one.
  struct Views {
    let count: Int
    /// [groups, count].
    let squaredNorms: MutableDoubles
    let groupFactors: MutableFloats
    /// By node and parameter.
    let norms: [[MutableDoubles]]
    let factors: [[Floats]]
  }

  init(thread: Int, plan: ExecutionPlan, arena: Arena) {
    (self.thread, self.plan, self.arena) = (thread, plan, arena)
    let counts = Set(plan.sizes.blocks(of: thread).map(\.count))
    allViews = counts.map { Views(count: $0, thread: thread, plan: plan, arena: arena) }
  }

  func views(_ block: Block) -> Views {
    guard let views = allViews.first(where: { $0.count == block.count }) else {
      preconditionFailure("a block of a size that the plan does not have")
    }
    return views
  }

  // MARK: Of the whole batch

  func targets(_ block: Block) -> MutableFloats { rows(plan.batch.targets, block) }
  func outputs(_ block: Block) -> MutableFloats { rows(plan.batch.outputs, block) }
  func isExample(_ block: Block) -> UnsafeMutableBufferPointer<Bool> { rows(plan.batch.isExample, block) }
  func seeds(_ block: Block) -> UnsafeMutableBufferPointer<UInt64> { rows(plan.batch.seeds, block) }
  func losses(_ block: Block) -> MutableDoubles { rows(plan.batch.losses, block) }

  /// Squared norms of the gradient of one parameter of the network.
  func parameterNorms(_ parameter: Int, _ block: Block) -> MutableDoubles {
    arena[plan.batch.parameterSquaredNorms].slice(parameter * plan.sizes.batch + block.start, block.count)
  }

  /// Copies a block's norms and factors to where the caller reads them, row by row.
  func publish(_ block: Block) {
    let views = views(block), groups = plan.groups.count
    let norms = rows(plan.batch.squaredNorms, block), factors = rows(plan.batch.factors, block)
    for group in 0..<groups {
      for row in 0..<block.count {
        norms[row * groups + group] = views.squaredNorms[group * block.count + row]
        factors[row * groups + group] = views.groupFactors[group * block.count + row]
      }
    }
  }

  private func rows<Element: BitwiseCopyable>(_ region: ArenaRegion<Element>, _ block: Block)
    -> UnsafeMutableBufferPointer<Element>
  {
    let width = region.count / plan.sizes.batch
    return arena[region].slice(block.start * width, block.count * width)
  }

  // MARK: Of the block

  func value(_ tensor: Int, _ block: Block) -> MutableFloats {
    tensor == 0 ? rows(plan.batch.input, block) : place(plan.values, tensor, block)
  }

  func gradient(_ tensor: Int, _ block: Block) -> MutableFloats { place(plan.gradients, tensor, block) }

  /// Empty for a tensor that is never used.
  private func place(_ offsets: [Int?], _ tensor: Int, _ block: Block) -> MutableFloats {
    let tensor = plan.graph.tensors[tensor]
    guard let offset = offsets[tensor.storage] else { return MutableFloats(start: nil, count: 0) }
    return arena[plan.tensors[thread]].slice(offset, tensor.width * block.count)
  }

  func addition(_ slot: Int, _ tensor: Int, _ block: Block) -> MutableFloats {
    arena[plan.additions[thread][slot]].slice(0, plan.graph.tensors[tensor].width * block.count)
  }

  func state(_ node: Int, _ block: Block) -> MutableFloats { part(plan.nodes[node].state[thread], block) }
  func kept(_ node: Int, _ block: Block) -> MutableFloats { part(plan.nodes[node].kept[thread], block) }
  func winners(_ node: Int, _ block: Block) -> UnsafeMutableBufferPointer<UInt16> {
    part(plan.nodes[node].winners[thread], block)
  }

  private func part<Element: BitwiseCopyable>(_ region: ArenaRegion<Element>, _ block: Block)
    -> UnsafeMutableBufferPointer<Element>
  {
    arena[region].slice(0, region.count / plan.sizes.block * block.count)
  }

  // MARK: Of the thread, or of all

  var scratch: MutableFloats { arena[plan.scratch[thread]] }
  var accumulator: MutableFloats { arena[plan.accumulators[thread]] }
  func packedWeights(_ node: Int) -> MutableFloats { arena[plan.nodes[node].packedWeights] }
}

extension BlockBuffers.Views {
  fileprivate init(count: Int, thread: Int, plan: ExecutionPlan, arena: Arena) {
    self.count = count
    let groups = plan.groups.count
    squaredNorms = arena[plan.blockNorms[thread]].slice(0, groups * count)
    let groupFactors = arena[plan.blockFactors[thread]].slice(0, groups * count)
    self.groupFactors = groupFactors
    norms = plan.nodes.map { $0.norms[thread].map { arena[$0].slice(0, count) } }
    // A frozen parameter beside a trained one: its factors stay 0.
    let zeros = Floats(arena[plan.zeros]).slice(0, count)
    factors = plan.trained.map { trained in
      (trained?.parameters ?? []).map {
        let group = plan.groups.byParameter[$0]
        return group < 0 ? zeros : Floats(groupFactors).slice(group * count, count)
      }
    }
  }
}
