// What each kind of line means. A line arrives without its line feed and must end in a carriage return.

extension HTTPRequestParser {
  mutating func read(line: borrowing Span<UInt8>) throws(HTTPRefusal) -> Event? {
    guard line.count > 0, line[line.count - 1] == UInt8(ascii: "\r") else {
      // RFC 9112, section 2.2 would let a bare line feed pass; a proxy in front that does not would see another
      // message.
      throw .malformed("A line must end in CR LF.")
    }
    let content = line.extracting(0..<line.count - 1)
    switch phase {
    case .requestLine:
      return try readRequestLine(content)
    case .fields:
      return try readField(content)
    case .chunkSize:
      try readChunkSize(content)
    case .chunkEnd:
      guard content.isEmpty else { throw .unfinishedChunk }
      phase = .chunkSize
    case .trailers:
      try readTrailer(content)
    case .fixedBody, .chunkData, .complete, .failed:
      preconditionFailure("no lines are read in this phase")
    }
    return nil
  }

  // MARK: Request line

  private mutating func readRequestLine(_ line: borrowing Span<UInt8>) throws(HTTPRefusal) -> Event? {
    if line.isEmpty {
      // RFC 9112, section 2.2: old clients send an empty line after a body; one is ignored.
      guard headerBytes == 2 else { throw .malformed("The request begins with empty lines.") }
      return nil
    }
    let methodEnd = line.firstIndex(of: UInt8(ascii: " "), from: 0)
    let targetEnd = line.firstIndex(of: UInt8(ascii: " "), from: methodEnd + 1)
    guard targetEnd < line.count else {
      throw .malformed("The request line must be a method, a target and a version with single spaces between.")
    }
    let method = line.extracting(0..<methodEnd)
    guard !method.isEmpty, method.allBytes(in: .token) else { throw .malformed("The method is no token.") }
    head.method = String(method)
    head.minorVersion = try Self.minorVersion(line.extracting(targetEnd + 1..<line.count))
    try readTarget(line.extracting(methodEnd + 1..<targetEnd))
    phase = .fields
    return nil
  }

  private static func minorVersion(_ version: borrowing Span<UInt8>) throws(HTTPRefusal) -> Int {
    guard version.count == 8, String(version.extracting(0..<5)) == "HTTP/", isDigit(version[5]),
      version[6] == UInt8(ascii: "."), isDigit(version[7])
    else { throw .malformed("The version must be written HTTP/1.1.") }
    guard version[5] == UInt8(ascii: "1") else {
      throw HTTPRefusal(status: 505, detail: "Only HTTP/1.1 and HTTP/1.0 are spoken here.")
    }
    return version[7] == UInt8(ascii: "0") ? 0 : 1
  }

  /// The four forms of RFC 9112, section 3.2. An absolute target, which every server must accept, is brought into
  /// origin form and its authority takes the place of Host (section 3.2.2). CONNECT and its authority form are a
  /// proxy's.
  private mutating func readTarget(_ target: borrowing Span<UInt8>) throws(HTTPRefusal) {
    guard head.method != "CONNECT" else { throw .malformed("This server is no proxy: CONNECT is refused.") }
    guard !target.isEmpty else { throw .malformed("The request target is empty.") }
    if target[0] == UInt8(ascii: "/") {
      head.target = try Self.pathAndQuery(target)
    } else if target.count == 1, target[0] == UInt8(ascii: "*"), head.method == "OPTIONS" {
      head.target = "*"
    } else {
      try readAbsoluteTarget(target)
    }
  }

  private mutating func readAbsoluteTarget(_ target: borrowing Span<UInt8>) throws(HTTPRefusal) {
    let schemeEnd = target.firstIndex(of: UInt8(ascii: ":"), from: 0)
    let scheme = String(target.extracting(0..<schemeEnd))
    let start = schemeEnd + 3
    guard scheme.equalsIgnoringASCIICase("http") || scheme.equalsIgnoringASCIICase("https"), start <= target.count,
      String(target.extracting(schemeEnd..<start)) == "://"
    else { throw .malformed("The request target must begin with a slash.") }
    var end = start
    while end < target.count, target[end] != UInt8(ascii: "/"), target[end] != UInt8(ascii: "?") { end += 1 }
    let authority = String(target.extracting(start..<end))
    guard isValidAuthority(authority) else { throw .malformed("The authority in the request target is malformed.") }
    let rest = try Self.pathAndQuery(target.extracting(end..<target.count))
    head.target = rest.utf8.first == UInt8(ascii: "/") ? rest : "/" + rest
    absoluteAuthority = authority
  }

  private static func pathAndQuery(_ bytes: borrowing Span<UInt8>) throws(HTTPRefusal) -> String {
    guard bytes.allBytes(in: .target) else {
      throw .malformed("The request target has a character that must be percent-encoded.")
    }
    return String(bytes)
  }

