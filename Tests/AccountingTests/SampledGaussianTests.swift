import Accounting
import Foundation
import Testing

/// The quadrature against references that share none of its code.
@Suite struct SampledGaussianTests {
  private func divergence(_ q: Double, _ sigma: Double, _ order: Double) throws -> Double {
    try RenyiAccountant(event: .dpsgd(samplingProbability: q, noiseMultiplier: sigma, steps: 1))
      .curve(orders: [order]).divergences[0]
  }

  @Test func isNeverBelowTheReferenceAndCloseToIt() throws {
    for row in ReferenceDivergence.all {
      let got = try divergence(row.samplingProbability, row.noiseMultiplier, row.order)
      let truth = max(row.remove, row.add)
      #expect(got >= truth, "\(row)")
      #expect(got <= truth * (1 + 1e-10), "\(row)")
    }
  }

  @Test func removingIsTheWorseDirection() {
    for row in ReferenceDivergence.all { #expect(row.remove >= row.add, "\(row)") }
  }

  /// The same in 80 bits at fresh points. The excess rᵅ − 1 − α(r − 1) loses about 2⁻⁶⁴/q² of its digits here, so q is moderate.
  @Test func isNeverBelowBruteForce() throws {
    var random = Reproducible(seed: 21)
    for _ in 0..<150 {
      let (q, sigma) = (random.logUniform(0.003...0.99), random.logUniform(0.4...8))
      let order = 1 + random.logUniform(0.01...30)
      let truth = bruteForce(q, sigma, order)
      let got = try divergence(q, sigma, order)
      #expect(got >= truth * (1 - 1e-13) && got <= truth * (1 + 1e-10), "q \(q), sigma \(sigma), order \(order)")
    }
  }

  /// Order 2 has a closed form, E_Q[r²] = 1 + q²·(exp(1/σ²) − 1), also where q is far below what 80 bits can tell from 0
  /// and the density ratio passes through 1 deep in the tail.
  @Test func isNeverBelowTheClosedFormAtTinyRates() throws {
    for q in [1e-60, 1e-45, 1e-30, 1e-20, 1e-13, 1e-6] {
      for sigma in [0.08, 0.1, 0.15, 0.3, 1, 5] {
        let truth = log1p(q * q * expm1(1 / (sigma * sigma)))
        let got = try divergence(q, sigma, 2)
        #expect(got >= truth * (1 - 1e-13) && got <= truth * (1 + 1e-10), "q \(q), sigma \(sigma)")
      }
    }
  }

  private func bruteForce(_ q: Double, _ sigma: Double, _ order: Double) -> Double {
    let (q, variance, order) = (Float80(q), Float80(sigma) * Float80(sigma), Float80(order))
    let step = min(Float80(sigma), variance) / 9
    let last = Int((max(order, 2) + 12 * Float80(sigma)) / step)
    var (remove, add): (Float80, Float80) = (0, 0)
    for index in -Int(12 * Float80(sigma) / step)...last {
      let z = Float80(index) * step
      let weight = exp(-z * z / (2 * variance))
      let excess = q * expm1((2 * z - 1) / (2 * variance))
      let logRatio = log1p(excess)
      remove += weight * (expm1(order * logRatio) - order * excess)
      add += weight * (expm1((1 - order) * logRatio) - (1 - order) * excess)
    }
    let scale = step / (2 * Float80.pi * variance).squareRoot()
    return Double(log1p(max(remove, add) * scale) / (order - 1))
  }

  /// What an order costs must not depend on which orders were asked for before.
  @Test func ordersDoNotDisturbEachOther() throws {
    let accountant = try RenyiAccountant(event: .dpsgd(samplingProbability: 0.01, noiseMultiplier: 1, steps: 1))
    let orders = [2, 30, 1.2, 8, 60, 1.01, 900]
    let together = try accountant.curve(orders: orders).divergences
    for (order, value) in zip(orders, together) {
      let alone = try accountant.curve(orders: [order]).divergences[0]
      #expect(abs(alone / value - 1) < 1e-14)
    }
  }

  /// Under replace-one the pair of opposite records dominates, so its divergence is the answer. Figures by 30-digit quadrature
  /// (mpmath) of the definition.
  @Test(arguments: [
    (0.01, 1.0, 1.1, 0.000251274392312665225), (0.01, 1, 5, 0.00116212179369489038),
    (0.1, 2, 2, 0.00984670323366939331), (0.5, 4, 20, 0.616865412762576756),
  ])
  func replaceOneIsThatOfOppositeRecords(_ q: Double, _ sigma: Double, _ order: Double, _ truth: Double) throws {
    let event = PrivacyEvent.dpsgd(samplingProbability: q, noiseMultiplier: sigma, steps: 1)
    let bound = try RenyiAccountant(event: event, relation: .replaceOne).curve(orders: [order]).divergences[0]
    #expect(bound >= truth && bound <= truth * (1 + 1e-10), "\(bound)")
  }

  /// Orders beyond the nodes that are kept fall back to looser bounds, never below the pair that is reached, and never above
  /// the release without sampling.
  @Test func replaceOneIsBelowNoSampling() throws {
    for (q, sigma) in [(0.01, 1.0), (0.1, 0.1), (0.5, 40), (0.9, 1e-3), (1e-9, 1e6)] {
      var last = 0.0
      for order in [1.0001, 1.5, 20, 300, 5e3, 1e6] {
        let event = PrivacyEvent.dpsgd(samplingProbability: q, noiseMultiplier: sigma, steps: 1)
        let bound = try RenyiAccountant(event: event, relation: .replaceOne).curve(orders: [order]).divergences[0]
        let unsampled = try RenyiAccountant(event: .gaussian(noiseMultiplier: sigma), relation: .replaceOne)
        #expect(try bound <= unsampled.curve(orders: [order]).divergences[0] * (1 + 1e-9))
        let removed = try RenyiAccountant(event: event).curve(orders: [order]).divergences[0]
        #expect(bound >= removed * (1 - 1e-9), "q \(q), sigma \(sigma), order \(order)")
        #expect(bound >= last * (1 - 1e-10))
        last = bound
      }
    }
  }
}
