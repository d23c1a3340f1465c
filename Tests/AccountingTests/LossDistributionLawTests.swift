import Accounting
import Testing

/// Laws of loss distributions, over random mechanisms.
struct LossDistributionLawTests {
  private func part(_ random: inout Reproducible) -> LossPart {
    let noise = random.logUniform(0.4...30)
    let probability = random.logUniform(1e-4...0.5)
    let count = Int(random.logUniform(1...3000))
    switch Int.random(in: 0..<8, using: &random) {
    case 0: return .gaussian(noise: 4 * noise, count: count)
    case 1: return .poissonGaussian(probability: probability, noise: noise, count: count)
    case 2: return LossPart.poissonGaussian(probability: probability, noise: noise, count: count).reversed
    case 3: return .laplace(scale: 3 * noise, count: count)
    case 4: return LossPart.laplace(scale: noise, count: count).sampled(probability)
    case 5:
      let keep = 0.5 + 0.2 / noise.squareRoot()
      return .discrete([(keep, 1 - keep), (1 - keep, keep)], count: count)
    case 6:
      return .mixtures(
        p: [(0, 1 - probability), (1 / noise, probability)],
        q: [(-1 / noise, probability), (0, 1 - probability)], count: count)
    default:
      let above = LossPart.poissonGaussian(probability: probability, noise: noise, count: count)
      return above.spliced(below: above.reversed)
    }
  }

  /// `nil` where the interval could not be certified, which is allowed, but not often.
  private func epsilon(_ parts: [LossPart], _ delta: Double) throws -> (lower: Double, upper: Double)? {
    do {
      return try LossComposition(parts).epsilon(delta: delta)
    } catch AccountingError.notCertified {
      return nil
    }
  }

  @Test("intervals are intervals, mostly narrow, and the same for every order of the parts", arguments: 0..<8)
  func intervals(seed: UInt64) throws {
    var random = Reproducible(seed: seed)
    var refused = 0
    for trial in 0..<30 {
      let parts = (0..<Int.random(in: 1...3, using: &random)).map { _ in part(&random) }
      let delta = random.logUniform(1e-12...1e-2)
      guard let bracket = try epsilon(parts, delta) else {
        refused += 1
        continue
      }
      let name = "seed \(seed), trial \(trial): \(bracket)"
      #expect(0 <= bracket.lower && bracket.lower <= bracket.upper && bracket.upper < .infinity, "\(name)")
      // A wide interval is better than none, but no rule.
      if bracket.upper - bracket.lower > max(1e-3 * bracket.upper, 1e-6) { refused += 1 }
      let permuted = try #require(try epsilon(parts.reversed(), delta))
      #expect(permuted == bracket, "\(name), other order \(permuted)")
    }
    #expect(refused <= 3, "seed \(seed): \(refused) of 30 refused or wide")
  }

  @Test("ε(δ) and δ(ε) are inverse to each other", arguments: 0..<4)
  func inverse(seed: UInt64) throws {
    var random = Reproducible(seed: 100 + seed)
    var refused = 0
    for trial in 0..<15 {
      let parts = [part(&random), part(&random)]
      let delta = random.logUniform(1e-10...1e-3)
      guard let epsilon = try epsilon(parts, delta), epsilon.upper > 1e-3 else { continue }
      let composition = try LossComposition(parts)
      do {
        #expect(try composition.delta(epsilon: epsilon.upper, tolerance: 0.1).lower <= delta, "\(seed), \(trial)")
        #expect(try composition.delta(epsilon: epsilon.lower, tolerance: 0.1).upper >= delta, "\(seed), \(trial)")
      } catch AccountingError.notCertified {
        refused += 1
      }
    }
    #expect(refused <= 2, "seed \(seed): \(refused) of 15 refused")
  }

  @Test("monotone in δ, in the count and in the noise")
  func monotone() throws {
    func upper(_ delta: Double, _ count: Int, _ noise: Double) throws -> (lower: Double, upper: Double) {
      try LossComposition([.poissonGaussian(probability: 0.01, noise: noise, count: count)]).epsilon(delta: delta)
    }
    let middle = try upper(1e-5, 1000, 1)
    #expect(try upper(1e-6, 1000, 1).lower > middle.upper)
    #expect(try upper(1e-5, 1010, 1).lower > middle.upper)
    #expect(try upper(1e-5, 1000, 0.99).lower > middle.upper)
  }

  @Test("blocks on a coarser grid hold what a finer interval says")
  func blocks() throws {
    let part = LossPart.poissonGaussian(probability: 256.0 / 60000, noise: 1.1, count: 14063)
    let composition = try LossComposition([part])
    let wide = try composition.epsilon(delta: 1e-5, tolerance: 1e-2)
    let narrow = try composition.epsilon(delta: 1e-5, tolerance: 1e-4)
    #expect(wide.lower <= narrow.lower && narrow.upper <= wide.upper)
    #expect(narrow.upper - narrow.lower < 1e-4 * narrow.upper)
    #expect(abs(narrow.upper - 2.38174) < 3e-4, "\(narrow)")
  }

  @Test("a splice of a pair with itself is that pair")
  func splice() throws {
    let part = LossPart.poissonGaussian(probability: 0.02, noise: 0.9, count: 200)
    let whole = try LossComposition([part]).epsilon(delta: 1e-6)
    let spliced = try LossComposition([part.spliced(below: part)]).epsilon(delta: 1e-6)
    #expect(spliced.lower <= whole.upper && whole.lower <= spliced.upper, "\(whole) \(spliced)")
  }
}
