/// The "binary version" of CIFAR-10 and CIFAR-100 (Krizhevsky 2009, cs.toronto.edu/~kriz/cifar.html): records without a
/// header, each a label byte (for CIFAR-100 a coarse label, which is not read, and a fine one) and 3072 pixels: red, green
/// and blue planes of 32 rows.
struct CIFARReader: ExampleReader {
  let shape = [3, 32, 32]
  let targetCount = 1
  private static let pixelCount = 3 * 32 * 32

  private let classCount: Int
  private let labelBytes: Int
  /// A pixel's 256 possible bytes, scaled once.
  private let pixels: [Float]
  /// Files that are not opened yet, the next one last.
  private var waiting: [String]
  private var stream: ByteStream
  private let open: (String) throws -> ByteStream
  private var record: [UInt8]

  /// - Parameter open: opens one of `source.files`.
  init(_ source: DatasetSource, open: @escaping (String) throws -> ByteStream) throws {
    switch source.classCount {
    case 10: (classCount, labelBytes) = (10, 1)
    case 100: (classCount, labelBytes) = (100, 2)
    default:
      throw DatasetError(
        .inconsistent, file: source.features, "CIFAR's binary files have 10 classes or 100; declare one of them.")
    }
    pixels = (0..<256).map { Float(Double($0) * source.scale) }
    waiting = (source.moreFiles ?? []).reversed()
    stream = try open(source.features)
    self.open = open
    record = [UInt8](repeating: 0, count: labelBytes + Self.pixelCount)
  }

  mutating func next(features: inout [Float], targets: inout [Float]) throws -> Bool {
    while true {
      let start = stream.offset
      let got = try record.withUnsafeMutableBytes { try stream.read(into: $0) }
      if got == 0 {
        guard let file = waiting.popLast() else { return false }
        stream = try open(file)
        continue
      }
      guard got == record.count else {
        throw DatasetError(
          .truncated, file: stream.file, at: .byte(start + got),
          "The record that begins at byte \(start) has \(got) of \(record.count) bytes.")
      }
      let label = record[labelBytes - 1]
      guard Int(label) < classCount else {
        throw DatasetError(
          .valueOutOfRange, file: stream.file, at: .byte(start + labelBytes - 1),
          "Label \(label) is not in 0 ..< \(classCount).")
      }
      targets.append(Float(label))
      for pixel in record[labelBytes...] { features.append(pixels[Int(pixel)]) }
      return true
    }
  }
}
