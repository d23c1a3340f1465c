import Accounting
import Foundation
import TestSupport
import Testing

/// What must hold for every mechanism, at more than 20,000 reproducible random ones.
@Suite struct TightLawTests {
  /// A mechanism, a relation and a δ.
  struct Case {
    var event: PrivacyEvent
    var relation: NeighboringRelation
    var delta: Double

    func bracket() throws -> EpsilonBracket {
      try TightAccountant(event: event, relation: relation).epsilon(delta: delta)
    }
  }

  @Test func bracketsAreOrderedAndBelowRenyi() throws {
    var random = MechanismGenerator(seed: 11)
    for _ in 0..<8_000 {
      let run = random.next()
      let bracket = try run.bracket()
      let renyi = try RenyiAccountant(event: run.event, relation: run.relation).epsilon(delta: run.delta).epsilon
      let lower = try #require(bracket.lower)
      #expect(lower >= 0 && lower <= bracket.upper && lower <= renyi, "\(run)")
      #expect(bracket.upper - lower <= max(1e-3 * bracket.upper, 1e-6), "\(run): \(bracket)")
    }
  }

  /// More noise, rarer sampling, fewer steps and a larger δ cost no more.
  @Test func epsilonIsMonotone() throws {
    var random = MechanismGenerator(seed: 12)
    for _ in 0..<1_500 {
      let (q, noise, steps, delta) = random.run()
      func epsilon(_ q: Double, _ noise: Double, _ steps: Int, _ delta: Double) throws -> EpsilonBracket {
        try Case(
          event: .dpsgd(samplingProbability: q, noiseMultiplier: noise, steps: steps), relation: .addOrRemoveOne,
          delta: delta
        ).bracket()
      }
      let base = try epsilon(q, noise, steps, delta)
      for (what, more) in [
        ("noise", try epsilon(q, noise / 1.05, steps, delta)),
        ("rate", try epsilon(min(1, q * 1.05), noise, steps, delta)),
        ("steps", try epsilon(q, noise, steps + steps / 16 + 1, delta)),
        ("delta", try epsilon(q, noise, steps, delta / 1.5)),
      ] {
        #expect(try #require(base.lower) <= more.upper, "\(what): \((q, noise, steps, delta))")
        #expect(base.upper <= more.upper * (1 + 1e-3) + 1e-6, "\(what): \((q, noise, steps, delta))")
      }
    }
  }

  @Test func anEpsilonOfItsDeltaIsNoLarger() throws {
    var random = MechanismGenerator(seed: 13)
    for _ in 0..<2_500 {
      let run = random.next()
      let accountant = try TightAccountant(event: run.event, relation: run.relation)
      let epsilon = try accountant.epsilon(delta: run.delta).upper
      let delta = try accountant.delta(epsilon: epsilon)
      // (ε, δ) holds, so no lower bound of δ(ε) exceeds δ; the upper one may by the width of an interval on a mesh.
      #expect(try #require(delta.lower) <= run.delta, "\(run)")
      #expect(delta.upper <= run.delta * 1.1, "\(run)")
      if delta.upper > 0, delta.upper < 1, epsilon > 0 {
        let back = try accountant.epsilon(delta: delta.upper)
        #expect(back.upper <= epsilon * (1 + 1e-9) + 1e-12, "\(run): \(epsilon), \(delta), \(back)")
      }
    }
  }

  /// Composing is repeating, and order does not matter.
  @Test func spellingsOfOneCompositionAgree() throws {
    var random = MechanismGenerator(seed: 14)
    for _ in 0..<1_500 {
      let (first, second) = (random.next(), random.next())
      let relation = first.relation
      let count = random.pick(2...5)
      let spellings: [PrivacyEvent] = [
        .composed([.selfComposed(event: first.event, count: count), second.event]),
        .composed([second.event] + Array(repeating: first.event, count: count)),
        .composed([first.event, .composed([second.event, .selfComposed(event: first.event, count: count - 1)]), .noOp]),
      ]
      let answers = try spellings.map { try Case(event: $0, relation: relation, delta: first.delta).bracket() }
      #expect(answers[0] == answers[1] && answers[0] == answers[2], "\(first) \(second)")
    }
  }

  /// Where there is a closed form the contour integral agrees with it.
  @Test func closedFormsLieInTheBracket() throws {
    var random = MechanismGenerator(seed: 15)
    for _ in 0..<2_500 {
      let noise = random.logarithmic(0.05, 1e3)
      let count = Int(random.logarithmic(1, 1e6))
      let accountant = try TightAccountant(
        event: .selfComposed(event: .gaussian(noiseMultiplier: noise), count: count))
      let closed = try accountant.epsilon(delta: random.logarithmic(1e-30, 0.5))
      let second = try accountant.verify(closed)
      #expect(closed.method == .closedForm)
      #expect(try #require(second.lower) <= closed.upper && closed.upper <= second.upper * (1 + 1e-9) + 1e-15)
    }
  }
}

/// Draws mechanisms from the range in which models are trained, and well beyond it.
struct MechanismGenerator {
  private var numbers: Numbers

  init(seed: UInt64) { numbers = Numbers(seed: seed) }

  mutating func pick(_ range: ClosedRange<Int>) -> Int { numbers.pick(range) }

  mutating func logarithmic(_ low: Double, _ high: Double) -> Double {
    low * pow(high / low, (numbers.uniform() + 1) / 2)
  }

  /// A sampled run: rate, noise multiplier, steps, δ.
  mutating func run() -> (Double, Double, Int, Double) {
    (logarithmic(1e-3, 0.9), logarithmic(0.5, 20), Int(logarithmic(20, 1e5)), logarithmic(1e-12, 1e-3))
  }

  mutating func next() -> TightLawTests.Case {
    let (q, noise, steps, delta) = run()
    let sampled = PrivacyEvent.dpsgd(samplingProbability: q, noiseMultiplier: noise, steps: steps)
    let relation: NeighboringRelation = pick(0...3) == 0 ? .replaceOne : .addOrRemoveOne
    let event: PrivacyEvent
    switch pick(0...5) {
    case 0: event = .selfComposed(event: .gaussian(noiseMultiplier: noise), count: steps % 100 + 1)
    case 1: event = .composed([sampled, .gaussian(noiseMultiplier: noise * 3)])
    case 2:
      event = .composed([
        .selfComposed(event: .laplace(noiseMultiplier: noise * 4), count: pick(1...5)),
        .gaussian(noiseMultiplier: noise),
      ])
    case 3: event = .dpsgd(samplingProbability: q, noiseMultiplier: noise, steps: 1)
    default: event = sampled
    }
    return TightLawTests.Case(event: event, relation: relation, delta: delta)
  }
}
