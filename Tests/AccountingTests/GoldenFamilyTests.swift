import Accounting
import Testing

/// Golden rows about trees, samples of fixed size, allocation and private selection; their Rényi half.
@Suite struct GoldenFamilyTests {
  @Test(arguments: try GoldenRow.rows("tree_aggregation"))
  func matchesTrees(_ row: GoldenRow) throws {
    let noise = try row.input("noise_multiplier")
    guard row.inputs["variant"] as? String == "single_tree_multi_participation" else {
      let stepCounts = try #require(row.inputs["step_counts"] as? [Int])
      let event = PrivacyEvent.selfComposed(
        event: .treeAggregation(noiseMultiplier: noise, schedule: .restarts(stepCounts: stepCounts)),
        count: try row.count("count"))
      let bound = try RenyiAccountant(event: event, relation: row.relation)
        .epsilon(delta: row.input("delta"), orders: row.orders)
      return row.check(bound.epsilon, peer: try row.expectedNumber("epsilon"), exact: nil)
    }
    let event = PrivacyEvent.treeAggregation(
      noiseMultiplier: noise,
      schedule: .single(
        totalSteps: try row.count("total_steps"), maxParticipation: try row.count("max_participation"),
        minSeparation: try row.count("min_separation")))
    let curve = try RenyiAccountant(event: event).curve(orders: row.orders).divergences
    let expected = try #require(row.expected["rdp"] as? [Any]).compactMap(GoldenRow.number)
    for (got, peer) in zip(curve, expected) { row.check(got, peer: peer, exact: nil) }
    row.check(curve[1] / 2, peer: try row.expectedNumber("zcdp_rho"), exact: nil)
  }

  /// The peer's noise multiplier is over the sensitivity of the replace-one query, ours over one clipping norm. It bounds the
  /// divergence as Wang, Balle and Kasiviswanathan do; ours is that of the worst pair, so it may only be less.
  @Test(arguments: try GoldenRow.rows("epsilon_rdp_sampled_without_replacement"))
  func isNoWorseThanThePeerWithoutReplacement(_ row: GoldenRow) throws {
    let noise = try row.input("noise_multiplier")
    let once = PrivacyEvent.sampledWithoutReplacement(
      datasetSize: try row.count("dataset_size"), sampleSize: try row.count("sample_size"),
      event: .gaussian(noiseMultiplier: 2 * noise))
    let event = PrivacyEvent.selfComposed(event: once, count: try row.count("steps"))
    let accountant = try RenyiAccountant(event: event, relation: row.relation)
    let listed = try accountant.epsilon(delta: row.input("delta"), orders: row.orders).epsilon
    #expect(listed <= (try row.expectedNumber("epsilon")) * (1 + 1e-6) + 1e-9, "\(row.id): \(listed)")
    let optimized = try accountant.epsilon(delta: row.input("delta")).epsilon
    #expect(optimized <= listed * (1 + 1e-9))
    // A lower bound: the same record Poisson-sampled at the same rate, which is one of the pairs that are reached.
    let reached = PrivacyEvent.dpsgd(
      samplingProbability: try row.input("sample_size") / row.input("dataset_size"), noiseMultiplier: noise,
      steps: try row.count("steps"))
    let lower = try RenyiAccountant(event: reached).epsilon(delta: row.input("delta")).epsilon
    #expect(optimized >= lower * (1 - 1e-9), "\(row.id): \(optimized) is below \(lower)")
  }

  @Test(arguments: try GoldenRow.rows("random_allocation"))
  func isWithinTheBracketOfAllocation(_ row: GoldenRow) throws {
    let once = PrivacyEvent.randomAllocation(
      noiseMultiplier: try row.input("noise_multiplier"), bins: try row.count("bins_per_epoch"),
      selected: try row.count("selected_per_epoch"))
    let event = PrivacyEvent.selfComposed(event: once, count: try row.count("epochs"))
    let epsilon = try RenyiAccountant(event: event).epsilon(delta: row.input("delta")).epsilon
    let uppers = [
      "epsilon_direct", "epsilon_decomposition", "epsilon_analytic", "epsilon_recursive", "epsilon_rdp_dco",
    ]
    let least = try #require(uppers.compactMap { GoldenRow.number(row.expected[$0]) }.min())
    #expect(epsilon <= least + 0.01, "\(row.id): \(epsilon)")
    if let lower = GoldenRow.number(row.expected["epsilon_lower_bound"]) {
      #expect(epsilon >= lower - 1e-3, "\(row.id): \(epsilon)")
    }
  }

  @Test(arguments: try GoldenRow.rows("repeat_and_select"))
  func matchesPrivateSelection(_ row: GoldenRow) throws {
    let base = try #require(row.inputs["base"] as? [String: Any])
    let noise = try #require(GoldenRow.number(base["noise_multiplier"]))
    let probability = try #require(GoldenRow.number(base["sampling_probability"]))
    let steps = Int(try #require(GoldenRow.number(base["steps"])))
    let shape = try row.input("shape")
    let event = PrivacyEvent.repeatAndSelect(
      event: .dpsgd(samplingProbability: probability, noiseMultiplier: noise, steps: steps),
      meanRepetitions: try row.input("mean_repetitions"), shape: shape == .infinity ? nil : shape)
    let accountant = try RenyiAccountant(event: event)
    let listed = try accountant.epsilon(delta: row.input("delta"), orders: row.orders).epsilon
    row.check(
      listed, peer: try row.expectedNumber("epsilon"), exact: GoldenRow.number(row.expected["epsilon_exact"]))
    let optimized = try accountant.epsilon(delta: row.input("delta")).epsilon
    #expect(optimized <= listed * (1 + 1e-9), "\(row.id)")
  }
}
