import Accounting
import Testing

@Suite struct CalibrationTests {
  private static let rate = 256.0 / 60000

  private func calibration(_ epsilon: Double = 3, orders: [Double]? = nil) throws -> Calibration {
    try Calibration(target: PrivacyTarget(epsilon: epsilon, delta: 1e-5), orders: orders)
  }

  private func epsilon(_ q: Double, _ sigma: Double, _ steps: Int) throws -> Double {
    try RenyiAccountant(event: .dpsgd(samplingProbability: q, noiseMultiplier: sigma, steps: steps))
      .epsilon(delta: 1e-5).epsilon
  }

  @Test func noiseIsTheLeastThatMeetsTheTarget() throws {
    var random = Reproducible(seed: 41)
    for _ in 0..<40 {
      let (q, _, steps, _) = random.run()
      let wanted = random.logUniform(0.05...50)
      let solution = try calibration(wanted).noiseMultiplier(samplingProbability: q, length: .steps(steps))
      let context = "q \(q), steps \(steps), target \(wanted)"
      #expect(try epsilon(q, solution.value, steps) == solution.bound.epsilon, "\(context)")
      #expect(solution.bound.epsilon <= wanted, "\(context)")
      #expect(try epsilon(q, solution.value * (1 - 1e-8), steps) > wanted * (1 - 1e-9), "\(context)")
    }
  }

  @Test func stepsAndEpochsAreTheMostThatFit() throws {
    let steps = try calibration().steps(samplingProbability: Self.rate, noiseMultiplier: 1.1)
    #expect(try epsilon(Self.rate, 1.1, steps.value) <= 3)
    #expect(try epsilon(Self.rate, 1.1, steps.value + 1) > 3)
    let epochs = try calibration().epochs(samplingProbability: Self.rate, noiseMultiplier: 1.1)
    #expect(try RunLength.epochs(epochs.value).steps(samplingProbability: Self.rate) == steps.value)
    #expect(try RunLength.epochs(epochs.value.nextUp.nextUp.nextUp).steps(samplingProbability: Self.rate) > steps.value)
    #expect(epochs.bound == steps.bound)
  }

  @Test func batchAndRateAreTheMostThatFit() throws {
    for length in [RunLength.steps(5000), .epochs(40)] {
      let batch = try calibration().batchSize(datasetSize: 60000, noiseMultiplier: 1.1, length: length)
      func bound(_ q: Double) throws -> Double { try epsilon(q, 1.1, length.steps(samplingProbability: q)) }
      #expect(try bound(Double(batch.value) / 60000) == batch.bound.epsilon && batch.bound.epsilon <= 3)
      #expect(try bound(Double(batch.value + 1) / 60000) > 3)
      let rate = try calibration().sampleRate(noiseMultiplier: 1.1, length: length)
      #expect(try bound(rate.value) == rate.bound.epsilon && rate.bound.epsilon <= 3)
      #expect(rate.value * 60000 >= Double(batch.value) * (1 - 1e-9) && rate.value * 60000 < Double(batch.value + 1))
    }
    // Where everything fits, everything is the answer.
    let whole = try calibration().batchSize(datasetSize: 100, noiseMultiplier: 100, length: .steps(10))
    #expect(whole.value == 100)
    #expect(try calibration().sampleRate(noiseMultiplier: 100, length: .steps(10)).value == 1)
  }

