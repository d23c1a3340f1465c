/// A byte form that only one list of fields has: each is `name=length:value` and a line feed, or `name=-` and a line
/// feed where the value is absent. Lengths are in bytes of UTF-8, in decimal; numbers are decimal; a double is the 16
/// hexadecimal digits of its IEEE 754 bits, most significant first, since decimal texts of one double differ.
struct CanonicalText {
  private(set) var bytes: [UInt8]

  init(title: String) { bytes = Array((title + "\n").utf8) }

  mutating func add(_ name: String, _ value: String?) {
    guard let value else {
      bytes += Array("\(name)=-\n".utf8)
      return
    }
    bytes += Array("\(name)=\(value.utf8.count):\(value)\n".utf8)
  }

  mutating func add(_ name: String, _ value: Double?) { add(name, value.map(Self.digits)) }

  mutating func add(_ name: String, _ values: [Double]) {
    add(name, values.map(Self.digits).joined(separator: ","))
  }

  mutating func add(_ name: String, _ values: [Int64]) {
    add(name, values.map(String.init).joined(separator: ","))
  }

  var text: String { String(decoding: bytes, as: UTF8.self) }

  private static func digits(_ value: Double) -> String {
    // Databases do not keep the sign of zero.
    let digits = String(value == 0 ? 0 : value.bitPattern, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

extension LedgerEntry {
  /// What is hashed. The fields in this order, as `CanonicalText` writes them, after the line `epsilond ledger entry
  /// 1`: `sequence`, `previous` (64 hexadecimal digits), `time` (milliseconds since 1970 UTC), `kind`, `budget`,
  /// `event`, `count`, `epsilon`, `job`, `reservation`, `detail`, `postings` (how many), then for each posting
  /// `posting.budget`, `posting.spent`, `posting.spent_delta`, `posting.reserved`, `posting.reserved_delta`.
  public static func canonicalBytes(sequence: Int64, content: Content, previousHash: Digest) -> [UInt8] {
    var text = CanonicalText(title: "epsilond ledger entry 1")
    text.add("sequence", String(sequence))
    text.add("previous", previousHash.description)
    text.add("time", String(content.time.milliseconds))
    text.add("kind", content.kind.rawValue)
    text.add("budget", content.budget.text)
    text.add("event", content.event)
    text.add("count", content.count.map { String($0) })
    text.add("epsilon", content.epsilon)
    text.add("job", content.job?.text)
    text.add("reservation", content.reservation?.text)
    text.add("detail", content.detail)
    text.add("postings", String(content.postings.count))
    for posting in content.postings {
      text.add("posting.budget", posting.budget.text)
      text.add("posting.spent", posting.spent.divergences)
      text.add("posting.spent_delta", String(posting.spent.delta))
      text.add("posting.reserved", posting.reserved.divergences)
      text.add("posting.reserved_delta", String(posting.reserved.delta))
    }
    return text.bytes
  }

  /// The entry that follows `last`.
  package static func following(_ last: LedgerEntry?, content: Content) throws -> LedgerEntry {
    let (sequence, overflow) = (last?.sequence ?? 0).addingReportingOverflow(1)
    guard !overflow else { throw LedgerError.corrupt(location: "last entry", detail: "its sequence is at the limit") }
    let previous = last?.hash ?? .zero
    let bytes = canonicalBytes(sequence: sequence, content: content, previousHash: previous)
    return LedgerEntry(sequence: sequence, content: content, previousHash: previous, hash: try Digest(of: bytes))
  }
}

extension Budget {
  /// All that never changes in a budget, as `CanonicalText` writes it: the `detail` of its first entry, so that the
  /// hash chain also guards limits and filter. The name at creation stands at the end.
  func definition(named name: String) -> String { definition + Self.nameField(name) }

  /// The name at the end of a definition of this budget, or nil where the text is no such definition.
  func name(inDefinition text: String) -> String? {
    guard text.hasPrefix(definition) else { return nil }
    let field = text.dropFirst(definition.count)
    guard let colon = field.firstIndex(of: ":") else { return nil }
    let name = String(field[field.index(after: colon)...].dropLast())
    return Self.nameField(name) == field ? name : nil
  }

  private var definition: String {
    var text = CanonicalText(title: "epsilond budget 1")
    text.add("dataset", dataset)
    text.add("epsilon", epsilon)
    text.add("delta", delta)
    text.add("relation", relation.rawValue)
    text.add("unit", unit)
    text.add("parent", parent?.text)
    text.add("orders", filter.orders)
    text.add("weights", filter.weights)
    text.add("allowances", filter.allowances)
    text.add("delta_allowance", String(filter.deltaAllowance))
    return text.text
  }

  private static func nameField(_ name: String) -> String { "name=\(name.utf8.count):\(name)\n" }
}
