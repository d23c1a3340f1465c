import Accounting
import Testing

/// Many numbers of repetitions at once, from a table of the curve, against a search for each.
@Suite struct EpsilonTableTests {
  private func check(_ event: PrivacyEvent, _ repetitions: [Int], delta: Double) throws {
    let accountant = try RenyiAccountant(event: event)
    let together = try accountant.epsilons(afterRepetitions: repetitions, delta: delta)
    for point in together {
      let alone = try accountant.epsilons(afterRepetitions: [point.steps], delta: delta)[0].bound
      #expect(
        abs(point.bound.epsilon - alone.epsilon) <= 1e-9 * alone.epsilon,
        "\(event), \(point.steps) times at \(delta): \(point.bound) but \(alone)")
      // The bound belongs to the order that is given with it.
      if let order = point.bound.order, order < .infinity, point.bound.epsilon > 0 {
        let atOrder = try accountant.epsilons(afterRepetitions: [point.steps], delta: delta, orders: [order])[0].bound
        #expect(point.bound.epsilon >= atOrder.epsilon * (1 - 1e-12) || order <= 1.01, "\(event): \(point)")
      }
    }
  }

  @Test func tableAgreesWithTheSearch() throws {
    var random = Reproducible(seed: 31)
    for _ in 0..<60 {
      let (q, sigma, steps, delta) = random.run()
      let event = PrivacyEvent.poissonSampled(samplingProbability: q, event: .gaussian(noiseMultiplier: sigma))
      try check(event, (1...12).map { max(1, steps * $0 / 12) } + [steps / 3], delta: delta)
    }
  }

  @Test func tableHoldsForSeveralParts() throws {
    let parts: [PrivacyEvent] = [
      .dpsgd(samplingProbability: 0.01, noiseMultiplier: 1.2, steps: 7), .gaussian(noiseMultiplier: 30),
      .dpsgd(samplingProbability: 0.002, noiseMultiplier: 0.7, steps: 2),
    ]
    try check(.composed(parts), (0...20).map { 1 + $0 * $0 * 5 }, delta: 1e-6)
    try check(.gaussian(noiseMultiplier: 5), Array(1...20), delta: 1e-9)
  }

  /// Where no table serves, the same question is answered all the same.
  @Test func extremesFallBack() throws {
    for (q, sigma) in [(1e-300, 1e-3), (0.9999, 0.011), (1e-9, 1e9), (0.5, 1e300), (1, 0.3)] {
      let event = PrivacyEvent.poissonSampled(samplingProbability: q, event: .gaussian(noiseMultiplier: sigma))
      for delta in [1e-300, 1e-5, 0.9] {
        try check(event, [0, 1, 2, 3, 100, 1_000, 1_000_000, 1_000_000_000_000], delta: delta)
      }
    }
    try check(.laplace(noiseMultiplier: 3), Array(1...9), delta: 1e-5)
  }
}
