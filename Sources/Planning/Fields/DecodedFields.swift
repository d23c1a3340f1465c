/// The fields of an object that a `Decoder` holds. Mistakes are kept in `failures`, which all objects within one share.
final class DecodedFields: FieldSource {
  private final class Notes {
    var failures: [DecodingError] = []
  }

  private let container: KeyedDecodingContainer<FieldName>
  private let notes: Notes
  private var known: Set<String> = []

  var failures: [DecodingError] { notes.failures }

  init(_ decoder: any Decoder) throws {
    container = try decoder.container(keyedBy: FieldName.self)
    notes = Notes()
  }

  private init(_ container: KeyedDecodingContainer<FieldName>, notes: Notes) {
    self.container = container
    self.notes = notes
  }

  func has(_ name: String) -> Bool {
    known.insert(name)
    return read(name) { key in try container.contains(key) && !container.decodeNil(forKey: key) } ?? false
  }

  func optionalNumber(_ name: String) -> Double? { value(name) }
  func optionalInteger(_ name: String) -> Int? { value(name) }
  func optionalFlag(_ name: String) -> Bool? { value(name) }
  func optionalText(_ name: String) -> String? { value(name) }
  func optionalTexts(_ name: String) -> [String]? { value(name) }
  func optionalIntegers(_ name: String) -> [Int]? { value(name) }

  func isList(_ name: String) -> Bool {
    guard has(name) else { return false }
    do {
      _ = try container.nestedUnkeyedContainer(forKey: FieldName(stringValue: name))
      return true
    } catch {
      return false
    }
  }

  func isText(_ name: String) -> Bool {
    guard has(name) else { return false }
    do {
      _ = try container.decode(String.self, forKey: FieldName(stringValue: name))
      return true
    } catch {
      return false
    }
  }

  func optionalWord(_ name: String, of words: [String]) -> String? {
    guard let word: String = value(name) else { return nil }
    if words.contains(word) { return word }
    add(name, "\(name) \"\(word.prefix(80))\" is not one of \(words.joined(separator: ", ")).")
    return nil
  }

  func optionalObject(_ name: String) -> DecodedFields? {
    guard has(name) else { return nil }
    return read(name) { key in
      DecodedFields(try container.nestedContainer(keyedBy: FieldName.self, forKey: key), notes: notes)
    }
  }

  func optionalObjects(_ name: String, limit: Int) -> [DecodedFields]? {
    guard has(name) else { return nil }
    return read(name) { key in
      var list = try container.nestedUnkeyedContainer(forKey: key)
      var objects: [DecodedFields] = []
      while !list.isAtEnd, objects.count < limit {
        objects.append(DecodedFields(try list.nestedContainer(keyedBy: FieldName.self), notes: notes))
      }
      if !list.isAtEnd { add(name, "\(name) has more than \(limit) elements.") }
      return objects
    }
  }

  func add(_ name: String?, _ detail: String) {
    let path = container.codingPath + (name.map { [FieldName(stringValue: $0)] } ?? [])
    notes.failures.append(.dataCorrupted(.init(codingPath: path, debugDescription: detail)))
  }

  func finish() {
    for key in container.allKeys where !known.contains(key.stringValue) {
      add(key.stringValue, "There is no field \(key.stringValue.prefix(80)).")
    }
  }

  private func value<Value: Decodable>(_ name: String) -> Value? {
    has(name) ? read(name) { key in try container.decode(Value.self, forKey: key) } : nil
  }

  private func read<Value>(_ name: String, _ body: (FieldName) throws -> Value) -> Value? {
    do {
      return try body(FieldName(stringValue: name))
    } catch let error as DecodingError {
      notes.failures.append(error)
    } catch {
      add(name, "\(error)")
    }
    return nil
  }
}
