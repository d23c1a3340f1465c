/// Opens a registered dataset: what its headers say, or all of it.
public struct DatasetLoader: Sendable {
  public let folders: DataFolders
  /// Bytes that features and labels in memory may take. It is checked against the header before memory is taken.
  public let memoryLimit: Int

  public static let classLimit = 1 << 20

  public init(folders: DataFolders, memoryLimit: Int = 8_000_000_000) {
    self.folders = folders
    self.memoryLimit = memoryLimit
  }

  /// Number and shape of the examples. Arrays answer from their headers; tables, texts and records are read through, and
  /// every example judged, since nothing else knows their number.
  ///
  /// - Throws: `DatasetError`.
  public func describe(_ source: DatasetSource) throws -> DatasetDescription {
    try check(source)
    if var reader = try exampleReader(source) {
      var features: [Float] = []
      var targets: [Float] = []
      var count = 0
      while try reader.next(features: &features, targets: &targets) {
        features.removeAll(keepingCapacity: true)
        targets.removeAll(keepingCapacity: true)
        count += 1
      }
      try requireExamples(count, source)
      return DatasetDescription(
        exampleCount: count, shape: reader.shape, classCount: source.targetClassCount, targetCount: reader.targetCount,
        vocabularySize: source.vocabularySize)
    }
    let arrays = try ArrayFiles(source, loader: self)
    return DatasetDescription(
      exampleCount: arrays.exampleCount, shape: arrays.shape, classCount: source.targetClassCount,
      targetCount: arrays.targetCount, vocabularySize: source.vocabularySize)
  }

  /// Checks that the files are there and can be opened, without reading what they hold.
  ///
  /// - Throws: `DatasetError`.
  public func requirePresent(_ source: DatasetSource) throws {
    try check(source)
    for file in source.files { _ = try open(file) }
  }

  /// All examples.
  ///
  /// - Throws: `DatasetError`; nothing of a faulty file is returned.
  public func load(_ source: DatasetSource) throws -> Examples {
    try check(source)
    guard var reader = try exampleReader(source) else {
      let arrays = try ArrayFiles(source, loader: self)
      let (features, targets) = try arrays.read()
      return Examples(
        features: features, shape: arrays.shape, targets: targets, targetCount: arrays.targetCount,
        classCount: source.targetClassCount, vocabularySize: source.vocabularySize)
    }
    var features: [Float] = []
    var targets: [Float] = []
    while try reader.next(features: &features, targets: &targets) {
      try requireMemory(saturating(features.count + targets.count, times: MemoryLayout<Float>.size), source)
    }
    try requireExamples(targets.count, source)
    return Examples(
      features: features, shape: reader.shape, targets: targets, targetCount: reader.targetCount,
      classCount: source.targetClassCount, vocabularySize: source.vocabularySize)
  }

  /// Nil for formats whose headers know the number of examples.
  private func exampleReader(_ source: DatasetSource) throws -> (any ExampleReader)? {
    switch source.format {
    case .csv: return try CSVTable(try open(source.features), source: source)
    case .cifarBinary: return try CIFARReader(source) { try open($0) }
    case .text:
      guard let layout = source.text else {
        throw DatasetError(.inconsistent, file: source.features, "A text needs the length of its examples.")
      }
      return try TextReader(try open(source.features), layout: layout)
    case .idx, .npy, .tokenIDs: return nil
    }
  }

  // MARK: Checks

  func open(_ file: String) throws -> ByteStream {
    try ByteStream(path: try folders.resolve(file), file: file)
  }

  private func check(_ source: DatasetSource) throws {
    guard source.scale.isFinite, source.scale > 0 else {
      throw DatasetError(.inconsistent, file: source.features, "scale is a number above 0, not \(source.scale).")
    }
    if source.predictsTokens {
      guard source.classCount == nil, source.targetRange == nil else {
        throw DatasetError(
          .inconsistent, file: source.features, "Its targets are its own tokens: declare no classes and no range.")
      }
    } else {
      _ = try TargetDeclaration(source)
    }
    if let size = source.declaredVocabularySize, !(2...Tokenizer.vocabularyLimit ~= size) {
      throw DatasetError(
        .inconsistent, file: source.features,
        "A vocabulary of \(size); it takes 2 to \(Tokenizer.vocabularyLimit).")
    }
  }

  func requireExamples(_ count: Int, _ source: DatasetSource) throws {
    guard count >= 1 else { throw DatasetError(.truncated, file: source.features, "It holds no example.") }
  }

  func requireMemory(_ bytes: Int, _ source: DatasetSource) throws {
    guard bytes <= memoryLimit else {
      throw DatasetError(
        .tooLarge, file: source.features,
        "In memory it takes \(bytes == Int.max ? "more than any number of" : "\(bytes)") bytes; the limit is \(memoryLimit)."
      )
    }
  }
}
