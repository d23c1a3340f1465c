import NeuralNetworks
import Planning
import Tensors

extension Network {
  /// The network of a plan. Parameters have the names they have in the equivalent torch module
  /// (`ModelArchitecture.torch`), and the order of `ModelArchitecture.parameters`.
  ///
  /// - Throws: `NetworkError`; a resolved architecture has shapes that fit, so only sizes beyond this machine remain.
  public init(_ architecture: ModelArchitecture) throws(NetworkError) {
    let shape: Shape
    do throws(TensorError) {
      shape = try Shape(architecture.input.dimensions)
    } catch {
      throw .output("an example of shape \(architecture.input): \(error)")
    }
    let nodes = architecture.layers.map { LayerNode(name: $0.name, LayerConfiguration($0), inputs: $0.inputs) }
    try self.init(inputShape: shape, nodes: nodes, loss: Loss(architecture.loss))
  }
}

extension Loss {
  init(_ loss: LossFunction) {
    self =
      switch loss {
      case .softmaxCrossEntropy: .softmaxCrossEntropy
      case .tokenCrossEntropy: .tokenCrossEntropy
      case .binaryCrossEntropy: .binaryCrossEntropy
      case .meanSquaredError: .meanSquaredError
      }
  }
}

extension LayerConfiguration {
  init(_ layer: ResolvedLayer) {
    self =
      switch layer.kind {
      case .dense(let dense): .dense(outputs: dense.outputs, bias: dense.hasBias)
      case .tiedDense(let embedding): .tiedDense(embedding: embedding)
      case .convolution(let convolution): Self.convolution(convolution)
      case .maxPooling(let pool): .maxPool(Window(pool))
      case .averagePooling(let pool): .averagePool(Window(pool))
      case .globalAveragePooling: .globalAveragePool
      case .globalMaxPooling: .globalMaxPool
      case .position(.first): .position(.first)
      case .position(.last): .position(.last)
      case .embedding(let table):
        .embedding(vocabulary: table.vocabularySize, dimension: table.dimension, paddingIndex: table.paddingIndex)
      case .positionEmbedding: .positionEmbedding
      case .recurrent(.lstm, let units): .lstm(units: units)
      case .recurrent(.gru, let units): .gru(units: units)
      case .layerNorm(let epsilon): .layerNorm(epsilon: epsilon)
      case .rmsNorm(let epsilon): .rmsNorm(epsilon: epsilon)
      case .groupNorm(let groups, let epsilon): .groupNorm(groups: groups, epsilon: epsilon)
      case .attention(let heads, let isCausal): .scaledDotProductAttention(heads: heads, isCausal: isCausal)
      case .add: .add
      case .dropout(let rate): .dropout(rate: rate)
      case .activation(let activation): .activation(ActivationFunction(activation))
      case .flatten: .flatten
      case .positions: .positions
      }
  }

  private static func convolution(_ layer: ConvolutionLayer) -> LayerConfiguration {
    let zeros = layer.padding
    let window = Window(
      kernel: (layer.kernel.height, layer.kernel.width), stride: (layer.strides.height, layer.strides.width),
      padding: Tensors.Padding(top: zeros.top, left: zeros.left, bottom: zeros.bottom, right: zeros.right))
    return .convolution(
      filters: layer.filters, window: window,
      dilation: Extent2(height: layer.dilation.height, width: layer.dilation.width), groups: layer.groups,
      bias: layer.hasBias)
  }
}

extension ActivationFunction {
  init(_ activation: Planning.Activation) {
    self =
      switch activation {
      case .relu: .relu
      case .tanh: .tanh
      case .sigmoid: .sigmoid
      case .silu: .silu
      case .elu: .elu
      case .gelu: .gelu
      case .geluTanh: .geluTanh
      }
  }
}

extension Window {
  fileprivate init(_ pool: PoolingLayer) {
    let zeros = pool.padding
    self.init(
      kernel: (pool.window.height, pool.window.width), stride: (pool.strides.height, pool.strides.width),
      padding: Tensors.Padding(top: zeros.height, left: zeros.width, bottom: zeros.height, right: zeros.width))
  }
}
