/// A network in PyTorch: what `model.safetensors` loads into.
public struct TorchModel: Hashable, Sendable {
  /// An expression with `nn` standing for `torch.nn`, where the network is an `nn.Sequential`; nil for other graphs.
  public let expression: String?
  /// A line a module, or, where there is no expression, a line an operation.
  public let listing: [String]
  /// A program after which `model` is the module; it takes a batch of examples, token ids as integers.
  public let source: String

  /// - Parameter names: what callers named; a network with names of its own is no `nn.Sequential`.
  init(layers: [ResolvedLayer], names: Set<String>) {
    if names.isEmpty, let modules = Self.sequence(layers) {
      listing = modules
      let expression = "nn.Sequential(\(modules.joined(separator: ", ")))"
      self.expression = expression
      source = "from torch import nn\n\nmodel = \(expression)\n"
    } else {
      expression = nil
      let graph = TorchGraph(layers: layers)
      listing = graph.listing
      source = graph.source
    }
  }

  /// The modules of a network of which each layer reads the one before it; nil for any other.
  private static func sequence(_ layers: [ResolvedLayer]) -> [String]? {
    var modules: [String] = []
    for (index, layer) in layers.enumerated() {
      guard layer.inputs == [index - 1], let own = TorchModule.modules(of: layer.kind, inputs: layer.inputShapes) else {
        return nil
      }
      modules += own
      // Inside a block numbers begin again.
      guard layer.name == String(modules.count - 1) else { return nil }
    }
    return modules
  }
}

/// The text of an `nn.Module` with a line for each operation.
private struct TorchGraph {
  let layers: [ResolvedLayer]

  var listing: [String] {
    layers.indices.map { index in
      let layer = layers[index]
      let module = TorchModule.module(of: layer.kind, input: layer.input).map { " \($0)" } ?? ""
      return "\(variable(index)) = \(layer.name):\(module) \(operation(index))"
    }
  }

  var source: String {
    let members = layers.compactMap(member).map { "        \($0)" }
    let steps = layers.indices.map { "        \(variable($0)) = \(operation($0))" }
    return """
      import torch
      from torch import nn
      from torch.nn import functional as F


      def put(root, path, value):
          *parents, last = path.split(".")
          for part in parents:
              root = root._modules.setdefault(part, nn.Module())
          if isinstance(value, nn.Parameter):
              root._parameters[last] = value
          else:
              root._modules[last] = value


      def attend(q, k, v, heads, causal):
          q, k, v = (z.unflatten(-1, (heads, -1)).transpose(-3, -2) for z in (q, k, v))
          return F.scaled_dot_product_attention(q, k, v, is_causal=causal).transpose(-3, -2).flatten(-2)


      class Model(nn.Module):
          def __init__(self):
              super().__init__()
      \(members.joined(separator: "\n"))

          def forward(self, x):
              m, p = dict(self.named_modules()), dict(self.named_parameters())
      \(steps.joined(separator: "\n"))
              return \(variable(layers.count - 1))


      model = Model()

      """
  }

  private func variable(_ index: Int) -> String { index < 0 ? "x" : "x\(index)" }

  /// What holds the parameters of a layer.
  private func member(_ layer: ResolvedLayer) -> String? {
    if case .positionEmbedding = layer.kind {
      let shape = layer.output.dimensions.map(String.init).joined(separator: ", ")
      return "put(self, \"\(layer.name)\", nn.Parameter(torch.zeros(\(shape))))"
    }
    guard isModule(layer), let module = TorchModule.module(of: layer.kind, input: layer.input) else { return nil }
    return "put(self, \"\(layer.name)\", \(module))"
  }

  /// Activations are called in place: blocks have several of the same name.
  private func isModule(_ layer: ResolvedLayer) -> Bool { !layer.parameterShapes.isEmpty }

  private func operation(_ index: Int) -> String {
    let layer = layers[index]
    let inputs = layer.inputs.map(variable)
    let x = inputs[0]
    switch layer.kind {
    case .tiedDense(let embedding): return "F.linear(\(x), p[\"\(layers[embedding].name).weight\"])"
    case .positionEmbedding: return "\(x) + p[\"\(layer.name)\"]"
    case .globalAveragePooling: return isImage(layer) ? "\(x).mean((2, 3))" : "\(x).mean(1)"
    case .globalMaxPooling: return isImage(layer) ? "\(x).amax((2, 3))" : "\(x).amax(1)"
    case .position(.first): return "\(x)[:, 0]"
    case .position(.last): return "\(x)[:, -1]"
    case .attention(let heads, let isCausal):
      return "attend(\(inputs.joined(separator: ", ")), \(heads), \(isCausal ? "True" : "False"))"
    case .add: return inputs.joined(separator: " + ")
    case .flatten: return "\(x).flatten(1)"
    case .positions: return "\(x).flatten(2).transpose(1, 2)"
    case .dropout(let rate): return "F.dropout(\(x), \(rate), self.training)"
    case .recurrent: return "\(call(layer, x))[0]"
    case .convolution(let convolution):
      return channelsFirst(layer, x) { call(layer, padded($0, convolution)) }
    case .maxPooling, .averagePooling, .groupNorm: return channelsFirst(layer, x) { call(layer, $0) }
    case .dense, .embedding, .layerNorm, .rmsNorm, .activation: return call(layer, x)
    }
  }

  private func isImage(_ layer: ResolvedLayer) -> Bool { if case .image = layer.input { true } else { false } }

  private func call(_ layer: ResolvedLayer, _ x: String) -> String {
    if isModule(layer) { return "m[\"\(layer.name)\"](\(x))" }
    return "\(TorchModule.module(of: layer.kind, input: layer.input) ?? "")(\(x))"
  }

  /// Torch has the channels of a sequence before its positions where windows or groups are concerned.
  private func channelsFirst(_ layer: ResolvedLayer, _ x: String, _ body: (String) -> String) -> String {
    isImage(layer) ? body(x) : "\(body("\(x).transpose(1, 2)")).transpose(1, 2)"
  }

  private func padded(_ x: String, _ layer: ConvolutionLayer) -> String {
    guard !layer.padding.isSymmetric else { return x }
    let zeros = layer.padding
    let sides = [zeros.left, zeros.right] + (layer.spatial == .one ? [] : [zeros.top, zeros.bottom])
    return "F.pad(\(x), (\(sides.map(String.init).joined(separator: ", "))))"
  }
}
