import HTTPServer

/// Answers with what it was asked, so that a test sees how the server understood its bytes.
@Sendable func echo(_ request: HTTPRequest) async -> HTTPResponse {
  HTTPResponse(contentType: "text/plain", text: "\(request.method) \(request.target) \(request.body.count)")
}

/// Longer than any run of the tests. Others that compute in this process hold the threads that handlers and tests go on with, for
/// minutes on a loaded machine: where a deadline is not what is tested, none may pass.
let noDeadline = Duration.seconds(3_600)

/// Runs `body` against a server on a free port and shuts it down afterwards. It has no deadlines but those that `configure` sets.
func withServer(
  _ configure: (inout HTTPServerConfiguration) -> Void = { _ in },
  respondImmediately: @escaping HTTPServer.ImmediateHandler = { _ in nil },
  handler: @escaping HTTPServer.Handler = echo,
  _ body: (HTTPServer, UInt16) async throws -> Void
) async throws {
  var configuration = HTTPServerConfiguration(port: 0)
  configuration.headerTimeout = noDeadline
  configuration.bodyTimeout = noDeadline
  configuration.idleTimeout = noDeadline
  configuration.writeTimeout = noDeadline
  configure(&configuration)
  let server = HTTPServer(configuration: configuration, respondImmediately: respondImmediately, handler: handler)
  let port = try server.start()
  do {
    try await body(server, port)
  } catch {
    await server.shutdown(grace: .zero)
    throw error
  }
  await server.shutdown(grace: .zero)
}

/// Something that happens once and can be waited for.
final class Gate: Sendable {
  private let stream: AsyncStream<Void>
  private let continuation: AsyncStream<Void>.Continuation

  init() {
    (stream, continuation) = AsyncStream.makeStream()
  }

  func open() {
    continuation.finish()
  }

  /// Returns when the gate is open or the task is cancelled.
  func pass() async {
    for await _ in stream {}
  }
}
