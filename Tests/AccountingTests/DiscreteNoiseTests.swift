import Accounting
import Foundation
import Testing

/// Discrete Laplace and discrete Gaussian noise, the exponential mechanism, and Poisson samples of such mechanisms.
@Suite struct DiscreteNoiseTests {
  private func divergence(
    _ event: PrivacyEvent, _ order: Double, _ relation: NeighboringRelation = .addOrRemoveOne
  ) throws -> Double {
    try RenyiAccountant(event: event, relation: relation).curve(orders: [order]).divergences[0]
  }

  private func expect(_ bound: Double, of truth: Double, within relative: Double) {
    #expect(bound >= truth && bound <= truth * (1 + relative), "\(bound), \(truth)")
  }

  /// Sums over the integers with 30 digits (mpmath).
  @Test(arguments: [
    (0.5, 1, 1.5, 1.78244383374967449), (2, 3, 4, 1.34603881712879474), (50, 7, 20, 0.105128746692329876),
    (3.7, 1, 1.01, 0.0366608534490100374),
  ])
  func discreteLaplaceIsExact(_ scale: Double, _ sensitivity: Int, _ order: Double, _ truth: Double) throws {
    let event = PrivacyEvent.discreteLaplace(scale: scale, sensitivity: sensitivity)
    expect(try divergence(event, order), of: truth, within: 1e-11)
  }

  @Test(arguments: [
    (0.4, 1, 1.5, 4.34668743766639016), (1, 2, 2.25, 4.49999999143907843), (2.5, 1, 7.3, 0.583999999999999986),
    (0.7, 3, 3, 27.5510204081632688),
  ])
  func discreteGaussianIsExact(_ scale: Double, _ sensitivity: Int, _ order: Double, _ truth: Double) throws {
    let event = PrivacyEvent.discreteGaussian(scale: scale, sensitivity: sensitivity)
    expect(try divergence(event, order), of: truth, within: 1e-11)
  }

  /// The sensitivity is that of one record that is there or not; another record in its place moves the sum by twice of it.
  @Test func replacingDoublesTheSensitivity() throws {
    for order in [1.2, 7] {
      let replaced = try divergence(.discreteLaplace(scale: 5, sensitivity: 2), order, .replaceOne)
      #expect(replaced == (try divergence(.discreteLaplace(scale: 5, sensitivity: 4), order)))
      let gaussian = try divergence(.discreteGaussian(scale: 5, sensitivity: 2), order, .replaceOne)
      #expect(gaussian == (try divergence(.discreteGaussian(scale: 5, sensitivity: 4), order)))
    }
  }

  /// With a fine grid the noise is Laplace noise, and always costs at least as much.
  @Test func fineGridsAreContinuous() throws {
    for order in [1.1, 3, 64] {
      let continuous = try divergence(.laplace(noiseMultiplier: 0.7), order)
      let fine = try divergence(.discreteLaplace(scale: 0.7e6, sensitivity: 1_000_000), order)
      #expect(fine >= continuous && fine <= continuous * (1 + 1e-9))
    }
  }

  /// The greatest E_Q[rᵅ] over the upper end of the range, by a search with 30 digits (mpmath).
  @Test(arguments: [
    (1, 2, 0.240229013916555049), (0.01, 8, 0.0000999920843359725648), (6, 1.5, 4.14612008253707283),
    (3, 30, 2.85057678623054438),
  ])
  func exponentialMechanismIsExact(_ epsilon: Double, _ order: Double, _ truth: Double) throws {
    expect(try divergence(.exponentialMechanism(epsilon: epsilon), order), of: truth, within: 1e-11)
    #expect(truth < (try divergence(.epsilonDelta(epsilon: epsilon, delta: 0), order)))
  }

