/// Reads a dataset whose length only its end tells, an example at a time.
protocol ExampleReader {
  /// Of one example.
  var shape: [Int] { get }
  var targetCount: Int { get }

  /// Appends the next example; false at the end.
  ///
  /// - Throws: `DatasetError`.
  mutating func next(features: inout [Float], targets: inout [Float]) throws -> Bool
}

/// What an owner declared of the targets.
struct TargetDeclaration {
  let file: String
  let classCount: Int?
  let range: FeatureRange?

  /// - Throws: `DatasetError` unless exactly one of classes and range is given, and makes sense.
  init(_ source: DatasetSource) throws {
    file = source.features
    classCount = source.classCount
    range = source.targetRange
    switch (source.classCount, source.targetRange) {
    case (let count?, nil):
      guard 2...DatasetLoader.classLimit ~= count else {
        throw DatasetError(.inconsistent, file: file, "\(count) classes; it takes 2 to \(DatasetLoader.classLimit).")
      }
    case (nil, let range?): try range.check("The range of the targets", file: file)
    default:
      throw DatasetError(
        .inconsistent, file: file, "Targets are classes or numbers of a declared range: give one of them.")
    }
  }

  /// A target from the number in a file; the text of the error where it is none.
  func target(_ number: Double) -> Result<Float, InvalidTarget> {
    if let classCount {
      guard number.rounded() == number, number >= 0, number < Double(classCount) else {
        return .failure(InvalidTarget(description: "\(number) is no whole number in 0 ..< \(classCount)."))
      }
      return .success(Float(number))
    }
    guard let range, range.contains(number) else {
      return .failure(
        InvalidTarget(description: "\(number) is outside the declared range \(range?.description ?? "")."))
    }
    return .success(Float(range.unit(number)))
  }

  struct InvalidTarget: Error {
    let description: String
  }
}

extension FeatureRange: CustomStringConvertible {
  public var description: String { "[\(lower), \(upper)]" }

  func contains(_ number: Double) -> Bool { lower <= number && number <= upper }

  /// (x − lower)/(upper − lower).
  func unit(_ number: Double) -> Double { (number - lower) / (upper - lower) }

  func check(_ what: String, file: String) throws {
    guard lower < upper, (upper - lower).isFinite else {
      throw DatasetError(.inconsistent, file: file, "\(what), \(self), needs a lower bound below its upper one.")
    }
  }
}
