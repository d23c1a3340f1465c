import Accounting
import Foundation
import TestSupport
import Testing

/// One row of `accounting.jsonl`, read with the tolerance that it carries.
struct GoldenRow: CustomTestStringConvertible, @unchecked Sendable {
  let id: String
  let kind: String
  let inputs: [String: Any]
  let expected: [String: Any]
  let tolerance: [String: Any]

  var testDescription: String { id }

  /// - Throws: where the file cannot be read, or has no such row: a test without cases would pass.
  static func rows(_ kind: String) throws -> [GoldenRow] { try #require(byKind.get()[kind]) }

  private static let byKind = Result {
    let text = try String(contentsOf: Golden.url("accounting.jsonl"), encoding: .utf8)
    let rows = try text.split(separator: "\n").map { line in
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8))
      return try #require(GoldenRow(object as? [String: Any] ?? [:]))
    }
    return Dictionary(grouping: rows, by: \.kind)
  }

  private init?(_ object: [String: Any]) {
    guard let id = object["id"] as? String, let kind = object["kind"] as? String,
      let inputs = object["inputs"] as? [String: Any], let expected = object["expected"] as? [String: Any],
      let tolerance = object["tolerance"] as? [String: Any]
    else { return nil }
    (self.id, self.kind, self.inputs, self.expected, self.tolerance) = (id, kind, inputs, expected, tolerance)
  }
}

extension GoldenRow {
  /// A number; infinities are written as strings.
  static func number(_ value: Any?) -> Double? {
    switch value {
    case let number as NSNumber: number.doubleValue
    case "Infinity" as String: .infinity
    case "-Infinity" as String: -.infinity
    default: nil
    }
  }

  func input(_ name: String) throws -> Double { try #require(GoldenRow.number(inputs[name]), "\(id): \(name)") }
  func count(_ name: String) throws -> Int { Int(try input(name)) }

  func expectedNumber(_ name: String) throws -> Double {
    try #require(GoldenRow.number(expected[name]), "\(id): \(name)")
  }

  var orders: [Double] { (inputs["orders"] as? [Any] ?? []).compactMap(GoldenRow.number) }

  var relation: NeighboringRelation {
    switch inputs["neighboring_relation"] as? String {
    case "REPLACE_ONE": .replaceOne
    case "REPLACE_SPECIAL": .replaceSpecial
    default: .addOrRemoveOne
    }
  }

  /// Compares with the row's own tolerance: by default |got − expected| ≤ abs + rel·|expected|, and in the mode `between`
  /// everything from the exact value to the peer's looser one.
  /// - Parameter part: the name inside `tolerance` and of its number, where the row has several.
  func check(_ got: Double, peer: Double, exact: Double?, part: String? = nil) {
    let tolerance = part.flatMap { self.tolerance[$0] as? [String: Any] } ?? self.tolerance
    let relative = GoldenRow.number(tolerance["rel"]) ?? 0
    let absolute = GoldenRow.number(tolerance["abs"]) ?? 0
    if peer == .infinity && (exact ?? peer) == .infinity {
      #expect(got == .infinity, "\(id)")
    } else if tolerance["mode"] as? String == "between" {
      // Some calibrated peers lie on the other side of the exact value by their search tolerance.
      let (low, high) = (min(exact ?? peer, peer), max(exact ?? peer, peer))
      #expect(got >= low * (1 - relative) - absolute, "\(id): \(got) is below \(low)")
      #expect(got <= high * (1 + relative) + absolute, "\(id): \(got) is above \(high)")
    } else {
      #expect(abs(got - peer) <= absolute + relative * abs(peer), "\(id): got \(got), expected \(peer)")
    }
  }
}
