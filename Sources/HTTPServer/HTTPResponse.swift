/// An answer. The server adds `Date`, `Content-Length` or `Transfer-Encoding`, and `Connection`; what a handler sets
/// under these names is ignored.
///
/// A body of bytes is compressed with gzip where the client accepts it, it is longer than a kilobyte, its
/// `Content-Type` is text-like and it has no strong `ETag` (a strong ETag promises these very bytes, RFC 9110, section
/// 8.8.1; send a weak one where compression is wanted). A name or a value that would break the framing turns the answer
/// into a 500.
public struct HTTPResponse: Sendable {
  /// The status code, 200...599.
  public var status: Int
  public var headers: HTTPHeaders
  public var body: Body

  public enum Body: Sendable {
    case bytes([UInt8])
    /// The bytes of `file` at the offsets `range`, read as the client takes them. Where the file has become shorter,
    /// the connection is cut.
    case file(HTTPFile, range: Range<Int64>)
    /// A body of unknown length. The closure runs in a task of its own after the head is sent, and the body ends when
    /// it returns; where it throws, the connection is cut so that the client sees that the body is not whole.
    ///
    /// The task is cancelled when the client goes away, and when the server begins to shut down: `write` still works in
    /// the second case, so a body that must be whole may go on until the grace is over. For HEAD it is never called.
    case stream(@Sendable (HTTPBodyWriter) async throws -> Void)
  }

  public init(status: Int, headers: HTTPHeaders = [:], body: Body = .bytes([])) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  public init(status: Int = 200, headers: HTTPHeaders = [:], contentType: String, bytes: [UInt8]) {
    self.init(status: status, headers: headers, body: .bytes(bytes))
    self.headers["Content-Type"] = contentType
  }

  public init(status: Int = 200, headers: HTTPHeaders = [:], contentType: String, text: String) {
    self.init(status: status, headers: headers, contentType: contentType, bytes: Array(text.utf8))
  }
}
