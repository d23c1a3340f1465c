import NeuralNetworks
import Planning
import Tensors

extension Network {
  /// The network of a plan. Parameters have the names they would have in the equivalent `torch.nn.Sequential`
  /// (`ModelArchitecture.torchModules`): "0.weight", "0.bias", "3.weight", …
  ///
  /// - Throws: `NetworkError`; a resolved architecture has shapes that fit, so only sizes beyond this machine remain.
  public init(_ architecture: ModelArchitecture) throws(NetworkError) {
    let shape: Shape
    do throws(TensorError) {
      shape = try Shape(architecture.input.dimensions)
    } catch {
      throw .output("an example of shape \(architecture.input): \(error)")
    }
    try self.init(
      inputShape: shape,
      nodes: LayerNode.chain(architecture.layers.map { (String($0.moduleIndex), LayerConfiguration($0)) }))
  }
}

extension LayerConfiguration {
  init(_ layer: ResolvedLayer) {
    switch layer.kind {
    case .dense(let dense):
      self = .dense(outputs: dense.outputs, bias: dense.hasBias)
    case .convolution(let convolution):
      let window = Window(
        kernel: convolution.kernel, strides: convolution.strides,
        padding: Tensors.Padding(
          top: convolution.padding.top, left: convolution.padding.left, bottom: convolution.padding.bottom,
          right: convolution.padding.right))
      self = .convolution(filters: convolution.filters, window: window, bias: convolution.hasBias)
    case .maxPooling(let pool):
      self = .maxPool(Window(kernel: pool.window, strides: pool.strides))
    case .averagePooling(let pool):
      self = .averagePool(Window(kernel: pool.window, strides: pool.strides))
    case .flatten: self = .flatten
    case .activation(.relu): self = .relu
    case .activation(.tanh): self = .tanh
    }
  }
}

extension Window {
  fileprivate init(kernel: Extent, strides: Extent, padding: Tensors.Padding = .none) {
    self.init(
      kernel: (kernel.height, kernel.width), stride: (strides.height, strides.width), padding: padding)
  }
}
