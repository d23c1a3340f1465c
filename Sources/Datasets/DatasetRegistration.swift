import Foundation

/// What the ledger keeps of a dataset as its description, in one JSON object: where its files are and how to read them
/// (the members of `DatasetSource`), and beside them `shape` and `split`. Written by who registers a dataset, read by who
/// plans a job on it and by who loads it. All of it is public.
public struct DatasetRegistration: Hashable, Sendable {
  public var source: DatasetSource
  /// Dimensions of one example: `[d]`, `[height, width]` or `[channels, height, width]`.
  public var shape: [Int]
  /// Targets of one example, ≥ 1.
  public var targetCount: Int
  /// `train`, `test`, or what the owner calls this part of the data.
  public var split: String?

  public init(source: DatasetSource, shape: [Int], targetCount: Int = 1, split: String? = nil) {
    self.source = source
    self.shape = shape
    self.targetCount = targetCount
    self.split = split
  }

  /// Reads what `json()` wrote.
  ///
  /// - Throws: `DecodingError`.
  public init(json: String) throws {
    self = try JSONDecoder().decode(DatasetRegistration.self, from: Data(json.utf8))
  }

  /// One line of JSON with its keys in order: equal registrations give equal texts.
  public func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }
}

extension DatasetRegistration: Codable {
  enum CodingKeys: String, CodingKey {
    case shape, split
    case targetCount = "target_count"
  }

  public init(from decoder: any Decoder) throws {
    source = try DatasetSource(from: decoder)
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    shape = try fields.decode([Int].self, forKey: .shape)
    targetCount = try fields.decodeIfPresent(Int.self, forKey: .targetCount) ?? 1
    split = try fields.decodeIfPresent(String.self, forKey: .split)
  }

  public func encode(to encoder: any Encoder) throws {
    try source.encode(to: encoder)
    var fields = encoder.container(keyedBy: CodingKeys.self)
    try fields.encode(shape, forKey: .shape)
    // One target is the rule; leaving it out keeps older registrations, and their texts, as they are.
    if targetCount != 1 { try fields.encode(targetCount, forKey: .targetCount) }
    try fields.encodeIfPresent(split, forKey: .split)
  }
}

extension KnownDataset {
  /// As it is registered.
  public var registration: DatasetRegistration {
    DatasetRegistration(
      source: source, shape: description.shape, targetCount: description.targetCount,
      split: name.split(separator: "/").last.map(String.init))
  }
}
