import Accounting
import Testing

/// Every golden row about Rényi divergence and its conversions.
@Suite struct GoldenDivergenceTests {
  private func sampledGaussian(_ row: GoldenRow, steps: Int) throws -> PrivacyEvent {
    .dpsgd(
      samplingProbability: try row.input("sampling_probability"), noiseMultiplier: try row.input("noise_multiplier"),
      steps: steps)
  }

  @Test(arguments: try GoldenRow.rows("truth_rdp_curve"))
  func matchesTheTruthAndIsNeverBelow(_ row: GoldenRow) throws {
    let accountant = try RenyiAccountant(event: sampledGaussian(row, steps: 1))
    let got = try accountant.curve(orders: [row.input("order")]).divergences[0]
    let truth = try row.expectedNumber("rdp")
    row.check(got, peer: truth, exact: nil)
    #expect(got >= truth, "\(row.id): \(got) is below the truth \(truth)")
  }

  @Test(arguments: try GoldenRow.rows("rdp_curve"))
  func matchesTheCurve(_ row: GoldenRow) throws {
    let accountant = try RenyiAccountant(event: sampledGaussian(row, steps: 1))
    let curve = try accountant.curve(orders: row.orders)
    let peer = (row.expected["rdp"] as? [Any] ?? []).compactMap(GoldenRow.number)
    let exact = (row.expected["rdp_exact"] as? [Any] ?? []).compactMap(GoldenRow.number)
    try #require(peer.count == curve.orders.count)
    for (index, got) in curve.divergences.enumerated() {
      row.check(got, peer: peer[index], exact: exact.isEmpty ? nil : exact[index])
    }
  }

  @Test(arguments: try GoldenRow.rows("epsilon_rdp_gaussian_full_batch"))
  func matchesFullBatches(_ row: GoldenRow) throws {
    let event = PrivacyEvent.selfComposed(
      event: .gaussian(noiseMultiplier: try row.input("noise_multiplier")), count: try row.count("steps"))
    let bound = try RenyiAccountant(event: event).epsilon(delta: row.input("delta"), orders: row.orders)
    row.check(bound.epsilon, peer: try row.expectedNumber("epsilon"), exact: nil)
    #expect(bound.order == (try row.expectedNumber("optimal_order")))
  }

  @Test(arguments: try GoldenRow.rows("epsilon_rdp_poisson_gaussian"))
  func matchesPoissonSampling(_ row: GoldenRow) throws {
    let event = try sampledGaussian(row, steps: row.count("steps"))
    if row.expected["error"] != nil {
      #expect(throws: AccountingError.self) { try RenyiAccountant(event: event, relation: row.relation) }
      return
    }
    let accountant = try RenyiAccountant(event: event, relation: row.relation)
    let bound = try accountant.epsilon(delta: row.input("delta"), orders: row.orders)
    let exact = GoldenRow.number(row.expected["epsilon_exact"])
    row.check(bound.epsilon, peer: try row.expectedNumber("epsilon"), exact: exact)
    let order = try GoldenRow.number(row.expected["optimal_order_exact"]) ?? row.expectedNumber("optimal_order")
    #expect(bound.order == (order == 0 ? nil : order), "\(row.id)")
    // Optimising the order can only help.
    let optimized = try accountant.epsilon(delta: row.input("delta"))
    #expect(optimized.epsilon <= bound.epsilon * (1 + 1e-9))
  }

  @Test(arguments: try GoldenRow.rows("delta_from_epsilon_rdp"))
  func matchesDelta(_ row: GoldenRow) throws {
    let event = try sampledGaussian(row, steps: row.count("steps"))
    let accountant = try RenyiAccountant(event: event, relation: row.relation)
    let bound = try accountant.delta(epsilon: row.input("epsilon"), orders: row.orders)
    row.check(
      bound.delta, peer: try row.expectedNumber("delta"), exact: GoldenRow.number(row.expected["delta_exact"]))
    #expect(bound.order == (try row.expectedNumber("optimal_order_exact")), "\(row.id)")
    let optimized = try accountant.delta(epsilon: row.input("epsilon"))
    #expect(optimized.delta <= bound.delta * (1 + 1e-9))
  }

  @Test(arguments: try GoldenRow.rows("zcdp"))
  func matchesZeroConcentrated(_ row: GoldenRow) throws {
    let event = PrivacyEvent.selfComposed(
      event: .zeroConcentrated(rho: try row.input("rho"), xi: try row.input("xi")), count: try row.count("count"))
    let bound = try RenyiAccountant(event: event).epsilon(delta: row.input("delta"), orders: row.orders)
    row.check(bound.epsilon, peer: try row.expectedNumber("epsilon"), exact: nil)
    #expect(bound.order == (try row.expectedNumber("optimal_order")))
    #expect(bound.epsilon < (try row.expectedNumber("loose_epsilon_bun_steinke")))
  }
}
