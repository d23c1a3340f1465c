extension Mechanism {
  /// A total order on mechanisms: their kind, then their parameters, as a sequence to be compared number by number.
  var sortKey: [Double] {
    switch self {
    case .nonPrivate: [0]
    case .gaussian(let noise): [1, noise]
    case .laplace(let noise): [2, noise]
    case .randomizedResponse(let p, let buckets, let replaceOne): [3, p, Double(buckets), replaceOne ? 1 : 0]
    case .zeroConcentrated(let rho, let xi): [4, rho, xi]
    case .pure(let epsilon): [5, epsilon]
    case .poissonGaussian(let q, let noise, let replaceOne): [6, q, noise, replaceOne ? 1 : 0]
    case .gaussianWithin(let noise, let reached): [7, noise, reached]
    case .discreteGaussian(let scale, let sensitivity): [8, scale, sensitivity]
    case .discreteLaplace(let scale, let sensitivity): [9, scale, sensitivity]
    case .boundedRange(let epsilon): [10, epsilon]
    case .sampled(let base, let probability): [11, probability] + base.sortKey
    case .gaussianMixture(let mixture): [12, Double(mixture.means.count)] + mixture.means + mixture.weights
    case .fixedSizeGaussian(let sample):
      [13, sample.samplingProbability, sample.noiseMultiplier, sample.zeroOut ? 1 : 0]
    case .truncatedPoissonGaussian(let sample):
      [
        14, sample.samplingProbability, sample.roomProbability, sample.fullProbability, sample.placeProbability,
        sample.noiseMultiplier,
        sample.relation == .addOrRemoveOne ? 0 : sample.relation == .replaceOne ? 1 : 2,
      ]
    case .allocatedGaussian(let release):
      [
        15, release.noiseMultiplier, Double(release.bins), release.replaceOne ? 1 : 0, release.sumNoiseMultiplier,
        release.isWhole ? 1 : 0,
      ]
    case .selection(let selection):
      [16, selection.meanRepetitions, selection.shape ?? -1, selection.base.additiveDelta]
        + selection.base.groups.flatMap { [Double($0.count)] + $0.mechanism.sortKey + [.infinity] }
    }
  }
}
