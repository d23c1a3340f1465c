/// Reads the members of a JSON object into typed values. Nothing is thrown at the first bad field: each is noted, with
/// its pointer and what it should be, and reading goes on, so that the client hears of all of them at once.
///
/// The names that were asked for are the names that are known; `finish()` refuses all others. Every reading function
/// returns nil where it has noted an error, so the pattern is
///
///     let steps = fields.integer("steps", 1...maximum)
///     fields.finish()
///     guard let steps, errors.isEmpty else { throw errors.problem }
public final class FieldReader {
  public let pointer: JSONPointer
  public let errors: FieldErrors
  private let members: [String: JSONNode]
  private let namesInOrder: [String]
  private var known: [String] = []

  /// Notes an error where the node is not an object.
  public init?(_ node: JSONNode, at pointer: JSONPointer = .root, errors: FieldErrors) {
    guard case .object(let members) = node.content else {
      errors.add(pointer, "\(pointer == .root ? "The body" : "This") is \(node.kind); it must be an object.")
      return nil
    }
    self.pointer = pointer
    self.errors = errors
    self.members = Dictionary(members.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first })
    namesInOrder = members.map(\.name)
  }

  // MARK: Presence

  /// Whether a value other than `null` was given. The name counts as known from here on.
  public func has(_ name: String) -> Bool {
    node(name) != nil
  }

  /// The value as it stands; nil where it is absent or `null`.
  public func node(_ name: String) -> JSONNode? {
    if !known.contains(name) { known.append(name) }
    guard let node = members[name] else { return nil }
    if case .null = node.content { return nil }
    return node
  }

  /// The value; an error where it is absent or `null`.
  public func requiredNode(_ name: String) -> JSONNode? {
    if let node = node(name) { return node }
    let isNull = members[name] != nil
    add(name, isNull ? "\(name) is null; it is required." : "\(name) is missing; it is required.")
    return nil
  }

  /// Names that are known though, after another mistake, nobody asks for their values.
  public func know(_ names: String...) {
    for name in names { _ = node(name) }
  }

  /// For a name that exists but not in this company: refused with the reason, where it was given.
  public func refuse(_ name: String, because reason: String) {
    if has(name) { add(name, "\(name) does not belong here: \(reason)") }
  }

  public func add(_ name: String, _ detail: String, code: Problem.Code = .invalidParameter) {
    errors.add(pointer.member(name), detail, code: code)
  }

  /// Refuses every member that nobody asked for, with the nearest known name.
  public func finish() {
    for name in namesInOrder where !known.contains(name) {
      add(name, "There is no field \(name.prefix(80))\(NearestName.ending(for: name, among: known))")
    }
  }

  // MARK: Numbers

  public func number(_ name: String, _ domain: NumberDomain) -> Double? {
    requiredNode(name).flatMap { number($0, name, pointer.member(name), domain) }
  }

  public func optionalNumber(_ name: String, _ domain: NumberDomain) -> Double? {
    node(name).flatMap { number($0, name, pointer.member(name), domain) }
  }

  public func integer(_ name: String, _ range: ClosedRange<Int>) -> Int? {
    requiredNode(name).flatMap { integer($0, name, pointer.member(name), range) }
  }

  public func optionalInteger(_ name: String, _ range: ClosedRange<Int>) -> Int? {
    node(name).flatMap { integer($0, name, pointer.member(name), range) }
  }

  private func number(_ node: JSONNode, _ name: String, _ place: JSONPointer, _ domain: NumberDomain) -> Double? {
    guard case .number(let number) = node.content else {
      errors.add(place, "\(name) is \(node.kind); it must be a number \(domain.words).")
      return nil
    }
    guard let value = number.double else {
      errors.add(place, "\(name) = \(number.text) \(number.whyNoDouble); it must be a number \(domain.words).")
      return nil
    }
    guard domain.contains(value) else {
      errors.add(place, "\(name) = \(number.text) is outside its domain: it must be \(domain.words).")
      return nil
    }
    return value
  }

  private func integer(
    _ node: JSONNode, _ name: String, _ place: JSONPointer, _ range: ClosedRange<Int>
  ) -> Int? {
    let words =
      range.lowerBound == .min
      ? "that fits 64 bits"
      : range.upperBound == .max ? "at least \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"
    guard case .number(let number) = node.content else {
      errors.add(place, "\(name) is \(node.kind); it must be a whole number \(words).")
      return nil
    }
    guard let value = number.integer, range.contains(value) else {
      errors.add(place, "\(name) = \(number.text) is not a whole number \(words).")
      return nil
    }
    return value
  }

  // MARK: Text

  /// Text without control characters, of `length` characters (Unicode scalars).
  public func text(_ name: String, length: ClosedRange<Int> = 1...200) -> String? {
    requiredNode(name).flatMap { text($0, name, pointer.member(name), length) }
  }

  public func optionalText(_ name: String, length: ClosedRange<Int> = 1...200) -> String? {
    node(name).flatMap { text($0, name, pointer.member(name), length) }
  }

  /// An element of a list of texts.
  func text(at element: (node: JSONNode, pointer: JSONPointer), name: String, length: ClosedRange<Int>) -> String? {
    text(element.node, name, element.pointer, length)
  }

  private func text(
    _ node: JSONNode, _ name: String, _ place: JSONPointer, _ length: ClosedRange<Int>
  ) -> String? {
    guard case .string(let string) = node.content else {
      errors.add(place, "\(name) is \(node.kind); it must be a string.")
      return nil
    }
    guard length.contains(string.unicodeScalars.count) else {
      errors.add(
        place,
        "\(name) has \(string.unicodeScalars.count) characters; it must have \(length.lowerBound) to \(length.upperBound)."
      )
      return nil
    }
    guard string.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control }) else {
      errors.add(place, "\(name) contains a control character; leave it out.")
      return nil
    }
    return string
  }

  /// One of a fixed set of words.
  public func optionalChoice<Value>(_ name: String, _ choices: [(word: String, value: Value)]) -> Value? {
    guard let node = node(name) else { return nil }
    let words = choices.map(\.word)
    guard case .string(let string) = node.content else {
      add(name, "\(name) is \(node.kind); it must be one of \(words.joined(separator: ", ")).")
      return nil
    }
    guard let choice = choices.first(where: { $0.word == string }) else {
      let ending = NearestName.ending(for: string, among: words)
      add(name, "\(name) \"\(string.prefix(80))\" is not one of \(words.joined(separator: ", "))\(ending)")
      return nil
    }
    return choice.value
  }

  public func choice<Value>(_ name: String, _ choices: [(word: String, value: Value)]) -> Value? {
    requiredNode(name) == nil ? nil : optionalChoice(name, choices)
  }

  public func optionalFlag(_ name: String) -> Bool? {
    guard let node = node(name) else { return nil }
    guard case .bool(let flag) = node.content else {
      add(name, "\(name) is \(node.kind); it must be true or false.")
      return nil
    }
    return flag
  }

  // MARK: Containers

  public func object(_ name: String) -> FieldReader? {
    requiredNode(name).flatMap { FieldReader($0, at: pointer.member(name), errors: errors) }
  }

  public func optionalObject(_ name: String) -> FieldReader? {
    node(name).flatMap { FieldReader($0, at: pointer.member(name), errors: errors) }
  }

  /// The elements of a list with their pointers.
  public func optionalList(_ name: String, count: ClosedRange<Int>) -> [(node: JSONNode, pointer: JSONPointer)]? {
    guard let node = node(name) else { return nil }
    guard case .array(let elements) = node.content else {
      add(name, "\(name) is \(node.kind); it must be a list.")
      return nil
    }
    guard count.contains(elements.count) else {
      add(name, "\(name) has \(elements.count) elements; it must have \(count.lowerBound) to \(count.upperBound).")
      return nil
    }
    return elements.enumerated().map { ($1, pointer.member(name).element($0)) }
  }

  public func list(_ name: String, count: ClosedRange<Int>) -> [(node: JSONNode, pointer: JSONPointer)]? {
    requiredNode(name) == nil ? nil : optionalList(name, count: count)
  }

  public func optionalNumbers(_ name: String, count: ClosedRange<Int>, _ domain: NumberDomain) -> [Double]? {
    guard let elements = optionalList(name, count: count) else { return nil }
    let values = elements.compactMap { number($0.node, name, $0.pointer, domain) }
    return values.count == elements.count ? values : nil
  }

  public func optionalIntegers(_ name: String, count: ClosedRange<Int>, _ range: ClosedRange<Int>) -> [Int]? {
    guard let elements = optionalList(name, count: count) else { return nil }
    let values = elements.compactMap { integer($0.node, name, $0.pointer, range) }
    return values.count == elements.count ? values : nil
  }

  /// A number, or a list of them: one value or several.
  public func numbers(_ name: String, count: ClosedRange<Int>, _ domain: NumberDomain) -> [Double]? {
    guard requiredNode(name) != nil else { return nil }
    return isList(name) ? optionalNumbers(name, count: count, domain) : optionalNumber(name, domain).map { [$0] }
  }

  public func integers(_ name: String, count: ClosedRange<Int>, _ range: ClosedRange<Int>) -> [Int]? {
    guard requiredNode(name) != nil else { return nil }
    return isList(name) ? optionalIntegers(name, count: count, range) : optionalInteger(name, range).map { [$0] }
  }

  public func isList(_ name: String) -> Bool {
    if case .array = node(name)?.content { return true }
    return false
  }
}
