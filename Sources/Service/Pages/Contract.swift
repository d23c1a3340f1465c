import API
import Yams

/// The contract, `openapi.yaml`, as it was written and as JSON.
package enum Contract {
  /// The contract that was built into the binary could not be read as YAML.
  package enum ConversionError: Error, Equatable {
    case keyIsNoText(String)
    case noDocument
  }

  /// The first document of `yaml` as JSON, members in the order they were written.
  ///
  /// - Throws: `ConversionError`, or what Yams throws for text that is not YAML.
  package static func json(fromYAML yaml: String) throws -> JSONValue {
    guard let node = try Yams.compose(yaml: yaml) else { throw ConversionError.noDocument }
    return try json(node)
  }

  private static func json(_ node: Node) throws -> JSONValue {
    switch node {
    case .mapping(let mapping):
      return .object(
        try mapping.map { key, value in
          guard let name = key.scalar?.string else { throw ConversionError.keyIsNoText("\(key)") }
          return .init(name, try json(value))
        })
    case .sequence(let sequence): return .array(try sequence.map(json))
    case .scalar(let scalar): return json(scalar, of: node)
    case .alias(let alias): throw ConversionError.keyIsNoText("alias \(alias)")
    }
  }

  /// Quoted text stays text (`"200"`); a plain scalar is what YAML 1.2's core schema takes it for.
  private static func json(_ scalar: Node.Scalar, of node: Node) -> JSONValue {
    guard scalar.style == .plain || scalar.style == .any else { return .string(scalar.string) }
    switch node.tag.description {
    case Tag.Name.null.rawValue: return .null
    case Tag.Name.bool.rawValue: return node.bool.map { .bool($0) } ?? .string(scalar.string)
    case Tag.Name.int.rawValue: return node.int.map { .integer($0) } ?? .string(scalar.string)
    case Tag.Name.float.rawValue: return node.float.map { .number($0) } ?? .string(scalar.string)
    default: return .string(scalar.string)
    }
  }
}
