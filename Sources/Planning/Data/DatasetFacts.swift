/// The public facts of a registered dataset that a plan rests on. Nothing else about the data is known while planning.
public struct DatasetFacts: Hashable, Sendable, Codable {
  /// Its reference: `fashion-mnist/train`.
  public let reference: String
  /// The registered number of examples, ≥ 1. Public by declaration: it sets the sampling probability, and the actual
  /// number in a neighboring dataset may differ from it by one.
  public let exampleCount: Int
  /// The shape of one example.
  public let inputShape: TensorShape
  /// Targets are classes in 0 ..< classCount; nil where they are real numbers.
  public let classCount: Int?
  /// Targets of one example, ≥ 1.
  public let targetCount: Int
  /// Examples are token ids in 0 ..< vocabularySize; nil where they are numbers.
  public let vocabularySize: Int?
  /// True for data that no one need protect.
  public let isPublic: Bool

  public init(
    reference: String, exampleCount: Int, inputShape: TensorShape, classCount: Int?, targetCount: Int = 1,
    vocabularySize: Int? = nil, isPublic: Bool
  ) {
    self.reference = reference
    self.exampleCount = exampleCount
    self.inputShape = inputShape
    self.classCount = classCount
    self.targetCount = targetCount
    self.vocabularySize = vocabularySize
    self.isPublic = isPublic
  }

  /// What a network for it is given, and asked for.
  public var modelInput: ModelInput {
    ModelInput(shape: inputShape, vocabularySize: vocabularySize, classCount: classCount, targetCount: targetCount)
  }
}
