/// Which tensors the nodes of a network read and write, and which of them share a place in memory.
///
/// Tensor 0 is the network's input. A node whose output is its input seen otherwise adds no tensor; one that works in
/// place adds a tensor with its input's storage. A tensor's gradient lies in the gradient storage of the same number.
struct TensorGraph {
  struct Tensor {
    /// Elements an example.
    let width: Int
    let storage: Int
    /// Nil for the network's input.
    let producer: Int?
    /// Nodes that read it, in ascending order; twice where a node reads it twice.
    fileprivate(set) var readers: [Int] = []
    /// Whether a trainable parameter lies before it, so that backward has to go through it.
    fileprivate(set) var needsGradient = false
  }

  private(set) var tensors: [Tensor]
  /// By node.
  private(set) var inputs: [[Int]] = []
  private(set) var outputs: [Int] = []
  private(set) var storageCount = 1

  /// - Parameter isTrained: by node, whether the gradient of a parameter of its own is wanted.
  init(_ network: Network, isTrained: [Bool]) {
    tensors = [Tensor(width: network.inputShape.count, storage: 0, producer: nil)]
    for (index, node) in network.nodes.enumerated() {
      let read = node.inputs.map { $0 < 0 ? 0 : outputs[$0] }
      inputs.append(read)
      if network.layers[index].outputStorage == .sameAsInput {
        outputs.append(read[0])
      } else {
        for tensor in read { tensors[tensor].readers.append(index) }
        tensors.append(Tensor(width: network.layers[index].outputShape.count, storage: 0, producer: index))
        outputs.append(tensors.count - 1)
      }
    }
    for tensor in tensors.indices.dropFirst() {
      guard let producer = tensors[tensor].producer else { continue }
      let input = inputs[producer][0]
      let storage: Int
      if network.layers[producer].outputStorage == .overInput, mayOverwrite(input, network.layers) {
        storage = tensors[input].storage
      } else {
        storage = storageCount
        storageCount += 1
      }
      let old = tensors[tensor]
      tensors[tensor] = Tensor(
        width: old.width, storage: storage, producer: producer, readers: old.readers,
        needsGradient: isTrained[producer] || inputs[producer].contains { tensors[$0].needsGradient })
    }
  }

  /// The network's output.
  var output: Int { outputs[outputs.count - 1] }

  /// The caller's input is not ours to overwrite, nor what another node reads or what its producer needs again.
  private func mayOverwrite(_ tensor: Int, _ layers: [any Layer]) -> Bool {
    guard let producer = tensors[tensor].producer else { return false }
    return tensors[tensor].readers.count == 1 && !layers[producer].backwardReads.contains(.output)
  }
}
