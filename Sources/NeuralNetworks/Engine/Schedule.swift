/// In which order a block runs, and when each of its buffers is in use.
///
/// With N nodes: step i is the forward pass of node i, N the loss, 2N − i the backward pass and the norms of node i, and
/// 2N + 1 the gradient sums, which come last because a factor needs the norms of all layers. Where no norm is wanted the
/// sums run with the backward pass.
struct Schedule {
  /// Nodes whose backward pass runs, in the order of their numbers.
  let backward: [Int]
  /// By storage, and then by storage again for the gradients.
  let lifetimes: [BufferLifetime]
  /// By node and input: nil where no gradient is wanted, and whether it is the first to be written to its tensor's
  /// gradient; others are added.
  let wanted: [[GradientTarget?]]
  /// Tensors whose values the gradient sums, or a second backward pass, read.
  let valuesReadLast: [Int]
  /// Tensors whose gradients the gradient sums read.
  let gradientsReadLast: [Int]
  /// The greatest width of a tensor whose gradient is a sum.
  let additionWidth: Int

  enum GradientTarget { case first, addition }

  init(
    _ network: Network, _ graph: TensorGraph, _ trained: [TrainedLayer?], mode: GradientMode,
    strategy: GradientStrategy
  ) {
    let count = network.layers.count
    let end = 2 * count + 1
    var values = [BufferLifetime](repeating: BufferLifetime(width: 0), count: graph.storageCount)
    for tensor in graph.tensors { values[tensor.storage] = BufferLifetime(width: tensor.width) }
    var gradients = values
    func touch(_ buffers: inout [BufferLifetime], _ tensor: Int, at step: Int) {
      buffers[graph.tensors[tensor].storage].use(at: step)
    }

    let backward = (0..<count).filter {
      network.layers[$0].outputStorage != .sameAsInput && graph.tensors[graph.outputs[$0]].needsGradient
    }
    for index in 0..<count {
      for tensor in graph.inputs[index] + [graph.outputs[index]] { touch(&values, tensor, at: index) }
    }
    touch(&values, graph.output, at: count)
    touch(&gradients, graph.output, at: count)

    var written: Set<Int> = []
    var wanted = [[GradientTarget?]](repeating: [], count: count)
    var additionWidth = 0
    for index in backward.reversed() {
      let step = 2 * count - index
      let reads = network.layers[index].backwardReads
      touch(&gradients, graph.outputs[index], at: step)
      if reads.contains(.output) { touch(&values, graph.outputs[index], at: step) }
      for tensor in graph.inputs[index] {
        if reads.contains(.input) { touch(&values, tensor, at: step) }
        guard graph.tensors[tensor].needsGradient else {
          wanted[index].append(nil)
          continue
        }
        touch(&gradients, tensor, at: step)
        if written.insert(tensor).inserted {
          wanted[index].append(.first)
        } else {
          wanted[index].append(.addition)
          additionWidth = max(additionWidth, graph.tensors[tensor].width)
        }
      }
    }
    var valuesReadLast: Set<Int> = [], gradientsReadLast: Set<Int> = []
    if mode == .perExample {
      // Gradients are there again in a second backward pass; without one the sums need those of the first.
      let isRepeated = strategy.hasSecondBackwardPass
      let owners = Set(network.layers.compactMap { ($0 as? any TiedLayer)?.owner })
      for index in backward {
        // Cross terms are part of the norms, and there only once both layers of a pair are through.
        let hasCrossTerms = owners.contains(index) || network.layers[index] is any TiedLayer
        let sumReads = trained[index].map { $0.layer.sumReadsTensors($0.method) } ?? false
        guard isRepeated || sumReads || hasCrossTerms else { continue }
        if !isRepeated || hasCrossTerms { gradientsReadLast.insert(graph.outputs[index]) }
        let reads = network.layers[index].backwardReads
        if reads.contains(.output) { valuesReadLast.insert(graph.outputs[index]) }
        if reads.contains(.input) { valuesReadLast.formUnion(graph.inputs[index]) }
      }
      if isRepeated { valuesReadLast.insert(graph.output) }
      for tensor in valuesReadLast { touch(&values, tensor, at: end) }
      for tensor in gradientsReadLast { touch(&gradients, tensor, at: end) }
    }
    self.valuesReadLast = valuesReadLast.sorted()
    self.gradientsReadLast = gradientsReadLast.sorted()
    self.backward = backward
    self.wanted = wanted
    self.additionWidth = additionWidth
    lifetimes = values.enumerated().map { $0.offset == 0 ? BufferLifetime(width: 0) : $0.element } + gradients
  }
}
