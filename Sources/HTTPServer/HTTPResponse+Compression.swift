import CZlib

extension HTTPResponse {
  /// Bodies below this gain nothing: they fit one packet either way.
  private static let compressionThresholdBytes = 1024
  /// zlib's 1...9. Five takes about 10 ms a megabyte of JSON and comes within a few percent of nine.
  private static let compressionLevel: Int32 = 5

  /// The same answer with its body in gzip where that is allowed and of use (see the type's description).
  func compressed(for request: HTTPRequest) -> HTTPResponse {
    guard case .bytes(let bytes) = body, bytes.count > Self.compressionThresholdBytes, status != 206,
      isCompressible(headers["Content-Type"]), !headers.contains("Content-Encoding")
    else { return self }
    if let tag = headers["ETag"], !tag.hasPrefix("W/") { return self }
    var response = self
    // Caches must know that the answer depends on this field even where it is not compressed this time.
    response.headers.add("Vary", "Accept-Encoding")
    guard acceptsGzip(request.headers), let packed = gzip(bytes), packed.count < bytes.count else { return response }
    response.body = .bytes(packed)
    response.headers["Content-Encoding"] = "gzip"
    return response
  }

  private func gzip(_ bytes: [UInt8]) -> [UInt8]? {
    let capacity = czlib_gzip_bound(bytes.count)
    var written = 0
    let packed = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
      written = czlib_gzip(bytes, bytes.count, buffer.baseAddress, capacity, Self.compressionLevel)
      count = max(0, written)
    }
    return written > 0 ? packed : nil
  }
}

private func isCompressible(_ contentType: String?) -> Bool {
  guard let contentType else { return false }
  let type = (contentType.split(separator: ";").first ?? "").trimmingOptionalWhitespace().lowercased()
  // An event stream must reach its reader event by event, whoever sends it as bytes.
  if type == "text/event-stream" { return false }
  if type.hasPrefix("text/") || type.hasSuffix("+json") || type.hasSuffix("+xml") { return true }
  return ["application/json", "application/javascript", "application/xml", "application/yaml"].contains(type)
}

/// RFC 9110, section 12.5.3: `gzip` (or its alias, or `*` where gzip is not named) with a weight above zero.
package func acceptsGzip(_ headers: HTTPHeaders) -> Bool {
  var anything = false
  for member in headers.tokens("Accept-Encoding") {
    let parts = member.split(separator: ";").map { $0.trimmingOptionalWhitespace() }
    guard let coding = parts.first else { continue }
    let isRefused = parts.dropFirst().contains { parameter in
      parameter.lowercased().hasPrefix("q=") && parameter.dropFirst(2).allSatisfy { $0 == "0" || $0 == "." }
    }
    if coding.equalsIgnoringASCIICase("gzip") || coding.equalsIgnoringASCIICase("x-gzip") { return !isRefused }
    if coding == "*" { anything = !isRefused }
  }
  return anything
}
