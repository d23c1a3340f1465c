// Character classes of RFC 9110 (section 5.6) and RFC 3986 (appendix A) over bytes.

@inline(__always)
func asciiLowercase(_ byte: UInt8) -> UInt8 {
  byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte
}

@inline(__always)
func isOptionalWhitespace(_ byte: UInt8) -> Bool {
  byte == 0x20 || byte == 0x09
}

@inline(__always)
func isDigit(_ byte: UInt8) -> Bool {
  byte >= 0x30 && byte <= 0x39
}

/// The value of a hexadecimal digit, or nil.
@inline(__always)
func hexadecimalValue(_ byte: UInt8) -> UInt8? {
  switch byte {
  case 0x30...0x39: byte - 0x30
  case 0x41...0x46: byte - 0x41 + 10
  case 0x61...0x66: byte - 0x61 + 10
  default: nil
  }
}

/// Two words of a 128-bit set of ASCII characters: membership is a shift, with no table to read from memory.
struct ASCIISet: Sendable {
  private let low: UInt64
  private let high: UInt64

  init(_ members: String) {
    var words: (low: UInt64, high: UInt64) = (0, 0)
    for byte in members.utf8 {
      if byte < 64 { words.low |= 1 << UInt64(byte) } else { words.high |= 1 << UInt64(byte - 64) }
    }
    (low, high) = words
  }

  @inline(__always)
  func contains(_ byte: UInt8) -> Bool {
    byte < 64 ? low >> UInt64(byte) & 1 == 1 : byte < 128 && high >> UInt64(byte - 64) & 1 == 1
  }

  private static let alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

  /// tchar, RFC 9110, section 5.6.2.
  static let token = ASCIISet(alphanumeric + "!#$%&'*+-.^_`|~")
  /// What a path and a query may hold: pchar, "/" and "?" of RFC 3986. `#`, quotes, braces, backslashes are not among
  /// them, and a target that has one is refused rather than guessed at (RFC 9112, section 3.2).
  static let target = ASCIISet(alphanumeric + "-._~%!$&'()*+,;=:@/?")
  /// A registered name, less the comma: `Host: a,b` is two hosts joined by a proxy, never the name of one.
  static let registeredName = ASCIISet(alphanumeric + "-._~%!$&'()*+;=")
  static let ipLiteral = ASCIISet("0123456789abcdefABCDEF:.")
}

/// What a field's value may hold: everything but control bytes; a tab is allowed and so are bytes above 127, which
/// are opaque (RFC 9110, section 5.5).
@inline(__always)
func isFieldValueByte(_ byte: UInt8) -> Bool {
  byte >= 0x20 ? byte != 0x7F : byte == 0x09
}
