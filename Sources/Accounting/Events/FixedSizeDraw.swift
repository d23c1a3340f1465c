/// A uniform sample of m of n records, of which a Gaussian release is made.
///
/// Let y be the contribution that takes the record's place in a sample without it, x the record's own and x' that of the record
/// that replaces it; all have norm at most 1. A uniform m-subset of the other records is a uniform (m − 1)-subset and one more,
/// so by joint convexity the releases are at most as far apart as (1 − q)N(y) + qN(x) and (1 − q)N(y) + qN(x'), q = m/n, for the
/// worst y (arXiv:2405.20769 has examples that reach it).
struct FixedSizeDraw {
  var datasetSize: Int
  var sampleSize: Int
  var relation: NeighboringRelation

  /// `nil` where nothing is released.
  func mechanism(of event: PrivacyEvent, path: [PathComponent]) throws(AccountingError) -> Mechanism? {
    guard sampleSize > 0 else { return nil }
    guard let release = GaussianRelease(of: event) else { throw Refusal.sampled(path) }
    return switch release {
    case .nothing: nil
    case .everything: .nonPrivate
    case .noise(let multiplier): mechanism(noiseMultiplier: multiplier)
    }
  }

  /// - Parameter noise: σ > 0 over the clipping norm.
  func mechanism(noiseMultiplier noise: Double) -> Mechanism {
    guard noise / 2 > 0 else { return .nonPrivate }
    let quotient = Double(sampleSize) / Double(datasetSize)
    let probability = sampleSize == datasetSize ? 1 : min(quotient.nextUp, 1.0.nextDown)
    switch relation {
    case .replaceOne where probability == 1: return .gaussian(noiseMultiplier: noise / 2)
    case .replaceSpecial where probability == 1: return .gaussian(noiseMultiplier: noise)
    case .replaceOne, .replaceSpecial:
      return .fixedSizeGaussian(
        FixedSizeGaussian(
          samplingProbability: probability, noiseMultiplier: noise, zeroOut: relation == .replaceSpecial))
    case .addOrRemoveOne where probability == 1:
      // One more record, and a record of the sample makes way for it: two clipping norms. One less moves the sum by one.
      return .gaussianWithin(noiseMultiplier: noise / 2, reachedNoiseMultiplier: noise)
    case .addOrRemoveOne:
      // x' = y: the smaller dataset's sample always holds y where the larger one's may hold x. At distance 2 from each other
      // this is the Poisson-sampled pair with half of the noise, reached where all other records are opposite to x.
      return .poissonGaussian(samplingProbability: probability, noiseMultiplier: noise / 2, replaceOne: false)
    }
  }
}
