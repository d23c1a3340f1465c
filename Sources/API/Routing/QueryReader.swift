/// Reads the parameters after `?`. Like `FieldReader` it notes every bad one; what nobody asked for is refused by name.
public final class QueryReader {
  private let values: [String: String]
  private let namesInOrder: [String]
  private var known: [String] = []
  private let errors: FieldErrors

  /// Notes parameters that cannot be decoded or stand twice.
  public init(_ query: String, errors: FieldErrors) {
    self.errors = errors
    var values: [String: String] = [:]
    var names: [String] = []
    for pair in query.split(separator: "&").prefix(64) {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = PercentEncoding.decode(parts[0], plusIsSpace: true),
        let value = PercentEncoding.decode(parts.count > 1 ? parts[1] : "", plusIsSpace: true)
      else {
        errors.add(.init(pointer: "?\(pair.prefix(80))", detail: "This parameter is not percent-encoded UTF-8 text."))
        continue
      }
      guard values[name] == nil else {
        errors.add(
          .init(pointer: "?\(name.prefix(80))", detail: "\(name.prefix(80)) stands twice; keep one of the two."))
        continue
      }
      values[name] = value
      names.append(name)
    }
    self.values = values
    namesInOrder = names
  }

  /// nil where it is absent or empty.
  public func text(_ name: String) -> String? {
    if !known.contains(name) { known.append(name) }
    guard let value = values[name], !value.isEmpty else { return nil }
    return value
  }

  /// The parameter as `parse` understands it; an error that it "must be `words`" where it does not.
  public func value<Value>(_ name: String, mustBe words: String, _ parse: (String) -> Value?) -> Value? {
    guard let text = text(name) else { return nil }
    guard let value = parse(text) else {
      add(name, "\(name) = \(text.prefix(80)) must be \(words).")
      return nil
    }
    return value
  }

  /// An empty value is refused, not taken for false: `?dry_run=` must never run for real what was meant to be priced.
  public func flag(_ name: String) -> Bool {
    if let value = values[name], value.isEmpty {
      _ = text(name)
      add(name, "\(name) has no value; it must be true or false.")
      return false
    }
    return value(name, mustBe: "true or false") { ["true": true, "false": false][$0] } ?? false
  }

  public func add(_ name: String, _ detail: String) {
    errors.add(.init(pointer: "?" + name.prefix(80), detail: detail))
  }

  /// Refuses what nobody asked for.
  public func finish() {
    for name in namesInOrder where !known.contains(name) {
      add(name, "There is no parameter \(name.prefix(80))\(NearestName.ending(for: name, among: known))")
    }
  }
}
