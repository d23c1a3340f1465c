import API
import Service
import TestSupport
import Testing

/// The schemas of the requests take what the service takes, and nothing else (but for what relates the numbers of two fields,
/// which a schema cannot say).
@Suite struct SchemaTests {
  private static let run = #""noise_multiplier": 1.1, "sample_rate": 0.01, "steps": 100"#
  private static let solve = #""sample_rate": 0.01, "target_epsilon": 3, "delta": 1e-5"#
  private static let gaussian = #"{"type": "gaussian", "noise_multiplier": 3}"#

  /// The path, the name of its schema, and bodies.
  private static let questions: [(path: String, schema: String, bodies: [String])] = [
    (
      "/v1/epsilon", "EpsilonRequest",
      [
        "{\(run), \"delta\": 1e-5}", "{\(run), \"delta\": 0}", "{\(run), \"delta\": 1}", "{\(run)}",
        "{\(run), \"delta\": 1e-5, \"x\": 1}", "{\(run), \"delta\": 1e-5, \"epochs\": 1}",
        "{\(run), \"delta\": 1e-5, \"batch_size\": 1}", "{\(run), \"delta\": \"1e-5\"}",
        "{\(run), \"delta\": 1e-5, \"orders\": [2, 3.5]}", "{\(run), \"delta\": 1e-5, \"orders\": [1]}",
        "{\(run), \"delta\": 1e-5, \"orders\": []}", "{\(run), \"delta\": 1e-5, \"trajectory\": 10}",
        "{\(run), \"delta\": 1e-5, \"trajectory\": 0}", "{\(run), \"delta\": 1e-5, \"max_examples_per_user\": null}",
        "{\(run), \"delta\": 1e-5, \"adjacency\": \"zero_out\"}",
        "{\(run), \"delta\": 1e-5, \"adjacency\": \"replace_special\"}",
        "{\(run), \"delta\": 1e-5, \"accountant\": \"none\"}",
        #"{"noise_multiplier": 1, "batch_size": 3, "dataset_size": 100, "epochs": 1.5, "delta": 1e-5}"#,
        #"{"noise_multiplier": 1, "batch_size": 3, "epochs": 1.5, "delta": 1e-5}"#,
        #"{"noise_multiplier": 1, "batch_size": 3.5, "dataset_size": 100, "epochs": 1, "delta": 1e-5}"#,
        #"{"noise_multiplier": 1e300, "sample_rate": 0.1, "epochs": 1, "delta": 1e-5}"#,
        #"{"noise_multiplier": 1, "sampling": "full_batch", "steps": 3, "delta": 1e-5}"#,
        #"{"noise_multiplier": 1, "steps": 3, "delta": 1e-5}"#, #"{"event": {"type": "no_op"}, "delta": 1e-5}"#,
        #"{"event": {"type": "no_op"}, "delta": 1e-5, "steps": 3}"#,
        #"{"event": {"type": "no_op"}, "delta": 1e-5, "adjacency": "replace_special"}"#,
      ] + events.map { "{\"event\": \($0), \"delta\": 1e-5, \"adjacency\": \"replace_special\"}" }
    ),
    ("/v1/delta", "DeltaRequest", ["{\(run), \"epsilon\": 1}", "{\(run), \"epsilon\": -1}", "{\(run), \"delta\": 1}"]),
    (
      "/v1/noise-multiplier", "NoiseMultiplierRequest",
      [
        "{\(solve), \"steps\": 100}", "{\(solve)}", "{\(solve), \"steps\": 100, \"noise_multiplier\": 1}",
        #"{"sample_rate": 0.1, "epochs": 3, "target_epsilon": 3, "delta": 0}"#,
        #"{"sample_rate": 0.1, "epochs": 3, "target_epsilon": 0, "delta": 1e-5}"#,
        #"{"event": {"type": "no_op"}, "target_epsilon": 3, "delta": 1e-5}"#,
      ]
    ),
    (
      "/v1/solve", "SolveRequest",
      [
        "{\"solve_for\": \"steps\", \(solve), \"noise_multiplier\": 1}", "{\"solve_for\": \"steps\", \(solve)}",
        "{\"solve_for\": \"steps\", \(solve), \"noise_multiplier\": 1, \"steps\": 5}",
        "{\"solve_for\": \"sigma\", \(solve), \"noise_multiplier\": 1}", "{\(solve), \"noise_multiplier\": 1}",
        "{\"solve_for\": \"noise_multiplier\", \(solve), \"epochs\": 1}",
        "{\"solve_for\": \"noise_multiplier\", \(solve), \"epochs\": 1, \"noise_multiplier\": 1}",
        #"{"solve_for": "delta", \#(run), "target_epsilon": 1}"#,
        #"{"solve_for": "delta", \#(run), "target_epsilon": 1, "delta": 1e-5}"#,
        #"{"solve_for": "batch_size", "noise_multiplier": 1, "dataset_size": 100, "steps": 5, "target_epsilon": 3, "delta": 1e-5}"#,
        #"{"solve_for": "batch_size", "noise_multiplier": 1, "steps": 5, "target_epsilon": 1, "delta": 1e-5}"#,
        #"{"solve_for": "sample_rate", "noise_multiplier": 1, "steps": 5, "target_epsilon": 1, "delta": 1e-5}"#,
        #"{"solve_for": "sample_rate", "noise_multiplier": 1, "sample_rate": 1, "steps": 5, "target_epsilon": 1, "delta": 1e-5}"#,
      ]
    ),
    ("/v1/rdp", "RenyiRequest", ["{\(run), \"orders\": [2]}", "{\(run)}", "{\(run), \"orders\": 2}"]),
    (
      "/v1/statement", "StatementRequest",
      [
        #"{"dataset_size": 60000, "batch_size": 32, "noise_multiplier": 0.5, "epochs": 1, "delta": 1e-5}"#,
        #"{"dataset_size": 60000, "batch_size": 32, "noise_multiplier": 0, "epochs": 1, "delta": 1e-5}"#,
        #"{"dataset_size": 60000, "batch_size": 32, "noise_multiplier": 1, "epochs": 1, "delta": 0}"#,
        #"{"dataset_size": 60000, "batch_size": 32, "noise_multiplier": 1, "epochs": 1, "delta": 0.5, "text": true}"#,
      ]
    ),
    (
      "/v1/frontier", "FrontierRequest",
      [
        #"{"noise_multiplier": [1, 2], "epochs": 1, "batch_size": [10], "dataset_size": 1000, "delta": 1e-5}"#,
        #"{"noise_multiplier": [], "epochs": 1, "batch_size": [10], "dataset_size": 1000, "delta": 1e-5}"#,
        #"{"noise_multiplier": [1], "epochs": 1, "batch_size": 10, "dataset_size": 1000, "delta": 1e-5, "adjacency": "replace_special"}"#,
        #"{"noise_multiplier": [1], "epochs": 1, "batch_size": 10, "dataset_size": 1000, "delta": 1e-5, "steps": 3}"#,
      ]
    ),
  ]

