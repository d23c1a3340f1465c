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
    case .notFound:
      return Problem(.notFound, "There is nothing at \(request.path); /openapi.yaml lists every path.").response
    }
  }

  /// Answers a request that was already matched (and whose caller may do this).
  public func handle(_ request: APIRequest, route: Route, parameters: [String: String]) -> APIResponse {
    Problem(.notFound, "There is nothing at \(request.path); /openapi.yaml lists every path.").response
  }

  /// 204 for `OPTIONS`, otherwise 405; both with `Allow`.
  public static func methodNotAllowed(_ request: APIRequest, allowed: [String]) -> APIResponse {
    let allow = APIResponse.Header("Allow", allowed.joined(separator: ", "))
    if request.method == "OPTIONS" { return APIResponse(status: 204, headers: [allow]) }
    return Problem(
      .methodNotAllowed, "\(request.path) has \(allow.value), not \(request.method).", headers: [allow]
    ).response
  }
}
