import Accounting
import Testing

/// Trajectories and grids by the tight accountant against its single answers.
@Suite struct TightGridTests {
  private static let step = PrivacyEvent.poissonSampled(
    samplingProbability: 0.01, event: .gaussian(noiseMultiplier: 1.2))

  @Test func trajectoryPointsAreTheSingleAnswers() throws {
    let accountant = try TightAccountant(event: Self.step)
    let points = try accountant.trajectory(repetitions: 2000, points: 8, delta: 1e-6)
    #expect(points.map(\.steps) == [250, 500, 750, 1000, 1250, 1500, 1750, 2000])
    for point in points {
      let alone = try TightAccountant(event: .selfComposed(event: Self.step, count: point.steps)).epsilon(delta: 1e-6)
      #expect(alone == point.bracket)
      #expect(try #require(point.bracket.lower) <= point.bracket.upper)
    }
    for (earlier, later) in zip(points, points.dropFirst()) {
      #expect(earlier.bracket.upper < (try #require(later.bracket.lower)))
    }
    #expect(throws: AccountingError.self) { try accountant.trajectory(repetitions: 3, points: 0, delta: 1e-5) }
  }

  @Test func gridLiesBelowRenyis() throws {
    let axes = Frontier.Axes(
      noiseMultipliers: [1, 1.5], lengths: [.epochs(5), .steps(300)], sampleRates: [0.01, 0.02], deltas: [1e-5, 1e-7])
    let tight = try Frontier(axes: axes, accountant: .tight)
    let renyi = try Frontier(axes: axes)
    let brackets = try #require(tight.brackets)
    #expect(brackets.count == 16 && renyi.brackets == nil)
    for ((bracket, upper), bound) in zip(zip(brackets, tight.bounds), renyi.bounds) {
      #expect(bracket.upper == upper.epsilon && bracket.delta == bound.delta)
      #expect(bracket.upper < bound.epsilon && bracket.upper > 0.5 * bound.epsilon)
    }
  }
}
