/// Splits a stream into rows of fields by RFC 4180: commas, optional double quotes with `""` for one of them, rows that
/// end in LF or CRLF, the last one perhaps in neither; line ends within quotes belong to the field. An UTF-8 byte order
/// mark is skipped. Rows are numbered from 1, and the header is row 1.
struct CSVReader {
  /// Longer rows are refused, so that a lost quotation mark cannot swallow a file into memory.
  static let rowLimit = 1 << 24
  static let columnLimit = 1 << 20

  private let stream: ByteStream
  /// The bytes of the current row's fields, unquoted, one after another.
  private(set) var bytes: [UInt8] = []
  /// Where each field ends in `bytes`.
  private(set) var ends: [Int] = []
  /// The number of the current row; 0 before the first.
  private(set) var row = 0
  private var lookahead: UInt8?

  init(_ stream: ByteStream) throws {
    self.stream = stream
    lookahead = try stream.readByte()
    if lookahead == 0xEF {
      guard try stream.readByte() == 0xBB, try stream.readByte() == 0xBF else {
        throw DatasetError(.malformed, file: stream.file, at: .byte(0), "It begins with a broken byte order mark.")
      }
      lookahead = try stream.readByte()
    }
  }

  var fieldCount: Int { ends.count }

  /// The bytes of a field, less the spaces around it.
  func field(_ index: Int) -> ArraySlice<UInt8> {
    var slice = bytes[(index == 0 ? 0 : ends[index - 1])..<ends[index]]
    while let byte = slice.first, byte == 0x20 || byte == 0x09 { slice.removeFirst() }
    while let byte = slice.last, byte == 0x20 || byte == 0x09 { slice.removeLast() }
    return slice
  }

  func text(_ index: Int) -> String {
    String(decoding: field(index), as: UTF8.self)
  }

  /// Reads the next row; false at the end of the file.
  mutating func next() throws -> Bool {
    guard var byte = lookahead else { return false }
    row += 1
    bytes.removeAll(keepingCapacity: true)
    ends.removeAll(keepingCapacity: true)
    while true {
      let terminator = byte == UInt8(ascii: "\"") ? try readQuoted() : try readPlain(startingWith: byte)
      try endField()
      guard terminator == UInt8(ascii: ",") else { break }
      // A comma at the very end of the file is followed by an empty field.
      guard let following = try stream.readByte() else {
        try endField()
        lookahead = nil
        return true
      }
      byte = following
    }
    lookahead = try stream.readByte()
    return true
  }

  private mutating func endField() throws {
    guard ends.count < Self.columnLimit else {
      throw malformed("It has more than \(Self.columnLimit) fields.")
    }
    ends.append(bytes.count)
  }

  /// A field without quotes; returns the comma or line feed that ended it, or nil at the end of the file.
  private mutating func readPlain(startingWith first: UInt8) throws -> UInt8? {
    var next: UInt8? = first
    while let byte = next {
      switch byte {
      case UInt8(ascii: ","), UInt8(ascii: "\n"): return byte
      case UInt8(ascii: "\r"): return try readLineFeed()
      case UInt8(ascii: "\""): throw malformed("A quotation mark stands within a field that does not begin with one.")
      case 0: throw malformed("It holds a zero byte.")
      default: try append(byte)
      }
      next = try stream.readByte()
    }
    return nil
  }

  /// A field after its opening quote; returns what ended it like `readPlain`.
  private mutating func readQuoted() throws -> UInt8? {
    while let byte = try stream.readByte() {
      guard byte == UInt8(ascii: "\"") else {
        try append(byte)
        continue
      }
      switch try stream.readByte() {
      case UInt8(ascii: "\""): try append(UInt8(ascii: "\""))
      case UInt8(ascii: ","): return UInt8(ascii: ",")
      case UInt8(ascii: "\n"): return UInt8(ascii: "\n")
      case UInt8(ascii: "\r"): return try readLineFeed()
      case nil: return nil
      default: throw malformed("After a closing quotation mark comes a comma or the end of the row.")
      }
    }
    throw malformed("A quoted field is not closed before the file ends.", .truncated)
  }

  private func readLineFeed() throws -> UInt8 {
    guard try stream.readByte() == UInt8(ascii: "\n") else {
      throw malformed("A carriage return is not followed by a line feed.")
    }
    return UInt8(ascii: "\n")
  }

  private mutating func append(_ byte: UInt8) throws {
    guard bytes.count < Self.rowLimit else { throw malformed("It has more than \(Self.rowLimit) bytes.") }
    bytes.append(byte)
  }

  private func malformed(_ detail: String, _ problem: DatasetError.Problem = .malformed) -> DatasetError {
    DatasetError(problem, file: stream.file, at: .cell(row: row, column: ends.count + 1), detail)
  }
}
