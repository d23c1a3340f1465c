import Accounting
import Testing

/// Brackets against δ computed with 30 digits: the same integral, but with a finer rule in both variables, a wider range and no
/// error bounds (mpmath 1.3), for both orders of the datasets, of which the larger δ counts.
@Suite struct TightReferenceTests {
  struct Reference: Sendable {
    var probability: Double
    var noise: Double
    var steps: Int
    var epsilon: Double
    var delta: Double
  }

  @Test(arguments: [
    Reference(probability: 0.1, noise: 1, steps: 30, epsilon: 4, delta: 0.0000171148433731379282),
    Reference(probability: 0.01, noise: 1, steps: 1000, epsilon: 1.8, delta: 0.0000123773587306149958),
    Reference(probability: 256.0 / 60_000, noise: 1.1, steps: 14_063, epsilon: 2.3, delta: 0.0000174900900028308185),
    Reference(probability: 0.3, noise: 0.7, steps: 50, epsilon: 40, delta: 9.24036751947723012e-10),
  ])
  func deltaHoldsTheReference(_ reference: Reference) throws {
    let event = PrivacyEvent.dpsgd(
      samplingProbability: reference.probability, noiseMultiplier: reference.noise, steps: reference.steps)
    let bracket = try TightAccountant(event: event).delta(epsilon: reference.epsilon)
    let lower = try #require(bracket.lower)
    // q = 256/60000 and the like are doubles here and there alike.
    #expect(lower <= reference.delta && reference.delta <= bracket.upper)
    #expect(bracket.upper - lower <= 1e-8 * bracket.upper)
  }

  @Test(arguments: try GoldenRow.rows("truth_delta")) func holdsTheTruth(_ row: GoldenRow) throws {
    let accountant = try TightAccountant(event: row.truthEvent())
    if row.inputs["delta"] != nil {
      let bracket = try accountant.epsilon(delta: row.input("delta"))
      let (lower, truth) = (try #require(bracket.lower), try row.expectedNumber("epsilon"))
      #expect(lower <= truth * (1 + 1e-12) && truth <= bracket.upper * (1 + 1e-12))
      #expect(bracket.upper - lower <= 1e-8 * truth + 1e-11)
    } else {
      let bracket = try accountant.delta(epsilon: row.input("epsilon"))
      let (lower, truth) = (try #require(bracket.lower), try row.expectedNumber("delta"))
      #expect(lower <= truth * (1 + 1e-12) && truth <= bracket.upper * (1 + 1e-12))
      #expect(bracket.upper - lower <= 1e-8 * truth + 1e-15)
    }
  }

  /// Both engines, where both can.
  @Test func closedFormAndContourAgree() throws {
    for (noise, count, delta) in [(1.0, 1, 1e-5), (5, 40, 1e-30), (0.3, 2, 0.1), (80, 1_000_000, 1e-9)] {
      let event = PrivacyEvent.selfComposed(event: .gaussian(noiseMultiplier: noise), count: count)
      let accountant = try TightAccountant(event: event)
      let bracket = try accountant.epsilon(delta: delta)
      let second = try accountant.verify(bracket)
      #expect(bracket.method == .closedForm && second.method == .contourIntegral)
      #expect(abs(second.upper - bracket.upper) <= 1e-8 * bracket.upper)
      let deltaBracket = try accountant.delta(epsilon: bracket.upper)
      #expect(try accountant.verify(deltaBracket).method == .contourIntegral)
    }
  }
}

extension GoldenRow {
  fileprivate func truthEvent() throws -> PrivacyEvent {
    let noise = try input("noise_multiplier")
    switch inputs["mechanism"] as? String {
    case "Gaussian composition":
      return .selfComposed(event: .gaussian(noiseMultiplier: noise), count: try count("steps"))
    case "Poisson-sampled Gaussian, single step":
      return .dpsgd(samplingProbability: try input("sampling_probability"), noiseMultiplier: noise, steps: 1)
    case "Poisson-sampled Gaussian composed with one Gaussian":
      return .composed([
        .dpsgd(samplingProbability: try input("sampling_probability"), noiseMultiplier: noise, steps: 1),
        .gaussian(noiseMultiplier: try input("second_gaussian_noise_multiplier")),
      ])
    default: return .laplace(noiseMultiplier: noise)
    }
  }
}
