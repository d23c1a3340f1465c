import Ledger

/// `GET /v1/reservations/{id}`.
struct GetReservation: Operation {
  func answer(_ call: APICall) throws -> APIResponse {
    try call.refuseQuery()
    let id = try call.identifier(ReservationKind.self)
    return try call.context.read { try $0.reservation(id) }.response()
  }
}

/// `POST /v1/reservations/{id}/commit`: the steps so far are charged. Counted from the beginning of the run, so that a
/// retry charges nothing twice.
struct CommitReservation: Operation {
  func answer(_ call: APICall) throws -> APIResponse {
    try call.refuseQuery()
    let id = try call.identifier(ReservationKind.self)
    let errors = FieldErrors()
    guard let fields = FieldReader(try call.body(), errors: errors) else { throw errors.problem }
    let steps = fields.integer("steps", 1...Price.maximumCount)
    fields.finish()
    guard let steps, errors.isEmpty else { throw errors.problem }
    return try call.context.write { writer in
      try Reservation.checkOwner(of: id, writer.reader)
      try writer.commit(id, through: steps)
      return try writer.reader.reservation(id).response()
    }
  }
}

/// `POST /v1/reservations/{id}/release`: what was not committed goes back. Repeating it is harmless.
struct ReleaseReservation: Operation {
  func answer(_ call: APICall) throws -> APIResponse {
    try call.refuseQuery()
    let id = try call.identifier(ReservationKind.self)
    let errors = FieldErrors()
    FieldReader(try call.bodyOrEmptyObject(), errors: errors)?.finish()
    try errors.throwIfAny()
    return try call.context.write { writer in
      try Reservation.checkOwner(of: id, writer.reader)
      try writer.release(id)
      return try writer.reader.reservation(id).response()
    }
  }
}

extension Reservation {
  /// What a job holds is the worker's to commit and release: releasing it from outside would give back budget for steps
  /// that run.
  fileprivate static func checkOwner(of id: ReservationID, _ reader: LedgerReader) throws {
    if let job = try reader.reservation(id).job {
      throw Problem(
        .stateConflict, "Reservation \(id) belongs to job \(job), which settles it; cancel the job instead.")
    }
  }

  fileprivate func response() throws -> APIResponse {
    APIResponse(headers: [EntityTag(version: version).header], json: try json())
  }

  func json() throws -> JSONValue {
    .object([
      .init("id", .string(id.text)),
      .init("budget", .string(budget.text)),
      .init("job", JSONValue(job?.text)),
      .init("state", .string(state.rawValue)),
      .init("event", try LedgerText.event(event)),
      .init("steps", .integer(count)),
      .init("committed", .integer(committed)),
      .init("epsilon", .number(epsilon)),
      .init("created_at", .string(created.description)),
      .init("version", .integer(Int(version))),
    ])
  }
}
