/// The PyTorch modules that a layer is, so that a trained model loads into an `nn.Sequential` by its names.
enum TorchModule {
  /// One entry a module; the last is the layer itself. A convolution with uneven padding is two modules, because
  /// `nn.Conv2d` can only pad both sides alike.
  static func descriptions(of kind: ResolvedLayer.Kind) -> [String] {
    switch kind {
    case .dense(let layer):
      return ["nn.Linear(\(layer.inputs), \(layer.outputs)\(bias(layer.hasBias)))"]
    case .convolution(let layer):
      let convolution =
        "nn.Conv2d(\(layer.channels), \(layer.filters), \(pair(layer.kernel)), stride=\(pair(layer.strides))"
      guard layer.padding.isSymmetric else {
        let zeros = layer.padding
        return [
          "nn.ZeroPad2d((\(zeros.left), \(zeros.right), \(zeros.top), \(zeros.bottom)))",
          convolution + bias(layer.hasBias) + ")",
        ]
      }
      let padding = Extent(height: layer.padding.top, width: layer.padding.left)
      return [convolution + ", padding=\(pair(padding))" + bias(layer.hasBias) + ")"]
    case .maxPooling(let layer):
      return ["nn.MaxPool2d(\(pair(layer.window)), stride=\(pair(layer.strides)))"]
    case .averagePooling(let layer):
      return ["nn.AvgPool2d(\(pair(layer.window)), stride=\(pair(layer.strides)))"]
    case .flatten: return ["nn.Flatten()"]
    case .activation(.relu): return ["nn.ReLU()"]
    case .activation(.tanh): return ["nn.Tanh()"]
    }
  }

  private static func pair(_ extent: Extent) -> String {
    extent.height == extent.width ? "\(extent.height)" : "(\(extent.height), \(extent.width))"
  }

  private static func bias(_ hasBias: Bool) -> String {
    hasBias ? "" : ", bias=False"
  }
}
