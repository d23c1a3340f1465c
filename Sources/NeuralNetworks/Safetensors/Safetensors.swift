/// A safetensors file in memory: named tensors, and text metadata.
///
///     bytes 0 ..< 8            length of the header, little endian
///     bytes 8 ..< 8 + length   JSON: {"NAME": {"dtype", "shape", "data_offsets"}, …, "__metadata__": {…}}, spaces
///     the rest                 the tensors, little endian, without holes
///
/// Reading is strict: what the format does not define is refused, with the byte where it stands. The format:
/// huggingface/safetensors, README, "Format".
public struct Safetensors: Sendable {
  public enum ElementType: String, Sendable, CaseIterable {
    case float32 = "F32"
    case float64 = "F64"
    case int64 = "I64"

    var byteCount: Int { self == .float32 ? 4 : 8 }
  }

  public struct Entry: Hashable, Sendable {
    public let name: String
    public let type: ElementType
    /// May be empty (a scalar) and may hold zeros.
    public let shape: [Int]
    /// The product of `shape`.
    public let count: Int
    /// Bytes of the file.
    public let bytes: Range<Int>
  }

  /// Headers longer than this are refused; ours take about a hundred bytes a tensor.
  public static let headerByteLimit = 1 << 20

  public let metadata: [String: String]
  /// In the order of their data.
  public let entries: [Entry]
  private let file: [UInt8]

  /// - Throws: `SafetensorsError`.
  public init(_ file: [UInt8]) throws(SafetensorsError) {
    guard file.count >= 8 else { throw SafetensorsError(byte: file.count, reason: "the header's length is cut off") }
    let length = file[0..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= UInt64(Self.headerByteLimit) else {
      throw SafetensorsError(byte: 0, reason: "a header of \(length) bytes is over the limit, \(Self.headerByteLimit)")
    }
    let dataStart = 8 + Int(length)
    guard dataStart <= file.count else {
      throw SafetensorsError(byte: file.count, reason: "the header of \(length) bytes is cut off")
    }
    guard length > 0, file[8] == UInt8(ascii: "{") else {
      throw SafetensorsError(byte: 8, reason: "the header does not begin with “{”")
    }
    (metadata, entries) = try Self.header(file[8..<dataStart], fileByteCount: file.count)
    self.file = file
  }

  /// The entry of that name; nil if there is none.
  public func entry(named name: String) -> Entry? { entries.first { $0.name == name } }

  /// The values of a tensor as float32; nil if there is none of that name and type.
  public func floats(_ name: String) -> [Float]? {
    words(name, .float32, as: UInt32.self)?.map { Float(bitPattern: $0) }
  }

  /// As `floats`, for float64.
  public func doubles(_ name: String) -> [Double]? {
    words(name, .float64, as: UInt64.self)?.map { Double(bitPattern: $0) }
  }

  /// As `floats`, for 64-bit integers.
  public func integers(_ name: String) -> [Int64]? {
    words(name, .int64, as: UInt64.self)?.map { Int64(bitPattern: $0) }
  }

  private func words<Word: FixedWidthInteger>(_ name: String, _ type: ElementType, as: Word.Type) -> [Word]? {
    guard let entry = entry(named: name), entry.type == type else { return nil }
    return file.withUnsafeBytes { bytes in
      (0..<entry.count).map {
        let offset = entry.bytes.lowerBound + $0 * type.byteCount
        return Word(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Word.self))
      }
    }
  }
}

// MARK: - Header

extension Safetensors {
  private static func header(
    _ bytes: ArraySlice<UInt8>, fileByteCount: Int
  ) throws(SafetensorsError) -> (metadata: [String: String], entries: [Entry]) {
    var metadata: [String: String] = [:]
    var found: [(entry: Entry, byte: Int)] = []
    let dataStart = bytes.endIndex
    var scanner = HeaderScanner(bytes)
    try scanner.object { scanner, name, byte throws(SafetensorsError) in
      if name == "__metadata__" {
        try scanner.object { scanner, key, _ throws(SafetensorsError) in metadata[key] = try scanner.string() }
      } else {
        found.append((try entry(&scanner, name: name, byte: byte, data: dataStart..<fileByteCount), byte))
      }
    }
    try scanner.expectEnd()
    found.sort {
      ($0.entry.bytes.lowerBound, $0.entry.bytes.upperBound) < ($1.entry.bytes.lowerBound, $1.entry.bytes.upperBound)
    }
    var end = dataStart
    for (entry, byte) in found {
      guard entry.bytes.lowerBound == end else {
        let what = entry.bytes.lowerBound < end ? "overlaps the tensor before it" : "leaves a hole before it"
        throw SafetensorsError(byte: byte, reason: "“\(entry.name)” \(what)")
      }
      end = entry.bytes.upperBound
    }
    guard end == fileByteCount else {
      throw SafetensorsError(byte: end, reason: "\(fileByteCount - end) bytes that belong to no tensor")
    }
    return (metadata, found.map(\.entry))
  }

  private static func entry(
    _ scanner: inout HeaderScanner, name: String, byte: Int, data: Range<Int>
  ) throws(SafetensorsError) -> Entry {
    var type: ElementType?
    var shape: [Int]?
    var offsets: [Int]?
    try scanner.object { scanner, key, keyByte throws(SafetensorsError) in
      switch key {
      case "dtype":
        let code = try scanner.string()
        type = ElementType(rawValue: code)
        guard type != nil else { throw scanner.failure("dtype “\(code)” is not F32, F64 or I64", at: keyByte) }
      case "shape": shape = try scanner.counts(limit: 16)
      case "data_offsets": offsets = try scanner.counts(limit: 2)
      default: throw scanner.failure("unknown key “\(key)”", at: keyByte)
      }
    }
    guard let type, let shape, let offsets, offsets.count == 2 else {
      throw SafetensorsError(byte: byte, reason: "“\(name)” needs dtype, shape and two data_offsets")
    }
    guard offsets[0] <= offsets[1], offsets[1] <= data.count else {
      throw SafetensorsError(byte: byte, reason: "“\(name)” ends at \(offsets[1]), outside \(data.count) bytes of data")
    }
    var byteCount = type.byteCount
    // A zero anywhere makes the product zero whatever the other sizes are, so it must not hide behind an overflow.
    for size in shape.contains(0) ? [0] : shape {
      let (product, overflow) = byteCount.multipliedReportingOverflow(by: size)
      guard !overflow else { throw SafetensorsError(byte: byte, reason: "“\(name)” has a shape out of range") }
      byteCount = product
    }
    guard byteCount == offsets[1] - offsets[0] else {
      throw SafetensorsError(
        byte: byte,
        reason: "“\(name)” of shape \(shape) takes \(byteCount) bytes, its data_offsets \(offsets[1] - offsets[0])")
    }
    return Entry(
      name: name, type: type, shape: shape, count: byteCount / type.byteCount,
      bytes: data.lowerBound + offsets[0]..<data.lowerBound + offsets[1])
  }
}
