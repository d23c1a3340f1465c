import Accounting
import Foundation
import Testing

@Suite struct MomentsAccountantTests {
  /// Both moments by a plain sum over a fine grid, as the paper integrates them.
  private func moments(_ q: Double, _ sigma: Double, _ order: Int) -> (first: Double, second: Double) {
    var (first, second) = (0.0, 0.0)
    let step = sigma / 200
    for index in Int(-14 * sigma / step)...Int((Double(order) + 15 + 14 * sigma) / step) {
      let z = Double(index) * step
      let logAbsent = -z * z / (2 * sigma * sigma) - log(sigma * (2 * Double.pi).squareRoot())
      let logRatio = log(1 - q + q * exp((z - 0.5) / (sigma * sigma)))
      first += step * exp(logAbsent - Double(order) * logRatio)
      second += step * exp(logAbsent + Double(order + 1) * logRatio)
    }
    return (first, second)
  }

  @Test func logMomentsAreTheIntegrals() throws {
    for (q, sigma) in [(0.01, 4.0), (0.01, 1.0), (0.3, 2.0), (0.004, 0.8)] {
      let accountant = try MomentsAccountant(event: .dpsgd(samplingProbability: q, noiseMultiplier: sigma, steps: 1))
      for (order, logMoment) in zip([1, 2, 7, 32], try accountant.logMoments([1, 2, 7, 32])) {
        let (first, second) = moments(q, sigma, order)
        #expect(second >= first * (1 - 1e-12))
        let expected = log(max(first, second))
        #expect(logMoment >= expected * (1 - 1e-9) - 1e-13 && logMoment <= expected * (1 + 1e-9) + 1e-12)
      }
    }
  }

  /// The paper's own example (section 3.2): q = 0.01, σ = 4, 10⁴ steps and δ = 1e-5 give ε ≈ 1.26.
  @Test func matchesThePaper() throws {
    let accountant = try MomentsAccountant(event: .dpsgd(samplingProbability: 0.01, noiseMultiplier: 4, steps: 10_000))
    let bound = try accountant.epsilon(delta: 1e-5)
    #expect(abs(bound.epsilon - 1.26) < 0.01, "\(bound)")
    // ε is the least over the moments, by the definition.
    let moments = try accountant.logMoments()
    let direct = zip(1...32, moments).map { ($1 + log(1e5)) / Double($0) }.min() ?? 0
    #expect(abs(bound.epsilon / direct - 1) < 1e-12)
    let back = try accountant.delta(epsilon: bound.epsilon)
    #expect(back.delta <= 1e-5 * (1 + 1e-9) && back.order == bound.order)
  }

  @Test func isAboveTheRenyiAccountant() throws {
    let parts = PrivacyEvent.composed([
      .dpsgd(samplingProbability: 0.02, noiseMultiplier: 1.5, steps: 100), .gaussian(noiseMultiplier: 9),
    ])
    let bound = try MomentsAccountant(event: parts).epsilon(delta: 1e-6)
    #expect(bound.epsilon > (try RenyiAccountant(event: parts).epsilon(delta: 1e-6).epsilon))
    #expect(try MomentsAccountant(event: .noOp).epsilon(delta: 0).epsilon == 0)
    #expect(try MomentsAccountant(event: parts).epsilon(delta: 0).epsilon == .infinity)
  }

  @Test func refusesWhatItIsNotDefinedFor() throws {
    #expect(throws: AccountingError.self) { try MomentsAccountant(event: .laplace(noiseMultiplier: 1)) }
    #expect(throws: AccountingError.self) { try MomentsAccountant(event: .epsilonDelta(epsilon: 1, delta: 1e-6)) }
    let accountant = try MomentsAccountant(event: .gaussian(noiseMultiplier: 1))
    for moments in [[], [0], [-1], [100_001]] {
      #expect(throws: AccountingError.self) { try accountant.epsilon(delta: 1e-5, moments: moments) }
    }
  }
}
