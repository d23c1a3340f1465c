/// A pair that runs a number of times, in one direction: P on the dataset with the record, or on the one without.
package struct LossPart: Sendable {
  var pair: LossPair
  /// Between 0 and `PrivacyEvent.Limits.count`.
  var count: Int

  init(pair: LossPair, count: Int) { (self.pair, self.count) = (pair, count) }
}

extension LossPart {
  /// N(1/σ, 1) against N(0, 1).
  package static func gaussian(noise sigma: Double, count: Int = 1) -> LossPart {
    let present = GaussianMixture(means: [1 / sigma], weights: [1])
    return LossPart(pair: .gaussianMixtures(p: present, q: GaussianMixture(means: [0], weights: [1])), count: count)
  }

  /// (1 − q)N(0, 1) + qN(1/σ, 1) against N(0, 1).
  package static func poissonGaussian(probability q: Double, noise sigma: Double, count: Int = 1) -> LossPart {
    let present = GaussianMixture(means: [0, 1 / sigma], weights: [1 - q, q])
    return LossPart(pair: .gaussianMixtures(p: present, q: GaussianMixture(means: [0], weights: [1])), count: count)
  }

  /// Mixtures of N(m, 1), each given by its means, in increasing order, and weights.
  package static func mixtures(
    p: [(mean: Double, weight: Double)], q: [(mean: Double, weight: Double)], count: Int = 1
  ) -> LossPart {
    func mixture(_ components: [(mean: Double, weight: Double)]) -> GaussianMixture {
      GaussianMixture(means: components.map(\.mean), weights: components.map(\.weight))
    }
    return LossPart(pair: .gaussianMixtures(p: mixture(p), q: mixture(q)), count: count)
  }

  /// Lap(1/b, 1) against Lap(0, 1).
  package static func laplace(scale b: Double, count: Int = 1) -> LossPart {
    LossPart(pair: .laplace(scale: b), count: count)
  }

  /// Outcomes with their probabilities under P and under Q.
  package static func discrete(_ outcomes: [(p: Double, q: Double)], count: Int = 1) -> LossPart {
    LossPart(pair: .discrete(outcomes.map { LossAtom(p: $0.p, q: $0.q) }), count: count)
  }

  /// Poisson sampling of this part.
  package func sampled(_ probability: Double) -> LossPart {
    LossPart(pair: .sampled(pair, probability: probability), count: count)
  }

  /// The other direction.
  package var reversed: LossPart { LossPart(pair: .reversed(pair), count: count) }

  /// This part where the loss is above 0 and `other` where it is below.
  package func spliced(below other: LossPart) -> LossPart {
    LossPart(pair: .spliced(above: pair, below: other.pair), count: count)
  }
}
