import Foundation
import TestSupport

/// A row of `accounting.jsonl`: what a peer, or an independent computation, says.
struct GoldenRow: CustomStringConvertible, Sendable {
  let kind: String
  let id: String
  let inputs: JSON
  let expected: JSON
  let tolerance: JSON

  var description: String { id }

  static func all() throws -> [GoldenRow] {
    let text = try String(contentsOf: Golden.url("accounting.jsonl"), encoding: .utf8)
    return text.split(separator: "\n").map { line in
      let row = JSON(Array(line.utf8))
      return GoldenRow(
        kind: row["kind"].string ?? "", id: row["id"].string ?? "", inputs: row["inputs"], expected: row["expected"],
        tolerance: row["tolerance"])
    }
  }

  /// An expected number; the strings "Infinity" and "-Infinity" stand for what JSON cannot say.
  func expected(_ name: String) -> Double? { Self.number(expected[name]) }

  static func number(_ value: JSON) -> Double? {
    switch value.string {
    case "Infinity": .infinity
    case "-Infinity": -.infinity
    default: value.number
    }
  }

  /// Whether the row accepts `answer` for the field `name`, with the tolerance under `scope` (a member of `tolerance`, or
  /// its whole). `between` accepts from the exact value to a peer that is loose at fractional orders.
  func accepts(_ answer: Double, _ name: String, scope: String? = nil) -> Bool {
    guard let peer = expected(name) else { return false }
    return accepts(answer, peer: peer, exact: expected(name + "_exact"), scope: scope)
  }

  func accepts(_ answer: Double, peer: Double, exact: Double?, scope: String? = nil) -> Bool {
    let bounds = scope.map { tolerance[$0] } ?? tolerance
    let (relative, absolute) = (bounds["rel"].number ?? 0, bounds["abs"].number ?? 0)
    if answer == peer { return true }
    guard peer.isFinite, !answer.isNaN else { return answer.isInfinite && peer.isInfinite }
    if bounds["mode"].string == "between" {
      let exact = exact ?? peer
      return answer >= exact * (1 - relative) - absolute && answer <= peer * (1 + relative) + absolute
    }
    return abs(answer - peer) <= absolute + relative * abs(peer)
  }
}
