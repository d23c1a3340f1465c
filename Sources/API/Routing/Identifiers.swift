import Ledger

extension FieldReader {
  /// An id of this kind; nil where it is absent, or noted as bad.
  func identifier<Kind: IdentifierKind>(_ name: String, _ kind: Kind.Type) -> Identifier<Kind>? {
    guard let text = optionalText(name) else { return nil }
    guard let id = Identifier<Kind>(text) else {
      add(name, "\(name) \"\(text.prefix(80))\" is not an id; it must look like \(Kind.prefix)_….")
      return nil
    }
    return id
  }
}

extension APICall {
  /// The `{id}` of the path. What cannot be an id names nothing: 404.
  func identifier<Kind: IdentifierKind>(_ kind: Kind.Type) throws -> Identifier<Kind> {
    let text = pathParameter("id")
    guard let id = Identifier<Kind>(text) else {
      throw Problem(.notFound, "\"\(text.prefix(80))\" is not an id of this kind; it must look like \(Kind.prefix)_….")
    }
    return id
  }
}
