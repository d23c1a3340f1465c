/// A dataset in memory.
public struct Examples: Sendable {
  /// The numbers of all examples, one example after another, each in C order: `count × shape`. Token ids are whole
  /// numbers, which float32 holds exactly below 2²⁴.
  public let features: [Float]
  /// Dimensions of one example: `[d]`, `[height, width]`, `[channels, height, width]`, or `[length]` of tokens.
  public let shape: [Int]
  /// What is to be predicted of each example: `count × targetCount` numbers. Classes in 0 ..< classCount (where there is
  /// more than one an example, −1 stands for none), or real numbers.
  public let targets: [Float]
  /// Targets of one example, ≥ 1.
  public let targetCount: Int
  /// Nil where targets are real numbers.
  public let classCount: Int?
  /// Features are token ids in 0 ..< vocabularySize; nil where they are numbers.
  public let vocabularySize: Int?

  public let count: Int

  /// Numbers in one example.
  public var elementCount: Int { shape.reduce(1, *) }

  /// - Precondition: features and targets speak of the same number of examples, and classes and tokens are in range.
  public init(
    features: [Float], shape: [Int], targets: [Float], targetCount: Int = 1, classCount: Int?,
    vocabularySize: Int? = nil
  ) {
    precondition(targetCount >= 1 && targets.count % targetCount == 0, "targets for every example")
    count = targets.count / targetCount
    precondition(features.count == count * shape.reduce(1, *), "features for every example")
    if let classCount {
      let lowest: Float = targetCount > 1 ? -1 : 0
      precondition(targets.allSatisfy { lowest <= $0 && $0 < Float(classCount) }, "targets are classes")
    }
    if let vocabularySize {
      precondition(features.allSatisfy { 0 <= $0 && $0 < Float(vocabularySize) }, "features are tokens")
    }
    self.features = features
    self.shape = shape
    self.targets = targets
    self.targetCount = targetCount
    self.classCount = classCount
    self.vocabularySize = vocabularySize
  }

  /// A class for each example.
  public init(
    features: [Float], shape: [Int], labels: [Int32], classCount: Int, vocabularySize: Int? = nil
  ) {
    self.init(
      features: features, shape: shape, targets: labels.map(Float.init), classCount: classCount,
      vocabularySize: vocabularySize)
  }

  /// The class of an example that has one.
  public func label(of example: Int) -> Int { Int(targets[example * targetCount]) }

  /// The targets of an example.
  public func targets(of example: Int) -> ArraySlice<Float> {
    targets[example * targetCount..<(example + 1) * targetCount]
  }
}

/// What a dataset's headers say, without its examples.
public struct DatasetDescription: Hashable, Sendable {
  public let exampleCount: Int
  /// Dimensions of one example.
  public let shape: [Int]
  /// Nil where targets are real numbers.
  public let classCount: Int?
  /// Targets of one example.
  public let targetCount: Int
  /// Nil where features are no tokens.
  public let vocabularySize: Int?

  public init(
    exampleCount: Int, shape: [Int], classCount: Int?, targetCount: Int = 1, vocabularySize: Int? = nil
  ) {
    self.exampleCount = exampleCount
    self.shape = shape
    self.classCount = classCount
    self.targetCount = targetCount
    self.vocabularySize = vocabularySize
  }
}
