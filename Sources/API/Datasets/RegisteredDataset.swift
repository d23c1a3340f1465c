import Datasets
import Foundation
import Ledger
import Planning

/// What the ledger keeps of a dataset as its `description`: the JSON of its `DatasetSource`, which a worker decodes to
/// load it, with the shape of one example and the split beside it.
struct RegisteredDataset {
  let source: DatasetSource
  /// Of one example.
  let shape: [Int]
  let split: String?

  init(source: DatasetSource, shape: [Int], split: String?) {
    self.source = source
    self.shape = shape
    self.split = split
  }

  /// - Throws: `LedgerError.corrupt` where the description is not what `draft` wrote.
  init(_ dataset: Dataset) throws {
    let location = "dataset \(dataset.id)"
    do {
      source = try JSONDecoder().decode(DatasetSource.self, from: Data(dataset.description.utf8))
      let facts = try JSONDecoder().decode(Facts.self, from: Data(dataset.description.utf8))
      shape = facts.shape
      split = facts.split
    } catch let error as DecodingError {
      throw LedgerError.corrupt(location: location, detail: "its description cannot be read: \(error)")
    }
  }

  private struct Facts: Codable {
    var shape: [Int]
    var split: String?
  }

  func draft(name: String, isPublic: Bool, unit: String, size: Int) throws -> DatasetDraft {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    var members = try Self.members(encoder.encode(source))
    members += try Self.members(encoder.encode(Facts(shape: shape, split: split)))
    let description = String(decoding: JSONValue.object(members).bytes, as: UTF8.self)
    return DatasetDraft(
      name: name, format: source.format.rawValue, isPublic: isPublic, unit: unit, size: size, digest: nil,
      description: description)
  }

  private static func members(_ data: Data) throws -> [JSONValue.Member] {
    guard case .object(let members) = try JSONScanner.scan(Array(data)).value else { return [] }
    return members
  }
}

extension APIContext {
  /// Registers the datasets that are known by name where their packages are installed, as far as they are not
  /// registered yet; to be called before serving.
  public func registerKnownDatasets() throws {
    for known in KnownDataset.installed() {
      let facts = RegisteredDataset(
        source: known.source, shape: known.description.shape,
        split: known.name.split(separator: "/").dropFirst().first.map(String.init))
      let draft = try facts.draft(
        name: known.name, isPublic: known.isPublic, unit: "example", size: known.description.exampleCount)
      try write { writer in
        guard try writer.transaction.dataset(named: known.name) == nil else { return }
        try writer.registerDataset(draft)
      }
    }
  }
}
