import Accounting
import Testing

/// Solving under the tight accountant: the answer, fed back, meets the target, and a value close by certainly does not.
@Suite struct TightCalibrationTests {
  private static let rate = 256.0 / 60000

  private func calibration(_ epsilon: Double = 3, delta: Double = 1e-5) throws -> Calibration {
    try Calibration(target: PrivacyTarget(epsilon: epsilon, delta: delta), accountant: .tight)
  }

  private func bracket(_ q: Double, _ sigma: Double, _ steps: Int, _ delta: Double = 1e-5) throws -> EpsilonBracket {
    try TightAccountant(event: .dpsgd(samplingProbability: q, noiseMultiplier: sigma, steps: steps))
      .epsilon(delta: delta)
  }

  /// `nil` where the accountant refuses, as it may.
  private func certified<Value>(_ solve: () throws -> Value) throws -> Value? {
    do { return try solve() } catch AccountingError.notCertified { return nil }
  }

  @Test func noiseComesWithItsCertificate() throws {
    var random = Reproducible(seed: 51)
    var solved = 0
    for _ in 0..<12 {
      let (q, _, steps, delta) = random.run()
      let wanted = random.logUniform(0.3...20)
      let context = "q \(q), steps \(steps), delta \(delta), target \(wanted)"
      guard
        let solution = try certified({
          try calibration(wanted, delta: delta).noiseMultiplier(samplingProbability: q, length: .steps(steps))
        })
      else { continue }
      solved += 1
      let fedBack = try bracket(q, solution.value, steps, delta)
      #expect(fedBack == solution.bracket && fedBack.upper <= wanted, "\(context)")
      let byRenyi = try Calibration(target: PrivacyTarget(epsilon: wanted, delta: delta))
        .noiseMultiplier(samplingProbability: q, length: .steps(steps))
      #expect(solution.value <= byRenyi.value, "\(context)")
      let miss = try #require(solution.miss, "\(context)")
      #expect(miss.epsilonLower > wanted && miss.value < solution.value, "\(context)")
      #expect(miss.value > solution.value * (1 - 5e-3), "\(context)")
      #expect(try #require(try bracket(q, miss.value, steps, delta).lower) == miss.epsilonLower, "\(context)")
    }
    #expect(solved >= 8)
  }

  /// Peers on the same run: 0.96844 (dp_accounting's loss distributions) and 0.96846 (opake), both from above.
  @Test func noiseOfTheHeadlineRun() throws {
    let solution = try calibration().noiseMultiplier(samplingProbability: Self.rate, length: .epochs(60))
    #expect(solution.value > 0.96840 && solution.value < 0.96845)
  }

  @Test(arguments: try GoldenRow.rows("noise_multiplier_search"))
  func tightNoiseIsBelowThePeers(_ row: GoldenRow) throws {
    guard let peer = GoldenRow.number(row.expected["noise_multiplier_pld"]) else { return }
    let target = try PrivacyTarget(epsilon: row.input("target_epsilon"), delta: row.input("delta"))
    let solution = try certified {
      try Calibration(target: target, relation: row.relation, accountant: .tight)
        .noiseMultiplier(samplingProbability: row.input("sampling_probability"), length: .steps(row.count("steps")))
    }
    guard let solution else { return }
    // The peer's is an upper bound, found to a relative tolerance of its own.
    #expect(solution.value <= peer * (1 + 2e-3), "\(row.id): \(solution.value) against \(peer)")
  }

  @Test func integersAreTheMostThatFit() throws {
    let steps = try calibration().steps(samplingProbability: Self.rate, noiseMultiplier: 1.1)
    #expect(try bracket(Self.rate, 1.1, steps.value).upper <= 3)
    #expect(try #require(try bracket(Self.rate, 1.1, steps.value + 1).lower) > 3)
    #expect(steps.miss?.value == steps.value + 1)
    let byRenyi = try Calibration(target: PrivacyTarget(epsilon: 3, delta: 1e-5))
      .steps(samplingProbability: Self.rate, noiseMultiplier: 1.1)
    #expect(steps.value > byRenyi.value)
    let epochs = try calibration().epochs(samplingProbability: Self.rate, noiseMultiplier: 1.1)
    #expect(try RunLength.epochs(epochs.value).steps(samplingProbability: Self.rate) == steps.value)
    let batch = try calibration().batchSize(datasetSize: 60000, noiseMultiplier: 1.1, length: .steps(5000))
    #expect(try bracket(Double(batch.value) / 60000, 1.1, 5000).upper <= 3)
    #expect(try #require(try bracket(Double(batch.value + 1) / 60000, 1.1, 5000).lower) > 3)
    let rate = try calibration().sampleRate(noiseMultiplier: 1.1, length: .steps(5000))
    #expect(rate.value * 60000 >= Double(batch.value) * (1 - 1e-9) && rate.value * 60000 < Double(batch.value + 1))
    #expect(try #require(rate.miss).epsilonLower > 3)
  }

  @Test func anyEventThatDependsOnNoise() throws {
    let solution = try calibration(1).noiseMultiplier { noise in
      .composed([
        .gaussian(noiseMultiplier: 10 * noise), .dpsgd(samplingProbability: 0.01, noiseMultiplier: noise, steps: 100),
      ])
    }
    #expect(solution.bound.epsilon <= 1 && solution.bound.epsilon > 1 - 1e-6)
    // One release has a closed form: the analytic Gaussian mechanism.
    let gaussian = try calibration(1).noiseMultiplier { .gaussian(noiseMultiplier: $0) }
    #expect(abs(gaussian.value * GaussianTradeOff.mu(epsilon: 1, delta: 1e-5).lower - 1) < 1e-8)
  }

  /// A target that one step exceeds by Rényi divergence, and meets in truth.
  @Test func whatOnlyTheTightAccountantAllows() throws {
    let once = try bracket(1, 2, 1).upper
    let wanted = once * 1.001
    #expect(throws: AccountingError.self) {
      try Calibration(target: PrivacyTarget(epsilon: wanted, delta: 1e-5))
        .steps(samplingProbability: 1, noiseMultiplier: 2)
    }
    #expect(try calibration(wanted).steps(samplingProbability: 1, noiseMultiplier: 2).value == 1)
    #expect(throws: AccountingError.self) {
      try calibration(once * 0.9).steps(samplingProbability: 1, noiseMultiplier: 2)
    }
  }
}
