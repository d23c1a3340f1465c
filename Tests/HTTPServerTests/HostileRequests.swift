import Testing

/// One connection's bytes and the statuses a server must answer, in order. A status of 400 or above is the server's own
/// refusal, after which it closes; 200 stands for a request that reaches the handler.
struct HostileRequest: Sendable, CustomTestStringConvertible {
  let name: String
  let bytes: [UInt8]
  let statuses: [Int]

  var testDescription: String { name }

  /// The characters of `text` up to U+00FF stand for one byte each.
  init(_ name: String, _ text: String, _ statuses: Int...) {
    self.name = name
    bytes = text.unicodeScalars.map { UInt8($0.value) }
    self.statuses = statuses
  }

  /// What the table's rows are read under; everything else is the default.
  static let bodyLimitBytes = 64
  static let all = requestLines + targets + hosts + fields + lengths + codings + chunks + sequences
}

private func line(_ requestLine: String) -> String { "\(requestLine)\r\nHost: a\r\n\r\n" }
private func get(_ fields: String) -> String { "GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\n" }
private func post(_ fields: String, _ body: String) -> String {
  "POST / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\n\(body)"
}
private func chunked(_ body: String) -> String { post("Transfer-Encoding: chunked", body) }
private func repeated(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }

extension HostileRequest {
  // RFC 9112, sections 2.2, 2.3 and 3.
  private static let requestLines: [HostileRequest] = [
    .init("plain", line("GET / HTTP/1.1"), 200),
    .init("minor version from the future", line("GET / HTTP/1.2"), 200),
    .init("one empty line before", "\r\n" + line("GET / HTTP/1.1"), 200),
    .init("two empty lines before", "\r\n\r\n" + line("GET / HTTP/1.1"), 400),
    .init("bare LF before", "\n" + line("GET / HTTP/1.1"), 400),
    .init("HTTP/0.9", "GET /\r\n\r\n", 400),
    .init("method only", "GET\r\n\r\n", 400),
    .init("two spaces", line("GET  / HTTP/1.1"), 400),
    .init("trailing space", line("GET / HTTP/1.1 "), 400),
    .init("leading space", line(" GET / HTTP/1.1"), 400),
    .init("tabs for spaces", line("GET\t/\tHTTP/1.1"), 400),
    .init("bare LF", "GET / HTTP/1.1\nHost: a\n\n", 400),
    .init("CR CR LF", "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", 400),
    .init("bare CR", "GET / HTTP/1.1\rHost: a\r\n\r\n", 400),
    .init("lower-case version", line("GET / http/1.1"), 400),
    .init("two-digit minor version", line("GET / HTTP/1.10"), 400),
    .init("no minor version", line("GET / HTTP/1"), 400),
    .init("comma in the version", line("GET / HTTP/1,1"), 400),
    .init("blank in the version", line("GET / HTTP /1.1"), 400),
    .init("another protocol", line("GET / ICAP/1.0"), 400),
    .init("version 0.9 in so many words", line("GET / HTTP/0.9"), 505),
    .init("version 2.0", line("GET / HTTP/2.0"), 505),
    .init("preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    .init("delimiter in the method", line("G(T / HTTP/1.1"), 400),
    .init("byte above 127 in the method", line("G\u{C9}T / HTTP/1.1"), 400),
    .init("NUL in the method", line("GET\0 / HTTP/1.1"), 400),
    .init("unknown method is a token", line("BREW / HTTP/1.1"), 200),
    .init("TLS where plain text is spoken", "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\u{FC}\u{3}\u{3}\n", 400),
    .init("request line without end", "GET /" + repeated("a", 20_000), 414),
  ]

  // RFC 9112, section 3.2.
  private static let targets: [HostileRequest] = [
    .init("space in the target", line("GET /a b HTTP/1.1"), 400),
    .init("control byte in the target", line("GET /\u{1} HTTP/1.1"), 400),
    .init("NUL in the target", line("GET /\0 HTTP/1.1"), 400),
    .init("byte above 127 in the target", line("GET /\u{E9} HTTP/1.1"), 400),
    .init("fragment in the target", line("GET /#a HTTP/1.1"), 400),
    .init("backslash in the target", line("GET /a\\..\\b HTTP/1.1"), 400),
    .init("quote in the target", line("GET /\"a HTTP/1.1"), 400),
    .init("relative target", line("GET a HTTP/1.1"), 400),
    .init("query alone", line("GET ?a HTTP/1.1"), 400),
    .init("asterisk with GET", line("GET * HTTP/1.1"), 400),
    .init("asterisk with OPTIONS", line("OPTIONS * HTTP/1.1"), 200),
    .init("CONNECT", line("CONNECT a:80 HTTP/1.1"), 400),
    .init("authority form with GET", line("GET a:80 HTTP/1.1"), 400),
    .init("absolute form", line("GET http://b:8080/x?y HTTP/1.1"), 200),
    .init("absolute form without a path", line("GET HTTPS://b HTTP/1.1"), 200),
    .init("absolute form without a host", line("GET http:///x HTTP/1.1"), 400),
    .init("absolute form cut short", line("GET http:/ HTTP/1.1"), 400),
    .init("absolute form with a user", line("GET http://u@b/ HTTP/1.1"), 400),
    .init("absolute form of another scheme", line("GET ftp://b/ HTTP/1.1"), 400),
    .init("absolute form does not excuse Host", "GET http://b/ HTTP/1.1\r\n\r\n", 400),
  ]

  // RFC 9112, section 3.2; RFC 9110, section 7.2.
  private static let hosts: [HostileRequest] = [
    .init("no Host", "GET / HTTP/1.1\r\n\r\n", 400),
    .init("no Host in HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", 200),
    .init("two hosts", get("Host: b"), 400),
    .init("the same host twice", get("host: a"), 400),
    .init("two hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    .init("empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400),
    .init("blank in the host", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
    .init("list of hosts", "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", 400),
    .init("user in the host", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400),
    .init("path in the host", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
    .init("port too large", "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", 400),
    .init("port of letters", "GET / HTTP/1.1\r\nHost: a:http\r\n\r\n", 400),
    .init("port without host", "GET / HTTP/1.1\r\nHost: :80\r\n\r\n", 400),
    .init("IPv6 host", "GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", 200),
    .init("IPv6 host left open", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400),
    .init("IPv6 host and more", "GET / HTTP/1.1\r\nHost: [::1]a\r\n\r\n", 400),
  ]

  // RFC 9112, section 5; RFC 9110, section 5.5.
  private static let fields: [HostileRequest] = [
    .init("space before the colon", get("X : a"), 400),
    .init("tab before the colon", get("X\t: a"), 400),
    .init("blank in the name", get("X Y: a"), 400),
    .init("empty name", get(": a"), 400),
    .init("no colon", get("X"), 400),
    .init("byte above 127 in the name", get("X\u{E9}: a"), 400),
    .init("NUL in the name", get("X\0: a"), 400),
    .init("folded line", get("X: a\r\n b"), 400),
    .init("folded with a tab", get("X: a\r\n\tb"), 400),
    .init("first line begins with a blank", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400),
    .init("bare LF ends a field", "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400),
    .init("bare LF ends the header", "GET / HTTP/1.1\r\nHost: a\r\n\n", 400),
    .init("CR in a value", get("X: a\rY: b"), 400),
    .init("NUL in a value", get("X: a\0b"), 400),
    .init("vertical tab in a value", get("X: \u{B}a"), 400),
    .init("DEL in a value", get("X: a\u{7F}"), 400),
    .init("bytes above 127 in a value", get("X: \u{E9}\u{FF}"), 200),
    .init("empty value", get("X:"), 200),
    .init("tabs around a value", get("X:\t a \t"), 200),
    .init("100 fields", get(repeated("X: a\r\n", 98) + "Y: b"), 200),
    .init("101 fields", get(repeated("X: a\r\n", 99) + "Y: b"), 431),
    .init("one field over 16 KiB", get("X: " + repeated("a", 16_384)), 431),
    .init("a field without end", "GET / HTTP/1.1\r\nX: " + repeated("a", 100_000), 431),
    .init("many fields over 16 KiB", get(repeated("X: \(repeated("a", 300))\r\n", 60) + "Y: b"), 431),
    .init("an unknown expectation", get("Expect: 200-ok"), 417),
    .init("100-continue and no body", get("Expect: 100-continue"), 200),
  ]

  // RFC 9112, section 6.3; RFC 9110, section 8.6.
  private static let lengths: [HostileRequest] = [
    .init("length and body", post("Content-Length: 5", "hello"), 200),
    .init("GET with a body", get("Content-Length: 5") + "hello", 200),
    .init("leading zeros", post("Content-Length: 0005", "hello"), 200),
    .init("the limit itself", post("Content-Length: 64", repeated("a", 64)), 200),
    .init("one past the limit", post("Content-Length: 65", ""), 413),
    .init("largest Int64", post("Content-Length: 9223372036854775807", ""), 413),
    .init("2^63", post("Content-Length: 9223372036854775808", ""), 400),
    .init("2^64 and 5", post("Content-Length: 18446744073709551621", "hello"), 400),
    .init("2^32 and 5", post("Content-Length: 4294967301", "hello"), 413),
    .init("two lengths", post("Content-Length: 5\r\nContent-Length: 6", "hello!"), 400),
    .init("the same length twice", post("Content-Length: 5\r\ncontent-length: 5", "hello"), 400),
    .init("list of lengths", post("Content-Length: 5, 5", "hello"), 400),
    .init("plus sign", post("Content-Length: +5", "hello"), 400),
    .init("minus sign", post("Content-Length: -5", "hello"), 400),
    .init("minus zero", post("Content-Length: -0", ""), 400),
    .init("hexadecimal length", post("Content-Length: 0x5", "hello"), 400),
    .init("fraction", post("Content-Length: 5.0", "hello"), 400),
    .init("exponent", post("Content-Length: 1e1", "hello"), 400),
    .init("blank inside", post("Content-Length: 1 0", "hello"), 400),
    .init("empty length", post("Content-Length:", "hello"), 400),
    .init("digits of another script", post("Content-Length: \u{D9}\u{A5}", "hello"), 400),
    .init("semicolon after the length", post("Content-Length: 5;", "hello"), 400),
    .init("space before the length's colon", post("Content-Length : 5", "hello"), 400),
  ]

  // RFC 9112, sections 6.1 and 11.2.
  private static let codings: [HostileRequest] = [
    .init("length, then coding", post("Content-Length: 5\r\nTransfer-Encoding: chunked", "0\r\n\r\n"), 400),
    .init("coding, then length", post("Transfer-Encoding: chunked\r\nContent-Length: 5", "0\r\n\r\n"), 400),
    .init("zero length and coding", post("Content-Length: 0\r\nTransfer-Encoding: chunked", "0\r\n\r\n"), 400),
    .init("chunked twice in one", post("Transfer-Encoding: chunked, chunked", "0\r\n\r\n"), 400),
    .init("chunked twice in two", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "0\r\n\r\n"), 400),
    .init(
      "chunked, then identity", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", "0\r\n\r\n"), 400),
    .init("gzip and chunked", post("Transfer-Encoding: gzip, chunked", "0\r\n\r\n"), 400),
    .init("gzip", post("Transfer-Encoding: gzip", ""), 400),
    .init("identity", post("Transfer-Encoding: identity", ""), 400),
    .init("no coding", post("Transfer-Encoding:", ""), 400),
    .init("x before", post("Transfer-Encoding: xchunked", "0\r\n\r\n"), 400),
    .init("parameter", post("Transfer-Encoding: chunked;q=1", "0\r\n\r\n"), 400),
    .init("trailing comma", post("Transfer-Encoding: chunked,", "0\r\n\r\n"), 400),
    .init("quoted", post("Transfer-Encoding: \"chunked\"", "0\r\n\r\n"), 400),
    .init("vertical tab", post("Transfer-Encoding: \u{B}chunked", "0\r\n\r\n"), 400),
    .init("folded coding", post("Transfer-Encoding:\r\n chunked", "0\r\n\r\n"), 400),
    .init("space before the coding's colon", post("Transfer-Encoding : chunked", "0\r\n\r\n"), 400),
    .init("CR before the coding", post("X: a\rTransfer-Encoding: chunked", "0\r\n\r\n"), 400),
    .init("coding in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    .init("capitals", post("TRANSFER-ENCODING: Chunked", "0\r\n\r\n"), 200),
    .init("underscore is another name", post("Transfer_Encoding: chunked", "0\r\n\r\n"), 200, 400),
  ]

  // RFC 9112, section 7.1.
  private static let chunks: [HostileRequest] = [
    .init("two chunks", chunked("5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n"), 200),
    .init("extension", chunked("5;a=b;c=\"d\"\r\nhello\r\n0;e\r\n\r\n"), 200),
    .init("zeros before the size", chunked("00005\r\nhello\r\n000\r\n\r\n"), 200),
    .init("trailer", chunked("0\r\nX: a\r\nContent-Length: 9\r\n\r\n"), 200),
    .init("empty size", chunked("\r\nhello\r\n0\r\n\r\n"), 400),
    .init("size of letters", chunked("g\r\nhello\r\n0\r\n\r\n"), 400),
    .init("prefixed size", chunked("0x5\r\nhello\r\n0\r\n\r\n"), 400),
    .init("signed size", chunked("+5\r\nhello\r\n0\r\n\r\n"), 400),
    .init("negative size", chunked("-5\r\nhello\r\n0\r\n\r\n"), 400),
    .init("blank after the size", chunked("5 \r\nhello\r\n0\r\n\r\n"), 400),
    .init("blank before the size", chunked(" 5\r\nhello\r\n0\r\n\r\n"), 400),
    .init("extension without size", chunked(";a\r\nhello\r\n0\r\n\r\n"), 400),
    .init("bare LF after the size", chunked("5\nhello\r\n0\r\n\r\n"), 400),
    .init("bare LF in the extension", chunked("5;a\nb\r\nhello\r\n0\r\n\r\n"), 400),
    .init("bare CR in the extension", chunked("5;a\rb\r\nhello\r\n0\r\n\r\n"), 400),
    .init("NUL in the extension", chunked("5;\0\r\nhello\r\n0\r\n\r\n"), 400),
    .init("bare LF after the data", chunked("5\r\nhello\n0\r\n\r\n"), 400),
    .init("nothing after the data", chunked("5\r\nhello0\r\n\r\n"), 400),
    .init("more data than the size", chunked("5\r\nhello!\r\n0\r\n\r\n"), 400),
    .init("less data than the size", chunked("6\r\nhello\r\n0\r\n\r\n"), 400),
    .init("size one past the limit", chunked("41\r\n"), 413),
    .init("sum past the limit", chunked("3f\r\n\(repeated("a", 63))\r\n2\r\n"), 413),
    .init("size of 2^63 less 1", chunked("7FFFFFFFFFFFFFFF\r\n"), 413),
    .init("size of 2^63", chunked("8000000000000000\r\n"), 400),
    .init("size of 2^64 and 5", chunked("10000000000000005\r\nhello\r\n0\r\n\r\n"), 400),
    .init("endless zeros", chunked(repeated("0", 300)), 400),
    .init("long extension", chunked("5;\(repeated("a", 300))\r\nhello\r\n0\r\n\r\n"), 400),
    .init(
      "extensions over 16 KiB",
      chunked(repeated("1;\(repeated("a", 252))\r\na\r\n", 64) + "0;\(repeated("a", 252))\r\n"), 400),
    .init("trailer without colon", chunked("0\r\nX\r\n\r\n"), 400),
    .init("trailer folded", chunked("0\r\nX: a\r\n b\r\n\r\n"), 400),
    .init("trailer with a bare LF", chunked("0\r\nX: a\n\r\n"), 400),
    .init("101 trailers", chunked("0\r\n" + repeated("X: a\r\n", 101) + "\r\n"), 431),
    .init("trailer over 16 KiB", chunked("0\r\nX: " + repeated("a", 16_384)), 431),
  ]

  // What one reader takes for a body and another for a request.
  private static let sequences: [HostileRequest] = [
    .init("two requests", line("GET / HTTP/1.1") + line("GET /b HTTP/1.1"), 200, 200),
    .init("a body that looks like a request", post("Content-Length: 31", line("GET /b HTTP/1.1") + "abc"), 200),
    .init("request after a body", post("Content-Length: 5", "hello") + line("GET /b HTTP/1.1"), 200, 200),
    .init("request after chunks", chunked("1\r\na\r\n0\r\n\r\n") + line("GET /b HTTP/1.1"), 200, 200),
    .init("empty line after a body", post("Content-Length: 5", "hello\r\n") + line("GET /b HTTP/1.1"), 200, 200),
    .init("body longer than its length", post("Content-Length: 5", "hello GET / HTTP/1.1\r\n\r\n"), 200, 400),
    .init("nothing after a refusal", post("Content-Length: x", "") + line("GET /b HTTP/1.1"), 400),
    .init("upgrade to HTTP/2 is ignored", get("Connection: Upgrade\r\nUpgrade: h2c"), 200),
  ]
}
