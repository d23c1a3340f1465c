/// `GET /v1/version`.
struct VersionOperation: Operation {
  func answer(_ call: APICall) throws -> APIResponse {
    try call.refuseQuery()
    let available = { (names: [String]) in JSONValue.array(names.map { .string($0) }) }
    return APIResponse(json: [
      "name": "epsilond",
      "version": .string(call.context.version),
      "api": "v1",
      "accountants": available(AccountantChoice.allCases.map(\.rawValue)),
      "event_types": available(EventType.allCases.map(\.rawValue)),
    ])
  }
}

/// `GET /healthz`: the process answers.
struct HealthOperation: Operation {
  func answer(_ call: APICall) throws -> APIResponse {
    APIResponse(headers: [.init("Cache-Control", "no-store")], json: ["status": "ok"])
  }
}

/// `GET /readyz`: the ledger can be written. A service that cannot record must not be sent work.
struct ReadinessOperation: Operation {
  func answer(_ call: APICall) throws -> APIResponse {
    do {
      try call.context.store.checkHealth()
    } catch {
      call.context.reportFailure(error, call.request)
      throw Problem(
        .ledgerUnavailable, "The ledger cannot be written now.", headers: [.init("Retry-After", "5")])
    }
    return APIResponse(headers: [.init("Cache-Control", "no-store")], json: ["status": "ready"])
  }
}
