import Ledger

/// `GET /v1/jobs/{id}/events`, as a list; the stream of them is the service's.
struct ListJobEvents: Operation {
  func answer(_ call: APICall) throws -> APIResponse {
    let id = try call.identifier(JobKind.self)
    let page = try call.query { query in
      ListPage(query, mustBe: "the sequence of an event", cursor: { Int64($0).flatMap { $0 >= 0 ? $0 : nil } })
    }
    let events = try call.context.read { reader in
      _ = try reader.job(id)
      return try reader.transaction.events(of: id, Page(limit: page.limit + 1, after: page.after))
    }
    return APIResponse(json: try page.answer(events, cursor: { String($0.sequence) }) { try $0.json() })
  }
}

extension JobEvent {
  /// The event as clients read it.
  public func json() throws -> JSONValue {
    .object([
      .init("sequence", .integer(Int(sequence))),
      .init("time", .string(time.description)),
      .init("kind", .string(kind)),
      .init("data", try LedgerText.value(data, location: "event \(sequence) of job \(job)")),
    ])
  }
}

/// `GET /v1/jobs/{id}/artifacts`.
struct ListArtifacts: Operation {
  func answer(_ call: APICall) throws -> APIResponse {
    let page = try call.query { ListPage($0, mustBe: "the name of an artifact", cursor: { $0 }) }
    let id = try call.identifier(JobKind.self)
    let artifacts = try call.context.read { try $0.job(id) }.artifacts
    let first = page.after.flatMap { name in artifacts.firstIndex { $0.name == name } }.map { $0 + 1 } ?? 0
    return APIResponse(json: page.answer(Array(artifacts[first...]), cursor: \.name) { $0.json(of: id) })
  }
}

/// `GET /v1/jobs/{id}/artifacts/{name}`: a file that the ledger knows by this very name. Nothing of the request becomes
/// part of a path unless a worker registered it.
struct GetArtifact: Operation {
  func answer(_ call: APICall) throws -> APIResponse {
    try call.refuseQuery()
    let id = try call.identifier(JobKind.self)
    let name = call.pathParameter("name")
    let job = try call.context.read { try $0.job(id) }
    guard let artifact = job.artifacts.first(where: { $0.name.utf8.elementsEqual(name.utf8) }) else {
      throw Problem(.notFound, "Job \(id) has no artifact \(name.prefix(80)); GET /v1/jobs/\(id)/artifacts lists them.")
    }
    guard !name.contains("/"), name != ".", name != ".." else {
      throw LedgerError.corrupt(location: "artifacts of job \(id)", detail: "a name is no file name")
    }
    return APIResponse(
      status: 200,
      headers: [
        .init("Content-Type", artifact.mediaType),
        .init("ETag", "\"\(artifact.digest)\""),
        .init("Repr-Digest", "sha-256=:\(Base64.text(of: artifact.digest.bytes)):"),
      ],
      body: .file(path: "\(call.context.artifactFolder)/\(id)/\(name)"))
  }
}
