import Datasets
import Ledger

/// `POST /v1/datasets`: the files' headers are read at once, so that a lie is found before a budget rests on it.
struct CreateDataset: ChangeOperation {
  func prepare(_ call: APICall) throws -> (LedgerWriter) throws -> APIResponse {
    try call.refuseQuery()
    let folders = call.context.dataFolders
    let body = try call.body()
    if let known = Self.known(body) {
      let draft = try known.draft(in: folders)
      return { writer in
        // It is registered when the service starts, if its package is installed by then: asking again changes nothing.
        if let dataset = try writer.transaction.dataset(named: known.name) {
          return try Self.response(dataset, status: 200)
        }
        return try Self.response(writer.registerDataset(draft), status: 201)
      }
    }
    let request = try DatasetRequest(body)
    let draft = try request.draft(request.inspect(folders), in: folders)
    return { writer in
      try request.requireNoOtherName(for: draft, writer.reader, folders)
      return try Self.response(writer.registerDataset(draft), status: 201)
    }
  }

  /// The installed dataset that a body means which gives nothing but its name.
  private static func known(_ body: JSONNode) -> KnownDataset? {
    guard case .object(let members) = body.content, members.count == 1, members[0].name == "name",
      case .string(let name) = members[0].value.content
    else { return nil }
    return KnownDataset.named(name)
  }

  private static func response(_ dataset: Dataset, status: Int) throws -> APIResponse {
    APIResponse(
      status: status,
      headers: [.init("Location", "/v1/datasets/\(dataset.id)"), EntityTag(version: dataset.version).header],
      json: try dataset.json())
  }
}

/// `GET /v1/datasets`.
struct ListDatasets: Operation {
  func answer(_ call: APICall) throws -> APIResponse {
    let page = try call.query { ListPage($0, mustBe: "the id of a dataset", cursor: DatasetID.init) }
    let datasets = try call.context.read { reader in
      try reader.transaction.datasets(Page(limit: page.limit + 1, after: page.after))
    }
    return APIResponse(json: try page.answer(datasets, cursor: \.id.text) { try $0.json() })
  }
}

/// `GET /v1/datasets/{id}`.
struct GetDataset: Operation {
  func answer(_ call: APICall) throws -> APIResponse {
    try call.refuseQuery()
    let id = try call.identifier(DatasetKind.self)
    guard let dataset = try call.context.read({ try $0.transaction.dataset(id) }) else {
      throw LedgerError.notFound(kind: "dataset", id: id.text)
    }
    return APIResponse(headers: [EntityTag(version: dataset.version).header], json: try dataset.json())
  }
}

extension Dataset {
  /// The dataset as clients read it; `source` is what was registered.
  func json() throws -> JSONValue {
    let registration = try DatasetRegistration(of: self)
    return .object([
      .init("id", .string(id.text)),
      .init("name", .string(name)),
      .init("format", .string(format)),
      .init("public", .bool(isPublic)),
      .init("unit", .string(unit)),
      .init("size", JSONValue(size)),
      .init("shape", .array(registration.shape.map { .integer($0) })),
      .init("classes", JSONValue(registration.source.classCount)),
      .init("vocabulary_size", JSONValue(registration.source.vocabularySize)),
      .init("split", JSONValue(registration.split)),
      .init("files", .array(registration.source.files.map { .string($0) })),
      .init("digest", JSONValue(digest.map { "sha-256:\($0)" })),
      .init("created_at", .string(created.description)),
      .init("version", .integer(Int(version))),
    ])
  }
}
