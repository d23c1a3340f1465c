import API

/// As much of JSON Schema 2020-12 as openapi.yaml uses, so that the contract's schemas can be held against the service.
struct JSONSchema {
  /// The document that references lead into.
  let root: JSONValue

  enum Unsupported: Error { case keyword(String) }

  func accepts(_ value: JSONValue, schema name: String) throws -> Bool {
    try evaluate(value, ["$ref": .string("#/components/schemas/\(name)")]).isValid
  }

  /// Whether a value is valid, and the names of its members that some subschema has spoken of.
  private struct Verdict {
    var isValid = true
    var evaluated: Set<String> = []

    mutating func merge(_ other: Verdict) {
      isValid = isValid && other.isValid
      evaluated.formUnion(other.evaluated)
    }
  }

  private func evaluate(_ value: JSONValue, _ schema: JSONValue) throws -> Verdict {
    if case .bool(let isAllowed) = schema { return Verdict(isValid: isAllowed) }
    guard case .object(let keywords) = schema else { return Verdict(isValid: false) }
    var verdict = Verdict()
    for keyword in keywords { verdict.merge(try evaluate(value, keyword.name, keyword.value, in: schema)) }
    if schema["unevaluatedProperties"] == false {
      verdict.isValid = verdict.isValid && value.names.isSubset(of: verdict.evaluated)
    }
    return verdict
  }

  private func evaluate(
    _ value: JSONValue, _ name: String, _ argument: JSONValue, in schema: JSONValue
  ) throws -> Verdict {
    switch name {
    case "description", "examples", "default", "format", "then", "else", "unevaluatedProperties": return Verdict()
    case "$ref": return try evaluate(value, resolve(argument))
    case "properties", "additionalProperties": return try members(of: value, name, argument, in: schema)
    case "allOf", "anyOf", "oneOf", "not", "if": return try combination(value, name, argument, in: schema)
    case "items":
      guard case .array(let elements) = value else { return Verdict() }
      return Verdict(isValid: try elements.allSatisfy { try evaluate($0, argument).isValid })
    default: return Verdict(isValid: try assertion(value, name, argument))
    }
  }

  private func members(
    of value: JSONValue, _ name: String, _ argument: JSONValue, in schema: JSONValue
  ) throws -> Verdict {
    var verdict = Verdict()
    let known = schema["properties"]?.names ?? []
    if name == "additionalProperties" {
      guard argument == false else { throw Unsupported.keyword(name) }
      return Verdict(isValid: value.names.isSubset(of: known))
    }
    for member in known {
      guard let inner = value[member], let schema = argument[member] else { continue }
      verdict.isValid = try evaluate(inner, schema).isValid && verdict.isValid
      verdict.evaluated.insert(member)
    }
    return verdict
  }

  private func combination(
    _ value: JSONValue, _ name: String, _ argument: JSONValue, in schema: JSONValue
  ) throws -> Verdict {
    switch name {
    case "not": return Verdict(isValid: !(try evaluate(value, argument).isValid))
    case "if":
      let condition = try evaluate(value, argument)
      guard let branch = schema[condition.isValid ? "then" : "else"] else { return Verdict() }
      return try evaluate(value, branch)
    default:
      guard case .array(let schemas) = argument else { throw Unsupported.keyword(name) }
      let verdicts = try schemas.map { try evaluate(value, $0) }
      let valid = verdicts.filter(\.isValid)
      let isValid =
        switch name {
        case "allOf": valid.count == verdicts.count
        case "anyOf": !valid.isEmpty
        default: valid.count == 1
        }
      return Verdict(isValid: isValid, evaluated: Set(valid.flatMap(\.evaluated)))
    }
  }

  private func assertion(_ value: JSONValue, _ name: String, _ argument: JSONValue) throws -> Bool {
    switch (name, argument) {
    case ("type", .string(let type)): value.isOf(type: type)
    case ("type", .array(let types)): types.contains { value.isOf(type: $0.text) }
    case ("enum", .array(let values)): values.contains(value)
    case ("const", _): value == argument
    case ("required", .array(let names)): Set(names.compactMap(\.text)).isSubset(of: value.names)
    case ("minimum", _): value.number.map { $0 >= argument.number ?? .nan } ?? true
    case ("maximum", _): value.number.map { $0 <= argument.number ?? .nan } ?? true
    case ("exclusiveMinimum", _): value.number.map { $0 > argument.number ?? .nan } ?? true
    case ("exclusiveMaximum", _): value.number.map { $0 < argument.number ?? .nan } ?? true
    case ("minItems", _): value.elements.map { Double($0.count) >= argument.number ?? .nan } ?? true
    case ("pattern", .string(let pattern)): try value.text.map { try Regex(pattern).firstMatch(in: $0) != nil } ?? true
    case ("maxLength", _): value.text.map { Double($0.unicodeScalars.count) <= argument.number ?? .nan } ?? true
    case ("maxItems", _): value.elements.map { Double($0.count) <= argument.number ?? .nan } ?? true
    default: throw Unsupported.keyword(name)
    }
  }

  private func resolve(_ reference: JSONValue) -> JSONValue {
    (reference.text ?? "").split(separator: "/").dropFirst().reduce(root) { $0[String($1)] ?? false }
  }
}

extension JSONValue {
  fileprivate var names: Set<String> {
    if case .object(let members) = self { Set(members.map(\.name)) } else { [] }
  }

  fileprivate var text: String? {
    if case .string(let text) = self { text } else { nil }
  }

  fileprivate var elements: [JSONValue]? {
    if case .array(let elements) = self { elements } else { nil }
  }

  fileprivate var number: Double? {
    switch self {
    case .integer(let integer): Double(integer)
    case .number(let number): number
    default: nil
    }
  }

  fileprivate func isOf(type: String?) -> Bool {
    switch (type, self) {
    case ("object", .object), ("array", .array), ("string", .string), ("boolean", .bool), ("null", .null): true
    case ("number", .integer), ("number", .number), ("integer", .integer): true
    default: false
    }
  }
}
