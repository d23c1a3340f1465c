extension JSONScanner {
  /// Reads a string, opening and closing quotation marks included. What has no escape is copied in one piece and
  /// checked to be UTF-8 at the end.
  mutating func scanString() throws -> String {
    let start = position
    position += 1
    var content: [UInt8] = []
    var pieceStart = position
    while let byte = peek {
      switch byte {
      case UInt8(ascii: "\""):
        content.append(contentsOf: bytes[pieceStart..<position])
        guard let string = String(validating: content, as: UTF8.self) else {
          position = start
          throw error("The string that begins here is not valid UTF-8")
        }
        position += 1
        return string
      case UInt8(ascii: "\\"):
        content.append(contentsOf: bytes[pieceStart..<position])
        try scanEscape(into: &content)
        pieceStart = position
      case 0..<0x20:
        throw error("The control character 0x\(String(byte, radix: 16)) must be escaped within a string")
      default: position += 1
      }
    }
    position = start
    throw error("The string that begins here has no closing quotation mark")
  }

  private mutating func scanEscape(into content: inout [UInt8]) throws {
    position += 1
    guard let byte = peek else { return }  // The caller finds that the string has no end.
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(byte)
    case UInt8(ascii: "b"): content.append(0x08)
    case UInt8(ascii: "f"): content.append(0x0C)
    case UInt8(ascii: "n"): content.append(0x0A)
    case UInt8(ascii: "r"): content.append(0x0D)
    case UInt8(ascii: "t"): content.append(0x09)
    case UInt8(ascii: "u"):
      let scalar = try scanUnicodeEscape()
      content.append(contentsOf: UTF8.encode(scalar).map { Array($0) } ?? [])
      return
    default: throw error("A backslash is followed by none of \" \\ / b f n r t u")
    }
    position += 1
  }

  /// RFC 8259, section 7: a character outside the basic plane is a pair of escapes, a high surrogate and a low one.
  private mutating func scanUnicodeEscape() throws -> Unicode.Scalar {
    let start = position - 1
    let first = try scanFourDigits()
    if let scalar = Unicode.Scalar(first) { return scalar }
    if first < 0xDC00, position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"),
      bytes[position + 1] == UInt8(ascii: "u")
    {
      position += 1
      let second = try scanFourDigits()
      let pair = 0x10000 + (first - 0xD800) << 10 + second &- 0xDC00
      if second >= 0xDC00, second <= 0xDFFF, let scalar = Unicode.Scalar(pair) { return scalar }
    }
    position = start
    throw error("This escape is half of a surrogate pair")
  }

  /// Steps over the `u` and four hexadecimal digits.
  private mutating func scanFourDigits() throws -> UInt32 {
    position += 1
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let digit = peek.flatMap(PercentEncoding.hexadecimalDigit) else {
        throw error("\\u is followed by four hexadecimal digits")
      }
      value = value << 4 | UInt32(digit)
      position += 1
    }
    return value
  }
}
