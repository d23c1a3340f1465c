import Accounting
import Testing

/// Golden rows about other mechanisms, compositions and calibration; their Rényi half.
@Suite struct GoldenEventTests {
  @Test(arguments: try GoldenRow.rows("epsilon_laplace"))
  func matchesLaplace(_ row: GoldenRow) throws {
    let inner = try #require(row.inputs["event"] as? [String: Any])
    let noise = try #require(GoldenRow.number(inner["noise_multiplier"]))
    let event = PrivacyEvent.selfComposed(event: .laplace(noiseMultiplier: noise), count: try row.count("steps"))
    let bound = try RenyiAccountant(event: event).epsilon(delta: row.input("delta"), orders: row.orders)
    row.check(bound.epsilon, peer: try row.expectedNumber("epsilon_rdp"), exact: nil, part: "rdp")
    // Without a list of orders pure differential privacy takes part.
    let pure = try row.input("steps") / noise
    let optimized = try RenyiAccountant(event: event).epsilon(delta: row.input("delta"))
    #expect(optimized.epsilon <= pure * (1 + 1e-14))
  }

  @Test(arguments: try GoldenRow.rows("randomized_response"))
  func matchesRandomizedResponse(_ row: GoldenRow) throws {
    let once = PrivacyEvent.randomizedResponse(
      noiseParameter: try row.input("noise_parameter"), numBuckets: try row.count("num_buckets"))
    let event = PrivacyEvent.selfComposed(event: once, count: try row.count("count"))
    let bound = try RenyiAccountant(event: event, relation: row.relation)
      .epsilon(delta: row.input("delta"), orders: row.orders)
    row.check(bound.epsilon, peer: try row.expectedNumber("epsilon_rdp"), exact: nil, part: "rdp")
    #expect(bound.epsilon > (try row.expectedNumber("peer_pld_accountant_reported")))
  }

  @Test(arguments: try GoldenRow.rows("epsilon_composed_events"))
  func matchesCompositions(_ row: GoldenRow) throws {
    let parts = try #require(row.inputs["events"] as? [[String: Any]]).map(Self.event)
    let bound = try RenyiAccountant(event: .composed(parts), relation: row.relation)
      .epsilon(delta: row.input("delta"), orders: row.orders)
    row.check(
      bound.epsilon, peer: try row.expectedNumber("epsilon_rdp"),
      exact: GoldenRow.number(row.expected["epsilon_rdp_exact"]), part: "rdp")
  }

  private static func event(_ object: [String: Any]) throws -> PrivacyEvent {
    let noise = try #require(GoldenRow.number(object["noise_multiplier"]))
    let count = Int(try #require(GoldenRow.number(object["count"])))
    let once: PrivacyEvent
    switch object["type"] as? String {
    case "Gaussian": once = .gaussian(noiseMultiplier: noise)
    case "Laplace": once = .laplace(noiseMultiplier: noise)
    case "PoissonSampledGaussian":
      let probability = try #require(GoldenRow.number(object["sampling_probability"]))
      once = .poissonSampled(samplingProbability: probability, event: .gaussian(noiseMultiplier: noise))
    default: throw UnknownEvent(object: "\(object)")
    }
    return .selfComposed(event: once, count: count)
  }

  private struct UnknownEvent: Error { var object: String }

  @Test(arguments: try GoldenRow.rows("noise_multiplier_search"))
  func findsTheNoise(_ row: GoldenRow) throws {
    let target = try PrivacyTarget(epsilon: row.input("target_epsilon"), delta: row.input("delta"))
    let (q, steps) = (try row.input("sampling_probability"), try row.count("steps"))
    let solution = try Calibration(target: target, relation: row.relation, orders: row.orders)
      .noiseMultiplier(samplingProbability: q, length: .steps(steps))
    row.check(
      solution.value, peer: try row.expectedNumber("noise_multiplier_rdp"),
      exact: GoldenRow.number(row.expected["noise_multiplier_rdp_exact"]), part: "rdp")
    let event = PrivacyEvent.dpsgd(samplingProbability: q, noiseMultiplier: solution.value, steps: steps)
    let fedBack = try RenyiAccountant(event: event).epsilon(delta: target.delta, orders: row.orders)
    #expect(fedBack == solution.bound && fedBack.epsilon <= target.epsilon)
    let optimized = try Calibration(target: target).noiseMultiplier(samplingProbability: q, length: .steps(steps))
    #expect(optimized.value <= solution.value * (1 + 1e-9))
  }
}
