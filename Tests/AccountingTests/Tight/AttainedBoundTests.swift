import Accounting
import Foundation
import Testing

/// Lower bounds of what only Rényi divergence bounds from above.
@Suite struct AttainedBoundTests {
  private func bracket(
    _ event: PrivacyEvent, _ delta: Double, _ relation: NeighboringRelation = .addOrRemoveOne
  ) throws -> EpsilonBracket {
    try TightAccountant(event: event, relation: relation).epsilon(delta: delta)
  }

  /// Gaussian noise of σ is 1/2σ²-zCDP, so zCDP costs at least as much; and hardly more.
  @Test(arguments: [0.05, 0.5, 2], [1, 30]) func zeroConcentrationCostsAGaussian(_ rho: Double, _ count: Int) throws {
    let event = PrivacyEvent.selfComposed(event: .zeroConcentrated(rho: rho, xi: 0), count: count)
    let gaussian = PrivacyEvent.selfComposed(
      event: .gaussian(noiseMultiplier: 1 / (2 * rho).squareRoot()), count: count)
    let (bound, exact) = (try bracket(event, 1e-6), try bracket(gaussian, 1e-6))
    let (lower, least) = (try #require(bound.lower), try #require(exact.lower))
    #expect(lower <= exact.upper && lower >= least * (1 - 1e-9))
    #expect(bound.upper <= lower * 1.15)
  }

  /// With ξ it is no less than pure differential privacy alone.
  @Test func zeroConcentrationCostsItsPurePart() throws {
    let pure = PrivacyEvent.selfComposed(event: .epsilonDelta(epsilon: 0.4, delta: 0), count: 9)
    let both = PrivacyEvent.selfComposed(event: .zeroConcentrated(rho: 0.01, xi: 0.4), count: 9)
    let (less, more) = (try bracket(pure, 1e-5), try bracket(both, 1e-5))
    #expect(try #require(less.lower) < #require(more.lower))
  }

  /// sup_z P(M > z) − e^ε·Q(M > z) for the maximum M, by plain search.
  @Test(arguments: [(0.55, 121, 1e-8), (0.8, 10, 1e-5), (2, 300, 1e-6)])
  func allocationCostsItsMaximum(_ noise: Double, _ bins: Int, _ delta: Double) throws {
    let bound = try bracket(.randomAllocation(noiseMultiplier: noise, bins: bins, selected: 1), delta)
    func below(_ z: Double) -> Double { log1p(-erfc(z / 2.0.squareRoot()) / 2) }
    func reached(_ epsilon: Double) -> Double {
      stride(from: -4, to: 14, by: 0.002).map { z in
        let without = -expm1(Double(bins) * below(z))
        return -expm1(Double(bins - 1) * below(z) + below(z - 1 / noise)) - exp(epsilon) * without
      }.max() ?? 0
    }
    let lower = try #require(bound.lower)
    #expect(lower < bound.upper)
    // The threshold's ε is no more than the bound has, but for the cells' width.
    #expect(reached(lower * 1.005 + 1e-4) < delta)
    // Where noise is small there is nothing better to look at.
    if noise < 1 { #expect(reached(lower * 0.995) > delta) }
  }

  /// Several releases of one record: what their sum shows, by the closed form.
  @Test(arguments: [NeighboringRelation.addOrRemoveOne, .replaceOne]) func allocationCostsItsSum(
    _ relation: NeighboringRelation
  ) throws {
    let event = PrivacyEvent.selfComposed(event: .randomAllocation(noiseMultiplier: 3, bins: 20, selected: 4), count: 5)
    let sum = PrivacyEvent.gaussian(noiseMultiplier: 3 * 20.0.squareRoot() / 4 / 5.0.squareRoot())
    let (bound, exact) = (try bracket(event, 1e-5, relation), try bracket(sum, 1e-5, relation))
    #expect(abs(try #require(bound.lower) - exact.upper) <= 1e-6 * exact.upper)
    #expect(exact.upper <= bound.upper)
  }

  /// The best of several runs that are all rated alike is one run; with Poisson repetitions only where there is one at all.
  @Test func selectionCostsOneRun() throws {
    let run = PrivacyEvent.dpsgd(samplingProbability: 0.01, noiseMultiplier: 1, steps: 100)
    let once = try bracket(run, 1e-6)
    let best = try bracket(.repeatAndSelect(event: run, meanRepetitions: 5, shape: 1), 1e-6)
    let lower = try #require(best.lower)
    #expect(lower <= once.upper && lower >= once.upper * (1 - 1e-3) && best.upper >= once.upper)
    let seldom = try bracket(.repeatAndSelect(event: run, meanRepetitions: 0.1, shape: nil), 1e-6)
    let rare = try bracket(run, 1e-6 / -expm1(-0.1))
    #expect(abs(try #require(seldom.lower) - #require(rare.lower)) <= 1e-9)
  }

  /// A cut that practically never happens costs nothing.
  @Test(arguments: [25, 40, 133]) func aCutThatNeverHappensCostsNothing(_ batch: Int) throws {
    let cut = PrivacyEvent.selfComposed(
      event: .truncatedPoissonSampledGaussian(
        datasetSize: 1_000, samplingProbability: 0.0019, truncatedBatchSize: batch, noiseMultiplier: 2), count: 13)
    let whole = try bracket(.dpsgd(samplingProbability: 0.0019, noiseMultiplier: 2, steps: 13), 1e-9)
    let bound = try bracket(cut, 1e-9)
    #expect(try #require(bound.lower) <= whole.upper)
    #expect(bound.upper <= whole.upper * 1.002, "\(bound) \(whole)")
  }
}
