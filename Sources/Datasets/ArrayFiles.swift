/// The array files of a dataset, opened, with their headers read and found to fit one another.
struct ArrayFiles {
  let exampleCount: Int
  /// Of one example.
  let shape: [Int]
  let targetCount: Int
  private let source: DatasetSource
  private let features: ByteStream
  private let featuresHeader: ArrayHeader
  /// Nil where an example's targets are its own tokens, one place on.
  private let labels: (stream: ByteStream, header: ArrayHeader)?

  init(_ source: DatasetSource, loader: DatasetLoader) throws {
    self.source = source
    features = try loader.open(source.features)
    featuresHeader = try Self.header(features, source.format)
    labels = try source.labels.map { file in
      let stream = try loader.open(file)
      return (stream, try Self.header(stream, source.format))
    }
    let file = source.features
    exampleCount = featuresHeader.dimensions.first ?? 0
    var shape = featuresHeader.exampleShape
    guard shape.allSatisfy({ $0 >= 1 }) else {
      throw DatasetError(.malformed, file: file, "An example of shape \(shape) is empty.")
    }
    if source.format == .tokenIDs {
      guard featuresHeader.element.isInteger, featuresHeader.dimensions.count == 2 else {
        throw DatasetError(.malformed, file: file, "Token ids are two dimensions of integers: examples and places.")
      }
      guard source.vocabularySize != nil else {
        throw DatasetError(.inconsistent, file: file, "Token ids need the size of their vocabulary.")
      }
      if labels == nil {
        guard shape[0] >= 2 else {
          throw DatasetError(.malformed, file: file, "One token an example leaves none to predict.")
        }
        shape[0] -= 1
      }
    } else if labels == nil {
      throw DatasetError(.inconsistent, file: file, "It needs a second file with the labels.")
    }
    self.shape = shape
    targetCount = try Self.targetCount(labels?.header, of: source, examples: exampleCount, shape: shape)
    try loader.requireExamples(exampleCount, source)
    let numbers = featuresHeader.count.addingReportingOverflow(saturating(exampleCount, times: targetCount))
    try loader.requireMemory(
      numbers.overflow ? Int.max : saturating(numbers.partialValue, times: MemoryLayout<Float>.size), source)
  }

  /// Targets of one example: one, or for token ids one for each place.
  private static func targetCount(
    _ labels: ArrayHeader?, of source: DatasetSource, examples: Int, shape: [Int]
  ) throws -> Int {
    guard let labels, let file = source.labels else { return shape[0] }
    let isNumber = source.targetRange != nil
    let isForEachPlace = source.format == .tokenIDs && labels.dimensions == [labels.dimensions.first ?? 0] + shape
    guard isNumber || labels.element.isInteger, labels.dimensions.count == 1 || isForEachPlace else {
      throw DatasetError(.malformed, file: file, "Labels are one dimension of integers.")
    }
    guard labels.dimensions.first == examples else {
      throw DatasetError(
        .inconsistent, file: file,
        "It declares \(labels.dimensions.first ?? 0) labels, and \(source.features) \(examples) examples.")
    }
    return isForEachPlace ? shape[0] : 1
  }

  private static func header(_ stream: ByteStream, _ format: DatasetFormat) throws -> ArrayHeader {
    switch format {
    case .idx: return try IDXFormat.readHeader(stream)
    case .npy: return try NPYFormat.readHeader(stream)
    // The first byte of a `.npy` file is 0x93, that of an IDX file 0.
    default: return try stream.peekByte() == 0x93 ? NPYFormat.readHeader(stream) : IDXFormat.readHeader(stream)
    }
  }

  /// All features and targets.
  func read() throws -> (features: [Float], targets: [Float]) {
    guard source.format == .tokenIDs, let vocabularySize = source.vocabularySize else {
      let targets = try readLabels()
      return (try ArrayDecoder.features(features, header: featuresHeader, scale: source.scale), targets)
    }
    if labels != nil {
      let targets = try readLabels()
      return (try ArrayDecoder.classes(features, header: featuresHeader, 0..<vocabularySize, "Token"), targets)
    }
    let tokens = try ArrayDecoder.classes(features, header: featuresHeader, 0..<vocabularySize, "Token")
    let length = shape[0]
    var inputs: [Float] = []
    var targets: [Float] = []
    inputs.reserveCapacity(exampleCount * length)
    targets.reserveCapacity(exampleCount * length)
    for example in 0..<exampleCount {
      let first = example * (length + 1)
      inputs += tokens[first..<first + length]
      targets += tokens[first + 1...first + length]
    }
    return (inputs, targets)
  }

  private func readLabels() throws -> [Float] {
    guard let labels else { return [] }
    guard let classCount = source.classCount else {
      let declaration = try TargetDeclaration(source)
      return try ArrayDecoder.numbers(labels.stream, header: labels.header, declaration)
    }
    let lowest = targetCount > 1 ? -1 : 0
    return try ArrayDecoder.classes(labels.stream, header: labels.header, lowest..<classCount, "Label")
  }
}
