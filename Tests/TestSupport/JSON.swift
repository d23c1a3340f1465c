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
      self.init(try JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed))
    } catch {
      self = .null
    }
  }

  private init(_ any: Any) {
    switch any {
    case let number as NSNumber where isBoolean(number): value = .bool(number.boolValue)
    case let number as NSNumber: value = .number(number.doubleValue)
    case let string as String: value = .string(string)
    case let array as [Any]: value = .array(array.map { JSON($0) })
    case let object as [String: Any]: value = .object(object.mapValues { JSON($0) })
    default: value = .null
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

/// Whether JSON's `true` or `false` stands behind it; numbers and booleans share a class.
private func isBoolean(_ number: NSNumber) -> Bool {
  String(cString: number.objCType) == "c"
}
