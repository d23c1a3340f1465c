import Glibc
import Synchronization

/// An HTTP/1.1 server on non-blocking sockets and epoll.
///
/// One or two event-loop threads accept, read, parse, write and keep deadlines; handlers run on Swift's global pool and
/// hand their answer back to the loop. What the server refuses by itself (framing, limits, deadlines) never
/// reaches a handler and is answered with `application/problem+json`. Answers go out in the order of their requests; a
/// connection has one request at work at a time. A started server runs until `shutdown(grace:)`.
public final class HTTPServer: Sendable {
  public typealias Handler = @Sendable (HTTPRequest) async -> HTTPResponse
  /// Answers at once, on the event loop, or returns nil to leave the request to the `Handler`. It must neither wait nor
  /// compute for longer than some ten microseconds: every other connection of that loop waits with it.
  public typealias ImmediateHandler = @Sendable (HTTPRequest) -> HTTPResponse?

  /// Descriptors left for everything else in the process: files, the ledger, handlers' own connections.
  private static let reservedDescriptors = 128
  /// Descriptors that are never taken for connections, whatever the limit is lowered to.
  package static var spareDescriptors: Int32 { ListeningSocket.spareDescriptors }
  /// Connections past the limit that are told so at once; those beyond are closed without a word.
  private static let refusedConnectionLimit = 128

  private let configuration: HTTPServerConfiguration
  private let respondImmediately: ImmediateHandler
  private let handler: Handler
  private let counters = HTTPServerCounters()
  private let loops = Mutex<[EventLoop]>([])

  public init(
    configuration: HTTPServerConfiguration, respondImmediately: @escaping ImmediateHandler = { _ in nil },
    handler: @escaping Handler
  ) {
    self.configuration = configuration
    self.respondImmediately = respondImmediately
    self.handler = handler
  }

  /// Binds, listens and serves. Once only.
  ///
  /// - Returns: the port, which is the configured one unless that is 0.
  /// - Throws: `HTTPServerStartError` with the step that failed and the system's code.
  public func start() throws(HTTPServerStartError) -> UInt16 {
    let socket = try ListeningSocket(host: configuration.host, port: configuration.port)
    var created: [EventLoop] = []
    do throws(HTTPServerStartError) {
      for _ in 0..<max(1, configuration.eventLoopCount) {
        created.append(
          try EventLoop(
            configuration: configuration, respondImmediately: respondImmediately, handler: handler, counters: counters))
      }
      let limits = connectionLimits()
      try created[0].listen(
        with: Acceptor(socket: socket, limit: limits.served, refusedLimit: limits.refused, loops: created))
      // The loop that accepts comes last: until it runs, the socket is still ours to close.
      for loop in created.reversed() { try loop.start() }
    } catch {
      created.first?.acceptor = nil
      for loop in created { loop.mailbox.post(.drain(grace: 0)) }
      socket.close()
      throw error
    }
    loops.withLock { loops in
      precondition(loops.isEmpty, "an HTTPServer starts once")
      loops = created
    }
    return socket.port
  }

  /// Connections to serve, and those past them to answer with 503: as configured, or less where the process may not open
  /// that many descriptors. Without this, clients that only connect could keep the ledger from opening its files.
  private func connectionLimits() -> (served: Int, refused: Int) {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
      return (configuration.connectionLimit, Self.refusedConnectionLimit)
    }
    let open = Int(clamping: limit.rlim_cur)
    let available = max(open - Self.reservedDescriptors, open / 2)
    let refused = min(Self.refusedConnectionLimit, available / 4)
    return (min(configuration.connectionLimit, available - refused), refused)
  }

  public var statistics: HTTPServerStatistics { counters.snapshot }

  /// Stops accepting, closes idle connections, lets requests that have begun finish with `Connection: close`, cancels
  /// the tasks of streams, and cuts what is left when `grace` is over. Returns when every connection is closed.
  public func shutdown(grace: Duration) async {
    let running = loops.withLock { $0 }
    for loop in running { loop.mailbox.post(.drain(grace: grace.milliseconds)) }
    for loop in running { await loop.waitForEnd() }
  }
}

/// Why the server could not start; `code` is an `errno` (or, for `resolve`, a `getaddrinfo` code).
public struct HTTPServerStartError: Error, Equatable, CustomStringConvertible {
  public enum Step: String, Sendable {
    case resolve, socket, bind, listen, eventLoop
  }

  public let step: Step
  public let code: Int32

  public var description: String {
    // Resolving has codes of its own, of which one sends to errno.
    let isResolver = step == .resolve && code != EAI_SYSTEM
    let reason = isResolver ? gai_strerror(code).map { String(cString: $0) } : String(cString: strerror(code))
    return "\(step.rawValue) failed: \(reason ?? "code \(code)")"
  }
}
