import Planning

extension JSONValue {
  /// An object of a specification, as it would be written in a request.
  init(_ members: [FieldMember]) {
    self = .object(members.map { .init($0.name, JSONValue($0.value)) })
  }

  private init(_ value: FieldMember.Value) {
    switch value {
    case .number(let value): self = .number(value)
    case .integer(let value): self = .integer(value)
    case .flag(let value): self = .bool(value)
    case .text(let value): self = .string(value)
    case .texts(let values): self = .array(values.map { .string($0) })
    case .integers(let values): self = .array(values.map { .integer($0) })
    case .object(let members): self = JSONValue(members)
    case .objects(let objects): self = .array(objects.map { JSONValue($0) })
    }
  }
}
