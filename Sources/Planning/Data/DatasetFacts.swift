/// The public facts of a registered dataset that a plan rests on. Nothing else about the data is known while planning.
public struct DatasetFacts: Hashable, Sendable, Codable {
  /// Its reference: `fashion-mnist/train`.
  public let reference: String
  /// The registered number of examples, ≥ 1. Public by declaration: it sets the sampling probability, and the actual
  /// number in a neighboring dataset may differ from it by one.
  public let exampleCount: Int
  /// The shape of one example.
  public let inputShape: TensorShape
  /// Labels lie in 0 ..< classCount.
  public let classCount: Int
  /// True for data that no one need protect.
  public let isPublic: Bool

  public init(reference: String, exampleCount: Int, inputShape: TensorShape, classCount: Int, isPublic: Bool) {
    self.reference = reference
    self.exampleCount = exampleCount
    self.inputShape = inputShape
    self.classCount = classCount
    self.isPublic = isPublic
  }
}
