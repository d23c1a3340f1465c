/// One endpoint: a request in, an answer out. Whatever it throws becomes a problem in one place.
protocol Operation: Sendable {
  func answer(_ call: APICall) throws -> APIResponse
}

/// A request that has found its operation.
struct APICall {
  let request: APIRequest
  let route: Route
  let parameters: [String: String]
  let context: APIContext

  /// The body, which must be there.
  func body() throws -> JSONNode {
    guard request.body.count <= Self.largestBody else {
      throw Problem(.payloadTooLarge, "The body has \(request.body.count) bytes; at most \(Self.largestBody) are read.")
    }
    return try JSONScanner.scan(request.body)
  }

  /// For an action whose fields are all optional: no body is the same as `{}`.
  func bodyOrEmptyObject() throws -> JSONNode {
    request.body.isEmpty ? JSONNode(offset: 0, content: .object([])) : try body()
  }

  /// No request of this service needs more.
  static let largestBody = 4 << 20

  /// Runs `read` on the parameters after `?`, and refuses what it did not ask for.
  func query<Value>(_ read: (QueryReader) -> Value) throws -> Value {
    let errors = FieldErrors()
    let reader = QueryReader(request.query, errors: errors)
    let value = read(reader)
    reader.finish()
    try errors.throwIfAny()
    return value
  }

  /// Refuses every parameter, where a path takes none.
  func refuseQuery() throws {
    try query { _ in }
  }

  func pathParameter(_ name: String) -> String {
    guard let value = parameters[name] else { preconditionFailure("no route without a parameter \(name) leads here") }
    return value
  }
}
