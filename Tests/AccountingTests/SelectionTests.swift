import Accounting
import Foundation
import Testing

/// Random allocation and private selection.
@Suite struct SelectionTests {
  private func divergence(
    _ event: PrivacyEvent, _ order: Double, _ relation: NeighboringRelation = .addOrRemoveOne
  ) throws -> Double {
    try RenyiAccountant(event: event, relation: relation).curve(orders: [order]).divergences[0]
  }

  /// Σ over all assignments of α draws to t bins of exp(Σ(k² − k)/2σ²), over tᵅ; by enumeration with 30 digits.
  @Test(arguments: [
    (1.0, 3, 4.0, 1.05576560307305581), (0.7, 5, 3, 1.55483636059612933), (2, 2, 6, 0.408529557210033994),
  ])
  func allocationIsExactAtWholeOrders(_ noise: Double, _ bins: Int, _ order: Double, _ truth: Double) throws {
    let event = PrivacyEvent.randomAllocation(noiseMultiplier: noise, bins: bins, selected: 1)
    let bound = try divergence(event, order)
    #expect(bound >= truth && bound <= truth * (1 + 1e-10), "\(bound)")
    #expect(try divergence(event, order, .replaceSpecial) == bound)
    let replaced = try divergence(event, order, .replaceOne)
    #expect(replaced >= bound && replaced <= 2 * order / (noise * noise) * (1 + 1e-12))
  }

  @Test func allocationFallsWithTheBins() throws {
    for order in [1.2, 2.5, 17, 300] {
      var last = try divergence(.gaussian(noiseMultiplier: 1.3), order)
      for bins in [1, 2, 9, 100, 1_000_000_000] {
        let bound = try divergence(.randomAllocation(noiseMultiplier: 1.3, bins: bins, selected: 1), order)
        #expect(bound > 0 && bound <= last * (1 + 1e-12), "\(bins)")
        last = bound
      }
    }
  }

  @Test func severalBinsAreTakenApart() throws {
    let two = try divergence(.randomAllocation(noiseMultiplier: 2, bins: 7, selected: 2), 5)
    let once = try divergence(.randomAllocation(noiseMultiplier: 2, bins: 3, selected: 1), 5)
    #expect(abs(two / (2 * once) - 1) < 1e-14)
    // In all bins it is a composition of Gaussians.
    let all = try TightAccountant(event: .randomAllocation(noiseMultiplier: 2, bins: 4, selected: 4)).epsilon(
      delta: 1e-6)
    let gaussian = try TightAccountant(event: .gaussian(noiseMultiplier: 1)).epsilon(delta: 1e-6)
    #expect(abs(all.upper / gaussian.upper - 1) < 1e-12)
  }

  /// Theorem 2 of arXiv:2110.03620v2 for a Gaussian run, where the second order has a closed form: with D_λ̂ = ρλ̂,
  /// ρ(λ̂ − 1) + log(1/γ)/λ̂ is least at λ̂ = √(log(1/γ)/ρ).
  @Test func geometricSelectionOfAGaussianHasAClosedForm() throws {
    let (noise, mean, order) = (4.0, 10.0, 25.0)
    let rho = 1 / (2 * noise * noise)
    let second = 2 * (2 * (rho * log(mean)).squareRoot() - rho)
    let closed = rho * order + second + log(mean) / (order - 1)
    let event = PrivacyEvent.repeatAndSelect(
      event: .gaussian(noiseMultiplier: noise), meanRepetitions: mean, shape: 1)
    let bound = try RenyiAccountant(event: event).epsilon(delta: 1e-6).epsilon
    // The accountant optimises the first order too, so its ε is at most that of this order.
    let converted = RenyiConversion.epsilonUpperBound(divergence: closed, order: order, delta: 1e-6)
    #expect(bound <= converted * (1 + 1e-9))
    #expect(bound > (try RenyiAccountant(event: .gaussian(noiseMultiplier: noise)).epsilon(delta: 1e-6).epsilon))
  }

  @Test func selectionNestsAnyEvent() throws {
    let runs = PrivacyEvent.composed([
      .laplace(noiseMultiplier: 10), .dpsgd(samplingProbability: 0.01, noiseMultiplier: 2, steps: 100),
      .treeAggregation(noiseMultiplier: 30, schedule: .restarts(stepCounts: [100])),
    ])
    var last = 0.0
    for mean in [1.5, 4, 60] {
      let event = PrivacyEvent.repeatAndSelect(event: runs, meanRepetitions: mean, shape: 0.5)
      let bound = try RenyiAccountant(event: event).epsilon(delta: 1e-6).epsilon
      #expect(bound > last)
      last = bound
    }
    let pure = PrivacyEvent.repeatAndSelect(
      event: .epsilonDelta(epsilon: 0.5, delta: 0), meanRepetitions: 1e6, shape: 1)
    #expect(try RenyiAccountant(event: pure).epsilon(delta: 0).epsilon <= 1.5 * (1 + 1e-14))
    let failing = PrivacyEvent.repeatAndSelect(
      event: .epsilonDelta(epsilon: 0.5, delta: 1e-9), meanRepetitions: 3, shape: 1)
    #expect(throws: AccountingError.self) { try RenyiAccountant(event: failing) }
  }

  /// A run that costs nothing costs nothing however often it is repeated, but the theorem for Poisson repetitions alone would
  /// give less than nothing at a small mean.
  @Test func rareRepetitionsAreNotFree() throws {
    let event = PrivacyEvent.repeatAndSelect(
      event: .gaussian(noiseMultiplier: 1), meanRepetitions: 1e-3, shape: nil)
    for divergence in try RenyiAccountant(event: event).curve(orders: [1.5, 4, 50]).divergences {
      #expect(divergence >= 0 && divergence.isFinite)
    }
    #expect(try RenyiAccountant(event: event).epsilon(delta: 1e-9).epsilon > 0)
  }
}