  /// Quadrature over the interval and its two ends with 30 digits (mpmath).
  @Test(arguments: [
    (1, 0.1, 2, 0.00853645701948974148), (2.5, 0.01, 16, 0.000116243951467843784), (0.3, 0.5, 4, 2.2718236548292315),
  ])
  func sampledLaplaceIsExact(_ scale: Double, _ probability: Double, _ order: Double, _ truth: Double) throws {
    let event = PrivacyEvent.poissonSampled(
      samplingProbability: probability, event: .laplace(noiseMultiplier: scale))
    for relation in [NeighboringRelation.addOrRemoveOne, .replaceSpecial] {
      expect(try divergence(event, order, relation), of: truth, within: 1e-11)
    }
  }

  /// By its definition, with all of its outcomes.
  @Test func sampledDiscreteGaussianMatchesItsSum() throws {
    for (scale, q, order) in [(1.5, 0.1, 2.0), (4, 0.01, 6), (0.8, 0.5, 3), (40, 0.01, 3)] {
      var (norm, sum) = (0.0, 0.0)
      for k in -300...300 {
        let near = exp(-Double(k * k) / (2 * scale * scale))
        let far = exp(-Double((k - 1) * (k - 1)) / (2 * scale * scale))
        norm += near
        if far > 0 { sum += far * pow(1 - q + q * near / far, order) }
      }
      let truth = log(sum / norm) / (order - 1)
      let event = PrivacyEvent.poissonSampled(
        samplingProbability: q, event: .discreteGaussian(scale: scale, sensitivity: 1))
      let bound = try divergence(event, order)
      // The sum loses digits where it is close to 1.
      #expect(abs(bound / truth - 1) < 1e-9 + 1e-14 / truth, "\(bound), \(truth)")
    }
  }

  /// One release has a closed form at every ε: the bracket encloses it.
  @Test func singleReleasesAreEnclosed() throws {
    let (a, b) = (exp(-1.0 / 2), 1.5)
    let laplace = try TightAccountant(event: .discreteLaplace(scale: 2, sensitivity: 3)).delta(epsilon: 0.5)
    // Losses 3/2, 1/2, −1/2, −3/2: at ε = 1/2 only the first outcome counts, H = 1 − e^{−1/2}.
    enclose(laplace, 1 - a)
    // Range 1.5 at ε = 0.3: (1 − e^{(0.3−1.5)/2})²/(1 − e^{−1.5}).
    let range = try TightAccountant(event: .exponentialMechanism(epsilon: b)).delta(epsilon: 0.3)
    let truth = pow(1 - exp((0.3 - b) / 2), 2) / (1 - exp(-b))
    #expect(range.upper >= truth && range.upper <= truth * (1 + 1e-5), "\(range), \(truth)")
    let lower = try #require(range.lower)
    #expect(lower <= truth && lower > 0.9 * truth, "\(range), \(truth)")
    let gaussian = try TightAccountant(event: .discreteGaussian(scale: 2, sensitivity: 1)).delta(epsilon: 0.4)
    enclose(gaussian, hockeyStick(scale: 2, epsilon: 0.4))
    let pure = try TightAccountant(event: .epsilonDelta(epsilon: 1, delta: 0)).delta(epsilon: 0.2)
    enclose(pure, (exp(1.0) - exp(0.2)) / (1 + exp(1.0)))
  }

  private func enclose(_ bracket: DeltaBracket, _ truth: Double) {
    #expect(bracket.upper >= truth * (1 - 1e-15) && bracket.upper <= truth * (1 + 1e-3), "\(bracket), \(truth)")
    #expect(
      (bracket.lower ?? 0) <= truth * (1 + 1e-15) && (bracket.lower ?? 0) >= truth * (1 - 1e-3), "\(bracket), \(truth)")
  }

  private func hockeyStick(scale: Double, epsilon: Double) -> Double {
    var (norm, sum) = (0.0, 0.0)
    for k in -60...60 {
      let near = exp(-Double(k * k) / (2 * scale * scale))
      norm += near
      sum += max(0, near - exp(epsilon) * exp(-Double((k - 1) * (k - 1)) / (2 * scale * scale)))
    }
    return sum / norm
  }
}
