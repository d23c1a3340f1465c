/// Answers a request: finds the operation, runs it, turns every error into a problem. Synchronous throughout, so that
/// the caller decides on which thread the work runs and tests need no socket.
public struct APIRouter: Sendable {
  public let context: APIContext

  public init(context: APIContext) {
    self.context = context
  }

  /// Routes and answers.
  public func handle(_ request: APIRequest) -> APIResponse {
    switch RouteTable.standard.match(method: request.method, path: request.path) {
    case .route(let route, let parameters): return handle(request, route: route, parameters: parameters)
    case .methodNotAllowed(let allowed): return Self.methodNotAllowed(request, allowed: allowed)
    case .notFound: return Self.notFound(request)
    }
  }

  /// Answers a request that was already matched (and whose caller may do this).
  public func handle(_ request: APIRequest, route: Route, parameters: [String: String]) -> APIResponse {
    guard let operation = route.operation else { return Self.notFound(request) }
    do {
      try MediaType.check(request, for: route.kind)
      let call = APICall(request: request, route: route, parameters: parameters, context: context)
      return Self.conditional(try operation.answer(call), request)
    } catch {
      let problem = Problem(error)
      if problem.isFailure { context.reportFailure(error, request) }
      return problem.response
    }
  }

  /// Gives every answer to a GET an entity tag, and leaves out the body that the client has already (RFC 9110, section
  /// 13.1.2).
  private static func conditional(_ response: APIResponse, _ request: APIRequest) -> APIResponse {
    guard request.method == "GET" || request.method == "HEAD", response.status == 200 else { return response }
    var response = response
    if response.header("ETag") == nil, response.header("Cache-Control") == nil, case .bytes(let body) = response.body {
      response.headers.append(EntityTag(of: body).header)
    }
    guard let tag = response.header("ETag"), let known = request.headers["if-none-match"],
      EntityTag(text: tag).isNamed(in: known)
    else { return response }
    return APIResponse(status: 304, headers: response.headers.filter { $0.name != "Content-Type" })
  }

  private static func notFound(_ request: APIRequest) -> APIResponse {
    Problem(.notFound, "There is nothing at \(request.path.prefix(200)); /openapi.yaml lists every path.").response
  }

  /// 204 for `OPTIONS`, otherwise 405; both with `Allow`.
  public static func methodNotAllowed(_ request: APIRequest, allowed: [String]) -> APIResponse {
    let allow = APIResponse.Header("Allow", allowed.joined(separator: ", "))
    if request.method == "OPTIONS" { return APIResponse(status: 204, headers: [allow]) }
    return Problem(
      .methodNotAllowed, "\(request.path.prefix(200)) has \(allow.value), not \(request.method.prefix(20)).",
      headers: [allow]
    ).response
  }
}
