import API
import Testing

/// Events as they come in: every type of the contract's table in each of its spellings, and what is wrong with bad ones.
@Suite struct EventTests {
  private let api: TestAPI

  init() throws {
    api = try TestAPI()
  }

  private func ask(_ event: String, adjacency: String = "replace_special") -> Answer {
    api.post("/v1/epsilon", #"{"event": \#(event), "delta": 1e-5, "adjacency": "\#(adjacency)"}"#)
  }

  private static let gaussian = #"{"type": "gaussian", "noise_multiplier": 3}"#

  /// A good event of each spelling; its numbers are replaced one by one below.
  static let events: [String] = [
    gaussian,
    #"{"type": "laplace", "noise_multiplier": 2.5}"#,
    #"{"type": "discrete_gaussian", "scale": 4, "sensitivity": 1}"#,
    #"{"type": "discrete_laplace", "scale": 2, "sensitivity": 1}"#,
    #"{"type": "randomized_response", "noise_parameter": 0.5, "num_buckets": 4}"#,
    #"{"type": "exponential_mechanism", "epsilon": 0.5}"#,
    #"{"type": "epsilon_delta", "epsilon": 0.5, "delta": 1e-7}"#,
    #"{"type": "zcdp", "rho": 0.125, "xi": 0.0625}"#,
    #"{"type": "poisson_sampled", "sampling_probability": 0.25, "event": \#(gaussian)}"#,
    #"{"type": "sampled_without_replacement", "dataset_size": 1000, "sample_size": 10, "event": \#(gaussian)}"#,
    #"{"type": "truncated_poisson_sampled", "dataset_size": 1000, "sampling_probability": 0.01, "truncated_batch_size": 20, "noise_multiplier": 3}"#,
    #"{"type": "random_allocation", "noise_multiplier": 3, "bins": 10, "selected": 1}"#,
    #"{"type": "mixture_of_gaussians", "standard_deviation": 4, "sensitivities": [0, 1, 2], "sampling_probs": [0.5, 0.25, 0.25]}"#,
    #"{"type": "tree_aggregation", "noise_multiplier": 9, "step_counts": [8, 16]}"#,
    #"{"type": "tree_aggregation", "noise_multiplier": 9, "total_steps": 20, "max_participation": 2, "min_separation": 5}"#,
    #"{"type": "matrix_factorization", "noise_multiplier": 3, "sensitivity": 2}"#,
    #"{"type": "matrix_factorization", "noise_multiplier": 9, "coefficients": [1, 0.5], "steps": 6, "max_participation": 2, "min_separation": 3}"#,
    #"{"type": "matrix_factorization", "noise_multiplier": 9, "strategy": [[1, 0], [0.5, 1]], "max_participation": 1, "min_separation": 1}"#,
    #"{"type": "repeat_and_select", "event": \#(gaussian), "mean_repetitions": 5, "shape": 1}"#,
    #"{"type": "repeat_and_select", "event": \#(gaussian), "mean_repetitions": 5, "shape": null}"#,
    #"{"type": "composed", "events": [\#(gaussian), \#(gaussian)]}"#,
    #"{"type": "self_composed", "event": \#(gaussian), "count": 7}"#,
    #"{"type": "no_op"}"#,
    #"{"type": "non_private"}"#,
  ]

  @Test func everyTypeHasAnEventHere() throws {
    let types = Set(
      try Self.events.compactMap { try JSONScanner.scan(Array($0.utf8)).value["type"]?.string })
    #expect(types == Set(api.get("/v1/version").json["event_types"]?.array?.compactMap(\.string) ?? []))
  }

  /// Where the accountant has no bound it is a refusal that says so, never a fault of the fields.
  @Test(arguments: events) func isRead(event: String) {
    let answer = ask(event)
    #expect(answer.status == 200 || answer.code == "unsound_combination", "\(answer.text)")
    #expect(api.failures.all.isEmpty)
  }

  /// 3, 3.0 and 3e0 are one number, of whatever type the field is.
  @Test(arguments: events) func spellingsOfNumbersDoNotMatter(event: String) {
    let spelled = event.replacing(/([:\[ ])([1-9]\d*)([,}\]])/) { "\($0.1)\($0.2).0\($0.3)" }
    let again = event.replacing(/([:\[ ])([1-9]\d*)([,}\]])/) { "\($0.1)\($0.2)0e-1\($0.3)" }
    for other in [spelled, again] {
      #expect(ask(other).number("epsilon") == ask(event).number("epsilon"), "\(other)")
      #expect(ask(other).code == ask(event).code)
    }
  }

  /// Each number of each event, made bad: the answer points at it.
  @Test(arguments: events) func badNumbersAreNamed(event: String) throws {
    guard case .object(let members) = try JSONScanner.scan(Array(event.utf8)).value else { return }
    for member in members where member.value.double != nil {
      for bad: JSONValue in [-1, "1", [1], true, .number(1e300)] {
        let changed = members.map { $0.name == member.name ? JSONValue.Member($0.name, bad) : $0 }
        let text = String(decoding: JSONValue.object(changed).bytes, as: UTF8.self)
        let answer = ask(#"{"type": "composed", "events": [\#(text)]}"#)
        #expect(answer.status == 422 && answer.code == "invalid_parameter", "\(text): \(answer.text)")
        #expect(answer.pointers.contains("/event/events/0/\(member.name)"), "\(text): \(answer.text)")
      }
    }
  }

  @Test(arguments: [
    (#"{"type": "gausian", "noise_multiplier": 1}"#, ["/type"]),
    (#"{"noise_multiplier": 1}"#, ["/type"]),
    (#"{"type": "gaussian"}"#, ["/noise_multiplier"]),
    (#"{"type": "gaussian", "noise_multiplier": 1, "sigma": 2}"#, ["/sigma"]),
    (#"{"type": "tree_aggregation", "noise_multiplier": 1}"#, ["/step_counts"]),
    (#"{"type": "tree_aggregation", "noise_multiplier": 1, "step_counts": [], "x": 1}"#, ["/step_counts", "/x"]),
    (#"{"type": "tree_aggregation", "noise_multiplier": 1, "step_counts": [4, 0]}"#, ["/step_counts/1"]),
    (#"{"type": "tree_aggregation", "noise_multiplier": 1, "step_counts": [4], "total_steps": 4}"#, ["/total_steps"]),
    (#"{"type": "tree_aggregation", "noise_multiplier": 1, "total_steps": 4}"#, ["/max_participation"]),
    (#"{"type": "matrix_factorization", "noise_multiplier": 1}"#, ["/sensitivity"]),
    (
      #"{"type": "matrix_factorization", "noise_multiplier": 1, "sensitivity": 1, "coefficients": [1], "steps": 2}"#,
      ["/coefficients", "/steps"]
    ),
    (
      #"{"type": "matrix_factorization", "noise_multiplier": 1, "coefficients": [1, 2, 3], "steps": 2, "max_participation": 1}"#,
      ["/coefficients"]
    ),
    (
      #"{"type": "matrix_factorization", "noise_multiplier": 1, "strategy": [[1, 0], [1]], "max_participation": 1}"#,
      ["/strategy/1"]
    ),
    (
      #"{"type": "matrix_factorization", "noise_multiplier": 1, "strategy": [[1, 0], [1, "2"]], "max_participation": 1}"#,
      ["/strategy/1/1"]
    ),
    (
      #"{"type": "matrix_factorization", "noise_multiplier": 1, "strategy": [[1, 2], [1, 1]], "max_participation": 1}"#,
      ["/strategy"]
    ),
    (
      #"{"type": "mixture_of_gaussians", "standard_deviation": 0, "sensitivities": [-1], "sampling_probs": [2]}"#,
      ["/standard_deviation", "/sensitivities/0", "/sampling_probs/0"]
    ),
    (
      #"{"type": "mixture_of_gaussians", "standard_deviation": 1, "sensitivities": [1, 2], "sampling_probs": [1]}"#,
      ["/sampling_probs"]
    ),
    (
      #"{"type": "mixture_of_gaussians", "standard_deviation": 1, "sensitivities": [1, 2], "sampling_probs": [0.5, 0.6]}"#,
      ["/sampling_probs"]
    ),
    (
      #"{"type": "sampled_without_replacement", "dataset_size": 10, "sample_size": 11, "event": {"type": "no_op"}}"#,
      ["/sample_size"]
    ),
    (#"{"type": "random_allocation", "noise_multiplier": 1, "bins": 3, "selected": 4}"#, ["/selected"]),
    (
      #"{"type": "repeat_and_select", "event": {"type": "no_op"}, "mean_repetitions": 2, "shape": "Infinity"}"#,
      ["/shape"]
    ),
    (
      #"{"type": "repeat_and_select", "event": {"type": "no_op"}, "mean_repetitions": 0.5, "shape": 1}"#,
      ["/mean_repetitions"]
    ),
    (#"{"type": "repeat_and_select", "mean_repetitions": 2}"#, ["/event"]),
    (
      #"{"type": "self_composed", "count": 1.5, "event": {"type": "composed", "events": [3]}}"#,
      ["/count", "/event/events/0"]
    ),
    (#"{"type": "poisson_sampled", "sampling_probability": 1.5, "event": []}"#, ["/sampling_probability", "/event"]),
  ])
  func mistakesAreNamed(event: String, pointers: [String]) {
    let answer = ask(event)
    #expect(answer.status == 422 && answer.code == "invalid_parameter", "\(answer.text)")
    #expect(answer.pointers == pointers.map { "/event" + $0 }, "\(answer.text)")
  }

  @Test func anUnknownTypeIsGivenTheNearest() {
    let answer = ask(#"{"type": "gausian", "noise_multiplier": 1}"#)
    #expect(answer.json["detail"]?.string?.contains("did you mean gaussian?") == true)
  }

  /// Adding a record adds a report, so no accountant can bound it.
  @Test func aRefusalNamesTheEvent() {
    let response = #"{"type": "randomized_response", "noise_parameter": 0.5, "num_buckets": 2}"#
    let answer = ask(
      #"{"type": "composed", "events": [{"type": "no_op"}, \#(response)]}"#, adjacency: "add_or_remove_one")
    #expect(answer.status == 422 && answer.code == "unsound_combination", "\(answer.text)")
    #expect(answer.pointers == ["/event/events/1"])
  }
}
