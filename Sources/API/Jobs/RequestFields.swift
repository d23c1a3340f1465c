import Planning

/// The fields of a request as `Planning` reads them: every mistake is noted with its pointer, and reading goes on.
struct RequestFields: FieldSource {
  private let reader: FieldReader

  init(_ reader: FieldReader) {
    self.reader = reader
  }

  /// Elements of a list of sizes or names.
  private static let listLimit = 1_000

  func has(_ name: String) -> Bool { reader.has(name) }
  func isList(_ name: String) -> Bool { reader.isList(name) }
  func isText(_ name: String) -> Bool {
    if case .string = reader.node(name)?.content { true } else { false }
  }

  func optionalNumber(_ name: String) -> Double? { reader.optionalNumber(name, .any) }
  func optionalInteger(_ name: String) -> Int? { reader.optionalInteger(name, .min ... .max) }
  func optionalFlag(_ name: String) -> Bool? { reader.optionalFlag(name) }
  func optionalText(_ name: String) -> String? { reader.optionalText(name) }

  func optionalTexts(_ name: String) -> [String]? {
    guard let elements = reader.optionalList(name, count: 0...Self.listLimit) else { return nil }
    let texts = elements.compactMap { reader.text(at: $0, name: name, length: 1...200) }
    return texts.count == elements.count ? texts : nil
  }

  func optionalIntegers(_ name: String) -> [Int]? {
    reader.optionalIntegers(name, count: 0...Self.listLimit, .min ... .max)
  }

  func optionalWord(_ name: String, of words: [String]) -> String? {
    reader.optionalChoice(name, words.map { ($0, $0) })
  }

  func optionalObject(_ name: String) -> RequestFields? { reader.optionalObject(name).map(RequestFields.init) }

  func optionalObjects(_ name: String, limit: Int) -> [RequestFields]? {
    guard let elements = reader.optionalList(name, count: 0...limit) else { return nil }
    let objects = elements.compactMap { FieldReader($0.node, at: $0.pointer, errors: reader.errors) }
    return objects.count == elements.count ? objects.map(RequestFields.init) : nil
  }

  func add(_ name: String?, _ detail: String) {
    reader.errors.add(name.map { reader.pointer.member($0) } ?? reader.pointer, detail)
  }

  func finish() { reader.finish() }
}
