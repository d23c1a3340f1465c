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

  /// Number and shape of the examples. Arrays answer from their headers; a table is read through, and every row of it
  /// judged, since nothing else knows its length.
  ///
  /// - Throws: `DatasetError`.
  public func describe(_ source: DatasetSource) throws -> DatasetDescription {
    try check(source)
    switch source.format {
    case .csv:
      var table = try CSVTable(try open(source.features), source: source)
      var features: [Float] = []
      var labels: [Int32] = []
      var count = 0
      while try table.next(features: &features, labels: &labels) {
        features.removeAll(keepingCapacity: true)
        labels.removeAll(keepingCapacity: true)
        count += 1
      }
      try requireExamples(count, source)
      return DatasetDescription(exampleCount: count, shape: [table.featureCount], classCount: source.classCount)
    case .idx, .npy:
      let arrays = try openArrays(source)
      return DatasetDescription(
        exampleCount: arrays.labelsHeader.count, shape: arrays.featuresHeader.exampleShape,
        classCount: source.classCount)
    }
  }

  /// Checks that the files are there and can be opened, without reading what they hold.
  ///
  /// - Throws: `DatasetError`.
  public func requirePresent(_ source: DatasetSource) throws {
    try check(source)
    for file in [source.features, source.labels].compactMap({ $0 }) {
      _ = try open(file)
    }
  }

  /// All examples.
  ///
  /// - Throws: `DatasetError`; nothing of a faulty file is returned.
  public func load(_ source: DatasetSource) throws -> Examples {
    try check(source)
    switch source.format {
    case .csv: return try loadTable(source)
    case .idx, .npy:
      let arrays = try openArrays(source)
      let labels = try ArrayDecoder.labels(
        arrays.labels, header: arrays.labelsHeader, classCount: source.classCount)
      let features = try ArrayDecoder.features(
        arrays.features, header: arrays.featuresHeader, scale: source.scale)
      return Examples(
        features: features, shape: arrays.featuresHeader.exampleShape, labels: labels, classCount: source.classCount)
    }
  }

  private func loadTable(_ source: DatasetSource) throws -> Examples {
    var table = try CSVTable(try open(source.features), source: source)
    var features: [Float] = []
    var labels: [Int32] = []
    let rowBytes = (table.featureCount + 1) * MemoryLayout<Float>.size
    while try table.next(features: &features, labels: &labels) {
      try requireMemory(saturating(rowBytes, times: labels.count), source)
    }
    try requireExamples(labels.count, source)
    return Examples(
      features: features, shape: [table.featureCount], labels: labels, classCount: source.classCount)
  }

  // MARK: Arrays

  private struct OpenArrays {
    let features: ByteStream
    let featuresHeader: ArrayHeader
    let labels: ByteStream
    let labelsHeader: ArrayHeader
  }

  private func openArrays(_ source: DatasetSource) throws -> OpenArrays {
    guard let labelsFile = source.labels else {
      throw DatasetError(.inconsistent, file: source.features, "It needs a second file with the labels.")
    }
    let features = try open(source.features)
    let featuresHeader = try header(features, source.format)
    let labels = try open(labelsFile)
    let labelsHeader = try header(labels, source.format)
    guard labelsHeader.element.isInteger, labelsHeader.dimensions.count == 1 else {
      throw DatasetError(.malformed, file: labelsFile, "Labels are one dimension of integers.")
    }
    guard featuresHeader.dimensions.first == labelsHeader.count else {
      throw DatasetError(
        .inconsistent, file: labelsFile,
        "It declares \(labelsHeader.count) labels, and \(source.features) \(featuresHeader.dimensions.first ?? 0) examples."
      )
    }
    guard featuresHeader.exampleShape.allSatisfy({ $0 >= 1 }) else {
      throw DatasetError(
        .malformed, file: source.features, "An example of shape \(featuresHeader.exampleShape) is empty.")
    }
    try requireExamples(labelsHeader.count, source)
    let numbers = featuresHeader.count.addingReportingOverflow(labelsHeader.count)
    try requireMemory(
      numbers.overflow ? Int.max : saturating(numbers.partialValue, times: MemoryLayout<Float>.size), source)
    return OpenArrays(
      features: features, featuresHeader: featuresHeader, labels: labels, labelsHeader: labelsHeader)
  }

  private func header(_ stream: ByteStream, _ format: DatasetFormat) throws -> ArrayHeader {
    format == .idx ? try IDXFormat.readHeader(stream) : try NPYFormat.readHeader(stream)
  }

  func open(_ file: String) throws -> ByteStream {
    try ByteStream(path: try folders.resolve(file), file: file)
  }

  // MARK: Checks

  private func check(_ source: DatasetSource) throws {
    guard 2...Self.classLimit ~= source.classCount else {
      throw DatasetError(
        .inconsistent, file: source.features, "\(source.classCount) classes; it takes 2 to \(Self.classLimit).")
    }
    guard source.scale.isFinite, source.scale > 0 else {
      throw DatasetError(.inconsistent, file: source.features, "scale is a number above 0, not \(source.scale).")
    }
  }

  private func requireExamples(_ count: Int, _ source: DatasetSource) throws {
    guard count >= 1 else { throw DatasetError(.truncated, file: source.features, "It holds no example.") }
  }

  private func requireMemory(_ bytes: Int, _ source: DatasetSource) throws {
    guard bytes <= memoryLimit else {
      throw DatasetError(
        .tooLarge, file: source.features,
        "In memory it takes \(bytes == Int.max ? "more than any number of" : "\(bytes)") bytes; the limit is \(memoryLimit)."
      )
    }
  }
}
