import Ledger

/// An operation that changes the ledger, in two parts: what needs no transaction (reading the request, pricing a
/// mechanism, which is the work) and what happens inside one.
protocol ChangeOperation: Operation {
  func prepare(_ call: APICall) throws -> (LedgerWriter) throws -> APIResponse
}

extension ChangeOperation {
  func answer(_ call: APICall) throws -> APIResponse { try answerChange(call) }

  /// Effect, idempotency record and its stored answer are one transaction: there is no instant at which one of them is
  /// there without the others, so a retry after a crash finds either nothing done or everything.
  func answerChange(_ call: APICall) throws -> APIResponse {
    guard let key = try IdempotencyKey(call) else {
      let change = try prepare(call)
      return try call.context.write(change)
    }
    if let stored = try call.context.read({ try key.storedAnswer($0) }) { return stored }
    let change = try prepare(call)
    return try call.context.write { writer in
      let start = try writer.beginIdempotent(scope: key.scope, key: key.key, requestDigest: key.requestDigest)
      if case .replay(let answer) = start { return try key.response(answer) }
      let response = try change(writer)
      try writer.finishIdempotent(scope: key.scope, key: key.key, answer: key.answer(response))
      return response
    }
  }
}

/// The `Idempotency-Key` of a request that creates.
struct IdempotencyKey {
  /// Keys of different callers, operations and resources do not meet.
  let scope: String
  let key: String
  let requestDigest: Digest

  /// nil without the header.
  init?(_ call: APICall) throws {
    guard let key = call.request.headers["idempotency-key"] else { return nil }
    let isPlain = key.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }
    guard (1...255).contains(key.utf8.count), isPlain else {
      throw Problem(
        .invalidParameter, "Idempotency-Key must have 1 to 255 printable ASCII characters.",
        errors: [.init(pointer: "Idempotency-Key", detail: "must have 1 to 255 printable ASCII characters")])
    }
    let resource = call.parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    scope = ([call.request.caller, call.route.operationID] + resource).joined(separator: " ")
    self.key = key
    requestDigest = try Digest(of: call.request.body)
  }

  func storedAnswer(_ reader: LedgerReader) throws -> APIResponse? {
    guard let record = try reader.transaction.idempotencyRecord(scope: scope, key: key) else { return nil }
    guard record.requestDigest == requestDigest else { throw LedgerError.idempotencyKeyReused }
    return try record.answer.map(response)
  }

  func answer(_ response: APIResponse) throws -> IdempotencyRecord.Answer {
    guard case .bytes(let body) = response.body else { preconditionFailure("nothing that creates answers with a file") }
    let headers = JSONValue.object(response.headers.map { .init($0.name, .string($0.value)) })
    return .init(status: response.status, headers: String(decoding: headers.bytes, as: UTF8.self), body: body)
  }

  func response(_ answer: IdempotencyRecord.Answer) throws -> APIResponse {
    guard case .object(let members) = try JSONScanner.scan(Array(answer.headers.utf8)).value else {
      throw LedgerError.corrupt(location: "idempotency record \(key)", detail: "its headers are no object")
    }
    let headers = members.compactMap { member -> APIResponse.Header? in
      if case .string(let value) = member.value { return .init(member.name, value) }
      return nil
    }
    return APIResponse(
      status: answer.status, headers: headers + [.init("Idempotency-Replayed", "true")], body: .bytes(answer.body))
  }
}
