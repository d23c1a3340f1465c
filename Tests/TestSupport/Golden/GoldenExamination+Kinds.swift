/// The questions of each kind of row.
extension GoldenExamination {
  typealias Examine = @Sendable (inout GoldenExamination) throws -> Void

  static var kinds: [String: Examine] { renyiKinds.merging(tightKinds) { renyi, _ in renyi } }

  /// By Rényi divergence alone.
  static let renyiKinds: [String: Examine] = [
    "epsilon_rdp_poisson_gaussian": { try $0.renyiEpsilon() },
    "epsilon_rdp_gaussian_full_batch": { try $0.renyiEpsilon() },
    "delta_from_epsilon_rdp": {
      let answer = try $0.ask("/v1/delta", $0.row.run + $0.row.epsilon + $0.row.orders)
      $0.expect(answer["delta"].number, "delta")
    },
    "rdp_curve": { try $0.curve($0.row.step + $0.row.orders) },
    "truth_rdp_curve": {
      let answer = try $0.ask("/v1/rdp", $0.row.step + [("orders", "[\($0.row.inputs["order"])]")])
      $0.expect(answer["rdp"][0].number, "rdp")
      // An upper bound, to the last digit of the truth that a double can show.
      let truth = $0.row.expected["rdp"].number ?? .nan
      if !((answer["rdp"][0].number ?? .nan) >= truth * (1 - 2e-16)) { $0.complain("rdp is below the truth") }
    },
    "zcdp": {
      let event = GoldenRow.repeated($0.row.event(type: "zcdp", "rho", "xi"), $0.row.inputs["count"])
      try $0.expectEpsilon(GoldenRow.event(event) + $0.row.delta + $0.row.orders, "epsilon")
      // Against the Gaussian mechanism, and randomized response for ξ, that satisfy it.
      try $0.tightEpsilon(GoldenRow.event(event) + $0.row.delta, width: 0.3)
    },
    "repeat_and_select": {
      let (inputs, base) = ($0.row.inputs, $0.row.inputs["base"])
      let run = GoldenRow.repeated(
        GoldenRow.sampledGaussian(base["sampling_probability"], base["noise_multiplier"]), base["steps"])
      let shape = inputs["shape"].string == "Infinity" ? JSON.null : inputs["shape"]
      let event =
        #"{"type":"repeat_and_select","mean_repetitions":\#(inputs["mean_repetitions"]),"shape":\#(shape),"event":\#(run)}"#
      try $0.expectEpsilon(GoldenRow.event(event) + $0.row.delta + $0.row.orders, "epsilon")
      // Against a single run: what the best of several adds is bounded from above alone.
      try $0.tightEpsilon(GoldenRow.event(event) + $0.row.delta, width: 0.9)
    },
    "tree_aggregation": { try $0.treeAggregation() },
    "epsilon_rdp_sampled_without_replacement": { try $0.sampledWithoutReplacement() },
    "dpsgd_statement": { try $0.statement() },
  ]

  private mutating func renyiEpsilon() throws {
    let body = row.run + row.adjacency + row.delta
    if !row.expected["error"].isNull {
      // What the peer refuses as well: a probability above 1.
      return try expectRefusal("/v1/epsilon", body, pointer: "/sample_rate")
    }
    try expectEpsilon(body + row.orders, "epsilon")
  }

  private mutating func curve(_ body: Body) throws {
    let answer = try ask("/v1/rdp", body)
    let (values, peers, exact) = (answer["rdp"].array, row.expected["rdp"].array, row.expected["rdp_exact"].array)
    if values.count != peers.count { complain("\(values.count) divergences for \(peers.count) orders") }
    for (index, value) in values.enumerated() where index < peers.count {
      let accepted = row.accepted(
        peer: GoldenRow.number(peers[index]) ?? .nan,
        exact: exact.isEmpty ? nil : GoldenRow.number(exact[index]))
      expect(value.number ?? .infinity, accepted, "rdp[\(index)]")
    }
  }

  private mutating func treeAggregation() throws {
    if row.inputs["step_counts"].isNull {
      let event = row.event(
        type: "tree_aggregation", "noise_multiplier", "total_steps", "max_participation", "min_separation")
      return try curve(GoldenRow.event(event) + [("adjacency", #""replace_special""#)] + row.orders)
    }
    let event = GoldenRow.repeated(
      row.event(type: "tree_aggregation", "noise_multiplier", "step_counts"), row.inputs["count"])
    try expectEpsilon(GoldenRow.event(event) + row.adjacency + row.delta + row.orders, "epsilon")
  }

  /// The peer takes the noise over the sensitivity of the replaced sum, which is twice the clipping norm. Its bound is valid
  /// but not the tightest: an answer may be lower, down to the tight accountant's lower bound.
  // The optimiser of Swift 6.3.1 fails on this function.
  @_optimize(none)
  private mutating func sampledWithoutReplacement() throws {
    let inputs = row.inputs
    let noise = 2 * (inputs["noise_multiplier"].number ?? .nan)
    let event =
      #"{"type":"sampled_without_replacement","dataset_size":\#(inputs["dataset_size"]),"#
      + #""sample_size":\#(inputs["sample_size"]),"event":{"type":"gaussian","noise_multiplier":\#(noise)}}"#
    let body = GoldenRow.event(GoldenRow.repeated(event, inputs["steps"])) + row.adjacency + row.delta
    let answer = try ask("/v1/epsilon", body + row.orders + [("accountant", #""rdp""#)])
    // The spliced curve dominates, and half of it is reached: at small ε and in long compositions the halves are apart.
    let lower = try tightEpsilon(body, width: 0.55).lower
    let highest = row.accepted("epsilon")?.highest ?? .nan
    expect(answer["epsilon"].number, GoldenRow.Accepted(lowest: lower, highest: highest), "epsilon")

    let run =
      Body([
        ("batch_size", inputs["sample_size"]), ("dataset_size", inputs["dataset_size"]), ("steps", inputs["steps"]),
      ])
      + [("noise_multiplier", "\(noise)"), ("sampling", #""without_replacement""#), ("accountant", #""rdp""#)]
    let same = try ask("/v1/epsilon", run + row.adjacency + row.delta + row.orders)
    if same["epsilon"].number != answer["epsilon"].number { complain("a run and its event differ") }
  }

  private mutating func statement() throws {
    let inputs = row.inputs
    let answer = try ask(
      "/v1/statement",
      Body([
        ("dataset_size", inputs["number_of_examples"]), ("batch_size", inputs["batch_size"]),
        ("epochs", inputs["epochs"]), ("noise_multiplier", inputs["noise_multiplier"]), ("delta", inputs["delta"]),
        ("used_microbatching", inputs["used_microbatching"]),
        ("max_examples_per_user", inputs["max_examples_per_user"]),
      ]))
    let isTight = inputs["accountant"].string == "PLD"
    let figures = isTight ? answer["tight"] : answer
    for name in ["example_epsilon_each_once_per_epoch", "example_epsilon_poisson"] {
      expect(figures[name].number ?? .infinity, name, scope: isTight ? "pld" : "rdp")
    }
    for name in ["user_epsilon_each_once_per_epoch", "user_epsilon_poisson"] where !row.expected[name].isNull {
      expect(figures[name].number ?? .infinity, name, scope: isTight ? "pld" : "user_rdp")
    }
    if !isTight, answer["text"] != row.expected["statement"] { complain("the text is \(answer["text"])") }
  }
}
