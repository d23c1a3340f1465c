import Tensors

/// Where one parameter tensor lies in the network's parameter buffer.
public struct ParameterSlice: Hashable, Sendable {
  /// As in torch's state dictionary: "0.weight".
  public let name: String
  /// Torch's layout: [outputs, inputs] for a dense layer, [filters, channels, height, width] for a convolution,
  /// [outputs] for a bias.
  public let shape: Shape
  public let offset: Int
  public var range: Range<Int> { offset..<offset + shape.count }
}

/// A feed-forward classifier: layers with their shapes worked out, and the places of their parameters in one contiguous
/// buffer. A pure description; `GradientEngine` runs it.
public struct Network: Sendable {
  /// [features] or [channels, height, width], without the batch.
  public let inputShape: Shape
  public let configurations: [LayerConfiguration]
  /// In the order of the layers; each weight is followed by its bias.
  public let parameters: [ParameterSlice]
  public let parameterCount: Int
  /// The number of logits.
  public let classCount: Int
  package let layers: [any Layer]

  /// - Throws: `NetworkError` that names the layer, also for shapes that do not fit; `TensorError` never escapes.
  public init(inputShape: Shape, layers configurations: [LayerConfiguration]) throws(NetworkError) {
    var shape = inputShape
    var layers: [any Layer] = []
    var parameters: [ParameterSlice] = []
    var names: Set<String> = []
    for (index, configuration) in configurations.enumerated() {
      do throws(TensorError) {
        let offset = parameters.last?.range.upperBound ?? 0
        let layer = try Self.layer(configuration, input: shape, offset: offset)
        _ = try checkedProduct([max(offset, 1), 1])
        layers.append(layer)
        shape = layer.outputShape
      } catch {
        throw .layer(index: index, reason: error.description)
      }
      if let layer = layers[index] as? any ParameterizedLayer {
        guard names.insert(layer.name).inserted else { throw .duplicateName(layer.name) }
        parameters += [layer.weight] + (layer.bias.map { [$0] } ?? [])
      }
    }
    guard let last = layers.last, last.outputShape.dimensions.count == 1 else {
      throw .output("a network must end in a vector of logits; it ends in \(shape)")
    }
    self.inputShape = inputShape
    self.configurations = configurations
    self.layers = layers
    self.parameters = parameters
    parameterCount = parameters.last?.range.upperBound ?? 0
    classCount = shape.count
  }

  /// The slice of that name; nil if there is none.
  public func parameter(named name: String) -> ParameterSlice? { parameters.first { $0.name == name } }

  private static func layer(
    _ configuration: LayerConfiguration, input: Shape, offset: Int
  ) throws(TensorError) -> any Layer {
    switch configuration {
    case .dense(let name, let outputs, let bias):
      try Dense(name: name, input: input, outputs: outputs, hasBias: bias, offset: offset)
    case .convolution(let name, let filters, let window, let bias):
      try Convolution(name: name, input: input, filters: filters, window: window, hasBias: bias, offset: offset)
    case .maxPool(let window): try MaxPool(input: input, window: window)
    case .averagePool(let window): try AveragePool(input: input, window: window)
    case .relu: Activation(function: .relu, shape: input)
    case .tanh: Activation(function: .tanh, shape: input)
    case .flatten: try Flatten(input: input)
    }
  }
}
