import API
import Foundation
import TestSupport
import Testing

/// A line of `accounting.jsonl`, and its translation into requests.
struct GoldenRow: CustomTestStringConvertible, @unchecked Sendable {
  let id: String
  let kind: String
  // JSON values of Foundation: immutable once read.
  let inputs: [String: Any]
  let expected: [String: Any]
  let tolerance: [String: Any]

  var testDescription: String { id }

  static func load() -> [GoldenRow] {
    do {
      let text = try String(contentsOf: Golden.url("accounting.jsonl"), encoding: .utf8)
      return try text.split(separator: "\n").map { line in
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
        return GoldenRow(
          id: object["id"] as? String ?? "", kind: object["kind"] as? String ?? "",
          inputs: object["inputs"] as? [String: Any] ?? [:], expected: object["expected"] as? [String: Any] ?? [:],
          tolerance: object["tolerance"] as? [String: Any] ?? [:])
      }
    } catch {
      Issue.record(error)
      return []
    }
  }

  func input(_ name: String) -> String? { inputs[name] as? String }

  /// Rows about several accountants carry a tolerance for each.
  var rdpTolerance: [String: Any] { tolerance["rdp"] as? [String: Any] ?? tolerance }

  // MARK: Requests

  /// The hyperparameters of a DP-SGD run.
  var run: [String: Any?] {
    var run: [String: Any?] = [:]
    run["noise_multiplier"] = inputs["noise_multiplier"]
    run["steps"] = inputs["steps"]
    if let probability = inputs["sampling_probability"] {
      run["sample_rate"] = probability
    } else {
      run["sampling"] = "full_batch"
    }
    return run
  }

  var adjacency: String { (input("neighboring_relation") ?? "add_or_remove_one").lowercased() }

  /// The row's event in the contract's spelling.
  var event: [String: Any] {
    switch kind {
    case "zcdp":
      return repeated(["type": "zcdp", "rho": inputs["rho"] ?? 0, "xi": inputs["xi"] ?? 0], inputs["count"])
    case "randomized_response":
      let one = [
        "type": "randomized_response", "noise_parameter": inputs["noise_parameter"] ?? 0,
        "num_buckets": inputs["num_buckets"] ?? 0,
      ]
      return repeated(one, inputs["count"])
    case "epsilon_laplace": return repeated(renamed(inputs["event"] as? [String: Any] ?? [:]), inputs["steps"])
    default:
      let events = (inputs["events"] as? [[String: Any]] ?? []).map { repeated(renamed($0), $0["count"]) }
      return ["type": "composed", "events": events]
    }
  }

  private func repeated(_ event: [String: Any], _ count: Any?) -> [String: Any] {
    ["type": "self_composed", "count": count ?? 1, "event": event]
  }

  private func renamed(_ event: [String: Any]) -> [String: Any] {
    let gaussian: [String: Any] = ["type": "gaussian", "noise_multiplier": event["noise_multiplier"] ?? 0]
    switch event["type"] as? String {
    case "Gaussian": return gaussian
    case "Laplace": return ["type": "laplace", "noise_multiplier": event["noise_multiplier"] ?? 0]
    case "PoissonSampledGaussian", "PoissonSampled":
      let probability = event["sampling_probability"] ?? 0
      return ["type": "poisson_sampled", "sampling_probability": probability, "event": gaussian]
    default: return ["type": event["type"] ?? ""]
    }
  }

  /// The body, with the row's orders unless it has its own.
  func request(_ members: [String: Any?], withOrders: Bool = true) -> String {
    var object = members.compactMapValues { $0 }
    if withOrders, object["orders"] == nil { object["orders"] = inputs["orders"] }
    do {
      return String(decoding: try JSONSerialization.data(withJSONObject: object), as: UTF8.self)
    } catch {
      Issue.record(error)
      return ""
    }
  }

  // MARK: Expectations

  static func number(_ value: Any?) -> Double {
    if let text = value as? String { return text == "-Infinity" ? -.infinity : text == "Infinity" ? .infinity : .nan }
    return (value as? NSNumber)?.doubleValue ?? .nan
  }

  func check(_ got: Double, _ name: String, tolerance: [String: Any]) {
    check(
      got, peer: Self.number(expected[name]), exact: expected[name + "_exact"].map { Self.number($0) },
      tolerance: tolerance)
  }

  /// By the row's own mode; see the README of the golden data.
  func check(_ got: Double, peer: Double, exact: Double?, tolerance: [String: Any]) {
    let relative = tolerance["rel"] as? Double ?? 0
    let absolute = tolerance["abs"] as? Double ?? 0
    if peer == .infinity, exact ?? .infinity == .infinity {
      if tolerance["mode"] == nil { #expect(got == .infinity) }
      return
    }
    let lowest = (exact ?? peer) * (1 - relative) - absolute
    let highest = peer * (1 + relative) + absolute
    #expect(got >= lowest && got <= highest, "\(id): got \(got), accepted [\(lowest), \(highest)]")
  }
}
