/// NumPy's format, versions 1.0 and 2.0 (numpy/lib/format.py): a magic string, the version, the length of a header, the
/// header as a Python dictionary, then the elements.
///
/// The dictionary is read by a parser of just what NumPy writes: three known keys, once each, with a string, a
/// boolean and a tuple of integers. Anything else is refused; nothing is ever evaluated.
enum NPYFormat {
  /// A header of more bytes than this is refused; NumPy pads its own to a multiple of 64.
  static let headerLimit = 65_536

  /// Reads up to the first element.
  static func readHeader(_ stream: ByteStream) throws -> ArrayHeader {
    let magic = try stream.readHeader(8, "the magic string and version")
    guard Array(magic[0..<6]) == [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59] else {
      throw DatasetError(.malformed, file: stream.file, at: .byte(0), "It does not begin with \\x93NUMPY.")
    }
    guard magic[6] == 1 || magic[6] == 2, magic[7] == 0 else {
      throw DatasetError(
        .malformed, file: stream.file, at: .byte(6), "Version \(magic[6]).\(magic[7]); 1.0 and 2.0 can be read.")
    }
    let lengthBytes = try stream.readHeader(magic[6] == 1 ? 2 : 4, "the header's length")
    let length = lengthBytes.reversed().reduce(0) { $0 << 8 | Int($1) }
    guard length <= headerLimit else {
      throw DatasetError(
        .malformed, file: stream.file, at: .byte(8), "A header of \(length) bytes; at most \(headerLimit) can be read.")
    }
    let start = stream.offset
    var parser = NPYHeaderParser(bytes: try stream.readHeader(length, "the header"), file: stream.file, start: start)
    let fields = try parser.parse()
    return try ArrayHeader(element: fields.element, dimensions: fields.shape, file: stream.file, offset: start)
  }
}

/// Reads `{'descr': '<f4', 'fortran_order': False, 'shape': (60000, 28, 28), }` and the spaces after it.
private struct NPYHeaderParser {
  let bytes: [UInt8]
  let file: String
  /// The file's byte at which `bytes` begins.
  let start: Int
  private var position = 0
  private var element: ElementType?
  private var isFortranOrder: Bool?
  private var shape: [Int]?

  init(bytes: [UInt8], file: String, start: Int) {
    self.bytes = bytes
    self.file = file
    self.start = start
  }

  mutating func parse() throws -> (element: ElementType, shape: [Int]) {
    try expect("{")
    while !take("}") {
      try parseField()
      if !take(",") {
        try expect("}")
        break
      }
    }
    skipSpaces()
    guard position == bytes.count else { throw malformed("Something follows the header's dictionary.") }
    guard let element, let isFortranOrder, let shape else {
      throw malformed("The header needs descr, fortran_order and shape.")
    }
    guard !isFortranOrder else {
      throw malformed("The array is in Fortran order: save it with numpy.ascontiguousarray.")
    }
    return (element, shape)
  }

  private mutating func parseField() throws {
    let key = try parseString()
    try expect(":")
    switch key {
    case "descr" where element == nil: element = try parseElementType()
    case "fortran_order" where isFortranOrder == nil: isFortranOrder = try parseBoolean()
    case "shape" where shape == nil: shape = try parseTuple()
    default: throw malformed("The header's key \(key) is unknown or stands twice.")
    }
  }

  private mutating func parseElementType() throws -> ElementType {
    let name = try parseString()
    let kinds: [Substring: ElementType.Kind] = [
      "u1": .unsigned8, "i1": .signed8, "i2": .signed16, "i4": .signed32, "i8": .signed64, "f4": .float32,
      "f8": .float64,
    ]
    guard let order = name.first, "<>|=".contains(order), let kind = kinds[name.dropFirst()] else {
      throw malformed("Elements of type \(name) cannot be read: u1, i1, i2, i4, i8, f4 and f8 can.")
    }
    return ElementType(kind: kind, isBigEndian: order == ">")
  }

  private mutating func parseBoolean() throws -> Bool {
    if take("True") { return true }
    if take("False") { return false }
    throw malformed("fortran_order is True or False.")
  }

  private mutating func parseTuple() throws -> [Int] {
    try expect("(")
    var values: [Int] = []
    while !take(")") {
      values.append(try parseInteger())
      if !take(",") {
        try expect(")")
        break
      }
    }
    guard 1...ArrayHeader.rankLimit ~= values.count else {
      throw malformed("\(values.count) dimensions; 1 to \(ArrayHeader.rankLimit) can be read.")
    }
    return values
  }

  private mutating func parseInteger() throws -> Int {
    skipSpaces()
    var value = 0
    let first = position
    while position < bytes.count, case UInt8(ascii: "0")...UInt8(ascii: "9") = bytes[position] {
      let (shifted, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = shifted.addingReportingOverflow(Int(bytes[position] - UInt8(ascii: "0")))
      guard !overflow, !carry else { throw malformed("A dimension is more than 63 bits can count.") }
      value = sum
      position += 1
    }
    guard position > first else { throw malformed("A dimension is a whole number.") }
    return value
  }

  private mutating func parseString() throws -> String {
    skipSpaces()
    guard position < bytes.count, bytes[position] == UInt8(ascii: "'") || bytes[position] == UInt8(ascii: "\"") else {
      throw malformed("A string in quotation marks is missing.")
    }
    let quote = bytes[position]
    guard let close = bytes[(position + 1)...].firstIndex(of: quote) else {
      throw malformed("A string has no closing quotation mark.")
    }
    let text = bytes[position + 1..<close]
    guard text.allSatisfy({ (0x20...0x7E).contains($0) && $0 != UInt8(ascii: "\\") }) else {
      throw malformed("A string holds something other than plain ASCII.")
    }
    position = close + 1
    return String(decoding: text, as: UTF8.self)
  }

  private mutating func expect(_ token: String) throws {
    guard take(token) else { throw malformed("\(token) is missing.") }
  }

  private mutating func take(_ token: String) -> Bool {
    skipSpaces()
    guard bytes[position...].starts(with: token.utf8) else { return false }
    position += token.utf8.count
    return true
  }

  private mutating func skipSpaces() {
    while position < bytes.count, bytes[position] == 0x20 || bytes[position] == 0x0A { position += 1 }
  }

  private func malformed(_ detail: String) -> DatasetError {
    DatasetError(.malformed, file: file, at: .byte(start + position), detail)
  }
}
