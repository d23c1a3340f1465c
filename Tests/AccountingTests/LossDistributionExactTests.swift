import Accounting
import Foundation
import Testing

/// Loss distributions against answers that are known exactly.
struct LossDistributionExactTests {
  private func expectHolds(
    _ bracket: (lower: Double, upper: Double), _ truth: Double, width: Double, _ name: String,
    rounding: Double = 1e-12
  ) {
    #expect(bracket.lower <= truth * (1 + rounding), "\(name): \(bracket.lower) > \(truth)")
    #expect(bracket.upper >= truth * (1 - rounding), "\(name): \(bracket.upper) < \(truth)")
    #expect(bracket.upper - bracket.lower <= width, "\(name): \(bracket)")
  }

  @Test("compositions of Gaussians hold the closed form", arguments: [1e-3, 1e-5, 1e-10, 1e-30])
  func gaussians(delta: Double) throws {
    for (noise, count) in [(1.0, 1), (10, 1), (10, 100), (0.5, 15), (50, 10_000), (300, 1_000_000)] {
      let truth = GaussianTradeOff.epsilon(mu: Double(count).squareRoot() / noise, delta: delta)
      let bracket = try LossComposition([.gaussian(noise: noise, count: count)]).epsilon(delta: delta)
      expectHolds(
        bracket, truth.upper, width: max(1e-3 * truth.upper, 1e-6), "sigma \(noise), \(count) times, \(delta)")
    }
  }

  @Test("unlike Gaussians add up as μ² does")
  func unlikeGaussians() throws {
    let noises = (0..<40).map { 5 + Double($0) }
    let mu = noises.reduce(0) { $0 + 1 / ($1 * $1) }.squareRoot()
    let bracket = try LossComposition(noises.map { .gaussian(noise: $0) }).epsilon(delta: 1e-6)
    let truth = GaussianTradeOff.epsilon(mu: mu, delta: 1e-6).upper
    expectHolds(bracket, truth, width: 1e-3 * truth, "unlike Gaussians")
  }

  @Test("one Laplace release", arguments: [0.5, 1, 3, 100])
  func laplace(scale: Double) throws {
    let composition = try LossComposition([.laplace(scale: scale)])
    for share in [0.01, 0.3, 0.9] {
      let epsilon = share / scale
      let truth = -expm1((epsilon - 1 / scale) / 2)
      expectHolds(try composition.delta(epsilon: epsilon), truth, width: 1e-3 * truth, "scale \(scale), \(epsilon)")
      let answer = try composition.epsilon(delta: truth)
      expectHolds(answer, epsilon, width: max(1e-3 * epsilon, 1e-6), "scale \(scale), delta \(truth)", rounding: 1e-9)
    }
    let pure = try composition.epsilon(delta: 0)
    expectHolds(pure, 1 / scale, width: 1e-12, "pure")
  }

  /// P(k of n reports tell the truth) under both, for binary randomised response with truth probability `keep`.
  private func binomialDelta(count: Int, keep: Double, epsilon: Double) -> Double {
    let loss = log(keep) - log1p(-keep)
    return (0...count).reduce(0) { sum, truths in
      let total = Double(2 * truths - count) * loss
      guard total > epsilon else { return sum }
      let ways = lgamma(Double(count + 1)) - lgamma(Double(truths + 1)) - lgamma(Double(count - truths + 1))
      let mass = exp(ways + Double(truths) * log(keep) + Double(count - truths) * log1p(-keep))
      return sum - mass * expm1(epsilon - total)
    }
  }

  @Test("randomised response is on the lattice: nothing is lost", arguments: [1, 2, 10, 100, 3000])
  func randomizedResponse(count: Int) throws {
    for keep in [0.51, 0.6, 0.75, 0.99] {
      let part = LossPart.discrete([(keep, 1 - keep), (1 - keep, keep)], count: count)
      let composition = try LossComposition([part])
      let largest = Double(count) * (log(keep) - log1p(-keep))
      for share in [0.02, 0.2, 0.7, 0.95] {
        let truth = binomialDelta(count: count, keep: keep, epsilon: share * largest)
        guard truth > 1e-200 else { continue }
        let name = "\(count) times \(keep), \(share)"
        let bracket = try composition.delta(epsilon: share * largest)
        expectHolds(bracket, truth, width: 1e-3 * truth, name, rounding: 1e-9)
      }
    }
  }

