/// Why the server itself turns a request away before any handler sees it.
package struct HTTPRefusal: Error, Equatable, Sendable {
  package var status: Int
  /// One sentence for whoever wrote the client: what is wrong, and what would be right.
  package var detail: String

  static func malformed(_ detail: String) -> HTTPRefusal {
    HTTPRefusal(status: 400, detail: detail)
  }

  /// The contract's stable code nearest to the status. It has none of its own for malformed framing, which shares
  /// `invalid_parameter` with every other request that its sender must change before it sends it again.
  var code: String {
    switch status {
    case 413, 414, 431: "payload_too_large"
    case 503: "rate_limited"
    case 500: "internal_error"
    default: "invalid_parameter"
    }
  }
}

extension HTTPRefusal {
  static func bodyTooLarge(limit: Int) -> HTTPRefusal {
    HTTPRefusal(status: 413, detail: "The body may have at most \(limit) bytes.")
  }
}
