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
    case .activation(let function): try Activation(function: function, shape: one())
    case .flatten: try Flatten(input: one())
    default: throw .shape("no layer computes \(node.operation)")
    }
  }

  /// The only input.
  private func one() throws(TensorError) -> Shape {
    try take(1)
    return inputs[0]
  }

  private func take(_ count: Int) throws(TensorError) {
    guard inputs.count == count else { throw .shape("it takes \(count) inputs, not \(inputs.count)") }
  }
}
