import Foundation

/// A row of `accounting.jsonl`: what a peer, or an independent computation, says.
public struct GoldenRow: CustomStringConvertible, Sendable {
  public let kind: String
  public let id: String
  public let inputs: JSON
  public let expected: JSON
  public let tolerance: JSON

  public var description: String { id }

  public static func all() throws -> [GoldenRow] {
    let text = try String(contentsOf: Golden.url("accounting.jsonl"), encoding: .utf8)
    return text.split(separator: "\n").map { line in
      let row = JSON(Array(line.utf8))
      return GoldenRow(
        kind: row["kind"].string ?? "", id: row["id"].string ?? "", inputs: row["inputs"], expected: row["expected"],
        tolerance: row["tolerance"])
    }
  }

  /// A number; the strings "Infinity" and "-Infinity" stand for what JSON cannot say.
  static func number(_ value: JSON) -> Double? {
    switch value.string {
    case "Infinity": .infinity
    case "-Infinity": -.infinity
    default: value.number
    }
  }

  /// The values that a row accepts.
  struct Accepted {
    var lowest: Double
    var highest: Double

    func contains(_ value: Double) -> Bool { value >= lowest && value <= highest }
  }

  /// What the row accepts for the field `name`, by the README of the golden data.
  /// - Parameter scope: a member of `tolerance` where a row has several.
  func accepted(_ name: String, scope: String? = nil) -> Accepted? {
    Self.number(expected[name]).map {
      accepted(peer: $0, exact: Self.number(expected[name + "_exact"]), tolerance: scope.map { tolerance[$0] })
    }
  }

  func accepted(peer: Double, exact: Double?, tolerance: JSON? = nil) -> Accepted {
    let bounds = tolerance ?? self.tolerance
    let (relative, absolute) = (bounds["rel"].number ?? 0, bounds["abs"].number ?? 0)
    let highest = peer * (1 + relative) + absolute
    switch bounds["mode"].string {
    case "upper_only": return Accepted(lowest: 0, highest: highest)
    case "between":
      if let factor = bounds["lower_factor"].number { return Accepted(lowest: factor * peer, highest: highest) }
      let exact = exact ?? peer
      // Peers give up at an infinite ε where a bound exists.
      return Accepted(lowest: exact.isFinite ? exact * (1 - relative) - absolute : 0, highest: highest)
    default: return Accepted(lowest: peer.isFinite ? peer - relative * abs(peer) - absolute : peer, highest: highest)
    }
  }
}
