/// The `torch.nn` modules that do what a layer does, so that a trained model's parameters load by their names.
enum TorchModule {
  /// As entries of an `nn.Sequential`, the last of them the layer itself; nil where no module of one input does it. A
  /// convolution with uneven padding is two modules, because `nn.Conv2d` can only pad both sides alike.
  static func modules(of kind: ResolvedLayer.Kind, inputs: [TensorShape]) -> [String]? {
    guard inputs.count == 1 else { return nil }
    switch (kind, inputs[0]) {
    case (.convolution(let layer), .image):
      let zeros = layer.padding
      guard !zeros.isSymmetric else { return [module(of: kind, input: inputs[0])].compactMap { $0 } }
      return [
        "nn.ZeroPad2d((\(zeros.left), \(zeros.right), \(zeros.top), \(zeros.bottom)))",
        convolution(layer, padding: nil),
      ]
    case (.globalAveragePooling, .image): return ["nn.AdaptiveAvgPool2d(1)", "nn.Flatten()"]
    case (.globalMaxPooling, .image): return ["nn.AdaptiveMaxPool2d(1)", "nn.Flatten()"]
    case (.maxPooling, .image), (.averagePooling, .image), (.groupNorm, .image), (.dense, _), (.embedding, _),
      (.layerNorm, _), (.rmsNorm, _), (.dropout, _), (.activation, _), (.flatten, _):
      return module(of: kind, input: inputs[0]).map { [$0] }
    default: return nil
    }
  }

  /// The module that holds the layer's parameters or does its work on the torch layout of its input, channels before
  /// pixels or positions for convolutions, pools and group norms; nil where a function does.
  static func module(of kind: ResolvedLayer.Kind, input: TensorShape) -> String? {
    switch kind {
    case .dense(let layer): "nn.Linear(\(layer.inputs), \(layer.outputs)\(bias(layer.hasBias)))"
    case .convolution(let layer):
      convolution(
        layer, padding: layer.padding.isSymmetric ? Extent(height: layer.padding.top, width: layer.padding.left) : nil)
    case .maxPooling(let layer): "nn.MaxPool\(pool(layer, input))"
    case .averagePooling(let layer):
      "nn.AvgPool\(pool(layer, input, excludesPadding: true))"
    case .embedding(let layer):
      "nn.Embedding(\(layer.vocabularySize), \(layer.dimension)"
        + (layer.paddingIndex.map { ", padding_idx=\($0)" } ?? "") + ")"
    case .recurrent(.lstm, let units): "nn.LSTM(\(input.channels), \(units), batch_first=True)"
    case .recurrent(.gru, let units): "nn.GRU(\(input.channels), \(units), batch_first=True)"
    case .layerNorm(let epsilon): "nn.LayerNorm(\(input.channels), eps=\(epsilon))"
    case .rmsNorm(let epsilon): "nn.RMSNorm(\(input.channels), eps=\(epsilon))"
    case .groupNorm(let groups, let epsilon): "nn.GroupNorm(\(groups), \(input.channels), eps=\(epsilon))"
    case .dropout(let rate): "nn.Dropout(\(rate))"
    case .activation(let activation): self.activation(activation)
    case .flatten: "nn.Flatten()"
    case .tiedDense, .globalAveragePooling, .globalMaxPooling, .position, .positionEmbedding, .attention, .add,
      .positions:
      nil
    }
  }

  private static func convolution(_ layer: ConvolutionLayer, padding: Extent?) -> String {
    var text = layer.spatial == .one ? "nn.Conv1d(" : "nn.Conv2d("
    text += "\(layer.channels), \(layer.filters), \(pair(layer.kernel, layer.spatial))"
    text += ", stride=\(pair(layer.strides, layer.spatial))"
    if let padding { text += ", padding=\(pair(padding, layer.spatial))" }
    if layer.dilation != Extent(1) { text += ", dilation=\(pair(layer.dilation, layer.spatial))" }
    if layer.groups != 1 { text += ", groups=\(layer.groups)" }
    return text + bias(layer.hasBias) + ")"
  }

  private static func pool(_ layer: PoolingLayer, _ input: TensorShape, excludesPadding: Bool = false) -> String {
    let spatial: Spatial = if case .sequence = input { .one } else { .two }
    var text = "\(spatial == .one ? "1" : "2")d(\(pair(layer.window, spatial)), stride=\(pair(layer.strides, spatial))"
    if layer.padding != Extent(0) {
      text += ", padding=\(pair(layer.padding, spatial))" + (excludesPadding ? ", count_include_pad=False" : "")
    }
    return text + ")"
  }

  private static func activation(_ activation: Activation) -> String {
    switch activation {
    case .relu: "nn.ReLU()"
    case .tanh: "nn.Tanh()"
    case .sigmoid: "nn.Sigmoid()"
    case .silu: "nn.SiLU()"
    case .elu: "nn.ELU()"
    case .gelu: "nn.GELU()"
    case .geluTanh: "nn.GELU(approximate='tanh')"
    }
  }

  private static func pair(_ extent: Extent, _ spatial: Spatial) -> String {
    spatial == .one || extent.height == extent.width ? "\(extent.width)" : "(\(extent.height), \(extent.width))"
  }

  private static func bias(_ hasBias: Bool) -> String {
    hasBias ? "" : ", bias=False"
  }
}