  @Test func whatCannotBeMetIsAnError() throws {
    let pure = try Calibration(target: PrivacyTarget(epsilon: 3, delta: 0))
    let attempts: [() throws -> Void] = [
      { _ = try pure.noiseMultiplier(samplingProbability: 0.01, length: .steps(10)) },
      { _ = try calibration(0.01).steps(samplingProbability: 1, noiseMultiplier: 0.5) },
      { _ = try calibration(0.01).epochs(samplingProbability: 1, noiseMultiplier: 0.5) },
      { _ = try calibration(1e-3).batchSize(datasetSize: 10, noiseMultiplier: 0.5, length: .steps(100)) },
      { _ = try pure.sampleRate(noiseMultiplier: 1, length: .steps(10)) },
    ]
    for attempt in attempts {
      do {
        try attempt()
        Issue.record("an impossible target was met")
      } catch AccountingError.targetUnreachable(_, _, let epsilon, let target) {
        #expect(epsilon > target)
      }
    }
    // Argument errors are not mistaken for unreachable targets.
    #expect(throws: AccountingError.self) {
      try calibration().noiseMultiplier(samplingProbability: 1.5, length: .steps(1))
    }
    #expect(throws: AccountingError.self) {
      try calibration().batchSize(datasetSize: 0, noiseMultiplier: 1, length: .steps(1))
    }
  }

  @Test func badFieldsAreNamed() throws {
    let attempts: [(String, () throws -> Void)] = [
      ("/noise_multiplier", { _ = try calibration().steps(samplingProbability: 0.1, noiseMultiplier: -1) }),
      ("/sample_rate", { _ = try calibration().epochs(samplingProbability: 0, noiseMultiplier: 1) }),
      ("/noise_multiplier", { _ = try calibration().sampleRate(noiseMultiplier: .nan, length: .steps(1)) }),
      ("/epochs", { _ = try calibration().sampleRate(noiseMultiplier: 1, length: .epochs(-1)) }),
      (
        "/batch_size",
        {
          _ = try DPSGDStatement(
            .init(
              datasetSize: 10, batchSize: 11, epochs: 1, noiseMultiplier: 1, delta: 1e-5, usedMicrobatching: false))
        }
      ),
      (
        "/max_examples_per_user",
        {
          _ = try DPSGDStatement(
            .init(
              datasetSize: 10, batchSize: 1, epochs: 1, noiseMultiplier: 1, delta: 1e-5, usedMicrobatching: false,
              maxExamplesPerUser: 0))
        }
      ),
    ]
    for (pointer, attempt) in attempts {
      do {
        try attempt()
        Issue.record("\(pointer) was accepted")
      } catch let error as AccountingError {
        #expect(error.pointer == pointer)
      }
    }
  }

  @Test func replacingNeedsMoreNoise() throws {
    let target = try PrivacyTarget(epsilon: 1, delta: 1e-5)
    let one = try Calibration(target: target).noiseMultiplier { .gaussian(noiseMultiplier: $0) }
    let replaced = try Calibration(target: target, relation: .replaceOne)
      .noiseMultiplier { .gaussian(noiseMultiplier: $0) }
    #expect(abs(replaced.value / one.value - 2) < 1e-8)
  }

  @Test func trajectoryEndsAtTheWholeRun() throws {
    let step = try RenyiAccountant(
      event: .poissonSampled(samplingProbability: Self.rate, event: .gaussian(noiseMultiplier: 1.1)))
    for orders in [nil, RenyiOrders.standard] {
      let points = try step.trajectory(repetitions: 14063, points: 10, delta: 1e-5, orders: orders)
      #expect(points.map(\.steps) == [1407, 2813, 4219, 5626, 7032, 8438, 9845, 11251, 12657, 14063])
      let whole = try RenyiAccountant(
        event: .dpsgd(samplingProbability: Self.rate, noiseMultiplier: 1.1, steps: 14063)
      ).epsilon(delta: 1e-5, orders: orders).epsilon
      #expect(abs(try #require(points.last).bound.epsilon / whole - 1) < 1e-10)
      for (earlier, later) in zip(points, points.dropFirst()) {
        #expect(earlier.bound.epsilon < later.bound.epsilon)
      }
    }
    #expect(try step.trajectory(repetitions: 3, points: 100, delta: 1e-5).map(\.steps) == [1, 2, 3])
    #expect(throws: AccountingError.self) { try step.trajectory(repetitions: 3, points: 0, delta: 1e-5) }
    #expect(throws: AccountingError.self) { try step.trajectory(repetitions: .max, points: 2, delta: 1e-5) }
  }

  @Test func frontierIsRowMajor() throws {
    let axes = Frontier.Axes(
      noiseMultipliers: [0.8, 1.5], lengths: [.epochs(1), .epochs(5), .steps(70)], sampleRates: [0.01, 0.1],
      deltas: [1e-5, 1e-6, 1e-7])
    let frontier = try Frontier(axes: axes)
    #expect(frontier.bounds.count == 36 && axes.pointCount == 36)
    var index = 0
    for noise in axes.noiseMultipliers {
      for length in axes.lengths {
        for rate in axes.sampleRates {
          for delta in axes.deltas {
            let steps = try length.steps(samplingProbability: rate)
            let expected = try RenyiAccountant(
              event: .dpsgd(samplingProbability: rate, noiseMultiplier: noise, steps: steps)
            ).epsilon(delta: delta).epsilon
            #expect(abs(frontier.bounds[index].epsilon / expected - 1) < 1e-10 && frontier.bounds[index].delta == delta)
            index += 1
          }
        }
      }
    }
    let huge = Frontier.Axes(
      noiseMultipliers: Array(repeating: 1, count: 1000), lengths: Array(repeating: .steps(1), count: 1000),
      sampleRates: [1], deltas: [1e-5])
    #expect(huge.pointCount == nil)
    #expect(throws: AccountingError.self) { try Frontier(axes: huge) }
  }

  @Test func costGrowsWithTheWork() throws {
    let run = PrivacyEvent.dpsgd(samplingProbability: 0.01, noiseMultiplier: 1, steps: 1000)
    let one = try AccountingCost.estimate(of: run)
    let other = PrivacyEvent.dpsgd(samplingProbability: 0.02, noiseMultiplier: 1, steps: 7)
    #expect(one > 100 && one < AccountingCost.limit / 1000)
    #expect(try AccountingCost.estimate(of: .selfComposed(event: run, count: 1_000_000)) == one)
    #expect(try AccountingCost.estimate(of: .composed([run, other])) > 1.9 * one)
    let orders = (0..<10_000).map { 2 + Double($0) }
    #expect(try AccountingCost.estimate(of: run, orders: orders) > 100 * one)
    #expect(throws: AccountingError.self) { try AccountingCost.estimate(of: .gaussian(noiseMultiplier: -1)) }
  }
}
