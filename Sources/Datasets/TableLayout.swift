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
  /// What each feature column holds, in order; nil where all hold numbers. Not together with `ranges`.
  public var columns: [FeatureColumn]?

  public init(
    hasHeader: Bool = true, label: LabelColumn, classNames: [String]? = nil, ranges: [FeatureRange]? = nil,
    columns: [FeatureColumn]? = nil
  ) {
    self.hasHeader = hasHeader
    self.label = label
    self.classNames = classNames
    self.ranges = ranges
    self.columns = columns
  }

  enum CodingKeys: String, CodingKey {
    case hasHeader = "header"
    case label
    case classNames = "class_names"
    case ranges, columns
  }

  /// The column whose text becomes token ids; such a table has no other features.
  var textColumn: TokenLayout? {
    for case .text(let layout) in (columns ?? []).map(\.kind) { return layout }
    return nil
  }
}

/// A declared feature column.
public struct FeatureColumn: Hashable, Sendable, Codable {
  public enum Kind: Hashable, Sendable {
    /// x becomes (x − lower)/(upper − lower); nil leaves it as it is. A value outside the range is an error, or moved to
    /// its nearer end.
    case number(range: FeatureRange?, isClamped: Bool)
    /// One number for each value, 1 where the column holds it and 0 elsewhere. Anything else is an error, or, with
    /// `hasOther`, the last of `values.count + 1` numbers.
    case category(values: [String], hasOther: Bool)
    case text(TokenLayout)
    /// Not a feature.
    case ignored
  }

  /// Its name in the header, which it must then have; nil asks for none.
  public var name: String?
  public var kind: Kind

  public init(name: String? = nil, _ kind: Kind) {
    self.name = name
    self.kind = kind
  }

  /// Features that it gives.
  var featureCount: Int {
    switch kind {
    case .number: 1
    case .category(let values, let hasOther): values.count + (hasOther ? 1 : 0)
    case .text(let layout): layout.length
    case .ignored: 0
    }
  }

  enum CodingKeys: String, CodingKey {
    case name, type, range, values, tokens
    case isClamped = "clamp"
    case hasOther = "other"
  }

  /// The types' names in the contract.
  public enum TypeName: String, Hashable, Sendable, Codable, CaseIterable {
    case number, category, text, ignored
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    name = try fields.decodeIfPresent(String.self, forKey: .name)
    switch try fields.decode(TypeName.self, forKey: .type) {
    case .number:
      kind = .number(
        range: try fields.decodeIfPresent(FeatureRange.self, forKey: .range),
        isClamped: try fields.decode(Bool.self, forKey: .isClamped))
    case .category:
      kind = .category(
        values: try fields.decode([String].self, forKey: .values),
        hasOther: try fields.decode(Bool.self, forKey: .hasOther))
    case .text: kind = .text(try fields.decode(TokenLayout.self, forKey: .tokens))
    case .ignored: kind = .ignored
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: CodingKeys.self)
    try fields.encodeIfPresent(name, forKey: .name)
    switch kind {
    case .number(let range, let isClamped):
      try fields.encode(TypeName.number, forKey: .type)
      try fields.encodeIfPresent(range, forKey: .range)
      try fields.encode(isClamped, forKey: .isClamped)
    case .category(let values, let hasOther):
      try fields.encode(TypeName.category, forKey: .type)
      try fields.encode(values, forKey: .values)
      try fields.encode(hasOther, forKey: .hasOther)
    case .text(let layout):
      try fields.encode(TypeName.text, forKey: .type)
      try fields.encode(layout, forKey: .tokens)
    case .ignored: try fields.encode(TypeName.ignored, forKey: .type)
    }
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
