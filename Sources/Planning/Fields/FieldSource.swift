/// The fields of one JSON object, wherever it comes from: a request that is to hear of all its mistakes, or a text that was
/// checked before. What a specification is made of is read in one place, through this.
///
/// Only the type of a value is checked here. Whether it is in its domain is for `TrainingPlan` to say, which sees values
/// that never were JSON as well. A function returns nil for what is absent or `null`, and where it has noted a mistake.
public protocol FieldSource {
  func has(_ name: String) -> Bool
  func optionalNumber(_ name: String) -> Double?
  func optionalInteger(_ name: String) -> Int?
  func optionalFlag(_ name: String) -> Bool?
  func optionalText(_ name: String) -> String?
  func optionalTexts(_ name: String) -> [String]?
  func optionalIntegers(_ name: String) -> [Int]?
  /// Whether the value is a list, for fields that hold one value or several.
  func isList(_ name: String) -> Bool
  /// Whether the value is a string, for fields that hold a word or a number.
  func isText(_ name: String) -> Bool
  /// One of `words`.
  func optionalWord(_ name: String, of words: [String]) -> String?
  func optionalObject(_ name: String) -> Self?
  func optionalObjects(_ name: String, limit: Int) -> [Self]?
  /// Notes a mistake at a field; at the object itself where `name` is nil.
  func add(_ name: String?, _ detail: String)
  /// Refuses every field that nobody asked for.
  func finish()
}

extension FieldSource {
  /// Notes a mistake where the field is absent.
  func require(_ name: String) -> Bool {
    if has(name) { return true }
    add(name, "\(name) is missing; it is required.")
    return false
  }

  func number(_ name: String) -> Double? { require(name) ? optionalNumber(name) : nil }
  func integer(_ name: String) -> Int? { require(name) ? optionalInteger(name) : nil }
  func text(_ name: String) -> String? { require(name) ? optionalText(name) : nil }
  func object(_ name: String) -> Self? { require(name) ? optionalObject(name) : nil }

  func optionalChoice<Value: RawRepresentable<String> & CaseIterable>(_ name: String) -> Value? {
    optionalWord(name, of: Value.allCases.map(\.rawValue)).flatMap(Value.init)
  }

  func choice<Value: RawRepresentable<String> & CaseIterable>(_ name: String) -> Value? {
    require(name) ? optionalChoice(name) : nil
  }

  /// Refuses the fields among `names` that were given, because they belong to another choice.
  func refuse(_ names: [String], because reason: String) {
    for name in names where has(name) { add(name, "\(name) does not belong here: \(reason)") }
  }
}

/// What is written as one JSON object, and read from one.
public protocol FieldRecord: Codable {
  /// Nil where a mistake was noted.
  init?(fields: some FieldSource)
  /// What `init(fields:)` reads back to an equal value.
  var members: [FieldMember] { get }
}

/// One field of an object that is written.
public struct FieldMember: Sendable {
  public indirect enum Value: Sendable {
    case number(Double)
    case integer(Int)
    case flag(Bool)
    case text(String)
    case texts([String])
    case integers([Int])
    case object([FieldMember])
    case objects([[FieldMember]])
  }

  public let name: String
  public let value: Value

  init(_ name: String, _ value: Value) {
    self.name = name
    self.value = value
  }
}

extension FieldMember.Value: CustomStringConvertible {
  /// For people.
  public var description: String {
    switch self {
    case .number(let value): "\(value)"
    case .integer(let value): "\(value)"
    case .flag(let value): value ? "true" : "false"
    case .text(let value): value
    case .texts(let values): values.joined(separator: " ")
    case .integers(let values): values.map(String.init).joined(separator: "×")
    case .object(let members): members.map { "\($0.name) \($0.value)" }.joined(separator: ", ")
    case .objects(let objects): "\(objects.count)"
    }
  }
}

extension FieldRecord {
  public init(from decoder: any Decoder) throws {
    let source = try DecodedFields(decoder)
    let record = Self(fields: source)
    if let failure = source.failures.first { throw failure }
    guard let record else {
      throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "No \(Self.self)."))
    }
    self = record
  }

  public func encode(to encoder: any Encoder) throws {
    try FieldObject(members: members).encode(to: encoder)
  }
}

private struct FieldObject: Encodable {
  let members: [FieldMember]

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: FieldName.self)
    for member in members {
      let name = FieldName(stringValue: member.name)
      switch member.value {
      case .number(let value): try container.encode(value, forKey: name)
      case .integer(let value): try container.encode(value, forKey: name)
      case .flag(let value): try container.encode(value, forKey: name)
      case .text(let value): try container.encode(value, forKey: name)
      case .texts(let values): try container.encode(values, forKey: name)
      case .integers(let values): try container.encode(values, forKey: name)
      case .object(let members): try container.encode(FieldObject(members: members), forKey: name)
      case .objects(let objects): try container.encode(objects.map(FieldObject.init), forKey: name)
      }
    }
  }
}

/// Any name of a field.
struct FieldName: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }

  init(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}
