import Accounting
import Foundation
import Testing

/// What must hold for every event, checked at reproducible random ones.
@Suite struct LawTests {
  /// Slack for the error terms, which are not monotone themselves.
  private let slack = 1 + 1e-10

  private func epsilon(
    _ q: Double, _ sigma: Double, _ steps: Int, _ delta: Double, orders: [Double]? = nil
  ) throws -> Double {
    try RenyiAccountant(event: .dpsgd(samplingProbability: q, noiseMultiplier: sigma, steps: steps))
      .epsilon(delta: delta, orders: orders).epsilon
  }

  @Test(arguments: [false, true])
  func epsilonIsMonotone(usesList: Bool) throws {
    let orders = usesList ? RenyiOrders.standard : nil
    var random = Reproducible(seed: 1)
    for _ in 0..<100 {
      let (q, sigma, steps, delta) = random.run()
      let base = try epsilon(q, sigma, steps, delta, orders: orders)
      #expect(try epsilon(q, sigma * 1.07, steps, delta, orders: orders) <= base * slack)
      #expect(try epsilon(q * 1.07, sigma, steps, delta, orders: orders) * slack >= base)
      #expect(try epsilon(q, sigma, steps + 1 + steps / 9, delta, orders: orders) * slack >= base)
      #expect(try epsilon(q, sigma, steps, delta * 1.2, orders: orders) <= base * slack)
    }
  }

