/// Pairs of layers that are computed in one, where the second alone reads the first. The nodes, the parameters and what they
/// mean stay the same.
struct Fusion {
  private(set) var layers: [any Layer]

  init(_ nodes: [LayerNode], _ layers: [any Layer]) {
    self.layers = layers
    var readers = [[Int]](repeating: [], count: nodes.count)
    for (index, node) in nodes.enumerated() {
      for input in node.inputs where input >= 0 { readers[input].append(index) }
      // It shares the table of a whole embedding, also where it does not read it.
      if case .tiedDense(let owner) = node.operation { readers[owner].append(index) }
    }
    for (index, node) in nodes.enumerated() {
      guard readers[index].count == 1, let reader = readers[index].first else { continue }
      switch (node.operation, nodes[reader].operation) {
      case (.embedding, .globalAveragePool):
        guard let embedding = layers[index] as? Embedding else { continue }
        self.layers[index] = MeanEmbedding(embedding, mean: layers[reader].outputShape)
        self.layers[reader] = AbsorbedLayer(layers[reader])
      case (.convolution, .activation(.relu)):
        guard let convolution = layers[index] as? Convolution, let relu = layers[reader] as? Activation else {
          continue
        }
        self.layers[index] = convolution.rectified()
        self.layers[reader] = relu.ofRectified()
      default: continue
      }
    }
  }
}
