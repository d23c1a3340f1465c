/// One complete request: the head, checked, and the whole body.
public struct HTTPRequest: Sendable {
  /// The method as sent; methods are case-sensitive (`get` is not `GET`).
  public var method: String
  /// The request target in origin form (an absolute one has lost its scheme and authority), for logs. Route on `path`.
  public var target: String
  /// The path, still percent-encoded, always beginning with "/" (or "*" for `OPTIONS *`). See `pathSegments()`.
  public var path: String
  /// What follows "?", still percent-encoded and without the "?"; nil where there is no "?". See `queryItems()`.
  public var query: String?
  public var headers: HTTPHeaders
  /// The body with transfer codings removed; at most `HTTPServerConfiguration.bodyLimitBytes` long.
  public var body: [UInt8]
  public var peer: HTTPPeer

  public init(
    method: String, target: String, headers: HTTPHeaders = [:], body: [UInt8] = [], peer: HTTPPeer = .unknown
  ) {
    self.method = method
    self.target = target
    (path, query) = Self.split(target: target)
    self.headers = headers
    self.body = body
    self.peer = peer
  }

  private static func split(target: String) -> (path: String, query: String?) {
    guard let mark = target.utf8.firstIndex(of: UInt8(ascii: "?")) else { return (target, nil) }
    return (String(target[..<mark]), String(target[target.utf8.index(after: mark)...]))
  }

  /// The decoded segments of the path: `/v1/jobs/a%20b` gives `["v1", "jobs", "a b"]` and "/" gives `[]`. One
  /// trailing slash is ignored. An encoded slash stays inside its segment.
  ///
  /// - Throws: `PercentDecodingError` for a bad escape, a NUL, bytes that are not UTF-8, an empty segment, "." or "..".
  public func pathSegments() throws(PercentDecodingError) -> [String] {
    var segments: [String] = []
    var parts = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
    if parts.last?.isEmpty == true { parts.removeLast() }
    for part in parts {
      let segment = try percentDecoded(part, plusIsSpace: false)
      if segment.isEmpty || segment == "." || segment == ".." { throw .dotOrEmptySegment }
      segments.append(segment)
    }
    return segments
  }

  /// The decoded `name=value` pairs of the query, in order; a name without "=" has an empty value.
  ///
  /// - Throws: `PercentDecodingError` for a bad escape, a NUL or bytes that are not UTF-8.
  public func queryItems() throws(PercentDecodingError) -> [(name: String, value: String)] {
    guard let query else { return [] }
    var items: [(name: String, value: String)] = []
    for pair in query.split(separator: "&") {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = try percentDecoded(parts[0], plusIsSpace: true)
      let value = parts.count > 1 ? try percentDecoded(parts[1], plusIsSpace: true) : ""
      items.append((name, value))
    }
    return items
  }
}

/// Who is at the other end of the connection.
public struct HTTPPeer: Sendable, Equatable {
  /// The numeric address, such as `127.0.0.1` or `::1`; empty when unknown.
  public var address: String
  public var port: UInt16

  public init(address: String, port: UInt16) {
    self.address = address
    self.port = port
  }

  public static let unknown = HTTPPeer(address: "", port: 0)

  /// Whether the address is one of this machine's own loopback addresses.
  public var isLoopback: Bool {
    address.hasPrefix("127.") || address == "::1" || address.hasPrefix("::ffff:127.")
  }
}