  // MARK: Fields

  private mutating func readField(_ line: borrowing Span<UInt8>) throws(HTTPRefusal) -> Event? {
    guard !line.isEmpty else { return try completeHead() }
    let field = try parseField(line)
    try framing.note(name: field.name, value: field.value)
    head.headers.add(field.name, field.value)
    return nil
  }

  private mutating func parseField(_ line: borrowing Span<UInt8>) throws(HTTPRefusal) -> HTTPHeaders.Field {
    fieldCount += 1
    guard fieldCount <= limits.fields else {
      throw HTTPRefusal(status: 431, detail: "A request may have at most \(limits.fields) header fields.")
    }
    // RFC 9112, section 5.2: a folded line either is unfolded or gets 400.
    guard !isOptionalWhitespace(line[0]) else { throw .malformed("A header line must not begin with a blank.") }
    let colon = line.firstIndex(of: UInt8(ascii: ":"), from: 0)
    guard colon < line.count else { throw .malformed("A header line has no colon.") }
    let name = line.extracting(0..<colon)
    // RFC 9112, section 5.1: a blank between name and colon must get 400; it is no token character.
    guard !name.isEmpty, name.allBytes(in: .token) else { throw .malformed("A header name is no token.") }
    var (start, end) = (colon + 1, line.count)
    while start < end, isOptionalWhitespace(line[start]) { start += 1 }
    while end > start, isOptionalWhitespace(line[end - 1]) { end -= 1 }
    let value = line.extracting(start..<end)
    for index in value.indices where !isFieldValueByte(value[index]) {
      throw .malformed("A header value has a control character.")
    }
    return HTTPHeaders.Field(name: String(name), value: String(value))
  }

  private mutating func completeHead() throws(HTTPRefusal) -> Event {
    try framing.complete(&head, bodyLimit: limits.bodyBytes)
    if let absoluteAuthority { head.headers["Host"] = absoluteAuthority }
    switch head.framing {
    case .length(0): phase = .complete
    case .length(let length): phase = .fixedBody(remaining: length)
    case .chunked: phase = .chunkSize
    }
    return .head(head)
  }

  // MARK: Chunks (RFC 9112, section 7.1)

  private mutating func readChunkSize(_ line: borrowing Span<UInt8>) throws(HTTPRefusal) {
    var size = 0
    var digits = 0
    while digits < line.count, let digit = hexadecimalValue(line[digits]) {
      guard size <= Int.max >> 4 else { throw .malformed("A chunk size does not fit 63 bits.") }
      size = size << 4 | Int(digit)
      digits += 1
    }
    guard digits > 0 else { throw .malformed("A chunk size must be hexadecimal digits.") }
    try checkChunkExtension(line.extracting(digits..<line.count))
    guard size > 0 else {
      phase = .trailers
      (headerBytes, fieldCount) = (0, 0)
      return
    }
    guard size <= limits.bodyBytes - bodyBytes else { throw .bodyTooLarge(limit: limits.bodyBytes) }
    bodyBytes += size
    phase = .chunkData(remaining: size)
  }

  /// Extensions are read over. Their bytes count, over all chunks, as a header would: tiny chunks with long extensions
  /// would otherwise cost their reader far more than the body limit allows for.
  private mutating func checkChunkExtension(_ text: borrowing Span<UInt8>) throws(HTTPRefusal) {
    guard !text.isEmpty else { return }
    chunkExtensionBytes += text.count
    guard chunkExtensionBytes <= limits.headerBytes else { throw .malformed("The chunk extensions are too long.") }
    guard text[0] == UInt8(ascii: ";") else { throw .malformed("A chunk size must be hexadecimal digits.") }
    for index in text.indices where !isFieldValueByte(text[index]) {
      throw .malformed("A chunk extension has a control character.")
    }
  }

  /// Trailers are checked like fields and then dropped: merging them into the head would let them change what it said.
  private mutating func readTrailer(_ line: borrowing Span<UInt8>) throws(HTTPRefusal) {
    guard !line.isEmpty else {
      phase = .complete
      return
    }
    _ = try parseField(line)
  }
}

extension HTTPRefusal {
  static let unfinishedChunk = malformed("The data of a chunk must end in CR LF where its size says.")
}

extension Span where Element == UInt8 {
  /// The index of `byte` at or after `start`, or `count`.
  func firstIndex(of byte: UInt8, from start: Int) -> Int {
    var index = start
    while index < count, self[index] != byte { index += 1 }
    return min(index, count)
  }

  func allBytes(in set: ASCIISet) -> Bool {
    for index in indices where !set.contains(self[index]) { return false }
    return true
  }
}

extension String {
  fileprivate init(_ bytes: borrowing Span<UInt8>) {
    self = bytes.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
  }
}
