import API
import HTTPServer
import Ledger

/// The way of a request through the service: page or route, authentication, the operation on a thread that may wait, and
/// the answer with its header fields, its log line and its place in the metrics.
struct RequestHandler: Sendable {
  let router: APIRouter
  let authenticator: Authenticator
  let pages: Pages
  let calculators: WorkQueue
  let storeWork: WorkQueue
  let events: EventStream
  let report: MetricsReport
  let metrics: RequestMetrics
  let log: Log
  let requestNumbers: RequestNumbers
  /// What `GET /healthz` answers: that the process lives depends on nothing else.
  let health: HTTPResponse

  private struct Answer: Sendable {
    var response: HTTPResponse
    /// The template of the route, for metrics and log.
    var route: String
    var caller = Caller.anonymous
  }

  /// Answers on the event loop itself what a load balancer asks all the time.
  func respondImmediately(to request: HTTPRequest) -> HTTPResponse? {
    guard request.path == "/healthz", request.method == "GET" || request.method == "HEAD" else { return nil }
    metrics.answered(method: request.method, route: "/healthz", status: 200, seconds: 0)
    return health
  }

  func respond(to request: HTTPRequest) async -> HTTPResponse {
    let start = ContinuousClock.now
    let number = requestNumbers.next()
    var answer = await answer(request)
    SecurityHeaders.add(to: &answer.response)
    answer.response.headers["X-Request-Id"] = number
    let seconds = (ContinuousClock.now - start).seconds
    let method = Self.knownMethods.contains(request.method) ? request.method : "other"
    metrics.answered(method: method, route: answer.route, status: answer.response.status, seconds: seconds)
    note(request, number, answer, seconds)
    return answer.response
  }

  private static let knownMethods: Set = ["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"]

  private func answer(_ request: HTTPRequest) async -> Answer {
    if request.method == "OPTIONS", request.path == "*" { return Answer(response: .init(status: 204), route: "*") }
    if let page = pages.answer(request) { return Answer(response: page, route: "page") }
    switch RouteTable.standard.match(method: request.method, path: request.path) {
    case .notFound, .methodNotAllowed:
      // Quick, and the same for everybody: neither needs the store.
      let response = router.handle(APIRequest(request, caller: Caller.anonymous.name))
      return Answer(response: wire(response, request), route: "other")
    case .route(let route, let parameters):
      return await answer(request, route, parameters)
    }
  }

  private func answer(_ request: HTTPRequest, _ route: Route, _ parameters: [String: String]) async -> Answer {
    let queue = route.kind == .calculator ? calculators : storeWork
    do {
      return try await queue.perform { work(request, route, parameters) }
    } catch {
      metrics.refusedForLoad()
      return Answer(
        response: .busy("More requests wait than the service takes on; try again in a moment."), route: route.path)
    }
  }

  /// Authentication and the operation itself, on a thread that may wait.
  private func work(_ request: HTTPRequest, _ route: Route, _ parameters: [String: String]) -> Answer {
    var answer = Answer(response: .init(status: 500), route: route.path)
    do {
      answer.caller = try authenticator.authorize(request, for: route)
      answer.response = try response(to: request, route, parameters, answer.caller)
    } catch let problem as Problem {
      answer.response = wire(problem.response, request)
    } catch {
      log(.error, "the store failed", [.init("route", .string(route.path)), .init("error", .string("\(error)"))])
      let problem = Problem(
        .ledgerUnavailable, "The ledger cannot be read at the moment.", headers: [.init("Retry-After", "5")])
      answer.response = wire(problem.response, request)
    }
    return answer
  }

  private func response(
    to request: HTTPRequest, _ route: Route, _ parameters: [String: String], _ caller: Caller
  ) throws -> HTTPResponse {
    let asked = APIRequest(request, caller: caller.name)
    switch route.operationID {
    case "getMetrics": return try report.response()
    case "listJobEvents":
      var answer =
        EventStream.isWanted(by: request)
        ? try events.response(to: asked, job: parameters["id"] ?? "")
        : wire(router.handle(asked, route: route, parameters: parameters), request)
      answer.headers["Vary"] = "Accept"
      return answer
    default: return wire(router.handle(asked, route: route, parameters: parameters), request)
    }
  }

  private func wire(_ response: APIResponse, _ request: HTTPRequest) -> HTTPResponse {
    if let answer = HTTPResponse(response, for: request) { return answer }
    log(.error, "a file of the data folder cannot be opened", [.init("path", .string(request.path))])
    let problem = Problem(.internalError, "The file is registered and cannot be read; the operator's log has more.")
    return HTTPResponse(problem.response, for: request) ?? .init(status: 500)
  }

  /// One line a request, but for those that a page repeats every second to hear that nothing changed.
  private func note(_ request: HTTPRequest, _ number: String, _ answer: Answer, _ seconds: Double) {
    let status = answer.response.status
    guard status != 304 else { return }
    log(
      status >= 500 ? .error : .info, "request",
      [
        .init("request", .string(number)), .init("method", .string(String(request.method.prefix(16)))),
        .init("path", .string(String(request.path.prefix(200)))), .init("route", .string(answer.route)),
        .init("status", .integer(status)), .init("milliseconds", .number((seconds * 1e6).rounded() / 1e3)),
        .init("peer", .string(request.peer.address)), .init("caller", .string(answer.caller.name)),
      ])
  }
}

extension Duration {
  fileprivate var seconds: Double {
    let (seconds, attoseconds) = components
    return Double(seconds) + Double(attoseconds) / 1e18
  }
}
