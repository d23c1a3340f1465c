import Tensors

/// A network as a graph: layers with their shapes worked out, and the places of their parameters in one contiguous
/// buffer. A pure description; `GradientEngine` runs it.
public struct Network: Sendable {
  /// [C], [T, C] or [C, H, W], without the batch; [T] for token ids.
  public let inputShape: Shape
  public let nodes: [LayerNode]
  public let loss: Loss
  /// In the order of the nodes, and of torch within a node. A tied layer adds none.
  public let parameters: [ParameterSlice]
  public let parameterCount: Int
  /// What the last node gives.
  public let outputShape: Shape
  /// Targets of one example.
  public let targetCount: Int
  /// For token ids: they lie in 0..<vocabulary. Nil where the input is features.
  public let vocabulary: Int?
  package let layers: [any Layer]

  /// - Throws: `NetworkError` that names the node, also for shapes that do not fit; `TensorError` never escapes.
  public init(
    inputShape: Shape, nodes: [LayerNode], loss: Loss = .softmaxCrossEntropy
  ) throws(NetworkError) {
    var layers: [any Layer] = []
    var parameters: [ParameterSlice] = []
    var names: Set<String> = []
    for (index, node) in nodes.enumerated() {
      let offset = parameters.last?.range.upperBound ?? 0
      do throws(TensorError) {
        guard node.inputs.allSatisfy({ $0 >= -1 && $0 < index }) else {
          throw .shape("its inputs \(node.inputs) are not all earlier layers")
        }
        let factory = LayerFactory(
          node: node, inputs: node.inputs.map { $0 < 0 ? inputShape : layers[$0].outputShape }, offset: offset,
          earlier: layers)
        layers.append(try factory.layer())
      } catch {
        throw .layer(index: index, name: node.name, reason: error.description)
      }
      guard let layer = layers[index] as? any ParameterizedLayer, !(layer is any TiedLayer) else { continue }
      guard names.insert(node.name).inserted else { throw .duplicateName(node.name) }
      parameters += layer.parameters
      guard let end = parameters.last?.range.upperBound, end <= maximumElementCount else {
        throw .layer(index: index, name: node.name, reason: TensorError.tooLarge([offset]).description)
      }
    }
    let used = Set(nodes.flatMap(\.inputs))
    if let unused = nodes.indices.dropLast().first(where: { !used.contains($0) }) {
      throw .layer(index: unused, name: nodes[unused].name, reason: "nothing reads its output")
    }
    guard let last = layers.last else { throw .output("a network needs a layer") }
    self.inputShape = inputShape
    self.nodes = nodes
    self.loss = loss
    self.layers = Fusion(nodes, layers).layers
    self.parameters = parameters
    parameterCount = parameters.last?.range.upperBound ?? 0
    outputShape = last.outputShape
    targetCount = try loss.targetCount(output: last.outputShape)
    vocabulary = nodes.compactMap {
      if case .embedding(let vocabulary, _, _) = $0.operation { vocabulary } else { nil }
    }.min()
  }

  /// Layers of which each reads the one before it, named "0", "1", …
  /// - Throws: `NetworkError`.
  public init(
    inputShape: Shape, layers: [LayerConfiguration], loss: Loss = .softmaxCrossEntropy
  ) throws(NetworkError) {
    try self.init(inputShape: inputShape, nodes: LayerNode.chain(layers), loss: loss)
  }

  /// The last dimension of the output: the classes of a classifier.
  public var classCount: Int { outputShape.dimensions[outputShape.dimensions.count - 1] }

  /// The slice of that name; nil if there is none.
  public func parameter(named name: String) -> ParameterSlice? { parameters.first { $0.name == name } }
}
