/// Reads JSON (RFC 8259) strictly, in one pass and linear time, from bytes that may be hostile.
///
/// Foundation's decoder keeps one of two members of the same name and lets the reader guess which, so that two readers
/// of one request can see two different requests. Here duplicate names are refused, as are invalid UTF-8, lone
/// surrogates, raw control characters, a byte-order mark, and anything nested deeper or larger than any request of this
/// service needs. The nesting limit also bounds the recursion.
///
/// One leniency: the words `NaN`, `Infinity` and `-Infinity`, which Python's `json` writes, are read as numbers that no
/// field accepts. The client then hears which field holds one instead of a column.
public struct JSONScanner {
  public struct Limits: Sendable {
    public var depth = 64
    /// Values in the whole text, containers included; bounds the memory that a small text of `[[],[],…` turns into.
    public var values = 200_000

    public init() {}
  }

  let bytes: [UInt8]
  var position = 0
  private let limits: Limits
  private var valueCount = 0
  private var path: [Step] = []

  private enum Step {
    case member(String)
    case element(Int)
  }

  private init(bytes: [UInt8], limits: Limits) {
    self.bytes = bytes
    self.limits = limits
  }

  /// - Throws: `JSONSyntaxError` with line and column.
  public static func scan(_ bytes: [UInt8], limits: Limits = Limits()) throws -> JSONNode {
    var scanner = JSONScanner(bytes: bytes, limits: limits)
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
      throw scanner.error("The text begins with a byte-order mark; send it without one")
    }
    scanner.skipWhitespace()
    guard scanner.position < bytes.count else { throw scanner.error("The text is empty; a JSON value is expected") }
    let root = try scanner.scanValue(depth: 0)
    scanner.skipWhitespace()
    guard scanner.position == bytes.count else {
      throw scanner.error("There is \(scanner.found) after the end of the value")
    }
    return root
  }

  // MARK: Values

  private mutating func scanValue(depth: Int) throws -> JSONNode {
    valueCount += 1
    guard valueCount <= limits.values else { throw error("There are more than \(limits.values) values") }
    let start = position
    guard let byte = peek else { throw error("The text ends where a value is expected") }
    switch byte {
    case UInt8(ascii: "{"): return JSONNode(offset: start, content: .object(try scanObject(depth: depth + 1)))
    case UInt8(ascii: "["): return JSONNode(offset: start, content: .array(try scanArray(depth: depth + 1)))
    case UInt8(ascii: "\""): return JSONNode(offset: start, content: .string(try scanString()))
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
      return JSONNode(offset: start, content: .number(try scanNumber()))
    default: return JSONNode(offset: start, content: try scanWord())
    }
  }

  private mutating func scanWord() throws -> JSONNode.Content {
    let words: [(String, JSONNode.Content)] = [
      ("null", .null), ("true", .bool(true)), ("false", .bool(false)),
      ("NaN", .number(JSONNumber(text: "NaN"))), ("Infinity", .number(JSONNumber(text: "Infinity"))),
    ]
    for (word, content) in words where take(word) { return content }
    throw error("There is \(found) where a value is expected")
  }

  private mutating func scanArray(depth: Int) throws -> [JSONNode] {
    try enter(depth: depth)
    var elements: [JSONNode] = []
    skipWhitespace()
    if take("]") { return elements }
    while true {
      skipWhitespace()
      path.append(.element(elements.count))
      elements.append(try scanValue(depth: depth))
      path.removeLast()
      skipWhitespace()
      if take("]") { return elements }
      guard take(",") else { throw error("There is \(found) where a comma or ] is expected") }
    }
  }

  private mutating func scanObject(depth: Int) throws -> [JSONNode.Member] {
    try enter(depth: depth)
    var members: [JSONNode.Member] = []
    var names: Set<String> = []
    skipWhitespace()
    if take("}") { return members }
    while true {
      skipWhitespace()
      let nameOffset = position
      guard peek == UInt8(ascii: "\"") else {
        throw error("There is \(found) where a member's name in quotes is expected")
      }
      let name = try scanString()
      path.append(.member(name))
      guard names.insert(name).inserted else {
        position = nameOffset
        throw error("The name \"\(name.prefix(80))\" stands twice in one object; keep one of the two")
      }
      skipWhitespace()
      guard take(":") else { throw error("There is \(found) where a colon is expected") }
      skipWhitespace()
      members.append(JSONNode.Member(name: name, nameOffset: nameOffset, value: try scanValue(depth: depth)))
      path.removeLast()
      skipWhitespace()
      if take("}") { return members }
      guard take(",") else { throw error("There is \(found) where a comma or } is expected") }
    }
  }

  /// Steps over the opening bracket.
  private mutating func enter(depth: Int) throws {
    guard depth <= limits.depth else { throw error("Arrays and objects are nested more than \(limits.depth) deep") }
    position += 1
  }

  // MARK: Numbers

  /// number = [ "-" ] int [ frac ] [ exp ] (RFC 8259, section 6).
  private mutating func scanNumber() throws -> JSONNumber {
    let start = position
    if take("-"), take("Infinity") { return JSONNumber(text: "-Infinity") }
    if take("0") {
      if let byte = peek, Self.isDigit(byte) { throw error("A number does not begin with a zero before other digits") }
    } else {
      try skipDigits(after: "A minus sign")
    }
    if take(".") { try skipDigits(after: "A decimal point") }
    if take("e") || take("E") {
      _ = take("+") || take("-")
      try skipDigits(after: "An exponent")
    }
    return JSONNumber(text: String(decoding: bytes[start..<position], as: UTF8.self))
  }

  private mutating func skipDigits(after what: String) throws {
    guard let byte = peek, Self.isDigit(byte) else { throw error("\(what) is followed by \(found), not by a digit") }
    while let byte = peek, Self.isDigit(byte) { position += 1 }
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
  }

  // MARK: Position

  var peek: UInt8? {
    position < bytes.count ? bytes[position] : nil
  }

  private mutating func skipWhitespace() {
    while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }

  /// Steps over the word if it stands here.
  private mutating func take(_ word: StaticString) -> Bool {
    let length = word.utf8CodeUnitCount
    guard bytes.count - position >= length else { return false }
    let stands = word.withUTF8Buffer { buffer in buffer.indices.allSatisfy { bytes[position + $0] == buffer[$0] } }
    if stands { position += length }
    return stands
  }

  private mutating func take(_ word: String) -> Bool {
    guard bytes[position...].starts(with: word.utf8) else { return false }
    position += word.utf8.count
    return true
  }

  /// What stands here, for messages.
  private var found: String {
    guard let byte = peek else { return "the end of the text" }
    return switch byte {
    case 0x21...0x7E: "the character \(Character(Unicode.Scalar(byte)))"
    case 0x20, 0x0A, 0x0D, 0x09: "white space"
    default: "the byte 0x" + String(byte, radix: 16, uppercase: true)
    }
  }

  func error(_ reason: String) -> JSONSyntaxError {
    let pointer = path.reduce(into: JSONPointer.root) { pointer, step in
      switch step {
      case .member(let name): pointer = pointer.member(name)
      case .element(let index): pointer = pointer.element(index)
      }
    }
    return JSONSyntaxError(reason, at: position, of: bytes, pointer: pointer.text)
  }
}
