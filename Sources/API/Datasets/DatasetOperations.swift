import Datasets
import Ledger

/// `POST /v1/datasets`: the files' headers are read at once, so that a lie is found before a budget rests on it.
struct CreateDataset: ChangeOperation {
  func prepare(_ call: APICall) throws -> (LedgerWriter) throws -> APIResponse {
    try call.refuseQuery()
    let request = try DatasetRequest(try call.body())
    let found = try request.inspect(call.context.dataFolders)
    let draft = try request.draft(found)
    return { writer in
      let dataset = try writer.registerDataset(draft)
      return APIResponse(
        status: 201,
        headers: [.init("Location", "/v1/datasets/\(dataset.id)"), EntityTag(version: dataset.version).header],
        json: try dataset.json())
    }
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
      .init("classes", .integer(registration.source.classCount)),
      .init("split", JSONValue(registration.split)),
      .init(
        "files",
        .array([registration.source.features, registration.source.labels].compactMap { $0 }.map { .string($0) })),
      .init("created_at", .string(created.description)),
      .init("version", .integer(Int(version))),
    ])
  }
}
