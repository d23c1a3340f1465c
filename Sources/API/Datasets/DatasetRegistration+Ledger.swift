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

  func draft(name: String, isPublic: Bool, unit: String, size: Int) throws -> DatasetDraft {
    DatasetDraft(
      name: name, format: source.format.rawValue, isPublic: isPublic, unit: unit, size: size, digest: nil,
      description: try json())
  }
}

extension APIContext {
  /// Registers the datasets that are known by name where their packages are installed, as far as they are not
  /// registered yet; to be called before serving.
  public func registerKnownDatasets() throws {
    for known in KnownDataset.installed() {
      let registration = DatasetRegistration(
        source: known.source, shape: known.description.shape,
        split: known.name.split(separator: "/").dropFirst().first.map(String.init))
      let draft = try registration.draft(
        name: known.name, isPublic: known.isPublic, unit: "example", size: known.description.exampleCount)
      try write { writer in
        guard try writer.transaction.dataset(named: known.name) == nil else { return }
        try writer.registerDataset(draft)
      }
    }
  }
}
