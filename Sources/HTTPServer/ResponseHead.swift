import Glibc

/// How the body of an answer is delimited (RFC 9112, section 6).
enum ResponseFraming: Equatable {
  case noBody
  case length(Int64)
  case chunked
  /// HTTP/1.0 has no chunks: the end of the connection is the end of the body.
  case untilClose
}

/// What answering depends on in the request that is being answered.
struct ResponseContext {
  var isHead = false
  var minorVersion = 1
  var keepsAlive = true
}

extension HTTPResponse {
  func framing(for context: ResponseContext) -> ResponseFraming {
    // RFC 9110, sections 15.3.5 and 15.4.5: 204 and 304 end with their header.
    if status == 204 || status == 304 { return .noBody }
    switch body {
    case .bytes(let bytes): return .length(Int64(bytes.count))
    case .file(_, let range): return .length(Int64(range.count))
    case .stream: return context.minorVersion >= 1 ? .chunked : .untilClose
    }
  }

  /// Whether every name is a token and no value has a control character: a line break in a value that came from a
  /// client would let it write the rest of the answer.
  var hasSafeHeaders: Bool {
    headers.fields.allSatisfy { field in
      !field.name.isEmpty && field.name.utf8.allSatisfy(ASCIISet.token.contains)
        && field.value.utf8.allSatisfy(isFieldValueByte)
    }
  }

  /// The status line and the fields, with `date` (a complete line) and what the framing needs.
  func head(framing: ResponseFraming, context: ResponseContext, date: [UInt8]) -> [UInt8] {
    var head: [UInt8] = []
    head.reserveCapacity(256)
    head.append(contentsOf: "HTTP/1.1 \(status) ".utf8)
    head.append(contentsOf: Self.reasonPhrase(of: status).utf8)
    head.append(contentsOf: "\r\n".utf8)
    head.append(contentsOf: date)
    for field in headers.fields where !Self.isOurs(field.name) {
      head.appendField(field.name, field.value)
    }
    switch framing {
    case .noBody, .untilClose: break
    case .length(let length): head.appendField("Content-Length", String(length))
    case .chunked: head.appendField("Transfer-Encoding", "chunked")
    }
    if !context.keepsAlive {
      head.appendField("Connection", "close")
    } else if context.minorVersion == 0 {
      head.appendField("Connection", "keep-alive")
    }
    head.append(contentsOf: "\r\n".utf8)
    return head
  }

  /// Fields of the framing and of the connection, which no handler can know.
  private static func isOurs(_ name: String) -> Bool {
    switch name.utf8.count {
    case 4: name.equalsIgnoringASCIICase("date")
    case 10: name.equalsIgnoringASCIICase("connection") || name.equalsIgnoringASCIICase("keep-alive")
    case 14: name.equalsIgnoringASCIICase("content-length")
    case 17: name.equalsIgnoringASCIICase("transfer-encoding")
    default: false
    }
  }
}

extension [UInt8] {
  fileprivate mutating func appendField(_ name: String, _ value: String) {
    append(contentsOf: name.utf8)
    append(contentsOf: ": ".utf8)
    append(contentsOf: value.utf8)
    append(contentsOf: "\r\n".utf8)
  }
}

/// The `Date` line of the current second (RFC 9110, section 6.6.1), made anew only when the second changes.
struct DateLine {
  private var second: time_t = -1
  private var cached: [UInt8] = []

  mutating func line() -> [UInt8] {
    let now = time(nil)
    if now != second {
      second = now
      cached = Array("Date: \(httpDate(unixSeconds: now))\r\n".utf8)
    }
    return cached
  }
}

/// The preferred form of RFC 9110, section 5.6.7: `Sun, 06 Nov 1994 08:49:37 GMT`.
package func httpDate(unixSeconds: Int) -> String {
  var second: time_t = unixSeconds
  var parts = tm()
  gmtime_r(&second, &parts)
  let weekday = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][Int(parts.tm_wday)]
  let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
  func padded(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
  let day = "\(weekday), \(padded(parts.tm_mday)) \(months[Int(parts.tm_mon)]) \(Int(parts.tm_year) + 1900)"
  return "\(day) \(padded(parts.tm_hour)):\(padded(parts.tm_min)):\(padded(parts.tm_sec)) GMT"
}
