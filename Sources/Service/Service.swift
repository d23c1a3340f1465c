import API
import Datasets
import HTTPServer
import Ledger

/// The REST API and the dashboard, served over HTTP.
public final class Service: Sendable {
  /// Why the service will not start as it was asked to.
  public enum StartError: Error, Equatable {
    /// Authentication was switched off for an address that other machines can reach.
    case authenticationNeeded(host: String)
  }

  /// Where it listens: the configured port, or the one the system picked for 0.
  public let port: UInt16
  private let server: HTTPServer
  private let queues: [WorkQueue]
  private let log: Log

  /// Starts to serve.
  ///
  /// - Throws: `StartError`; `HTTPServerStartError` where the port cannot be had; `DatasetError` for a data folder that is
  ///   not there; what Yams throws for a contract that is not YAML.
  public static func start(_ configuration: ServiceConfiguration, store: any Store) throws -> Service {
    try start(configuration, store: store, log: Log())
  }

  /// The same with the log going elsewhere.
  package static func start(
    _ configuration: ServiceConfiguration, store: any Store, log: Log
  ) throws -> Service {
    let host = configuration.http.host
    guard !configuration.isAuthenticationDisabled || HostCheck.isLoopback(host: host) else {
      throw StartError.authenticationNeeded(host: host)
    }
    return try Service(configuration, store: store, log: log)
  }

  private init(_ configuration: ServiceConfiguration, store: any Store, log: Log) throws {
    let calculators = WorkQueue(
      name: "calculators", threads: configuration.calculatorThreads, limit: configuration.queueLimit)
    let storeWork = WorkQueue(name: "store", threads: configuration.storeThreads, limit: configuration.queueLimit)
    let metrics = RequestMetrics()
    let handler = RequestHandler(
      router: APIRouter(context: try Self.context(configuration, store: store, log: log)),
      authenticator: Authenticator(store: store, isDisabled: configuration.isAuthenticationDisabled, now: { .current }),
      pages: try Pages(chartLibraryPath: configuration.chartLibraryPath),
      calculators: calculators, storeWork: storeWork,
      events: EventStream(
        store: store, work: storeWork, metrics: metrics, limit: configuration.eventStreamLimit,
        pollInterval: configuration.eventPollInterval, heartbeatInterval: configuration.eventHeartbeatInterval),
      report: MetricsReport(store: store, metrics: metrics, queues: [calculators, storeWork]),
      metrics: metrics, log: log, requestNumbers: RequestNumbers(), health: Self.health)
    queues = [calculators, storeWork]
    self.log = log
    server = HTTPServer(
      configuration: configuration.http, respondImmediately: handler.respondImmediately, handler: handler.respond)
    port = try server.start()
  }

  private static func context(
    _ configuration: ServiceConfiguration, store: any Store, log: Log
  ) throws -> APIContext {
    APIContext(
      store: store, now: { .current },
      // The system's generator is the kernel's, getrandom(2).
      randomBits: { (.random(in: .min ... .max), .random(in: .min ... .max)) },
      dataFolders: try DataFolders(configuration.dataFolders), artifactFolder: configuration.artifactFolder,
      version: configuration.version,
      reportFailure: { error, request in
        log(
          .error, "an operation failed",
          [
            .init("method", .string(request.method)), .init("path", .string(String(request.path.prefix(200)))),
            .init("error", .string("\(error)")),
          ])
      })
  }

  /// That the process answers depends on nothing else; whether the ledger does is what `/readyz` says.
  private static let health: HTTPResponse = {
    var response = HTTPResponse(contentType: "application/json", bytes: Array("{\"status\":\"ok\"}\n".utf8))
    SecurityHeaders.add(to: &response)
    response.headers["Cache-Control"] = "no-store"
    return response
  }()

  /// Stops accepting, lets what has begun finish within `grace`, and ends the service's threads.
  public func shutdown(grace: Duration) async {
    await server.shutdown(grace: grace)
    for queue in queues { queue.stop() }
    await log.stop()
  }
}
