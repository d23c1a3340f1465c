import Accounting
import Testing

@Suite struct StatementTests {
  private static func statement(_ row: GoldenRow) throws -> DPSGDStatement {
    try DPSGDStatement(
      DPSGDStatement.Run(
        datasetSize: row.count("number_of_examples"), batchSize: row.count("batch_size"), epochs: row.input("epochs"),
        noiseMultiplier: row.input("noise_multiplier"), delta: row.input("delta"),
        usedMicrobatching: try #require(row.inputs["used_microbatching"] as? Bool),
        maxExamplesPerUser: GoldenRow.number(row.inputs["max_examples_per_user"]).map { Int($0) }))
  }

  @Test(arguments: try GoldenRow.rows("dpsgd_statement").filter { $0.inputs["accountant"] as? String == "RDP" })
  func matchesGoldenStatements(_ row: GoldenRow) throws {
    let statement = try Self.statement(row)
    #expect(statement.poissonSteps == (try row.count("poisson_steps")))
    #expect(statement.fullPassSteps == (try row.count("full_pass_steps")))
    row.check(
      statement.example.eachOncePerEpoch.standard,
      peer: try row.expectedNumber("example_epsilon_each_once_per_epoch"), exact: nil, part: "rdp")
    row.check(
      statement.example.poissonSampled.standard, peer: try row.expectedNumber("example_epsilon_poisson"),
      exact: GoldenRow.number(row.expected["example_epsilon_poisson_exact"]), part: "rdp")
    if let user = statement.user {
      row.check(
        user.eachOncePerEpoch.standard, peer: try row.expectedNumber("user_epsilon_each_once_per_epoch"), exact: nil,
        part: "user_rdp")
      row.check(
        user.poissonSampled.standard, peer: try row.expectedNumber("user_epsilon_poisson"), exact: nil, part: "user_rdp"
      )
    }
    #expect(statement.text == row.expected["statement"] as? String)
  }

  private func statement(user size: Int?, microbatching: Bool = false) throws -> DPSGDStatement {
    try DPSGDStatement(
      .init(
        datasetSize: 60000, batchSize: 32, epochs: 1, noiseMultiplier: 0.5, delta: 1e-5,
        usedMicrobatching: microbatching, maxExamplesPerUser: size))
  }

  /// What TF Privacy computes for the run of its tutorial.
  @Test func groupsMatchThePeer() throws {
    let expected: [(size: Int, once: Double, sampled: Double)] = [
      (1, 10.7255, 3.7999), (2, 25.9309, 11.9662), (4, 68.6240, 511.12), (8, 202.436, .infinity),
    ]
    for (size, once, sampled) in expected {
      let user = try #require(try statement(user: size).user)
      #expect(abs(user.eachOncePerEpoch.standard / once - 1) < 1e-5)
      #expect(user.poissonSampled.standard == sampled || abs(user.poissonSampled.standard / sampled - 1) < 1e-4)
      #expect(user.poissonSampled.optimized <= user.poissonSampled.standard * (1 + 1e-9))
      let figure = user.poissonSampled
      #expect(figure.least == min(figure.standard, figure.optimized, figure.tight?.upper ?? .infinity))
    }
  }

  /// The same run by dp_accounting's loss distributions and mixtures of Gaussians; ours are certified on both sides.
  @Test func tightFiguresMatchThePeer() throws {
    let expected: [(size: Int, once: Double, sampled: Double)] = [
      (1, 9.9973, 2.5985), (2, 24.3816, 4.0624), (4, 65.3192, 6.4868), (8, 195.352, 10.5831),
    ]
    var certified = 0
    for (size, once, sampled) in expected {
      let user = try #require(try statement(user: size).user)
      for (figure, peer) in [(user.eachOncePerEpoch, once), (user.poissonSampled, sampled)] {
        guard let tight = figure.tight else { continue }
        certified += 1
        let lower = try #require(tight.lower)
        #expect(lower <= peer * (1 + 1e-5) && tight.upper >= peer * (1 - 1e-3), "\(size): \(tight) against \(peer)")
        #expect(tight.upper - lower <= 1e-3 * peer)
        #expect(figure.least == tight.upper)
      }
    }
    #expect(certified == 8)
    // Microbatches double the sensitivity; Rényi divergence then ranks the readings wrongly.
    let example = try statement(user: nil, microbatching: true).example
    #expect(example.poissonSampled.standard > example.eachOncePerEpoch.standard)
    #expect(example.eachOncePerEpoch.least < example.eachOncePerEpoch.optimized)
  }

