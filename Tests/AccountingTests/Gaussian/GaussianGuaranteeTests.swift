import Accounting
import Foundation
import Testing

@Suite struct GaussianGuaranteeTests {
  @Test(arguments: try GoldenRow.rows("gdp_clt"))
  func estimatesMatchThePeer(_ row: GoldenRow) throws {
    let (q, sigma) = (try row.input("sampling_probability"), try row.input("noise_multiplier"))
    let (steps, delta) = (try row.count("steps"), try row.input("delta"))
    let poisson = try CentralLimitEstimate.poissonSampled(
      samplingProbability: q, noiseMultiplier: sigma, steps: steps)
    let uniform = try CentralLimitEstimate.uniformlySampled(
      samplingProbability: q, noiseMultiplier: sigma, steps: steps)
    row.check(poisson.mu, peer: try row.expectedNumber("mu_poisson"), exact: nil)
    row.check(uniform.mu, peer: try row.expectedNumber("mu_uniform"), exact: nil)
    row.check(try poisson.epsilonEstimate(delta: delta), peer: try row.expectedNumber("epsilon_poisson"), exact: nil)
    row.check(try uniform.epsilonEstimate(delta: delta), peer: try row.expectedNumber("epsilon_uniform"), exact: nil)
  }

  private func gaussianProfile(mu: Double) throws -> SampledProfile {
    let end = GaussianTradeOff.epsilon(mu: mu, delta: 1e-10).upper
    return try SampledProfile(refining: 1e-10, epsilonAtFloor: end) { epsilon throws(AccountingError) in
      let delta = GaussianTradeOff.delta(mu: mu, epsilon: epsilon)
      return DeltaBracket(lower: delta.lower, upper: delta.upper, epsilon: epsilon, method: .closedForm)
    }
  }

  @Test(arguments: [0.01, 0.3, 1, 4, 10])
  func aGaussianHasItsOwnMuAndNoRegret(mu: Double) throws {
    let guarantee = GaussianGuarantee(try gaussianProfile(mu: mu))
    #expect(guarantee.mu >= mu && guarantee.mu < mu * (1 + 1e-4), "\(guarantee)")
    #expect(guarantee.muLower <= mu && guarantee.muLower > mu * (1 - 1e-9))
    #expect(guarantee.regret >= 0 && guarantee.regret < 1e-3 * mu, "\(guarantee)")
  }

  /// What pure randomized response gives: δ(ε) falls linearly in e^ε to 0 at ε₀, and μ = 2Φ⁻¹(e^ε₀/(1 + e^ε₀)).
  @Test func randomizedResponseNeedsMoreThanItsAdvantage() throws {
    let pure = log(3.0)
    let profile = try SampledProfile(refining: 1e-10, epsilonAtFloor: pure) { epsilon throws(AccountingError) in
      let delta = max(0, (3 - exp(epsilon)) / 4)
      return DeltaBracket(lower: delta * (1 - 1e-15), upper: delta, epsilon: epsilon, method: .closedForm)
    }
    let guarantee = GaussianGuarantee(profile)
    // Total variation 1/2 = 2Φ(μ/2) − 1 at Φ(μ/2) = 3/4.
    let expected = 2 * 0.674489750196081743
    #expect(guarantee.mu >= expected * (1 - 1e-12) && guarantee.mu < expected * 1.001, "\(guarantee)")
    // The definition, on a fine grid.
    var regret = 0.0
    for index in 0...20_000 {
      let epsilon = Double(index) / 4000
      let gap = GaussianTradeOff.delta(mu: expected, epsilon: epsilon).lower - max(0, (3 - exp(epsilon)) / 4)
      regret = max(regret, gap / (1 + exp(epsilon)))
    }
    #expect(guarantee.regret >= regret && guarantee.regret < regret * 1.02, "\(guarantee) against \(regret)")
  }

  @Test(arguments: [0.1, 1, 3])
  func attackRiskOfAGaussianIsItsTradeOff(mu: Double) throws {
    let risk = try AttackRisk(try gaussianProfile(mu: mu))
    #expect(risk.advantage >= erf(mu / 8.0.squareRoot()) && risk.advantage <= erf(mu / 8.0.squareRoot()) * (1 + 1e-12))
    // Quantiles Φ⁻¹(α) at 0.001, 0.01 and 0.1.
    for (bound, quantile) in zip(risk.truePositiveRates, [-3.090232306167813, -2.326347874040841, -1.281551565544600]) {
      let exact = erfc(-(quantile + mu) / 2.0.squareRoot()) / 2
      #expect(bound >= exact && bound < exact * 1.002, "\(mu): \(bound) against \(exact)")
    }
    #expect(abs(risk.bayesError - (1 - risk.advantage) / 2) < 1e-15)
  }

  @Test func nothingReleasedIsNoRisk() throws {
    let report = try PrivacyReport(event: .noOp, delta: 1e-5)
    #expect(report.epsilon.upper == 0 && report.gaussian?.mu == 0 && report.risk?.advantage == 0)
    #expect(report.risk?.truePositiveRates.allSatisfy { $0 <= 0.1 + 1e-12 } == true)
  }
}
