extension HTTPResponse {
  /// The whole file, or the one byte range the request asks for: 200, 206, or 416 (RFC 9110, section 14).
  ///
  /// Several ranges, or a `Range` that is not understood, are answered with the whole file, as section 14.2 allows.
  /// `Range` is honoured for GET only, and under `If-Range` only where it equals the strong `ETag` in `headers`.
  public static func file(
    _ file: HTTPFile, contentType: String, headers: HTTPHeaders = [:], for request: HTTPRequest
  ) -> HTTPResponse {
    var response = HTTPResponse(status: 200, headers: headers, body: .file(file, range: 0..<file.size))
    response.headers["Content-Type"] = contentType
    response.headers["Accept-Ranges"] = "bytes"
    guard request.method == "GET", let field = request.headers["Range"] else { return response }
    if let condition = request.headers["If-Range"] {
      guard let tag = headers["ETag"], tag == condition, !tag.hasPrefix("W/") else { return response }
    }
    switch ByteRange(parsing: field, size: file.size) {
    case .whole:
      return response
    case .unsatisfiable:
      response = HTTPResponse(refusal: HTTPRefusal(status: 416, detail: "The range lies outside the file."))
      response.headers["Content-Range"] = "bytes */\(file.size)"
      return response
    case .part(let range):
      response.status = 206
      response.body = .file(file, range: range)
      response.headers["Content-Range"] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(file.size)"
      return response
    }
  }
}

/// What a `Range` field asks of a representation of known size.
enum ByteRange: Equatable {
  case whole
  case part(Range<Int64>)
  case unsatisfiable

  init(parsing field: String, size: Int64) {
    let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0].equalsIgnoringASCIICase("bytes") else {
      self = .whole
      return
    }
    let ends = parts[1].split(separator: "-", omittingEmptySubsequences: false)
    guard ends.count == 2, let first = Self.offset(ends[0]), let last = Self.offset(ends[1]) else {
      self = .whole
      return
    }
    switch (first, last) {
    case (nil, nil):
      self = .whole
    case (nil, let suffix?):
      self = suffix == 0 || size == 0 ? .unsatisfiable : .part(max(0, size - suffix)..<size)
    case (let first?, let last):
      if let last, last < first { self = .whole; return }
      self = first >= size ? .unsatisfiable : .part(first..<min(last ?? size - 1, size - 1) + 1)
    }
  }

  /// nil for what is no number, `.some(nil)` for an absent one; a number past Int64 counts as the largest.
  private static func offset(_ digits: Substring) -> Int64?? {
    if digits.isEmpty { return .some(nil) }
    guard digits.utf8.allSatisfy(isDigit) else { return nil }
    return .some(Int64(digits) ?? Int64.max)
  }
}
