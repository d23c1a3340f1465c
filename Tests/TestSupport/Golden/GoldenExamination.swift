/// Puts a golden row to the REST API as the requests that a client would send, and collects what is wrong with the answers.
/// How a request travels is the caller's: through the router in this process, or over a socket.
public struct GoldenExamination {
  public typealias Ask = (_ path: String, _ body: String) throws -> (status: Int, json: JSON)

  let row: GoldenRow
  private let send: Ask
  /// Empty where the row holds.
  public private(set) var complaints: [String] = []

  /// Asks all that there is to ask about the row.
  public init(_ row: GoldenRow, ask: @escaping Ask) throws {
    self.row = row
    send = ask
    if let examine = Self.kinds[row.kind] {
      try examine(&self)
    } else {
      complain("there is no examination of the kind \(row.kind)")
    }
  }

  mutating func complain(_ text: String) { complaints.append("\(row.id): \(text)") }

  /// The answer to a request that must succeed.
  mutating func ask(_ path: String, _ body: Body) throws -> JSON {
    let answer = try send(path, body.text)
    if answer.status != 200 { complain("\(path) \(body.text.prefix(300)): \(answer.status) \(answer.json)") }
    return answer.json
  }

  mutating func expectRefusal(_ path: String, _ body: Body, pointer: String) throws {
    let answer = try send(path, body.text)
    let pointers = answer.json["errors"].array.compactMap { $0["pointer"].string }
    if answer.status != 422 || pointers != [pointer] { complain("\(path) was to be refused: \(answer.json)") }
  }

  // MARK: Judgements

  mutating func expect(_ value: Double?, _ accepted: GoldenRow.Accepted?, _ what: String) {
    guard let accepted else { return complain("the row says nothing of \(what)") }
    guard let value, accepted.contains(value) else {
      return complain("\(what) is \(value ?? .nan); accepted: \(accepted.lowest) to \(accepted.highest)")
    }
  }

  mutating func expect(_ value: Double?, _ name: String, scope: String? = nil) {
    expect(value, row.accepted(name, scope: scope), name)
  }

  /// An ε by Rényi divergence.
  mutating func expectEpsilon(_ body: Body, _ name: String, scope: String? = nil) throws {
    let answer = try ask("/v1/epsilon", body + [("accountant", #""rdp""#)])
    expect(epsilon(of: answer), name, scope: scope)
    if answer["accountant"].string != "rdp" { complain("rdp was asked for") }
  }

  /// ε by the tight accountant: a bracket that holds together and is narrow. Returns its two ends.
  ///
  /// - Parameter width: how far apart the bounds may be, relative to the upper one, where more is not known of the mechanism.
  @discardableResult
  mutating func tightEpsilon(
    _ body: Body, accountant: String = "auto", width: Double = 1e-3
  ) throws -> (lower: Double, upper: Double) {
    let answer = try ask("/v1/epsilon", body + [("accountant", "\"\(accountant)\"")])
    let upper = epsilon(of: answer)
    let lower = answer["epsilon_lower"].number ?? (upper == .infinity ? .infinity : -.infinity)
    if lower > upper { complain("the bracket [\(lower), \(upper)] is empty") }
    if upper.isFinite, !(upper - lower <= max(width * upper, 1e-6)) {
      complain("the bracket [\(lower), \(upper)] of \(answer["method"]) is too wide; \(answer["warnings"])")
    }
    return (lower, upper)
  }

  /// δ by the tight accountant, in a bracket that holds together.
  mutating func tightDelta(_ body: Body) throws -> (lower: Double, upper: Double) {
    let answer = try ask("/v1/delta", body)
    let (lower, upper) = (answer["delta_lower"].number ?? -.infinity, answer["delta"].number ?? .nan)
    if !(lower <= upper) { complain("the bracket [\(lower), \(upper)] of δ is empty") }
    return (lower, upper)
  }

  /// null is infinite, and must be explained.
  private mutating func epsilon(of answer: JSON) -> Double {
    if answer["epsilon"].isNull, answer["warnings"].array.isEmpty { complain("an infinite ε is not explained") }
    return answer["epsilon"].number ?? .infinity
  }
}

/// A JSON object on its way out, member by member, each value as its text.
struct Body: ExpressibleByArrayLiteral {
  private var members: [(name: String, text: String)]

  init(arrayLiteral elements: (String, String)...) { members = elements.map { (name: $0.0, text: $0.1) } }

  /// With a value that is null in the row left out.
  init(_ values: [(String, JSON)]) {
    members = values.filter { !$0.1.isNull }.map { (name: $0.0, text: $0.1.description) }
  }

  static func + (body: Body, more: Body) -> Body {
    var sum = body
    sum.members += more.members
    return sum
  }

  var text: String { "{" + members.map { "\"\($0.name)\":\($0.text)" }.joined(separator: ",") + "}" }
}
