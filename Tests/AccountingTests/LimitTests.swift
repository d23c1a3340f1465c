import Accounting
import Testing

/// Hostile and extreme input: a typed error that names the field, or a number; never a trap, never NaN.
@Suite struct LimitTests {
  private func pointers(_ event: PrivacyEvent) -> [String] { event.invalidParameters().map(\.pointer) }

  @Test func everyBadFieldIsNamed() {
    let event = PrivacyEvent.composed([
      .gaussian(noiseMultiplier: -1),
      .selfComposed(
        event: .poissonSampled(samplingProbability: 1.5, event: .gaussian(noiseMultiplier: .nan)), count: -3),
      .laplace(noiseMultiplier: .infinity), .randomizedResponse(noiseParameter: -0.1, numBuckets: 0),
      .zeroConcentrated(rho: -1, xi: .nan), .epsilonDelta(epsilon: -1, delta: 2),
    ])
    #expect(
      pointers(event) == [
        "/events/0/noise_multiplier", "/events/1/count", "/events/1/event/sampling_probability",
        "/events/1/event/event/noise_multiplier", "/events/2/noise_multiplier", "/events/3/noise_parameter",
        "/events/3/num_buckets", "/events/4/rho", "/events/4/xi", "/events/5/epsilon", "/events/5/delta",
      ])
    #expect(throws: AccountingError.self) { try RenyiAccountant(event: event) }
  }

  /// −0 is 0, wherever a number may be 0: no noise is no privacy, and a cost of 0 is none.
  @Test func theSignOfZeroDoesNotMatter() throws {
    for relation in [NeighboringRelation.addOrRemoveOne, .replaceOne] {
      for event in [
        PrivacyEvent.laplace(noiseMultiplier: -0.0), .gaussian(noiseMultiplier: -0.0),
        .poissonSampled(samplingProbability: 0.5, event: .gaussian(noiseMultiplier: -0.0)),
      ] {
        let accountant = try RenyiAccountant(event: .selfComposed(event: event, count: 3), relation: relation)
        #expect(try accountant.epsilon(delta: 1e-5).epsilon == .infinity)
        #expect(try accountant.delta(epsilon: 1).delta == 1)
        #expect(try accountant.epsilon(delta: 1e-5, orders: [2, 8]).epsilon == .infinity)
      }
    }
    for event in [
      PrivacyEvent.epsilonDelta(epsilon: -0.0, delta: -0.0), .zeroConcentrated(rho: -0.0, xi: -0.0),
      .poissonSampled(samplingProbability: -0.0, event: .nonPrivate),
    ] {
      #expect(try RenyiAccountant(event: event).epsilon(delta: -0.0).epsilon == 0)
    }
    let response = PrivacyEvent.randomizedResponse(noiseParameter: -0.0, numBuckets: 2)
    #expect(try RenyiAccountant(event: response, relation: .replaceOne).epsilon(delta: 1e-5).epsilon == .infinity)
  }

  /// Asked at its own δ, a single black box has its own ε.
  @Test func aBlackBoxKeepsItsWord() throws {
    for (epsilon, delta) in [(0.0, 1e-5), (0.1, 1e-5), (2, 0.3)] {
      let box = try RenyiAccountant(event: .epsilonDelta(epsilon: epsilon, delta: delta))
      #expect(try box.epsilon(delta: delta).epsilon == epsilon)
      #expect(try box.epsilon(delta: delta.nextDown).epsilon == .infinity)
      #expect(try box.delta(epsilon: epsilon).delta == delta)
    }
  }

  @Test func sizeIsLimited() {
    var deep = PrivacyEvent.noOp
    for _ in 0..<PrivacyEvent.Limits.depth { deep = .selfComposed(event: deep, count: 1) }
    #expect(pointers(deep).count == 1)
    let wide = PrivacyEvent.composed(Array(repeating: .noOp, count: PrivacyEvent.Limits.events))
    #expect(pointers(wide) == [""])
    let product = PrivacyEvent.selfComposed(
      event: .selfComposed(event: .gaussian(noiseMultiplier: 1), count: .max), count: .max)
    #expect(pointers(product) == ["/count", "/event/count"])
  }

  @Test func unsoundCombinationsAreRefused() {
    let response = PrivacyEvent.randomizedResponse(noiseParameter: 0.5, numBuckets: 2)
    let laplaces = PrivacyEvent.poissonSampled(
      samplingProbability: 0.1, event: .selfComposed(event: .laplace(noiseMultiplier: 1), count: 2))
    for (event, pointer) in [
      (PrivacyEvent.composed([.noOp, response]), "/events/1"), (laplaces, "/event"),
      (.poissonSampled(samplingProbability: 0.1, event: .zeroConcentrated(rho: 1, xi: 0)), "/event"),
    ] {
      do {
        _ = try RenyiAccountant(event: event)
        Issue.record("\(event) was accepted")
      } catch {
        #expect(error.pointer == pointer)
        guard case .unsoundCombination = error else {
          Issue.record("\(error)")
          continue
        }
      }
    }
  }

  @Test func argumentsAreChecked() throws {
    let accountant = try RenyiAccountant(event: .gaussian(noiseMultiplier: 1))
    for delta in [-1e-9, 1.1, .nan, .infinity] {
      #expect(throws: AccountingError.self) { try accountant.epsilon(delta: delta) }
    }
    for epsilon in [-1, .nan, .infinity] {
      #expect(throws: AccountingError.self) { try accountant.delta(epsilon: epsilon) }
      #expect(throws: AccountingError.self) { try PrivacyTarget(epsilon: epsilon, delta: 1e-5) }
    }
    for orders in [[], [1], [2, .nan], [0.5], [.infinity], [2e6]] {
      #expect(throws: AccountingError.self) { try accountant.epsilon(delta: 1e-5, orders: orders) }
    }
    for length in [RunLength.epochs(0), .epochs(.nan), .epochs(1e13), .steps(-1), .steps(.max)] {
      #expect(throws: AccountingError.self) { try length.steps(samplingProbability: 0.5) }
    }
  }

  @Test func extremesGiveNumbers() throws {
    let scales = [
      Double.leastNonzeroMagnitude, 1e-300, 1e-160, 1e-9, 0.005, 0.019, 0.02, 0.05, 1, 30, 1e4, 1e9, 1e160, 1e300,
    ]
    let probabilities = [Double.leastNonzeroMagnitude, 1e-300, 1e-60, 1e-9, 0.5, 1 - 1e-16, 1]
    let orders = [1 + 1e-15, 1.0001, 1.5, 2, 64, 1e5, 1e6]
    for scale in scales {
      for probability in probabilities {
        let events: [PrivacyEvent] = [
          .dpsgd(samplingProbability: probability, noiseMultiplier: scale, steps: 1_000_000_000_000),
          .laplace(noiseMultiplier: scale), .epsilonDelta(epsilon: scale, delta: 0),
          .zeroConcentrated(rho: scale, xi: probability),
          .randomizedResponse(noiseParameter: probability, numBuckets: .max),
        ]
        for event in events {
          for relation in [NeighboringRelation.replaceSpecial, .replaceOne] {
            let accountant = try RenyiAccountant(event: event, relation: relation)
            let curve = try accountant.curve(orders: orders).divergences
            #expect(curve.allSatisfy { $0 >= 0 }, "\(event), \(relation): \(curve)")
            // A divergence that is too small for a number is rounded up to one, so nothing private looks free.
            let isFree = probability == 1 && event == .randomizedResponse(noiseParameter: 1, numBuckets: .max)
            #expect(isFree || curve.allSatisfy { $0 > 0 }, "\(event), \(relation): \(curve)")
            #expect(try accountant.epsilon(delta: 1e-6).epsilon >= 0)
            #expect(try accountant.delta(epsilon: 1).delta >= 0)
          }
        }
      }
    }
  }

  @Test func onlyTheUnboundedIsInfinite() throws {
    for scale in [0.05, 1, 1e4] {
      for probability in [1e-9, 0.5, 1] {
        let event = PrivacyEvent.dpsgd(samplingProbability: probability, noiseMultiplier: scale, steps: 1)
        let curve = try RenyiAccountant(event: event).curve(orders: [1.0001, 2, 100, 1e5]).divergences
        #expect(curve.allSatisfy { $0.isFinite })
      }
    }
    for event in [
      PrivacyEvent.nonPrivate, .gaussian(noiseMultiplier: 0), .laplace(noiseMultiplier: 0),
      .dpsgd(samplingProbability: 0.1, noiseMultiplier: 0, steps: 1), .composed([.noOp, .nonPrivate]),
    ] {
      let accountant = try RenyiAccountant(event: event)
      #expect(try accountant.epsilon(delta: 1e-5) == EpsilonBound(epsilon: .infinity, delta: 1e-5, order: nil))
      #expect(try accountant.delta(epsilon: 1).delta == 1)
    }
    for event in [
      PrivacyEvent.noOp, .composed([]), .selfComposed(event: .nonPrivate, count: 0),
      .dpsgd(samplingProbability: 0, noiseMultiplier: 1, steps: 5),
    ] {
      let accountant = try RenyiAccountant(event: event)
      #expect(try accountant.epsilon(delta: 0).epsilon == 0)
      #expect(try accountant.epsilon(delta: 0, orders: [2]).epsilon == 0)
      #expect(try accountant.delta(epsilon: 0).delta == 0)
    }
  }
}