  private static let events: [String] = [
    gaussian, #"{"type": "gaussian"}"#, #"{"type": "gaussian", "noise_multiplier": -1}"#,
    #"{"type": "gaussian", "noise_multiplier": 1, "scale": 1}"#, #"{"type": "gausian", "noise_multiplier": 1}"#,
    #"{"type": "discrete_gaussian", "scale": 4, "sensitivity": 1}"#,
    #"{"type": "discrete_laplace", "scale": 4, "sensitivity": 1.5}"#,
    #"{"type": "randomized_response", "noise_parameter": 0.5, "num_buckets": 4}"#,
    #"{"type": "exponential_mechanism", "epsilon": 0.5}"#, #"{"type": "epsilon_delta", "epsilon": 0.5}"#,
    #"{"type": "epsilon_delta", "epsilon": 0.5, "delta": 2}"#, #"{"type": "zcdp", "rho": 0.125}"#,
    #"{"type": "poisson_sampled", "sampling_probability": 0.25, "event": \#(gaussian)}"#,
    #"{"type": "poisson_sampled", "sampling_probability": 0.25, "event": {"type": "no"}}"#,
    #"{"type": "sampled_without_replacement", "dataset_size": 1000, "sample_size": 10, "event": \#(gaussian)}"#,
    #"{"type": "truncated_poisson_sampled", "dataset_size": 100, "sampling_probability": 0.01, "truncated_batch_size": 20, "noise_multiplier": 3}"#,
    #"{"type": "random_allocation", "noise_multiplier": 3, "bins": 10, "selected": 1}"#,
    #"{"type": "random_allocation", "noise_multiplier": 3, "bins": 0, "selected": 1}"#,
    #"{"type": "mixture_of_gaussians", "standard_deviation": 4, "sensitivities": [0, 1], "sampling_probs": [0.5, 0.5]}"#,
    #"{"type": "mixture_of_gaussians", "standard_deviation": 0, "sensitivities": [0, 1], "sampling_probs": [0.5, 0.5]}"#,
    #"{"type": "tree_aggregation", "noise_multiplier": 9, "step_counts": [8, 16]}"#,
    #"{"type": "tree_aggregation", "noise_multiplier": 9, "step_counts": [8], "total_steps": 8, "max_participation": 1}"#,
    #"{"type": "tree_aggregation", "noise_multiplier": 9, "total_steps": 20, "max_participation": 2}"#,
    #"{"type": "matrix_factorization", "noise_multiplier": 3, "sensitivity": 2}"#,
    #"{"type": "matrix_factorization", "noise_multiplier": 3, "sensitivity": 2, "steps": 3}"#,
    #"{"type": "matrix_factorization", "noise_multiplier": 9, "coefficients": [1, -0.5], "steps": 6, "max_participation": 2}"#,
    #"{"type": "matrix_factorization", "noise_multiplier": 9, "strategy": [[1, 0], [0.5, 1]], "max_participation": 1}"#,
    #"{"type": "repeat_and_select", "event": \#(gaussian), "mean_repetitions": 5, "shape": null}"#,
    #"{"type": "repeat_and_select", "event": \#(gaussian), "mean_repetitions": 5, "shape": "Infinity"}"#,
    #"{"type": "composed", "events": [\#(gaussian), {"type": "self_composed", "event": \#(gaussian), "count": 7}]}"#,
    #"{"type": "composed", "events": [{"type": "self_composed", "event": \#(gaussian), "count": -7}]}"#,
    #"{"type": "non_private"}"#, #"{"type": "no_op", "event": \#(gaussian)}"#, "[]",
  ]

  @Test func schemasAreAsStrictAsTheService() async throws {
    let file = try #require(Asset.builtIn["openapi.yaml"])
    let schema = JSONSchema(root: try Contract.json(fromYAML: String(decoding: file.bytes, as: UTF8.self)))
    try await withService { live in
      let client = try live.client()
      for question in Self.questions {
        for body in question.bodies {
          let answer = try client.post(question.path, body)
          // What the accountant cannot bound is a good request.
          let isTaken = answer.status == 200 || answer.json["code"].string == "unsound_combination"
          let value = try JSONScanner.scan(Array(body.utf8)).value
          #expect(
            try schema.accepts(value, schema: question.schema) == isTaken,
            "\(question.schema) and the service disagree: \(body) \(answer.text.prefix(300))")
        }
      }
    }
  }
}
