extension TensorShape {
  /// Numbers at one place: the length of a vector, or the channels.
  var channels: Int {
    switch self {
    case .features(let count): count
    case .sequence(_, let channels), .image(let channels, _, _): channels
    }
  }

  /// Pixels or positions; 1 for a vector.
  var placeCount: Int {
    switch self {
    case .features: 1
    case .sequence(let length, _): length
    case .image(_, let height, let width): saturatingProduct([height, width])
    }
  }
}

extension ResolvedLayer {
  /// Names and shapes of its parameter tensors in torch's layout and order. The empty name is a parameter called as the layer
  /// itself.
  public var parameterShapes: [(name: String, shape: [Int])] {
    func weightAndBias(_ weight: [Int], _ bias: Int?) -> [(name: String, shape: [Int])] {
      [("weight", weight)] + (bias.map { [("bias", [$0])] } ?? [])
    }
    switch kind {
    case .dense(let layer): return weightAndBias([layer.outputs, layer.inputs], layer.hasBias ? layer.outputs : nil)
    case .convolution(let layer): return weightAndBias(layer.weightShape, layer.hasBias ? layer.filters : nil)
    case .embedding(let layer): return weightAndBias([layer.vocabularySize, layer.dimension], nil)
    case .positionEmbedding: return [("", output.dimensions)]
    case .recurrent(let cell, let units):
      let rows = saturatingProduct([cell.gateCount, units])
      return [
        ("weight_ih_l0", [rows, input.channels]), ("weight_hh_l0", [rows, units]), ("bias_ih_l0", [rows]),
        ("bias_hh_l0", [rows]),
      ]
    case .layerNorm, .groupNorm: return weightAndBias([input.channels], input.channels)
    case .rmsNorm: return weightAndBias([input.channels], nil)
    case .tiedDense, .maxPooling, .averagePooling, .globalAveragePooling, .globalMaxPooling, .position, .attention,
      .add,
      .dropout, .activation, .flatten, .positions:
      return []
    }
  }

  /// Numbers learnt in this layer; `Int.max` where the count would not fit.
  public var parameterCount: Int { saturatingSum(parameterShapes.map { saturatingProduct($0.shape) }) }

  /// Floating-point operations of the forward pass of one example, a multiplication and an addition counted apart.
  /// A Double: an estimate may be larger than any integer type.
  public var forwardOperations: Double {
    let outputs = Double(output.elementCount)
    switch kind {
    case .dense(let layer): return 2 * outputs * Double(layer.inputs)
    case .tiedDense: return 2 * outputs * Double(input.channels)
    case .convolution(let layer):
      return 2 * outputs * Double(layer.channels / layer.groups) * Double(layer.kernel.height)
        * Double(layer.kernel.width)
    case .maxPooling(let layer), .averagePooling(let layer):
      return outputs * Double(layer.window.height) * Double(layer.window.width)
    case .recurrent(let cell, let units):
      let perPosition = 2 * Double(cell.gateCount) * Double(units) * (Double(input.channels) + Double(units))
      return perPosition * Double(input.placeCount)
    case .attention:
      // The products QKᵀ and PV, each T·T·D, and a softmax of T·T a head.
      return 4 * Double(input.placeCount) * Double(input.elementCount)
    case .activation(.relu): return outputs
    case .layerNorm, .rmsNorm, .groupNorm, .activation: return 8 * outputs
    case .globalAveragePooling, .globalMaxPooling: return Double(input.elementCount)
    case .embedding, .positionEmbedding, .add, .dropout: return outputs
    case .position, .flatten, .positions: return 0
    }
  }

  /// Numbers of one example that it leaves for its backward pass beside its output: gates, probabilities, statistics.
  var stateCount: Int {
    switch kind {
    case .recurrent(.lstm, let units): saturatingProduct([input.placeCount, units, 6])
    case .recurrent(.gru, let units): saturatingProduct([input.placeCount, units, 5])
    case .attention(let heads, _): saturatingProduct([heads, input.placeCount, input.placeCount])
    case .layerNorm, .rmsNorm: saturatingProduct([input.placeCount, 2])
    case .groupNorm(let groups, _): saturatingProduct([groups, 2])
    case .maxPooling, .globalMaxPooling: output.elementCount
    default: 0
    }
  }
}
