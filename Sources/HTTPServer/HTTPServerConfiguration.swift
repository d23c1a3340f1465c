/// Where the server listens and the bounds it keeps. Every default is meant for production.
public struct HTTPServerConfiguration: Sendable {
  /// An address or a name of this machine: `127.0.0.1`, `::1`, `0.0.0.0`, `localhost`.
  public var host: String
  /// 0 lets the system pick a free port; `HTTPServer.start()` returns it.
  public var port: UInt16
  /// Threads that accept, read, parse, write and keep deadlines; at least 1. Handlers run elsewhere.
  public var eventLoopCount = 1
  /// Connections open at once; one more is answered with 503 and closed.
  public var connectionLimit = 16_384

  /// Request line and fields together; more is 431.
  public var headerLimitBytes = 16_384
  /// Fields of one request; more is 431.
  public var fieldLimit = 100
  /// Body of one request, after transfer codings are removed; more is 413.
  public var bodyLimitBytes = 8 << 20
  /// Bodies held at once while they arrive or wait for their answer, all connections of one event loop together. Past
  /// it a request is answered with 503: without this bound, connections times bodies would be the bound on memory.
  public var bufferedBodyLimitBytes = 256 << 20

  /// From the first byte of a request (or from connecting) to the end of its fields; then 408.
  public var headerTimeout: Duration = .seconds(10)
  /// From the end of the fields to the end of the body; then 408.
  public var bodyTimeout: Duration = .seconds(60)
  /// Between two requests; then the connection closes without a word.
  public var idleTimeout: Duration = .seconds(75)
  /// How long the client may take to accept 16 KiB of an answer (or all that is left of it); then the connection is
  /// cut.
  public var writeTimeout: Duration = .seconds(30)

  public init(host: String = "127.0.0.1", port: UInt16 = 8080) {
    self.host = host
    self.port = port
  }
}
