/// An HTTP/1.1 server on non-blocking sockets and epoll.
///
/// One or two event-loop threads accept, read, parse, write and keep deadlines; handlers run on Swift's global pool and
/// hand their answer back to the loop. What the server refuses by itself (framing, limits, deadlines) never
/// reaches a handler and is answered with `application/problem+json`.
public final class HTTPServer: Sendable {
  public typealias Handler = @Sendable (HTTPRequest) async -> HTTPResponse
  /// Answers at once, on the event loop, or returns nil to leave the request to the `Handler`. It must neither wait nor
  /// compute for longer than some ten microseconds: every other connection of that loop waits with it.
  public typealias ImmediateHandler = @Sendable (HTTPRequest) -> HTTPResponse?

  let configuration: HTTPServerConfiguration
  let respondImmediately: ImmediateHandler
  let handler: Handler

  public init(
    configuration: HTTPServerConfiguration, respondImmediately: @escaping ImmediateHandler = { _ in nil },
    handler: @escaping Handler
  ) {
    self.configuration = configuration
    self.respondImmediately = respondImmediately
    self.handler = handler
  }

  /// Binds, listens and serves.
  ///
  /// - Returns: the port, which is the configured one unless that is 0.
  /// - Throws: `HTTPServerStartError` with the step that failed and the system's code.
  public func start() throws(HTTPServerStartError) -> UInt16 {
    throw HTTPServerStartError(step: .listen, code: 0)
  }

  /// Stops accepting, closes idle connections, lets requests that have begun finish with `Connection: close`, cancels the
  /// tasks of streams, and cuts what is left when `grace` is over. Returns when every connection is closed.
  public func shutdown(grace: Duration) async {
  }
}

/// Why the server could not start; `code` is an `errno` (or, for `resolve`, a `getaddrinfo` code).
public struct HTTPServerStartError: Error, Equatable {
  public enum Step: String, Sendable {
    case resolve, socket, bind, listen, eventLoop
  }

  public let step: Step
  public let code: Int32
}
