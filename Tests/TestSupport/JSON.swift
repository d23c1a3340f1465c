import Foundation

/// A JSON value as tests look at it.
public struct JSON: Equatable, Sendable, CustomStringConvertible {
  private enum Value: Equatable, Sendable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSON])
    case object([String: JSON])
  }

  private let value: Value

  public static let null = JSON(value: .null)

  private init(value: Value) { self.value = value }

  public init(_ bytes: [UInt8]) {
    do {
      self = try JSONDecoder().decode(JSON.self, from: Data(bytes))
    } catch {
      self = .null
    }
  }

  public subscript(name: String) -> JSON {
    if case .object(let members) = value { members[name] ?? .null } else { .null }
  }

  public subscript(index: Int) -> JSON {
    array.indices.contains(index) ? array[index] : .null
  }

  public var isNull: Bool { value == .null }
  public var number: Double? { if case .number(let number) = value { number } else { nil } }
  public var string: String? { if case .string(let string) = value { string } else { nil } }
  public var bool: Bool? { if case .bool(let bool) = value { bool } else { nil } }
  public var array: [JSON] { if case .array(let array) = value { array } else { [] } }
  public var keys: [String] { if case .object(let members) = value { members.keys.sorted() } else { [] } }

  /// As it would be sent.
  public var description: String {
    switch value {
    case .null: "null"
    case .bool(let bool): "\(bool)"
    case .number(let number): number == number.rounded() && abs(number) < 1e15 ? "\(Int64(number))" : "\(number)"
    case .string(let string): Self.quoted(string)
    case .array(let array): "[" + array.map(\.description).joined(separator: ",") + "]"
    case .object(let members):
      "{"
        + members.sorted { $0.key < $1.key }.map { Self.quoted($0.key) + ":" + $0.value.description }.joined(
          separator: ",")
        + "}"
    }
  }

  private static func quoted(_ text: String) -> String {
    let escaped = text.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "\"", with: "\\\"")
    return "\"" + escaped.replacingOccurrences(of: "\n", with: "\\n") + "\""
  }
}

/// By way of `Decodable`, which reads the nearest double; `JSONSerialization` is off by a digit for some.
extension JSON: Decodable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      value = .null
    } else if let bool = try? container.decode(Bool.self) {
      value = .bool(bool)
    } else if let number = try? container.decode(Double.self) {
      value = .number(number)
    } else if let string = try? container.decode(String.self) {
      value = .string(string)
    } else if let array = try? container.decode([JSON].self) {
      value = .array(array)
    } else {
      value = .object(try container.decode([String: JSON].self))
    }
  }
}
