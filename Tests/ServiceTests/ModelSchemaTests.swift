import API
import Service
import TestSupport
import Testing

/// The schemas of models and training options take what a dry run takes, and nothing else, but for what only the shapes of a
/// dataset can tell.
@Suite struct ModelSchemaTests {
  private static let head = #"{"type": "flatten"}, {"type": "dense", "units": 2}"#

  private static let layers: [String] = [
    #"{"type": "dense", "units": 3, "activation": "tanh", "use_bias": false}"#, #"{"type": "dense"}"#,
    #"{"type": "dense", "units": 3, "activation": null, "name": "a.b_1"}"#,
    #"{"type": "dense", "units": 3, "name": "a..b"}"#,
    #"{"type": "dense", "units": 0}"#, #"{"type": "dense", "units": 3, "filters": 3}"#,
    #"{"type": "dense", "units": "3"}"#,
    #"{"type": "dense", "units": 3, "activation": "softmax"}"#, #"{"type": "relu", "inputs": ["input"]}"#,
    #"{"type": "relu", "inputs": []}"#, #"{"type": "relu", "units": 3}"#, #"{"type": "gelu", "approximate": true}"#,
    #"{"type": "dropout", "rate": 0.5}"#, #"{"type": "dropout", "rate": 1}"#,
    #"{"type": "layer_norm", "epsilon": 1e-5}"#,
    #"{"type": "layer_norm", "epsilon": 0}"#, #"{"type": "rms_norm"}"#, #"{"type": "batch_norm"}"#,
    #"{"type": "residual", "layers": [{"type": "dense", "units": 2}], "activation": "relu"}"#,
    #"{"type": "residual", "layers": []}"#, #"{"type": "residual", "layers": [{"type": "dense"}]}"#,
    #"{"type": "residual", "layers": [{"type": "relu"}], "shortcut": [{"type": "tanh"}]}"#,
  ]

  private static let training: [String] = [
    #""optimizer": {"type": "adam", "learning_rate": 0.1, "beta1": 0.8}"#,
    #""optimizer": {"type": "adam", "learning_rate": 0.1, "momentum": 0.8}"#,
    #""optimizer": {"learning_rate": 0.1, "nesterov": false}"#,
    #""optimizer": {"type": "adamw", "learning_rate": 0.1, "weight_decay": 0.1, "epsilon": 1e-6}"#,
    #""optimizer": {"type": "adagrad", "learning_rate": 0.1, "epsilon": 2}"#,
    #""optimizer": {"type": "rmsprop", "learning_rate": 0.1, "decay": 0.9}"#, #""optimizer": {"type": "rmsprop"}"#,
    #""optimizer": {"learning_rate": 0}"#,
    #""optimizer": {"learning_rate": 1}, "schedule": {"type": "cosine", "final_factor": 0.1, "warmup_steps": 2}"#,
    #""optimizer": {"learning_rate": 1}, "schedule": {"type": "step", "decay_steps": 3, "decay_rate": 0.5}"#,
    #""optimizer": {"learning_rate": 1}, "schedule": {"type": "step", "decay_steps": 3}"#,
    #""optimizer": {"learning_rate": 1}, "schedule": {"type": "constant", "final_factor": 1}"#,
    #""optimizer": {"learning_rate": 1}, "ema_decay": 0.9"#, #""optimizer": {"learning_rate": 1}, "ema_decay": 1"#,
    #""optimizer": {"learning_rate": 1}, "method": "ghost""#, #""optimizer": {"learning_rate": 1}, "method": "spirit""#,
    #""optimizer": {"learning_rate": 1}, "clipping": {"mode": "automatic", "norm": 1, "gamma": 0.1}"#,
    #""optimizer": {"learning_rate": 1}, "clipping": {"mode": "flat", "norm": 1, "gamma": 0.1}"#,
    #""optimizer": {"learning_rate": 1}, "clipping": {"mode": "adaptive", "norm": 1, "target_quantile": 0.6}"#,
    #""optimizer": {"learning_rate": 1}, "clipping": {"mode": "adaptive", "target_quantile": 0.6}"#,
    #""optimizer": {"learning_rate": 1}, "clipping": {"norm": 1}"#,
  ]

  private static func body(model: String = #"{"preset": "logistic-regression"}"#, training: String? = nil) -> String {
    #"""
    {"name": "t", "dataset": "public", "model": \#(model), "privacy": {"private": false},
     "training": {"batch_size": 25, "steps": 40, \#(training ?? #""optimizer": {"learning_rate": 1}"#)}}
    """#
  }

  private static let bodies =
    layers.map { body(model: #"{"layers": [\#($0), \#(head)]}"#) } + training.map { body(training: $0) }
    + [
      #"{"layers": []}"#, #"{"layers": [\#(head)], "preset": "mlp"}"#, #"{"layers": [\#(head)], "loss": "hinge"}"#,
      #"{"layers": [\#(head)], "freeze": ["1.bias"], "loss": "softmax_cross_entropy"}"#, #"{"preset": "mlp", "x": 1}"#,
      #"{"preset": "mpl"}"#,
    ].map { body(model: $0) }

  @Test func schemasAreAsStrictAsTheService() async throws {
    let file = try #require(Asset.builtIn["openapi.yaml"])
    let schema = JSONSchema(root: try Contract.json(fromYAML: String(decoding: file.bytes, as: UTF8.self)))
    try await withService { live in
      let client = try live.client()
      try live.makeDataset(client, "public", isPublic: true)
      for body in Self.bodies {
        let answer = try client.post("/v1/jobs?dry_run=true", body)
        #expect(answer.status == 200 || answer.status == 422, "\(body) \(answer.text.prefix(300))")
        let value = try JSONScanner.scan(Array(body.utf8)).value
        #expect(
          try schema.accepts(value, schema: "JobRequest") == (answer.status == 200),
          "the schema and the service disagree: \(body) \(answer.text.prefix(300))")
      }
    }
  }
}
