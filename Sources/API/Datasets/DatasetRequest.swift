import Datasets
import Ledger

/// The body of `POST /v1/datasets`.
struct DatasetRequest {
  private let name: String
  private let source: DatasetSource
  private let unit: String
  private let split: String?
  private let isPublic: Bool

  init(_ body: JSONNode) throws {
    let errors = FieldErrors()
    guard let fields = FieldReader(body, errors: errors) else { throw errors.problem }
    let name = fields.text("name")
    let source = DatasetSource(fields)
    let unit = fields.optionalText("unit", length: 1...64) ?? "example"
    let split = fields.optionalText("split", length: 1...64)
    let isPublic = fields.optionalFlag("public") ?? false
    fields.finish()
    guard let name, let source, errors.isEmpty else { throw errors.problem }
    self.name = name
    self.source = source
    self.unit = unit
    self.split = split
    self.isPublic = isPublic
  }

  /// Reads the headers of the files (of a table, all of it).
  func inspect(_ folders: DataFolders) throws -> DatasetDescription {
    do {
      return try DatasetLoader(folders: folders).describe(source)
    } catch let error as DatasetError {
      let place = source.moreFiles?.firstIndex(of: error.file).map { $0 + 1 } ?? 0
      throw Problem(error, at: error.file == source.labels ? "/labels" : "/files/\(place)")
    }
  }

  /// Throws a `Problem` where these examples are registered under another name.
  func requireNoOtherName(for draft: DatasetDraft, _ reader: LedgerReader, _ folders: DataFolders) throws {
    try RegisteredFiles(reader: reader, folders: folders).requireNoOtherName(for: draft, source)
  }

  func draft(_ found: DatasetDescription, in folders: DataFolders) throws -> DatasetDraft {
    try DatasetRegistration(source: source, shape: found.shape, targetCount: found.targetCount, split: split)
      .draft(name: name, isPublic: isPublic, unit: unit, size: found.exampleCount, in: folders)
  }
}
