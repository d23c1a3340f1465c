/// One tensor that is learnt, or would be if it were not frozen.
public struct ParameterTensor: Hashable, Sendable {
  /// Its name in torch's state dictionary: `3.weight`.
  public let name: String
  /// Torch's layout.
  public let shape: [Int]
  /// The place of its layer in `ModelArchitecture.layers`.
  public let layer: Int
  /// What it is clipped with in mode `per_block`.
  public let block: Int
  /// False for what `freeze` names: it keeps its initial value and gets no noise.
  public let isTrained: Bool

  /// `Int.max` where the count would not fit.
  public var count: Int { saturatingProduct(shape) }
}

extension ModelArchitecture {
  /// Every parameter tensor, in the order of the layers and within one in torch's.
  public var parameters: [ParameterTensor] {
    layers.enumerated().flatMap { index, layer in
      layer.parameterShapes.map { suffix, shape in
        let name = suffix.isEmpty ? layer.name : "\(layer.name).\(suffix)"
        return ParameterTensor(
          name: name, shape: shape, layer: index, block: layer.block,
          isTrained: !freeze.contains { Self.freezes($0, name) })
      }
    }
  }

  /// What is clipped together.
  enum Grouping {
    case layer, block, parameter
  }

  /// The group of each parameter tensor, in the order of `parameters`: numbers from 0 without a gap over those that are
  /// trained, −1 for the others.
  func groups(by grouping: Grouping) -> [Int] {
    var numbers: [Int: Int] = [:]
    return parameters.enumerated().map { index, parameter in
      guard parameter.isTrained else { return -1 }
      let key =
        switch grouping {
        case .layer: parameter.layer
        case .block: parameter.block
        case .parameter: index
        }
      let number = numbers[key] ?? numbers.count
      numbers[key] = number
      return number
    }
  }
}
