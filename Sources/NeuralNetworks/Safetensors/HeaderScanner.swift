/// Why bytes are not a safetensors file, and where: `byte` counts from the beginning of the file.
public struct SafetensorsError: Error, Hashable, Sendable, CustomStringConvertible {
  public let byte: Int
  public let reason: String
  public var description: String { "byte \(byte): \(reason)" }
}

/// Reads the subset of JSON that a safetensors header uses: objects, strings, and arrays of counts.
///
/// A general parser would accept what must be refused (a key twice, 1e3 for a count) and would not say where.
struct HeaderScanner {
  private let bytes: ArraySlice<UInt8>
  /// Counts from the beginning of the file.
  private(set) var position: Int

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    position = bytes.startIndex
  }

  func failure(_ reason: String, at byte: Int? = nil) -> SafetensorsError {
    SafetensorsError(byte: byte ?? position, reason: reason)
  }

  private var current: UInt8? { position < bytes.endIndex ? bytes[position] : nil }

  private mutating func skipSpace() {
    while let byte = current, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { position += 1 }
  }

  private mutating func accept(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard let byte = current, byte == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  mutating func expect(_ character: Unicode.Scalar) throws(SafetensorsError) {
    guard accept(character) else { throw failure("expected “\(character)”") }
  }

  /// Nothing but space may follow.
  mutating func expectEnd() throws(SafetensorsError) {
    skipSpace()
    guard current == nil else { throw failure("text after the header's object") }
  }

  /// {"key": value, …}; `value` must read one value. A key that occurs twice is refused.
  mutating func object(
    _ value: (_ scanner: inout HeaderScanner, _ key: String, _ keyByte: Int) throws(SafetensorsError) -> Void
  ) throws(SafetensorsError) {
    var keys: Set<String> = []
    try expect("{")
    if accept("}") { return }
    repeat {
      skipSpace()
      let start = position
      let key = try string()
      guard keys.insert(key).inserted else { throw failure("the key “\(key)” occurs twice", at: start) }
      try expect(":")
      try value(&self, key, start)
    } while accept(",")
    try expect("}")
  }

  /// [count, …], at most `limit` of them.
  mutating func counts(limit: Int) throws(SafetensorsError) -> [Int] {
    var values: [Int] = []
    try expect("[")
    if accept("]") { return values }
    repeat {
      guard values.count < limit else { throw failure("more than \(limit) numbers") }
      values.append(try count())
    } while accept(",")
    try expect("]")
    return values
  }

  /// Digits only: no sign, no fraction, no leading zero, and within `Int`.
  private mutating func count() throws(SafetensorsError) -> Int {
    skipSpace()
    let start = position
    var value = 0
    while let byte = current, (0x30...0x39).contains(byte) {
      let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = scaled.addingReportingOverflow(Int(byte) - 0x30)
      guard !overflow, !carry else { throw failure("a number out of range", at: start) }
      value = sum
      position += 1
    }
    guard position > start else { throw failure("expected a number that is not negative") }
    guard bytes[start] != 0x30 || position == start + 1 else { throw failure("a leading zero", at: start) }
    return value
  }

  mutating func string() throws(SafetensorsError) -> String {
    try expect("\"")
    let start = position
    var scalars: [UInt8] = []
    while let byte = current {
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let text = String(validating: scalars, as: UTF8.self) else {
          throw failure("a string that is not UTF-8", at: start)
        }
        return text
      case UInt8(ascii: "\\"): scalars += try escape()
      case 0..<0x20: throw failure("a control character in a string", at: position - 1)
      default: scalars.append(byte)
      }
    }
    throw failure("a string without end", at: start)
  }

  private mutating func escape() throws(SafetensorsError) -> [UInt8] {
    let start = position - 1
    guard let byte = current else { throw failure("a string without end", at: start) }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0C]
    case UInt8(ascii: "n"): return [0x0A]
    case UInt8(ascii: "r"): return [0x0D]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "u"): return try unicodeEscape(start)
    default: throw failure("an unknown escape", at: start)
    }
  }

  /// The rest of \uXXXX, or of a surrogate pair of them.
  private mutating func unicodeEscape(_ start: Int) throws(SafetensorsError) -> [UInt8] {
    var value = try hexadecimal()
    if (0xD800..<0xDC00).contains(value) {
      guard bytes[position...].starts(with: Array("\\u".utf8)) else {
        throw failure("half a surrogate pair", at: start)
      }
      position += 2
      let low = try hexadecimal()
      guard (0xDC00..<0xE000).contains(low) else { throw failure("half a surrogate pair", at: start) }
      value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
    }
    guard let scalar = Unicode.Scalar(value) else { throw failure("half a surrogate pair", at: start) }
    return Array(String(Character(scalar)).utf8)
  }

  private mutating func hexadecimal() throws(SafetensorsError) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = current, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw failure("expected four hexadecimal digits")
      }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }
}
