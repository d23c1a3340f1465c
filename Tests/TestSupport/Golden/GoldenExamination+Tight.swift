/// The questions of the kinds that the tight accountant answers, alone or beside Rényi divergence.
extension GoldenExamination {
  static let tightKinds: [String: Examine] = [
    "epsilon_pld_poisson_gaussian": {
      let run = $0.row.run + $0.row.adjacency
      $0.expect(try $0.tightEpsilon(run + $0.row.delta, accountant: "pld").upper, "epsilon")
      let delta = try $0.tightDelta(run + Body([("epsilon", $0.row.inputs["epsilon_for_delta_query"])]))
      $0.expect(delta.upper, "delta_at_epsilon")
    },
    "pld_bracket": { try $0.bracket() },
    "prv_bounds": { try $0.bracket() },
    "truth_delta": { try $0.truth() },
    "gaussian_analytic": { try $0.gaussian() },
    "epsilon_laplace": { try $0.laplace() },
    "epsilon_composed_events": {
      let events = $0.row.inputs["events"].array.map(GoldenRow.entry).joined(separator: ",")
      let body = GoldenRow.event(#"{"type":"composed","events":[\#(events)]}"#) + $0.row.adjacency + $0.row.delta
      try $0.expectEpsilon(body + $0.row.orders, "epsilon_rdp", scope: "rdp")
      $0.expect(try $0.tightEpsilon(body).upper, "epsilon_pld", scope: "pld")
    },
    "randomized_response": {
      let event = $0.row.event(type: "randomized_response", "noise_parameter", "num_buckets")
      let body =
        GoldenRow.event(GoldenRow.repeated(event, $0.row.inputs["count"])) + $0.row.adjacency + $0.row.delta
      try $0.expectEpsilon(body + $0.row.orders, "epsilon_rdp", scope: "rdp")
      $0.expect(try $0.tightEpsilon(body).upper, "epsilon_pld", scope: "pld")
    },
    "mixture_and_truncated": {
      let event =
        $0.row.inputs["type"].string == "MixtureOfGaussians"
        ? $0.row.event(type: "mixture_of_gaussians", "standard_deviation", "sensitivities", "sampling_probs")
        : $0.row.event(
          type: "truncated_poisson_sampled", "dataset_size", "sampling_probability", "truncated_batch_size",
          "noise_multiplier")
      // Of a sample that is often cut down the upper bound tells whether it was.
      let width = $0.row.inputs["type"].string == "MixtureOfGaussians" ? 1e-3 : 0.3
      try $0.mixture(GoldenRow.repeated(event, $0.row.inputs["count"]), width: width)
    },
    "random_allocation": { try $0.randomAllocation() },
    "noise_multiplier_search": { try $0.noiseMultiplier() },
    "gdp_clt": {
      let answer = try $0.ask("/v1/epsilon", $0.row.run + $0.row.delta + [("accountant", #""gdp""#)])
      $0.expect(answer["epsilon"].number, "epsilon_poisson")
      if answer["estimate"].bool != true { $0.complain("an estimate is not labelled as one") }
    },
  ]

  private mutating func bracket() throws {
    let bracket = try tightEpsilon(row.run + row.adjacency + row.delta)
    let slack = row.tolerance["abs"].number ?? 0
    let (lower, upper) = (row.expected["epsilon_lower"].number ?? .nan, row.expected["epsilon_upper"].number ?? .nan)
    expect(bracket.upper, GoldenRow.Accepted(lowest: lower - slack, highest: upper + slack), "the upper bound")
    if bracket.lower > upper + slack { complain("the lower bound \(bracket.lower) is above the peer's \(upper)") }
  }

  /// Both ends of the answer hold the truth between them, and each is within the row's tolerance of it.
  private mutating func expectTruth(_ bracket: (lower: Double, upper: Double), _ name: String) {
    expect(bracket.upper, name)
    let truth = row.expected[name].number ?? .nan
    // The last digit of the truth that a double can show.
    let digit = truth * 0x1p-52
    if !(bracket.lower <= truth + digit && bracket.upper >= truth - digit) {
      complain("\(name) = \(truth) is outside of [\(bracket.lower), \(bracket.upper)]")
    }
  }

  private mutating func truth() throws {
    let inputs = row.inputs
    let event =
      switch inputs["mechanism"].string {
      case "Gaussian composition": GoldenRow.repeated(GoldenRow.gaussian(inputs["noise_multiplier"]), inputs["steps"])
      case "Poisson-sampled Gaussian, single step":
        GoldenRow.sampledGaussian(inputs["sampling_probability"], inputs["noise_multiplier"])
      case "Poisson-sampled Gaussian composed with one Gaussian":
        #"{"type":"composed","events":["#
          + GoldenRow.sampledGaussian(inputs["sampling_probability"], inputs["noise_multiplier"]) + ","
          + GoldenRow.gaussian(inputs["second_gaussian_noise_multiplier"]) + "]}"
      case "Laplace, single": row.event(type: "laplace", "noise_multiplier")
      default: #"{"type":"\#(inputs["mechanism"])"}"#
      }
    if inputs["delta"].isNull {
      expectTruth(try tightDelta(GoldenRow.event(event) + row.epsilon), "delta")
    } else {
      expectTruth(try tightEpsilon(GoldenRow.event(event) + row.delta), "epsilon")
    }
  }

  private mutating func gaussian() throws {
    let event = GoldenRow.event(GoldenRow.gaussian(row.inputs["sigma"]))
    switch row.inputs["quantity"].string {
    case "delta": expect(try tightDelta(event + row.epsilon).upper, "delta")
    case "epsilon": expect(try tightEpsilon(event + row.delta).upper, "epsilon")
    default:
      let answer = try ask(
        "/v1/noise-multiplier",
        [("sampling", #""full_batch""#), ("steps", "1")] + Body([("target_epsilon", row.inputs["epsilon"])]) + row.delta
      )
      expect(answer["noise_multiplier"].number, "sigma")
    }
  }

  /// At δ = 0 the peers give up at given orders; pure composition is exact.
  private mutating func laplace() throws {
    let noise = row.inputs["event"]["noise_multiplier"]
    let event = GoldenRow.repeated(#"{"type":"laplace","noise_multiplier":\#(noise)}"#, row.inputs["steps"])
    let body = GoldenRow.event(event) + row.delta
    try expectEpsilon(body + row.orders, "epsilon_rdp", scope: "rdp")
    let upper = try tightEpsilon(body).upper
    guard row.inputs["delta"].number == 0 else { return expect(upper, "epsilon_pld", scope: "pld") }
    let pure = (row.inputs["steps"].number ?? .nan) / (noise.number ?? .nan)
    expect(upper, GoldenRow.Accepted(lowest: pure * (1 - 1e-15), highest: pure * (1 + 1e-9)), "ε at δ = 0")
  }

  /// The peer's grid of 1e-4 and its pairs for truncated samples are pessimistic: an answer may be lower, down to the certified
  /// lower bound.
  private mutating func mixture(_ event: String, width: Double) throws {
    let bracket = try tightEpsilon(GoldenRow.event(event) + row.adjacency + row.delta, width: width)
    let highest = row.accepted("epsilon_pld")?.highest ?? .nan
    expect(bracket.upper, GoldenRow.Accepted(lowest: bracket.lower, highest: highest), "epsilon_pld")
  }

  /// The peers' bounds are several methods' of one mechanism: the least of them, and the greatest lower one, count.
  // The optimiser of Swift 6.3.1 fails on this function.
  @_optimize(none)
  private mutating func randomAllocation() throws {
    let inputs = row.inputs
    let event =
      #"{"type":"random_allocation","noise_multiplier":\#(inputs["noise_multiplier"]),"#
      + #""bins":\#(inputs["bins_per_epoch"]),"selected":\#(inputs["selected_per_epoch"])}"#
    // Nothing tighter than Rényi divergence is known from above, and what the sum and the maximum show from below.
    let bracket = try tightEpsilon(
      GoldenRow.event(GoldenRow.repeated(event, inputs["epochs"])) + row.delta, width: 0.3)
    let uppers = row.expected.keys.filter { $0 != "epsilon_lower_bound" }
      .compactMap { GoldenRow.number(row.expected[$0]) }
    let lowest = row.expected["epsilon_lower_bound"].number.map { $0 - 1e-3 } ?? 0
    let highest = (uppers.min() ?? .nan) + (row.tolerance["abs"].number ?? 0)
    expect(bracket.upper, GoldenRow.Accepted(lowest: lowest, highest: highest), "epsilon")
    // The peer's lower bound is the maximum's as well.
    if bracket.lower < lowest { complain("the lower bound \(bracket.lower) is below the peer's") }
  }

  /// What is found keeps its promise when it is fed back, under either accountant.
  private mutating func noiseMultiplier() throws {
    let inputs = row.inputs
    let questions = [(scope: "rdp", accountant: "rdp", orders: row.orders), ("pld", "auto", [] as Body)]
    let run = Body([("sample_rate", inputs["sampling_probability"]), ("steps", inputs["steps"])])
    for (scope, accountant, orders) in questions {
      let common = run + row.adjacency + row.delta + orders + [("accountant", "\"\(accountant)\"")]
      let answer = try ask(
        "/v1/noise-multiplier", common + Body([("target_epsilon", inputs["target_epsilon"])]))
      let noise = answer["noise_multiplier"]
      let name = "noise_multiplier_" + scope
      if !row.expected[name].isNull { expect(noise.number, name, scope: scope) }
      let back = try ask("/v1/epsilon", common + Body([("noise_multiplier", noise)]))
      let target = inputs["target_epsilon"].number ?? .nan
      if !((back["epsilon"].number ?? .infinity) <= target) {
        complain("σ = \(noise) gives ε = \(back["epsilon"]) by \(accountant)")
      }
      if back["epsilon"] != answer["epsilon"] { complain("ε achieved is not ε asked for again, by \(accountant)") }
    }
  }
}
