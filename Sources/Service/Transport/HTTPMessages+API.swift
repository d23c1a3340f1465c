import API
import HTTPServer

extension APIRequest {
  /// The request as operations see it: field names in lower case, and what was sent in several fields of one name as one
  /// list (RFC 9110, section 5.3).
  init(_ request: HTTPRequest, caller: String) {
    var headers: [String: String] = [:]
    for field in request.headers.fields {
      let name = field.name.lowercased()
      headers[name] = headers[name].map { $0 + ", " + field.value } ?? field.value
    }
    self.init(
      method: request.method, path: request.path, query: request.query ?? "", headers: headers, body: request.body,
      caller: caller)
  }
}

extension HTTPResponse {
  /// The answer on the wire. A file that is gone by now, or cannot be read, is nil.
  init?(_ response: APIResponse, for request: HTTPRequest) {
    var headers = HTTPHeaders()
    for header in response.headers { headers.add(header.name, header.value) }
    switch response.body {
    case .bytes(let bytes):
      // A list's tag is a digest of its text, which compression leaves as it is; as a weak tag it lets the server compress
      // (RFC 9110, section 8.8.1). A version's tag stays strong: If-Match needs it so.
      if let tag = headers["ETag"], tag.hasPrefix("\"h") { headers["ETag"] = "W/" + tag }
      self.init(status: response.status, headers: headers, body: .bytes(bytes))
    case .file(let path):
      guard response.status == 200, let file = Self.open(path) else { return nil }
      // A file that a job left is data to keep, never a page of this origin to show.
      headers["Content-Disposition"] = "attachment"
      let contentType = headers["Content-Type"] ?? "application/octet-stream"
      self = .file(file, contentType: contentType, headers: headers, for: request)
    }
  }

  private static func open(_ path: String) -> HTTPFile? {
    do {
      return try HTTPFile(path: path)
    } catch {
      return nil
    }
  }
}
