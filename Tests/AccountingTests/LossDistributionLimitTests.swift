import Accounting
import Testing

/// Questions at the ends of what numbers can hold: right answers or refusals, and soon.
struct LossDistributionLimitTests {
  private func ask(_ parts: [LossPart], _ delta: Double) throws -> (lower: Double, upper: Double)? {
    do {
      return try LossComposition(parts).epsilon(delta: delta)
    } catch AccountingError.notCertified {
      return nil
    }
  }

  @Test("tiny δ", arguments: [1e-12, 1e-20, 1e-30])
  func tinyDelta(delta: Double) throws {
    let part = LossPart.poissonGaussian(probability: 256.0 / 60000, noise: 1.1, count: 14063)
    for direction in [part, part.reversed] {
      let bracket = try LossComposition([direction]).epsilon(delta: delta)
      #expect(bracket.lower > 2.38 && bracket.upper < 8.5)
      #expect(bracket.upper - bracket.lower <= 1e-3 * bracket.upper, "\(bracket)")
    }
  }

  @Test("ten million steps")
  func manySteps() throws {
    let part = LossPart.poissonGaussian(probability: 1e-4, noise: 1, count: 10_000_000)
    let bracket = try LossComposition([part]).epsilon(delta: 1e-5)
    #expect(bracket.upper - bracket.lower <= 1e-3 * bracket.upper, "\(bracket)")
    #expect(bracket.lower < 1.6198 && bracket.upper > 1.6195, "\(bracket)")
  }

  @Test("small ε: the mesh follows the answer", arguments: [1e-4, 1e-5, 1e-6])
  func smallEpsilon(probability: Double) throws {
    let part = LossPart.poissonGaussian(probability: probability, noise: 20, count: 100)
    let bracket = try LossComposition([part]).epsilon(delta: 1e-3 * probability)
    #expect(bracket.upper < 10 * probability && bracket.lower > 0.1 * probability)
    #expect(bracket.upper - bracket.lower <= 1e-3 * bracket.upper, "\(bracket)")
  }

  @Test("great ε, little noise")
  func greatEpsilon() throws {
    let parts: [LossPart] = [
      .gaussian(noise: 0.05, count: 20), .poissonGaussian(probability: 0.5, noise: 0.05, count: 10),
    ]
    for part in parts {
      let bracket = try LossComposition([part]).epsilon(delta: 1e-6)
      #expect(bracket.lower > 500 && bracket.upper - bracket.lower <= 1e-3 * bracket.upper, "\(bracket)")
    }
  }

  @Test("extreme parameters are answered or refused")
  func extremes() throws {
    let values = [1e-300, 1e-30, 1e-5, 0.5, 1 - 1e-16, 1, 1e5, 1e30, 1e300]
    for first in values {
      for delta in [1e-300, 1e-9, 0.5, 1] {
        for count in [1, 1_000_000, 1_000_000_000_000] {
          var parts: [LossPart] = [.gaussian(noise: first, count: count), .laplace(scale: first, count: count)]
          if first < 1 {
            parts += [0.1, 1e3].flatMap { noise in
              let part = LossPart.poissonGaussian(probability: first, noise: noise, count: count)
              return [part, part.reversed]
            }
            parts.append(LossPart.laplace(scale: 1, count: count).sampled(first))
            parts.append(.discrete([(first, 1 - first), (1 - first, first)], count: count))
          }
          for part in parts {
            guard let bracket = try ask([part], delta) else { continue }
            #expect(bracket.lower >= 0 && bracket.lower <= bracket.upper, "\(part) \(delta): \(bracket)")
          }
        }
      }
    }
  }

  @Test("ends of δ, nothing at all, and what is unbounded")
  func ends() throws {
    let part = LossPart.poissonGaussian(probability: 0.01, noise: 1, count: 10)
    #expect(try LossComposition([part]).epsilon(delta: 1).upper == 0)
    #expect(try LossComposition([part]).epsilon(delta: 0).lower == .infinity)
    #expect(try LossComposition([]).epsilon(delta: 0).upper == 0)
    #expect(try LossComposition([]).delta(epsilon: 0).upper == 0)
    #expect(try LossComposition([part], unboundedMass: 1e-4).epsilon(delta: 1e-5).upper == .infinity)
    #expect(try LossComposition([part], unboundedMass: 1e-4).epsilon(delta: 1e-5).lower > 0)
    let same = LossPart.mixtures(p: [(0, 1)], q: [(0, 1)], count: 100)
    #expect(try LossComposition([same]).epsilon(delta: 1e-9).upper == 0)
  }

  @Test("too many different parts are refused before any work")
  func tooMany() throws {
    let parts = (0..<5000).map { LossPart.gaussian(noise: 100 + Double($0)) }
    #expect(throws: AccountingError.self) { try LossComposition(parts) }
  }
}
