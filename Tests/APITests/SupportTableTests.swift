import API
import Foundation
import Testing

/// README's table of mechanisms, relations and accountants is true: each cell is asked.
@Suite struct SupportTableTests {
  private static let gaussian = #"{"type": "gaussian", "noise_multiplier": 3}"#
  private static let laplace = #"{"type": "laplace", "noise_multiplier": 2.5}"#
  private static let discreteGaussian = #"{"type": "discrete_gaussian", "scale": 4, "sensitivity": 1}"#

  private static func sampled(_ event: String) -> String {
    #"{"type": "poisson_sampled", "sampling_probability": 0.125, "event": \#(event)}"#
  }

  private static func drawn(_ event: String) -> String {
    #"{"type": "sampled_without_replacement", "dataset_size": 1000, "sample_size": 10, "event": \#(event)}"#
  }

  /// An event for each row, by the row's first column.
  private static let events: [String: String] = [
    "`gaussian`": gaussian,
    "`laplace`": laplace,
    "`discrete_gaussian`": discreteGaussian,
    "`discrete_laplace`": #"{"type": "discrete_laplace", "scale": 2, "sensitivity": 1}"#,
    "`randomized_response`": #"{"type": "randomized_response", "noise_parameter": 0.5, "num_buckets": 4}"#,
    "`exponential_mechanism`": #"{"type": "exponential_mechanism", "epsilon": 0.5}"#,
    "`epsilon_delta`": #"{"type": "epsilon_delta", "epsilon": 0.5, "delta": 1e-7}"#,
    "`zcdp`": #"{"type": "zcdp", "rho": 0.03125, "xi": 0.0625}"#,
    "`poisson_sampled` of `gaussian`": sampled(gaussian),
    "`poisson_sampled` of `laplace`": sampled(laplace),
    "`poisson_sampled` of `discrete_gaussian`": sampled(discreteGaussian),
    "`sampled_without_replacement` of `gaussian`": drawn(gaussian),
    "`sampled_without_replacement` of `laplace`": drawn(laplace),
    "`truncated_poisson_sampled`":
      #"{"type": "truncated_poisson_sampled", "dataset_size": 1000, "sampling_probability": 0.01, "truncated_batch_size": 20, "noise_multiplier": 3}"#,
    "`random_allocation`, 1 selected":
      #"{"type": "random_allocation", "noise_multiplier": 3, "bins": 8, "selected": 1}"#,
    "`random_allocation`, more": #"{"type": "random_allocation", "noise_multiplier": 3, "bins": 8, "selected": 2}"#,
    "`mixture_of_gaussians`":
      #"{"type": "mixture_of_gaussians", "standard_deviation": 4, "sensitivities": [0, 1, 2], "sampling_probs": [0.5, 0.25, 0.25]}"#,
    "`tree_aggregation`": #"{"type": "tree_aggregation", "noise_multiplier": 9, "step_counts": [8, 16]}"#,
    "`matrix_factorization`": #"{"type": "matrix_factorization", "noise_multiplier": 3, "sensitivity": 2}"#,
    "`repeat_and_select`":
      #"{"type": "repeat_and_select", "event": \#(gaussian), "mean_repetitions": 5, "shape": 1}"#,
    "compositions of `gaussian`, `laplace` and sampled ones":
      #"{"type": "composed", "events": [\#(gaussian), \#(laplace), \#(sampled(gaussian))]}"#,
  ]

  private static let relations = ["add_or_remove_one", "replace_one", "replace_special"]

  /// The rows of the table: its first column, and what it claims under each relation.
  private static func rows() throws -> [(mechanism: String, claims: [String])] {
    let top = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let text = try String(contentsOf: top.appendingPathComponent("README.md"), encoding: .utf8)
    let section = text.components(separatedBy: "\n## ").first { $0.hasPrefix("What is accounted") } ?? ""
    let lines = section.split(separator: "\n").drop { !$0.hasPrefix("| mechanism |") }.dropFirst(2)
    return lines.prefix { $0.hasPrefix("| ") }.map { line in
      let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      return (cells[0], Array(cells.dropFirst()))
    }
  }

  @Test func everyCellIsTrue() throws {
    let api = try TestAPI()
    let rows = try Self.rows()
    #expect(Set(rows.map(\.mechanism)) == Set(Self.events.keys))
    for (mechanism, claims) in rows {
      let event = try #require(Self.events[mechanism])
      #expect(claims.count == Self.relations.count)
      for (relation, claim) in zip(Self.relations, claims) {
        #expect(claim == support(of: event, relation, api), "\(mechanism) under \(relation)")
      }
    }
  }

  /// Both of the bounds by the tight accountant, and that of Rényi divergence, as far as there are such, in the table's words.
  private func support(of event: String, _ relation: String, _ api: TestAPI) -> String {
    func ask(_ accountant: String) -> Answer {
      let run = #"{"type": "self_composed", "count": 3, "event": \#(event)}"#
      return api.post(
        "/v1/epsilon",
        #"{"event": \#(run), "delta": 1e-5, "adjacency": "\#(relation)", "accountant": "\#(accountant)"}"#)
    }
    var words: [String] = []
    let tight = ask("pld")
    if let upper = tight.number("epsilon"), let lower = tight.number("epsilon_lower") {
      words.append(upper - lower <= max(1e-3 * upper, 1e-6) ? "tight" : "two-sided")
    } else if tight.number("epsilon") != nil {
      words.append("pld")
    }
    if ask("rdp").number("epsilon") != nil { words.append("rdp") }
    return words.isEmpty ? "refused" : words.joined(separator: ", ")
  }
}