  @Test func groupsAreMixtures() throws {
    #expect(GroupPrivacy.sampledGroup(size: 1001, samplingProbability: 0.1, noiseMultiplier: 1, steps: 1) == nil)
    // A group that is always sampled whole moves the sum by its size.
    #expect(
      GroupPrivacy.sampledGroup(size: 4, samplingProbability: 1, noiseMultiplier: 2, steps: 3)
        == .selfComposed(event: .gaussian(noiseMultiplier: 0.5), count: 3))
    // Nothing is lost where most counts are negligible.
    let large = try #require(
      GroupPrivacy.sampledGroup(size: 900, samplingProbability: 1e-5, noiseMultiplier: 5, steps: 10))
    #expect(large.invalidParameters().isEmpty)
    let (one, group) = (
      try RenyiAccountant(event: .dpsgd(samplingProbability: 1e-5, noiseMultiplier: 5, steps: 10)).epsilon(delta: 1e-9),
      try RenyiAccountant(event: large).epsilon(delta: 1e-9)
    )
    #expect(group.epsilon > one.epsilon)
  }

  /// At δ = 0 there is no δ to split among the records, and the pure ε still counts once for each.
  @Test func pureGroupsCostTheirSize() throws {
    for (event, once) in [(PrivacyEvent.laplace(noiseMultiplier: 2), 0.5), (.gaussian(noiseMultiplier: 2), .infinity)] {
      let record = try RenyiAccountant(event: event).epsilon(delta: 0).epsilon
      for size in [1, 2, 10] {
        let epsilon = GroupPrivacy.epsilonUpperBound(delta: 0, groupSize: size) { _ in record }
        #expect(epsilon >= once * Double(size) && (once == .infinity || epsilon < once * Double(size) * (1 + 1e-12)))
      }
    }
    #expect(GroupPrivacy.epsilonUpperBound(delta: 0, groupSize: 10) { _ in 0 } == 0)
  }

  @Test func microbatchesHalveTheNoise() throws {
    let example = try statement(user: nil, microbatching: true).example
    #expect(abs(example.eachOncePerEpoch.standard - 25.931) < 1e-3)
    #expect(abs(example.poissonSampled.standard - 35.539) < 1e-3)
    #expect(try statement(user: nil).user == nil)
  }

  /// Runs on which TF Privacy's bound at fractional orders is loose (dp-accounting 0.6.0): the text prints its figure, and
  /// the optimised one shows what can be proved.
  @Test(arguments: [
    (50_802, 2_370, 37.5, 0.534, 1.968e-05, true, 599.9752520826418),
    (1_094_821, 89_639, 8.46, 0.411, 1e-05, false, 56.99935103550776),
    (380_127, 78_770, 11.1, 0.522, 1e-05, false, 45.395721953576285),
    (6_763, 413, 70.5, 1.51, 0.0001479, false, 7.057747462518705),
    (60_000, 32, 1, 0.5, 1e-05, false, 3.7999480350727035),
  ])
  func looseFiguresOfThePeerArePrinted(
    size: Int, batch: Int, epochs: Double, noise: Double, delta: Double, microbatching: Bool, peer: Double
  ) throws {
    let figure = try DPSGDStatement(
      .init(
        datasetSize: size, batchSize: batch, epochs: epochs, noiseMultiplier: noise, delta: delta,
        usedMicrobatching: microbatching)
    ).example.poissonSampled
    #expect(abs(figure.standard / peer - 1) < 1e-9, "\(figure.standard)")
    #expect(figure.optimized < figure.standard)
  }

  @Test func optimizedFiguresStandBeside() throws {
    let statement = try statement(user: nil)
    #expect(abs(statement.example.eachOncePerEpoch.optimized - 10.724824) < 1e-6)
    #expect(statement.example.poissonSampled.optimized < 3.79988)
    #expect(statement.leastValidBound == statement.example.eachOncePerEpoch.least)
  }
}
