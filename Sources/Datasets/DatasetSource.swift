/// Where a dataset's files lie and how to read them: what an owner registers. Everything in it is public.
public struct DatasetSource: Hashable, Sendable, Codable {
  public var format: DatasetFormat
  /// Path of the features (for CSV of the whole table), below a data folder.
  public var features: String
  /// Path of the labels, below a data folder; for CSV nil.
  public var labels: String?
  /// Labels lie in 0 ..< classCount, ≥ 2. Declared, since counting them would be a look at private data.
  public var classCount: Int
  /// Only for CSV.
  public var table: TableLayout?
  /// What the stored numbers are multiplied with: a public constant, never learnt from the data. 1/255 for pixels.
  public var scale: Double

  public init(
    format: DatasetFormat, features: String, labels: String?, classCount: Int, table: TableLayout? = nil,
    scale: Double = 1
  ) {
    self.format = format
    self.features = features
    self.labels = labels
    self.classCount = classCount
    self.table = table
    self.scale = scale
  }

  enum CodingKeys: String, CodingKey {
    case format, features, labels, table, scale
    case classCount = "class_count"
  }
}

/// File formats that can be read.
public enum DatasetFormat: String, Hashable, Sendable, Codable, CaseIterable {
  /// The format of MNIST: big-endian arrays behind a magic number.
  case idx
  /// RFC 4180, with numbers in every column but the label's.
  case csv
  /// NumPy's, versions 1 and 2.
  case npy
}

/// What the columns of a CSV table mean.
public struct TableLayout: Hashable, Sendable, Codable {
  /// Whether the first row holds names.
  public var hasHeader: Bool
  public var label: LabelColumn
  /// The classes' names as they stand in the label column, in the order of their numbers; nil where the column holds
  /// the numbers themselves.
  public var classNames: [String]?
  /// Declared ranges, an entry a feature column in order: x becomes (x − lower)/(upper − lower), and a value outside
  /// its range is an error. Nil leaves the numbers as they are.
  public var ranges: [FeatureRange]?

  public init(
    hasHeader: Bool = true, label: LabelColumn, classNames: [String]? = nil, ranges: [FeatureRange]? = nil
  ) {
    self.hasHeader = hasHeader
    self.label = label
    self.classNames = classNames
    self.ranges = ranges
  }

  enum CodingKeys: String, CodingKey {
    case hasHeader = "header"
    case label
    case classNames = "class_names"
    case ranges
  }
}

/// The column that holds the labels.
public enum LabelColumn: Hashable, Sendable, Codable {
  /// By its name in the header.
  case name(String)
  /// By its number, from 0; a negative number counts from the end.
  case index(Int)

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    do {
      self = .index(try container.decode(Int.self))
    } catch DecodingError.typeMismatch {
      self = .name(try container.decode(String.self))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .name(let name): try container.encode(name)
    case .index(let index): try container.encode(index)
    }
  }
}

/// A feature's declared range, lower < upper.
public struct FeatureRange: Hashable, Sendable, Codable {
  public var lower: Double
  public var upper: Double

  public init(lower: Double, upper: Double) {
    self.lower = lower
    self.upper = upper
  }

  public init(from decoder: any Decoder) throws {
    var bounds = try decoder.unkeyedContainer()
    lower = try bounds.decode(Double.self)
    upper = try bounds.decode(Double.self)
    guard bounds.isAtEnd else {
      throw DecodingError.dataCorruptedError(in: bounds, debugDescription: "A range is [lower, upper].")
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var bounds = encoder.unkeyedContainer()
    try bounds.encode(lower)
    try bounds.encode(upper)
  }
}