  @Test func divergenceGrowsWithTheOrder() throws {
    var random = Reproducible(seed: 2)
    let orders = (0..<60).map { 1 + 1e-4 * pow(1.3, Double($0)) }
    for _ in 0..<40 {
      let (q, sigma, _, _) = random.run()
      let events: [PrivacyEvent] = [
        .dpsgd(samplingProbability: q, noiseMultiplier: sigma, steps: 1), .laplace(noiseMultiplier: sigma),
        .epsilonDelta(epsilon: 1 / sigma, delta: 0), .zeroConcentrated(rho: q, xi: 0.1),
        .randomizedResponse(noiseParameter: q, numBuckets: 7),
      ]
      for event in events {
        let curve = try RenyiAccountant(event: event, relation: .replaceSpecial).curve(orders: orders).divergences
        for (lower, higher) in zip(curve, curve.dropFirst()) { #expect(lower <= higher * slack, "\(event)") }
      }
    }
  }

  @Test func composingEqualsRepeating() throws {
    let parts: [PrivacyEvent] = [
      .gaussian(noiseMultiplier: 3), .laplace(noiseMultiplier: 9), .epsilonDelta(epsilon: 0.1, delta: 1e-7),
      .dpsgd(samplingProbability: 0.01, noiseMultiplier: 1.3, steps: 10), .zeroConcentrated(rho: 0.01, xi: 0),
    ]
    for part in parts + [.composed(parts)] {
      let repeated = try RenyiAccountant(event: .selfComposed(event: part, count: 5))
      let listed = try RenyiAccountant(event: .composed([part, part, .noOp, part, part, part]))
      let once = try RenyiAccountant(event: part)
      for orders in [nil, RenyiOrders.standard] {
        let expected = try repeated.epsilon(delta: 1e-5, orders: orders).epsilon
        let asList = try listed.epsilon(delta: 1e-5, orders: orders).epsilon
        let scaled = try once.epsilons(afterRepetitions: [5], delta: 1e-5, orders: orders)[0].bound.epsilon
        #expect(abs(asList - expected) <= 1e-11 * expected, "\(part)")
        #expect(abs(scaled - expected) <= 1e-11 * expected, "\(part)")
      }
    }
  }

  @Test func orderOfPartsDoesNotMatter() throws {
    var random = Reproducible(seed: 3)
    var parts = (0..<12).map { index -> PrivacyEvent in
      index.isMultiple(of: 2)
        ? .dpsgd(samplingProbability: 0.01, noiseMultiplier: random.logUniform(0.5...5), steps: index + 1)
        : .laplace(noiseMultiplier: random.logUniform(1...50))
    }
    let expected = try RenyiAccountant(event: .composed(parts)).epsilon(delta: 1e-6)
    for _ in 0..<5 {
      parts.shuffle(using: &random)
      #expect(try RenyiAccountant(event: .composed(parts)).epsilon(delta: 1e-6) == expected)
    }
  }

  /// Each part adds less than half a unit in the last place to the precision of the first; together they count.
  @Test func tinyPartsOfASampleDoNotVanish() throws {
    let parts = [PrivacyEvent](repeating: .gaussian(noiseMultiplier: 0.99e8), count: 9_990)
    let orders = [1.5, 4, 32]
    func curve(_ event: PrivacyEvent) throws -> [Double] {
      try RenyiAccountant(event: .poissonSampled(samplingProbability: 0.3, event: event))
        .curve(orders: orders).divergences
    }
    let composed = try curve(.composed([.gaussian(noiseMultiplier: 1)] + parts))
    let merged = try curve(.gaussian(noiseMultiplier: 1 - 9_990 / 0.99e8 / 0.99e8 / 2))
    for (composed, merged) in zip(composed, merged) { #expect(composed >= merged * (1 - 1e-13)) }
  }

  @Test func gaussiansMergeInsideTheSample() throws {
    func curve(_ inner: PrivacyEvent) throws -> [Double] {
      try RenyiAccountant(event: .poissonSampled(samplingProbability: 0.1, event: inner))
        .curve(orders: [1.5, 2, 8]).divergences
    }
    // Σ 1/σ² = 10; whole-number noise is what a peer stumbled over.
    let merged = try curve(.gaussian(noiseMultiplier: (1 / 10.0).squareRoot()))
    let repeated = try curve(.selfComposed(event: .gaussian(noiseMultiplier: 1), count: 10))
    let nested = try curve(
      .composed([
        .selfComposed(event: .composed([.gaussian(noiseMultiplier: 1), .noOp]), count: 6),
        .selfComposed(event: .gaussian(noiseMultiplier: 0.5), count: 1),
      ]))
    for (a, b) in zip(merged, repeated) { #expect(abs(a / b - 1) < 1e-12) }
    for (a, b) in zip(merged, nested) { #expect(abs(a / b - 1) < 1e-12) }
    let epsilon = try RenyiAccountant(
      event: .poissonSampled(
        samplingProbability: 0.1, event: .selfComposed(event: .gaussian(noiseMultiplier: 1), count: 10))
    ).epsilon(delta: 1e-5, orders: RenyiOrders.standard).epsilon
    #expect(epsilon > 14 && epsilon < 15.072)
  }

  @Test(arguments: [false, true])
  func deltaAndEpsilonAreInverse(usesList: Bool) throws {
    let orders = usesList ? RenyiOrders.standard : nil
    var random = Reproducible(seed: 4)
    for _ in 0..<100 {
      let (q, sigma, steps, _) = random.run()
      let accountant = try RenyiAccountant(
        event: .dpsgd(samplingProbability: q, noiseMultiplier: sigma, steps: steps))
      let epsilon = random.logUniform(0.01...30)
      let delta = try accountant.delta(epsilon: epsilon, orders: orders).delta
      let back = try accountant.epsilon(delta: delta, orders: orders).epsilon
      #expect(back <= epsilon * (1 + 1e-9), "q \(q), sigma \(sigma), steps \(steps), delta \(delta)")
    }
  }

  @Test func largestDivergenceIsTheInverseOnTheSafeSide() {
    var random = Reproducible(seed: 5)
    for _ in 0..<2000 {
      let order = 1 + random.logUniform(1e-3...1e5)
      let (epsilon, delta) = (random.logUniform(1e-4...1e3), random.logUniform(1e-30...0.1))
      let most = RenyiConversion.largestDivergence(order: order, epsilon: epsilon, delta: delta)
      #expect(most >= 0)
      #expect(RenyiConversion.epsilonUpperBound(divergence: most, order: order, delta: delta) <= epsilon)
      let more = most * (1 + 1e-9) + 1e-12
      #expect(RenyiConversion.epsilonUpperBound(divergence: more, order: order, delta: delta) > epsilon * (1 - 1e-9))
    }
  }

  @Test func replacingCostsMore() throws {
    // Under sampling the worst records are as likely to be missing, so replacing one costs little more than removing it.
    for (event, factor) in [
      (PrivacyEvent.gaussian(noiseMultiplier: 2), 1.5), (.laplace(noiseMultiplier: 4), 1.5),
      (.dpsgd(samplingProbability: 0.01, noiseMultiplier: 1, steps: 100), 1.1),
    ] {
      let one = try RenyiAccountant(event: event, relation: .addOrRemoveOne).epsilon(delta: 1e-5).epsilon
      let zeroed = try RenyiAccountant(event: event, relation: .replaceSpecial).epsilon(delta: 1e-5).epsilon
      let replaced = try RenyiAccountant(event: event, relation: .replaceOne).epsilon(delta: 1e-5).epsilon
      #expect(zeroed == one && replaced > factor * one)
    }
    // A sum of clipped vectors moves by twice the norm.
    let halved = try RenyiAccountant(event: .gaussian(noiseMultiplier: 1)).epsilon(delta: 1e-5).epsilon
    let replaced = try RenyiAccountant(event: .gaussian(noiseMultiplier: 2), relation: .replaceOne)
    #expect(try replaced.epsilon(delta: 1e-5).epsilon == halved)
  }
}
