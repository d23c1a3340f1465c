import Datasets
import Ledger

/// The ledger keeps a dataset's registration as the text of its `description`.
extension DatasetRegistration {
  /// - Throws: `LedgerError.corrupt` where the description is not what `draft` wrote.
  init(of dataset: Dataset) throws {
    do {
      try self.init(json: dataset.description)
    } catch let error as DecodingError {
      throw LedgerError.corrupt(
        location: "dataset \(dataset.id)", detail: "its description cannot be read: \(error)")
    }
  }

  /// - Parameter folders: where the files are, whose content the registration is bound to.
  func draft(
    name: String, isPublic: Bool, unit: String, size: Int, in folders: DataFolders
  ) throws -> DatasetDraft {
    DatasetDraft(
      name: name, format: source.format.rawValue, isPublic: isPublic, unit: unit, size: size,
      digest: Digest(bytes: try DatasetLoader(folders: folders).digest(source)), description: try json())
  }
}

extension APIContext {
  /// Registers the datasets that are known by name where their packages are installed, as far as they are not
  /// registered yet; to be called before serving.
  public func registerKnownDatasets() throws {
    for known in KnownDataset.installed() {
      guard try read({ try $0.transaction.dataset(named: known.name) }) == nil else { continue }
      let draft = try known.draft(in: dataFolders)
      try write { writer in
        guard try writer.transaction.dataset(named: known.name) == nil else { return }
        try writer.registerDataset(draft)
      }
    }
  }
}

extension KnownDataset {
  func draft(in folders: DataFolders) throws -> DatasetDraft {
    try registration.draft(
      name: name, isPublic: isPublic, unit: "example", size: description.exampleCount, in: folders)
  }
}
