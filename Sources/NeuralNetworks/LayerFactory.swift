import Tensors

/// Makes the layer of a node, whose inputs' shapes are known by now.
struct LayerFactory {
  let node: LayerNode
  let inputs: [Shape]
  /// Where the layer's parameters begin.
  let offset: Int
  /// The layers of the nodes before this one.
  let earlier: [any Layer]

  /// - Throws: `TensorError` for inputs that the operation cannot take and sizes that do not fit.
  func layer() throws(TensorError) -> any Layer {
    switch node.operation {
    case .dense(let outputs, let bias):
      try Dense(name: node.name, input: one(), outputs: outputs, hasBias: bias, offset: offset)
    case .convolution(let filters, let window, let dilation, let groups, let bias):
      try Convolution(
        name: node.name, input: one(), filters: filters, window: window, dilation: dilation, groups: groups,
        hasBias: bias, offset: offset)
    case .maxPool(let window): try MaxPool(input: one(), window: window)
    case .averagePool(let window): try AveragePool(input: one(), window: window)
    case .globalMaxPool: try MaxPool(input: one(), window: nil)
    case .globalAveragePool: try AveragePool(input: one(), window: nil)
    case .position(let choice): try Position(input: one(), choice: choice)
    case .positions: try Positions(input: one())
    case .add: try two { (first, second) throws(TensorError) in try Add(first, second) }
    case .dropout(let rate): try Dropout(input: one(), rate: rate, index: earlier.count)
    case .activation(let function): Activation(function: function, shape: try one())
    case .flatten: try Flatten(input: one())
    case .tiedDense(let owner):
      try TiedDense(input: one(), owner: owner, embedding: embedding(owner))
    case .embedding(let vocabulary, let dimension, let paddingIndex):
      try Embedding(
        name: node.name, input: one(), vocabulary: vocabulary, dimension: dimension, paddingIndex: paddingIndex,
        offset: offset)
    case .positionEmbedding: try PositionEmbedding(name: node.name, input: one(), offset: offset)
    case .lstm(let units):
      try Recurrent(name: node.name, cell: .lstm, input: one(), units: units, offset: offset)
    case .gru(let units):
      try Recurrent(name: node.name, cell: .gru, input: one(), units: units, offset: offset)
    case .layerNorm(let epsilon): try normalization(.layer, epsilon)
    case .rmsNorm(let epsilon): try normalization(.rootMeanSquare, epsilon)
    case .groupNorm(let groups, let epsilon): try normalization(.group(groups), epsilon)
    case .scaledDotProductAttention(let heads, let isCausal):
      try ScaledDotProductAttention(inputs: inputs, heads: heads, isCausal: isCausal)
    }
  }

  private func normalization(_ kind: Normalization.Kind, _ epsilon: Double) throws(TensorError) -> any Layer {
    try NormalizationLayer(name: node.name, kind: kind, epsilon: epsilon, input: one(), offset: offset)
  }

  private func embedding(_ index: Int) throws(TensorError) -> Embedding {
    guard earlier.indices.contains(index), let embedding = earlier[index] as? Embedding else {
      throw .shape("node \(index), whose table it shares, is not an embedding before it")
    }
    return embedding
  }

  /// The only input.
  private func one() throws(TensorError) -> Shape {
    try take(1)
    return inputs[0]
  }

  private func two(
    _ make: (Shape, Shape) throws(TensorError) -> any Layer
  ) throws(TensorError) -> any Layer {
    try take(2)
    return try make(inputs[0], inputs[1])
  }

  private func take(_ count: Int) throws(TensorError) {
    guard inputs.count == count else { throw .shape("it takes \(count) inputs, not \(inputs.count)") }
  }
}
