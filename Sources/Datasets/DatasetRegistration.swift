import Foundation

/// What a registration keeps of a dataset beside its name: written by who registers it, read by who plans a job on it
/// and by who loads it. All of it is public.
public struct DatasetRegistration: Hashable, Sendable, Codable {
  public var source: DatasetSource
  /// Examples, ≥ 1.
  public var exampleCount: Int
  /// Dimensions of one example: `[d]`, `[height, width]` or `[channels, height, width]`.
  public var shape: [Int]
  /// `train`, `test`, or what the owner calls this part of the data.
  public var split: String?

  public init(source: DatasetSource, exampleCount: Int, shape: [Int], split: String? = nil) {
    self.source = source
    self.exampleCount = exampleCount
    self.shape = shape
    self.split = split
  }

  enum CodingKeys: String, CodingKey {
    case source, shape, split
    case exampleCount = "example_count"
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

extension KnownDataset {
  /// As it is registered.
  public var registration: DatasetRegistration {
    DatasetRegistration(
      source: source, exampleCount: description.exampleCount, shape: description.shape,
      split: name.split(separator: "/").last.map(String.init))
  }
}
