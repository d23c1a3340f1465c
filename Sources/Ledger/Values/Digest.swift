import COpenSSL

/// A SHA-256 digest.
public struct Digest: Hashable, Sendable, CustomStringConvertible {
  /// 32 bytes.
  public let bytes: [UInt8]

  /// The digest of `message`. Throws `LedgerError.unavailable` where OpenSSL cannot compute it (no memory, or a
  /// provider that refuses SHA-256).
  public init(of message: [UInt8]) throws {
    var digest = [UInt8](repeating: 0, count: Self.byteCount)
    guard openssl_sha256(message, message.count, &digest) else {
      throw LedgerError.unavailable(reason: "SHA-256 could not be computed")
    }
    bytes = digest
  }

  public init(ofText text: String) throws { try self.init(of: Array(text.utf8)) }

  /// The digest that 64 lower-case hexadecimal digits spell, or nil.
  public init?(hexadecimal text: String) {
    let digits = Array(text.utf8)
    guard digits.count == 2 * Self.byteCount else { return nil }
    var decoded: [UInt8] = []
    for position in stride(from: 0, to: digits.count, by: 2) {
      guard let high = Self.value(ofDigit: digits[position]), let low = Self.value(ofDigit: digits[position + 1]) else {
        return nil
      }
      decoded.append(high << 4 | low)
    }
    bytes = decoded
  }

  /// 64 lower-case hexadecimal digits.
  public var description: String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  /// The digest that was stored as these bytes, or nil where they are not 32.
  public init?(bytes: [UInt8]) {
    guard bytes.count == Self.byteCount else { return nil }
    self.bytes = bytes
  }

  /// 32 zero bytes: what the first entry of a chain has for its predecessor.
  public static let zero = Digest(unchecked: [UInt8](repeating: 0, count: byteCount))

  public static let byteCount = 32

  private init(unchecked bytes: [UInt8]) { self.bytes = bytes }

  private static func value(ofDigit digit: UInt8) -> UInt8? {
    switch digit {
    case 48...57: digit - 48
    case 97...102: digit - 87
    default: nil
    }
  }
}
