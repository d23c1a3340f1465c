import Accounting
import TestSupport
import Testing

/// ε(δ(ε)) ≤ ε, whatever kind of mechanism it is and whoever gives the upper bound.
@Suite struct InverseLawTests {
  @Test(arguments: 0..<17) func aDeltaGivesItsEpsilonBack(kind: Int) throws {
    var random = MechanismGenerator(seed: 70 + UInt64(kind))
    for _ in 0..<8 {
      let event = PrivacyEvent.selfComposed(
        event: Self.event(kind, &random), count: [1, random.pick(2...4), random.pick(5...60)][random.pick(0...2)])
      let relations: [NeighboringRelation] = [.addOrRemoveOne, .replaceOne, .replaceSpecial]
      try expectLaw(event, relations[random.pick(0...2)], delta: random.logarithmic(1e-10, 1e-2))
    }
  }

  /// Where δ is a Rényi bound and ε is not.
  @Test func itHoldsAcrossMethods() throws {
    let event = PrivacyEvent.selfComposed(event: .laplace(noiseMultiplier: 3.3773812774373613), count: 3)
    try expectLaw(event, .addOrRemoveOne, delta: 3.994987993390193e-06)
  }

  /// Where there is a tight δ, and a tight ε of that δ is too much work: `auto` answers by Rényi divergence then.
  @Test func itHoldsWhereOneWayIsNotCertified() throws {
    let event = PrivacyEvent.selfComposed(
      event: .poissonSampled(
        samplingProbability: 0.006332328768596337, event: .discreteGaussian(scale: 3.365666163863658, sensitivity: 1)),
      count: 144)
    let delta = 0.009369634231034825
    let renyi = try RenyiAccountant(event: event, relation: .replaceSpecial)
    let tight = try TightAccountant(event: event, relation: .replaceSpecial)
    func epsilon(_ delta: Double) throws -> Double {
      try Self.certain { try tight.epsilon(delta: delta).upper } ?? renyi.epsilon(delta: delta).epsilon
    }
    let first = try epsilon(delta)
    let least = try Self.certain { try tight.delta(epsilon: first).upper } ?? renyi.delta(epsilon: first).delta
    #expect(try epsilon(least) <= first * (1 + 1e-9))
  }

  private func expectLaw(_ event: PrivacyEvent, _ relation: NeighboringRelation, delta: Double) throws {
    guard let accountant = try Self.certain({ try TightAccountant(event: event, relation: relation) }),
      let epsilon = try Self.certain({ try accountant.epsilon(delta: delta) })
    else { return }
    #expect((epsilon.lower ?? 0) <= epsilon.upper, "\(event) \(relation) \(delta)")
    guard epsilon.upper > 0, epsilon.upper < .infinity,
      let least = try Self.certain({ try accountant.delta(epsilon: epsilon.upper) })
    else { return }
    #expect((least.lower ?? 0) <= least.upper, "\(event) \(relation) \(epsilon)")
    guard least.upper > 0, least.upper < 1 else { return }
    let back = try accountant.epsilon(delta: least.upper).upper
    #expect(back <= epsilon.upper * (1 + 1e-9), "\(event) \(relation) \(delta): \(epsilon), \(least), \(back)")
  }

  /// nil where there is no answer, which is no wrong one: for a relation without a bound, or an interval too wide.
  private static func certain<Value>(_ answer: () throws -> Value) throws -> Value? {
    do {
      return try answer()
    } catch let error as AccountingError {
      switch error {
      case .unsoundCombination, .notCertified: return nil
      default: throw error
      }
    }
  }

  private static func event(_ kind: Int, _ random: inout MechanismGenerator) -> PrivacyEvent {
    let gaussian = PrivacyEvent.gaussian(noiseMultiplier: random.logarithmic(0.5, 8))
    let rate = random.logarithmic(1e-3, 0.5)
    let scale = random.logarithmic(1, 20)
    switch kind {
    case 0: return gaussian
    case 1: return .poissonSampled(samplingProbability: rate, event: gaussian)
    case 2: return .laplace(noiseMultiplier: scale)
    case 3: return .discreteGaussian(scale: scale, sensitivity: random.pick(1...3))
    case 4: return .discreteLaplace(scale: scale, sensitivity: 1)
    case 5: return .epsilonDelta(epsilon: rate, delta: 1e-11)
    case 6: return .exponentialMechanism(epsilon: rate)
    case 7: return .sampledWithoutReplacement(datasetSize: 1_000, sampleSize: random.pick(1...300), event: gaussian)
    case 8: return .zeroConcentrated(rho: random.logarithmic(1e-5, 0.1), xi: rate / 10)
    case 9:
      return .randomAllocation(
        noiseMultiplier: random.logarithmic(0.5, 5), bins: random.pick(2...100), selected: random.pick(1...2))
    case 10:
      return .repeatAndSelect(
        event: gaussian, meanRepetitions: random.logarithmic(1.2, 50), shape: [nil, 0, 1, 0.5][random.pick(0...3)])
    case 11: return .poissonSampled(samplingProbability: rate, event: .laplace(noiseMultiplier: scale))
    case 12: return .poissonSampled(samplingProbability: rate, event: .discreteGaussian(scale: scale, sensitivity: 1))
    case 13:
      return .mixtureOfGaussians(
        standardDeviation: scale, sensitivities: [0, 1, 2], samplingProbabilities: [0.5, 0.25, 0.25])
    case 14:
      return .truncatedPoissonSampledGaussian(
        datasetSize: 1_000, samplingProbability: rate / 10, truncatedBatchSize: random.pick(5...150),
        noiseMultiplier: scale)
    case 15: return .randomizedResponse(noiseParameter: min(1, 2 * rate), numBuckets: random.pick(2...9))
    default: return .composed([.exponentialMechanism(epsilon: rate), .laplace(noiseMultiplier: scale), gaussian])
    }
  }
}
