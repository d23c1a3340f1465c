extension Mechanism {
  /// The pairs that dominate one application; `nil` where none is known and only Rényi bounds serve.
  var pairs: MechanismPairs? {
    switch self {
    case .nonPrivate, .zeroConcentrated: nil
    case .gaussian(let noise):
      noise > 0 ? MechanismPairs(removing: Self.shift(by: 1 / noise), adding: Self.shift(by: 1 / noise)) : nil
    case .laplace(let noise):
      noise > 0 ? MechanismPairs(removing: .laplace(scale: noise), adding: .laplace(scale: noise)) : nil
    case .poissonGaussian(let probability, let noise, let replaceOne):
      Self.sampledGaussian(probability, noise, replaceOne: replaceOne)
    case .randomizedResponse, .pure: nil
    }
  }

  /// N(μ, 1) against N(0, 1), which is its own reverse by reflection.
  private static func shift(by mean: Double) -> LossPair {
    .gaussianMixtures(
      p: GaussianMixture(means: [mean], weights: [1]), q: GaussianMixture(means: [0], weights: [1]))
  }

  private static func sampledGaussian(_ probability: Double, _ noise: Double, replaceOne: Bool) -> MechanismPairs {
    let present = GaussianMixture(means: [0, 1 / noise], weights: [1 - probability, probability])
    if replaceOne {
      let replaced = GaussianMixture(means: [-1 / noise, 0], weights: [probability, 1 - probability])
      let pair = LossPair.gaussianMixtures(p: present, q: replaced)
      return MechanismPairs(removing: pair, adding: pair)
    }
    let pair = LossPair.gaussianMixtures(p: present, q: GaussianMixture(means: [0], weights: [1]))
    return MechanismPairs(removing: pair, adding: .reversed(pair))
  }
}
