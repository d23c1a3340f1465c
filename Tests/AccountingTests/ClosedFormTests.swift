import Accounting
import Foundation
import Testing

/// Divergences against formulas that are evaluated in another way.
@Suite struct ClosedFormTests {
  private func divergences(
    _ event: PrivacyEvent, _ orders: [Double], _ relation: NeighboringRelation = .addOrRemoveOne
  ) throws -> [Double] {
    try RenyiAccountant(event: event, relation: relation).curve(orders: orders).divergences
  }

  private func pairs<A, B>(_ first: [A], _ second: [B]) -> [(A, B)] {
    first.flatMap { a in second.map { b in (a, b) } }
  }

  /// Sampled Gaussian at whole orders: Σ C(α,i)(1−q)^{α−i}qⁱ·exp(i(i−1)/2σ²) (arXiv:1908.10530v1, §3.3), in 80 bits.
  @Test func sampledGaussianMatchesTheBinomialSum() throws {
    var random = Reproducible(seed: 11)
    for _ in 0..<200 {
      let q = random.logUniform(0.01...0.999)
      let (sigma, order) = (random.logUniform(0.5...10), Int.random(in: 2...60, using: &random))
      var sum: Float80 = 0
      var logTerm: Float80 = Float80(order) * log1p(-Float80(q))
      for i in 0...order {
        sum += exp(logTerm + Float80(i * (i - 1)) / (2 * Float80(sigma) * Float80(sigma)))
        logTerm += log(Float80(order - i) / Float80(i + 1)) + log(Float80(q)) - log1p(-Float80(q))
      }
      let truth = Double(log(sum) / Float80(order - 1))
      let got = try divergences(
        .dpsgd(samplingProbability: q, noiseMultiplier: sigma, steps: 1), [Double(order)])[0]
      #expect(got >= truth * (1 - 1e-15) && got <= truth * (1 + 1e-10), "q \(q), sigma \(sigma), order \(order)")
    }
  }

  @Test func laplaceMatchesItsFormula() throws {
    for (noise, order) in pairs([0.1, 0.5, 1, 3, 12.02], [1.05, 1.5, 2, 7.5, 40, 900]) {
      let epsilon = 1 / noise
      let (up, down) = (exp((order - 1) * epsilon), exp(-order * epsilon))
      let sum = (order * up + (order - 1) * down) / (2 * order - 1)
      let truth = sum < .infinity ? log(sum) / (order - 1) : epsilon + log(order / (2 * order - 1)) / (order - 1)
      let got = try divergences(.laplace(noiseMultiplier: noise), [order])[0]
      #expect(abs(got / truth - 1) < 1e-11, "noise \(noise), order \(order)")
    }
    // D_α ≈ α/2b² for large b, where the formula itself has no digits left.
    let small = try divergences(.laplace(noiseMultiplier: 1e7), [3])[0]
    #expect(abs(small / 1.5e-14 - 1) < 1e-6)
  }

  @Test func pureBlackBoxMatchesBinaryRandomizedResponse() throws {
    for (epsilon, order) in pairs([1e-6, 0.1, 1, 5, 40], [1.01, 2, 30, 1000]) {
      let p = 2 / (1 + exp(epsilon))
      let event = PrivacyEvent.randomizedResponse(noiseParameter: p, numBuckets: 2)
      let response = try divergences(event, [order], .replaceOne)[0]
      let blackBox = try divergences(.epsilonDelta(epsilon: epsilon, delta: 0), [order])[0]
      #expect(abs(response / blackBox - 1) < 1e-8, "epsilon \(epsilon), order \(order)")
      #expect(blackBox <= epsilon * (1 + 1e-14) && blackBox <= order * epsilon * epsilon / 2 * (1 + 1e-12))
    }
  }

  @Test func randomizedResponseMatchesItsDefinition() throws {
    for (p, (k, order)) in pairs([0.01, 0.3, 0.9], pairs([2, 3, 50], [1.1, 2, 9])) {
      let (likely, unlikely) = (1 - p + p / Double(k), p / Double(k))
      /// E_Q[(P/Q)ᵅ] from the buckets' probabilities: one bucket, another, all the rest.
      func moment(_ p1: Double, _ q1: Double, _ p2: Double, _ q2: Double, _ pRest: Double, _ qRest: Double) -> Double {
        func term(_ p: Double, _ q: Double) -> Double { pow(p, order) * pow(q, 1 - order) }
        return term(p1, q1) + term(p2, q2) + Double(k - 2) * term(pRest, qRest)
      }
      let replaceOne = moment(likely, unlikely, unlikely, likely, unlikely, unlikely)
      let uniform = 1 / Double(k)
      let present = moment(likely, uniform, unlikely, uniform, unlikely, uniform)
      let absent = moment(uniform, likely, uniform, unlikely, uniform, unlikely)
      let event = PrivacyEvent.randomizedResponse(noiseParameter: p, numBuckets: k)
      let one = try divergences(event, [order], .replaceOne)[0]
      let special = try divergences(event, [order], .replaceSpecial)[0]
      #expect(abs(one / (log(replaceOne) / (order - 1)) - 1) < 1e-10)
      #expect(abs(special / (log(max(present, absent)) / (order - 1)) - 1) < 1e-10)
    }
  }

  @Test func purePartsComposeWithoutDelta() throws {
    let event = PrivacyEvent.composed([
      .selfComposed(event: .laplace(noiseMultiplier: 10), count: 3), .epsilonDelta(epsilon: 0.2, delta: 0), .noOp,
    ])
    let accountant = try RenyiAccountant(event: event)
    let bound = try accountant.epsilon(delta: 0)
    #expect(bound.epsilon >= 0.5 && bound.epsilon < 0.5 + 1e-12 && bound.order == .infinity)
    // The orders that are asked for are all that counts.
    #expect(try accountant.epsilon(delta: 0, orders: RenyiOrders.standard).epsilon == .infinity)
    #expect(try accountant.delta(epsilon: 0.6).delta == 0)
  }

  @Test func blackBoxDeltaAddsUp() throws {
    let event = PrivacyEvent.selfComposed(event: .epsilonDelta(epsilon: 0, delta: 1e-3), count: 10)
    let accountant = try RenyiAccountant(event: event)
    let failure: Double = -expm1(10 * log1p(-1e-3))
    #expect(try accountant.epsilon(delta: failure * 0.999).epsilon == .infinity)
    #expect(try accountant.epsilon(delta: failure * 1.001).epsilon == 0)
    let delta = try accountant.delta(epsilon: 0).delta
    #expect(delta >= failure && delta < failure * (1 + 1e-12))
    #expect(abs(try accountant.curve(orders: [2]).additiveDelta / failure - 1) < 1e-12)
  }
}
