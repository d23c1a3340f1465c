/// A JSON value as it came in, with where it stood in the text.
public struct JSONNode: Sendable {
  /// Of the value's first byte, from the start of the text.
  public let offset: Int
  public let content: Content

  public enum Content: Sendable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSONNode])
    case object([Member])
  }

  /// A member of an object; names are unique within it.
  public struct Member: Sendable {
    public let name: String
    public let nameOffset: Int
    public let value: JSONNode
  }

  /// What the value is, as messages name it: "a string", "null".
  var kind: String {
    switch content {
    case .null: "null"
    case .bool: "a boolean"
    case .number: "a number"
    case .string: "a string"
    case .array: "an array"
    case .object: "an object"
    }
  }

  /// The same value without positions; a number that no double holds becomes `null`.
  public var value: JSONValue {
    switch content {
    case .null: .null
    case .bool(let flag): .bool(flag)
    case .number(let number): number.integer.map { .integer($0) } ?? JSONValue(number.double)
    case .string(let string): .string(string)
    case .array(let elements): .array(elements.map(\.value))
    case .object(let members): .object(members.map { .init($0.name, $0.value.value) })
    }
  }
}
