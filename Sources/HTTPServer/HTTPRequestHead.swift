/// The request line and the fields of one request, with everything that the framing depends on already decided.
package struct HTTPRequestHead: Equatable, Sendable {
  package enum Framing: Equatable, Sendable {
    /// Exactly this many bytes follow; 0 where there is no body.
    case length(Int)
    case chunked
  }

  package var method = ""
  /// In origin form: "/path?query", or "*".
  package var target = ""
  /// 0 for HTTP/1.0. A minor version above 1 is read as HTTP/1.1 (RFC 9110, section 2.5).
  package var minorVersion = 1
  package var headers = HTTPHeaders()
  package var framing = Framing.length(0)
  /// Whether the client wants to go on using the connection (RFC 9112, section 9.3).
  package var keepsAlive = true
  /// The client holds the body back until it sees 100 (RFC 9110, section 10.1.1).
  package var expectsContinue = false
}

/// What the framing rules need to remember while the fields of a head go by.
struct HTTPFramingFields: Sendable {
  var hostCount = 0
  var hostIsValid = true
  var contentLength: Int?
  var isChunked = false
  var closes = false
  var keepsAlive = false
  var expectsContinue = false

  /// Takes note of one field.
  ///
  /// - Throws: 400 for a second or malformed `Content-Length`, a second `Transfer-Encoding` or one that is not exactly
  ///   `chunked`; 417 for an expectation other than `100-continue`.
  mutating func note(name: String, value: String) throws(HTTPRefusal) {
    // The length tells the few names that matter apart from nearly all others before any comparison.
    switch name.utf8.count {
    case 4 where name.equalsIgnoringASCIICase("host"):
      hostCount += 1
      hostIsValid = isValidAuthority(value)
    case 6 where name.equalsIgnoringASCIICase("expect"):
      guard value.equalsIgnoringASCIICase("100-continue") else {
        throw HTTPRefusal(status: 417, detail: "The only expectation met here is 100-continue.")
      }
      expectsContinue = true
    case 10 where name.equalsIgnoringASCIICase("connection"):
      noteConnection(value)
    case 14 where name.equalsIgnoringASCIICase("content-length"):
      guard contentLength == nil else { throw .malformed("Content-Length occurs twice.") }
      contentLength = try Self.parseLength(value)
    case 17 where name.equalsIgnoringASCIICase("transfer-encoding"):
      guard !isChunked else { throw .malformed("Transfer-Encoding occurs twice.") }
      guard value.equalsIgnoringASCIICase("chunked") else {
        throw .malformed("The only transfer coding taken is chunked, alone.")
      }
      isChunked = true
    default:
      break
    }
  }

  private mutating func noteConnection(_ value: String) {
    for option in value.split(separator: ",") {
      let option = option.trimmingOptionalWhitespace()
      if option.equalsIgnoringASCIICase("close") { closes = true }
      if option.equalsIgnoringASCIICase("keep-alive") { keepsAlive = true }
    }
  }

  /// 1*DIGIT and nothing else (RFC 9112, section 6.3): no sign, no list, no blank inside, no overflow.
  private static func parseLength(_ value: String) throws(HTTPRefusal) -> Int {
    var length = 0
    for byte in value.utf8 {
      guard isDigit(byte) else { throw .malformed("Content-Length must be decimal digits only.") }
      let (tens, overflow) = length.multipliedReportingOverflow(by: 10)
      let (sum, carry) = tens.addingReportingOverflow(Int(byte - 0x30))
      guard !overflow, !carry else { throw .malformed("Content-Length does not fit 63 bits.") }
      length = sum
    }
    guard !value.isEmpty else { throw .malformed("Content-Length is empty.") }
    return length
  }

  /// Decides the framing once all fields are seen; fixed order, first failure wins.
  ///
  /// - Throws: 400 where the host or the framing is not beyond doubt, 413 for a body longer than `bodyLimit`.
  func complete(_ head: inout HTTPRequestHead, bodyLimit: Int) throws(HTTPRefusal) {
    // RFC 9112, section 3.2: 400 for HTTP/1.1 without Host, with two, or with an invalid one.
    guard hostCount <= 1 else { throw .malformed("Host occurs twice.") }
    guard hostCount == 1 || head.minorVersion == 0 else { throw .malformed("HTTP/1.1 requires a Host field.") }
    guard hostIsValid else { throw .malformed("The Host field is no host with an optional port.") }
    // RFC 9112, section 6.1: both at once is the shape of request smuggling, and HTTP/1.0 has no transfer codings.
    guard !(isChunked && contentLength != nil) else {
      throw .malformed("Content-Length and Transfer-Encoding exclude each other.")
    }
    guard !(isChunked && head.minorVersion == 0) else { throw .malformed("HTTP/1.0 has no Transfer-Encoding.") }
    if let contentLength, contentLength > bodyLimit { throw .bodyTooLarge(limit: bodyLimit) }
    head.framing = isChunked ? .chunked : .length(contentLength ?? 0)
    head.keepsAlive = !closes && (head.minorVersion >= 1 || keepsAlive)
    // RFC 9110, section 10.1.1: the expectation of an HTTP/1.0 client is ignored, and without a body there is none.
    head.expectsContinue = expectsContinue && head.minorVersion >= 1 && head.framing != .length(0)
  }
}

/// `uri-host [":" port]` with a host that is not empty (RFC 9110, section 4.2.1), no user information, a port below
/// 65536.
func isValidAuthority(_ text: some StringProtocol) -> Bool {
  let bytes = Array(text.utf8)
  var end = 0
  if bytes.first == UInt8(ascii: "[") {
    guard let close = bytes.firstIndex(of: UInt8(ascii: "]")), close > 1 else { return false }
    guard bytes[1..<close].allSatisfy(ASCIISet.ipLiteral.contains) else { return false }
    end = close + 1
  } else {
    end = bytes.firstIndex(of: UInt8(ascii: ":")) ?? bytes.count
    guard end > 0, bytes[..<end].allSatisfy(ASCIISet.registeredName.contains) else { return false }
  }
  guard end < bytes.count else { return true }
  let port = bytes[(end + 1)...]
  guard bytes[end] == UInt8(ascii: ":"), port.count <= 5, port.allSatisfy(isDigit) else { return false }
  return port.reduce(0) { $0 * 10 + Int($1 - 0x30) } < 65_536
}
