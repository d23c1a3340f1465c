/// Why a path or a query could not be decoded.
public enum PercentDecodingError: Error, Equatable {
  /// "%" that two hexadecimal digits do not follow.
  case badEscape
  /// An encoded NUL, at which C interfaces behind us would stop reading.
  case nul
  case invalidUTF8
  /// A path segment that is empty, "." or "..".
  case dotOrEmptySegment
}

/// Decodes "%XX" once, and "+" as a space where `plusIsSpace` (the form encoding of queries).
///
/// - Throws: `badEscape`, `nul` or `invalidUTF8`. Overlong forms and encoded surrogates are invalid UTF-8.
public func percentDecoded(
  _ text: some StringProtocol, plusIsSpace: Bool
) throws(PercentDecodingError) -> String {
  var bytes: [UInt8] = []
  bytes.reserveCapacity(text.utf8.count)
  var rest = text.utf8.makeIterator()
  while let byte = rest.next() {
    switch byte {
    case UInt8(ascii: "%"):
      guard let high = rest.next().flatMap(hexadecimalValue), let low = rest.next().flatMap(hexadecimalValue) else {
        throw .badEscape
      }
      bytes.append(high << 4 | low)
    case UInt8(ascii: "+") where plusIsSpace:
      bytes.append(0x20)
    default:
      bytes.append(byte)
    }
    if bytes.last == 0 { throw .nul }
  }
  guard let decoded = String(validating: bytes, as: UTF8.self) else { throw .invalidUTF8 }
  return decoded
}
