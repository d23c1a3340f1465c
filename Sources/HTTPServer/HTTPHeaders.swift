/// The fields of a request or an answer, in the order they arrived or were added.
///
/// Names compare without regard to ASCII case (RFC 9110, section 5.1) and keep the spelling they came in. A name may
/// occur several times; nothing is merged, because merging is where two readers of one message begin to disagree.
public struct HTTPHeaders: Sendable, Equatable, ExpressibleByDictionaryLiteral {
  public struct Field: Sendable, Equatable {
    public var name: String
    public var value: String

    public init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  public private(set) var fields: [Field] = []

  public init() {}

  public init(dictionaryLiteral elements: (String, String)...) {
    fields = elements.map { Field(name: $0.0, value: $0.1) }
  }

  /// The first value under `name`; setting it replaces every field of that name, setting `nil` removes them.
  public subscript(name: String) -> String? {
    get { fields.first { $0.name.equalsIgnoringASCIICase(name) }?.value }
    set {
      fields.removeAll { $0.name.equalsIgnoringASCIICase(name) }
      if let newValue { add(name, newValue) }
    }
  }

  /// Every value under `name`, in order.
  public func values(_ name: String) -> [String] {
    fields.filter { $0.name.equalsIgnoringASCIICase(name) }.map(\.value)
  }

  public func contains(_ name: String) -> Bool {
    fields.contains { $0.name.equalsIgnoringASCIICase(name) }
  }

  /// Adds a field and leaves those of the same name in place (`Set-Cookie`, `Link`).
  public mutating func add(_ name: String, _ value: String) {
    fields.append(Field(name: name, value: value))
  }

  /// The comma-separated members of every field called `name`, trimmed, empty ones left out (RFC 9110, section 5.6.1).
  /// For lists of tokens only: a quoted string with a comma in it would be cut.
  public func tokens(_ name: String) -> [Substring] {
    var members: [Substring] = []
    for field in fields where field.name.equalsIgnoringASCIICase(name) {
      for member in field.value.split(separator: ",") {
        let trimmed = member.trimmingOptionalWhitespace()
        if !trimmed.isEmpty { members.append(trimmed) }
      }
    }
    return members
  }
}

extension StringProtocol {
  /// Equality under ASCII case folding only; the Unicode folding of `lowercased()` would let U+212A pass for "k".
  package func equalsIgnoringASCIICase(_ other: some StringProtocol) -> Bool {
    var left = utf8.makeIterator()
    var right = other.utf8.makeIterator()
    while true {
      let (a, b) = (left.next(), right.next())
      guard let a, let b else { return a == nil && b == nil }
      if a != b && asciiLowercase(a) != asciiLowercase(b) { return false }
    }
  }
}

extension Substring {
  func trimmingOptionalWhitespace() -> Substring {
    var trimmed = self
    while let first = trimmed.utf8.first, isOptionalWhitespace(first) { trimmed.removeFirst() }
    while let last = trimmed.utf8.last, isOptionalWhitespace(last) { trimmed.removeLast() }
    return trimmed
  }
}