  @Test("three outcomes, two of a kind: sampled and unsampled, against enumeration")
  func enumeration() throws {
    let first: [(p: Double, q: Double)] = [(0.6, 0.2), (0.3, 0.3), (0.1, 0.5)]
    let second: [(p: Double, q: Double)] = [(0.5, 0.1), (0.2, 0.6), (0.3, 0.3)].map {
      ($0.1 + 0.1 * ($0.0 - $0.1), $0.1)
    }
    var outcomes: [(p: Double, q: Double)] = [(1, 1)]
    for table in [first, first, second, second, second] {
      outcomes = outcomes.flatMap { a in table.map { (a.p * $0.p, a.q * $0.q) } }
    }
    let sampled = LossPart.discrete([(0.5, 0.1), (0.2, 0.6), (0.3, 0.3)], count: 3).sampled(0.1)
    let composition = try LossComposition([.discrete(first, count: 2), sampled])
    let other = try LossComposition([LossPart.discrete(first, count: 2).reversed, sampled.reversed])
    for epsilon in [0, 0.3, 1, 2] {
      let truth = outcomes.reduce(0) { $0 + max(0, $1.p - exp(epsilon) * $1.q) }
      expectHolds(try composition.delta(epsilon: epsilon), truth, width: 1e-3 * truth, "at \(epsilon)")
      let mirrored = outcomes.reduce(0) { $0 + max(0, $1.q - exp(epsilon) * $1.p) }
      expectHolds(try other.delta(epsilon: epsilon), mirrored, width: 1e-3 * mirrored, "reversed, at \(epsilon)")
    }
  }

  @Test("outcomes that one dataset cannot have")
  func infiniteLoss() throws {
    let part = LossPart.discrete([(0.9, 1), (0.1, 0)], count: 5)
    let mass = 1 - pow(0.9, 5.0)
    let composition = try LossComposition([part])
    #expect(try composition.epsilon(delta: mass - 1e-6).lower == .infinity)
    #expect(try composition.epsilon(delta: mass + 1e-6).upper <= 1e-6)
    let sampled = try LossComposition([part.sampled(0.5)]).delta(epsilon: 3)
    expectHolds(sampled, 1 - pow(0.95, 5.0), width: 1e-9, "sampled")
  }

  @Test("golden: independent truth", arguments: try GoldenRow.rows("truth_delta"))
  func golden(row: GoldenRow) throws {
    let noise = try row.input("noise_multiplier")
    let mechanism = row.inputs["mechanism"] as? String ?? ""
    let count = row.inputs["steps"] == nil ? 1 : try row.count("steps")
    var removing: [LossPart]
    switch mechanism {
    case "Gaussian composition": removing = [.gaussian(noise: noise, count: count)]
    case "Laplace, single": removing = [.laplace(scale: noise)]
    case "Poisson-sampled Gaussian, single step", "Poisson-sampled Gaussian composed with one Gaussian":
      removing = [.poissonGaussian(probability: try row.input("sampling_probability"), noise: noise)]
      if let second = GoldenRow.number(row.inputs["second_gaussian_noise_multiplier"]) {
        removing.append(.gaussian(noise: second))
      }
    default: return #expect(Bool(false), "\(row.id): \(mechanism)")
    }
    let directions = [try LossComposition(removing), try LossComposition(removing.map(\.reversed))]
    if row.expected["epsilon"] != nil {
      let delta = try row.input("delta")
      let brackets = try directions.map { try $0.epsilon(delta: delta) }
      let bracket = (lower: brackets.map(\.lower).max() ?? 0, upper: brackets.map(\.upper).max() ?? 0)
      let truth = try row.expectedNumber("epsilon")
      expectHolds(bracket, truth, width: max(1e-3 * truth, 1e-6), row.id, rounding: 1e-9)
    } else if try row.expectedNumber("delta") > 1e-100 {
      let epsilon = try row.input("epsilon")
      let brackets = try directions.map { try $0.delta(epsilon: epsilon) }
      let bracket = (lower: brackets.map(\.lower).max() ?? 0, upper: brackets.map(\.upper).max() ?? 0)
      let truth = try row.expectedNumber("delta")
      expectHolds(bracket, truth, width: 1e-3 * truth, row.id, rounding: 1e-9)
    }
  }
}
