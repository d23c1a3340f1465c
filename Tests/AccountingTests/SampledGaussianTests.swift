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

  /// Under replace-one the true divergence lies between that of the pair of opposite records and our bound.
  @Test func replaceOneIsAboveOppositeRecords() throws {
    for (q, sigma) in [(0.01, 1.0), (0.1, 2.0), (0.5, 4.0), (0.9, 1.5)] {
      for order in [1.1, 1.5, 2.0, 5.0, 20.0] {
        let event = PrivacyEvent.dpsgd(samplingProbability: q, noiseMultiplier: sigma, steps: 1)
        let bound = try RenyiAccountant(event: event, relation: .replaceOne).curve(orders: [order]).divergences[0]
        #expect(bound >= oppositeRecords(q, sigma, order), "q \(q), sigma \(sigma), order \(order)")
        let unsampled = try RenyiAccountant(event: .gaussian(noiseMultiplier: sigma), relation: .replaceOne)
        #expect(try bound <= unsampled.curve(orders: [order]).divergences[0] * (1 + 1e-12))
      }
    }
  }

  /// D_α between (1−q)N(0,σ²) + qN(1,σ²) and (1−q)N(0,σ²) + qN(−1,σ²), by summing densities.
  private func oppositeRecords(_ q: Double, _ sigma: Double, _ order: Double) -> Double {
    let step = sigma / 200
    var sum = 0.0
    var z = -1 - 12 * sigma
    while z < 2 * order + 12 * sigma {
      func density(_ mean: Double) -> Double { exp(-(z - mean) * (z - mean) / (2 * sigma * sigma)) }
      let p = (1 - q) * density(0) + q * density(1)
      let other = (1 - q) * density(0) + q * density(-1)
      if p > 0, other > 0 { sum += other * pow(p / other, order) }
      z += step
    }
    return log(sum * step / (sigma * (2 * Double.pi).squareRoot())) / (order - 1)
  }
}
