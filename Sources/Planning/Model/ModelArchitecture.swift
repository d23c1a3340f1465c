/// A network with every shape inferred, ready to be priced and built.
public struct ModelArchitecture: Hashable, Sendable {
  /// What it takes: the shape of one example.
  public let input: TensorShape
  /// How many logits it gives.
  public let classCount: Int
  /// At least one; the last gives `.features(classCount)`.
  public let layers: [ResolvedLayer]
  /// The equivalent `torch.nn.Sequential`, an entry a module in order: `nn.Conv2d(1, 16, 8, stride=2, padding=3)`.
  /// A layer's `moduleIndex` points into it.
  public let torchModules: [String]

  /// More layers than this are refused.
  public static let layerLimit = 256
  /// More parameters than this (4 GB of weights alone) are refused.
  public static let parameterLimit = 1_000_000_000
  /// More numbers than this between two layers, for one example, are refused.
  public static let activationLimit = 100_000_000

  /// Numbers learnt in all layers.
  public var parameterCount: Int { saturatingSum(layers.map(\.parameterCount)) }

  /// Floating-point operations of one example's forward pass.
  public var forwardOperations: Double { layers.reduce(0) { $0 + $1.forwardOperations } }

  /// Resolves `specification` for examples of shape `input` and labels in 0 ..< classCount.
  ///
  /// - Throws: `PlanningError` with an issue for the first layer that does not fit, since the shapes of those above it
  ///   depend on it.
  public init(_ specification: ModelSpecification, input: TensorShape, classCount: Int) throws(PlanningError) {
    guard input.elementCount <= Self.activationLimit else {
      throw PlanningError([
        FieldIssue(at: "/dataset", "One example has shape \(input); the limit is \(Self.activationLimit) numbers.")
      ])
    }
    var resolver = ShapeResolver(input: input)
    switch specification {
    case .preset(let preset):
      for layer in preset.layers(classCount: classCount) {
        try resolver.append(layer, pointer: "/model/preset")
      }
    case .layers(let written):
      guard !written.isEmpty, written.count <= Self.layerLimit else {
        throw PlanningError([
          FieldIssue(
            at: "/model/layers", "A network has 1 to \(Self.layerLimit) layers; this one has \(written.count).")
        ])
      }
      for (index, layer) in written.enumerated() {
        try resolver.append(layer, pointer: "/model/layers/\(index)")
      }
    }
    try resolver.requireLogits(classCount: classCount)
    self.input = input
    self.classCount = classCount
    self.layers = resolver.layers
    self.torchModules = resolver.torchModules
  }
}

/// One tensor that is learnt, or would be if it were not frozen.
public struct ParameterTensor: Hashable, Sendable {
  /// Its name in torch's state dictionary: `3.weight`.
  public let name: String
  /// Torch's layout.
  public let shape: [Int]
  /// The place of its layer in `ModelArchitecture.layers`.
  public let layer: Int
  /// What it is clipped with in mode `per_block`: the number of its block, counted from 0 along the network.
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
      layer.parameterShapes.map { name, shape in
        ParameterTensor(name: "\(layer.moduleIndex).\(name)", shape: shape, layer: index, block: index, isTrained: true)
      }
    }
  }

  /// What is clipped together.
  enum Grouping {
    case layer, block, parameter
  }

  /// The group of each parameter tensor, in the order of `parameters`: numbers from 0 without a gap over those that are
  /// trained.
  func groups(by grouping: Grouping) -> [Int] {
    var numbers: [Int: Int] = [:]
    return parameters.enumerated().map { index, parameter in
      guard parameter.isTrained else { return 0 }
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

  /// Numbers that are learnt and get noise.
  public var trainedParameterCount: Int { saturatingSum(parameters.filter(\.isTrained).map(\.count)) }
}
