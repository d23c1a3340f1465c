/// A network with every shape inferred, ready to be priced and built.
public struct ModelArchitecture: Hashable, Sendable {
  /// What it takes: the shape of one example.
  public let input: TensorShape
  /// The input is token ids below this; nil where it is numbers.
  public let vocabularySize: Int?
  public let loss: LossFunction
  /// How many numbers it gives, or how many at each position: a logit a class, or a value a target.
  public let classCount: Int
  /// At least one, each after those it reads; the last gives what the loss takes.
  public let layers: [ResolvedLayer]
  /// Names of parameters or modules that keep their initial values.
  public let freeze: [String]
  /// The equivalent in PyTorch.
  public let torch: TorchModel

  /// More layers than this, in one list, are refused.
  public static let layerLimit = 256
  /// More operations than this, with all blocks laid out, are refused.
  public static let operationLimit = 4_096
  /// More parameters than this (4 GB of weights alone) are refused.
  public static let parameterLimit = 1_000_000_000
  /// More numbers than this between two layers, for one example, are refused.
  public static let activationLimit = 100_000_000

  /// Numbers in all layers, frozen ones included.
  public var parameterCount: Int { saturatingSum(layers.map(\.parameterCount)) }

  /// Numbers that are learnt and get noise.
  public var trainedParameterCount: Int { saturatingSum(parameters.filter(\.isTrained).map(\.count)) }

  /// Floating-point operations of one example's forward pass.
  public var forwardOperations: Double { layers.reduce(0) { $0 + $1.forwardOperations } }

  /// The equivalent torch modules in words, a line each; a network of another kind has other lines.
  public var torchModules: [String] { torch.listing }

  /// Resolves `specification` for such examples.
  ///
  /// - Throws: `PlanningError` with an issue for the first layer that does not fit, since the shapes of those above it
  ///   depend on it.
  public init(_ specification: ModelSpecification, input: ModelInput) throws(PlanningError) {
    guard input.shape.elementCount <= Self.activationLimit else {
      throw PlanningError([
        FieldIssue(
          at: "/dataset", "One example has shape \(input.shape); the limit is \(Self.activationLimit) numbers.")
      ])
    }
    let loss: LossFunction
    var resolver: ShapeResolver
    switch specification.network {
    case .preset(let preset):
      loss = specification.loss ?? preset.loss
      resolver = ShapeResolver(input: input, isPreset: true)
      try resolver.append(preset.layers(outputCount: input.outputCount(loss)))
    case .layers(let written):
      loss = specification.loss ?? .softmaxCrossEntropy
      resolver = ShapeResolver(input: input, isPreset: false)
      try resolver.append(written)
    }
    try resolver.requireOutputs(of: loss)
    self.input = resolver.input
    vocabularySize = input.vocabularySize
    self.loss = loss
    classCount = input.outputCount(loss)
    layers = resolver.layers
    freeze = specification.freeze
    torch = TorchModel(layers: resolver.layers, names: resolver.writtenNames)
    try requireTrained()
  }

  /// Of vectors or images of `classCount` classes.
  public init(_ specification: ModelSpecification, input: TensorShape, classCount: Int) throws(PlanningError) {
    try self.init(specification, input: ModelInput(shape: input, classCount: classCount))
  }

  /// Every name in `freeze` must name something, and something must be left to train.
  private func requireTrained() throws(PlanningError) {
    for (index, name) in freeze.enumerated() {
      guard parameters.contains(where: { Self.freezes(name, $0.name) }) else {
        let known = layers.filter { $0.parameterCount > 0 }.map(\.name)
        throw PlanningError([
          FieldIssue(
            at: "/model/freeze/\(index)",
            "No parameter is called \(name.prefix(80)) or belongs to a module of that name; there are "
              + "\(known.prefix(20).joined(separator: ", "))\(known.count > 20 ? ", …" : "").")
        ])
      }
    }
    if trainedParameterCount == 0 {
      throw PlanningError([FieldIssue(at: "/model/freeze", "Every parameter is frozen: leave one to train.")])
    }
  }

  /// Whether a name in `freeze` means a parameter: it is its name, or a module's that it is in.
  static func freezes(_ name: String, _ parameter: String) -> Bool {
    parameter == name || parameter.utf8.starts(with: (name + ".").utf8)
  }
}

/// What a network is given and what is asked of it: the public facts of a dataset.
public struct ModelInput: Hashable, Sendable {
  public var shape: TensorShape
  /// Examples are token ids below this; nil where they are numbers.
  public var vocabularySize: Int?
  /// Targets are classes below this; nil where they are real numbers.
  public var classCount: Int?
  /// Targets of one example.
  public var targetCount: Int

  public init(shape: TensorShape, vocabularySize: Int? = nil, classCount: Int?, targetCount: Int = 1) {
    self.shape = shape
    self.vocabularySize = vocabularySize
    self.classCount = classCount
    self.targetCount = targetCount
  }

  /// How long the network's output must be, or the vector at each of its positions.
  func outputCount(_ loss: LossFunction) -> Int {
    switch loss {
    case .softmaxCrossEntropy, .tokenCrossEntropy: classCount ?? targetCount
    case .binaryCrossEntropy, .meanSquaredError: targetCount
    }
  }
}
