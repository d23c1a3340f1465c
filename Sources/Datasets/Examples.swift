/// A dataset in memory.
public struct Examples: Sendable {
  /// The numbers of all examples, one example after another, each in C order: `count × shape`.
  public let features: [Float]
  /// Dimensions of one example: `[d]`, `[height, width]` or `[channels, height, width]`.
  public let shape: [Int]
  /// A class for each example, in 0 ..< classCount.
  public let labels: [Int32]
  public let classCount: Int

  public var count: Int { labels.count }

  /// Numbers in one example.
  public var elementCount: Int { shape.reduce(1, *) }

  /// - Precondition: features and labels speak of the same number of examples, and every label is a class.
  public init(features: [Float], shape: [Int], labels: [Int32], classCount: Int) {
    precondition(features.count == labels.count * shape.reduce(1, *), "features for every label")
    precondition(labels.allSatisfy { 0 <= $0 && Int($0) < classCount }, "labels are classes")
    self.features = features
    self.shape = shape
    self.labels = labels
    self.classCount = classCount
  }
}

/// What a dataset's headers say, without its examples.
public struct DatasetDescription: Hashable, Sendable {
  public let exampleCount: Int
  /// Dimensions of one example.
  public let shape: [Int]
  public let classCount: Int

  public init(exampleCount: Int, shape: [Int], classCount: Int) {
    self.exampleCount = exampleCount
    self.shape = shape
    self.classCount = classCount
  }
}
