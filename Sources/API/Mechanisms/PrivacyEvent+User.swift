import Accounting

extension PrivacyEvent {
  /// The same releases, seen as those of one user with at most `examples` ≥ 1 examples, who is added or removed whole.
  ///
  /// A sum of clipped examples moves by as much as the user's share of it. In a Poisson sample that share is a binomial number of
  /// examples, so the release is a mixture of Gaussians (arXiv:2401.10294); rounding only ever makes larger shares more likely.
  /// nil where no such event is known; then group privacy is what remains.
  func ofUser(examples: Int) -> PrivacyEvent? {
    guard examples > 1 else { return self }
    switch self {
    case .noOp, .nonPrivate: return self
    case .gaussian(let noise): return .gaussian(noiseMultiplier: noise / Double(examples))
    case .laplace(let noise): return .laplace(noiseMultiplier: noise / Double(examples))
    case .selfComposed(let event, let count):
      return event.ofUser(examples: examples).map { .selfComposed(event: $0, count: count) }
    case .composed(let events):
      let ofUser = events.compactMap { $0.ofUser(examples: examples) }
      return ofUser.count == events.count ? .composed(ofUser) : nil
    case .poissonSampled(let probability, .gaussian(let noise)) where noise > 0 && probability < 1:
      return Self.mixture(samplingProbability: probability, noiseMultiplier: noise, examples: examples)
    case .poissonSampled(1, let event): return event.ofUser(examples: examples)
    default: return nil
    }
  }

  private static func mixture(
    samplingProbability q: Double, noiseMultiplier: Double, examples k: Int
  ) -> PrivacyEvent? {
    guard k < Limits.mixtureParts, q > 0 else { return nil }
    // P(i) = P(i − 1)·(k − i + 1)/i·q/(1 − q), each a little more than it is; what is left is for a share of 0.
    var probabilities = [1.0]
    for _ in 0..<k { probabilities[0] *= 1 - q }
    guard probabilities[0] > 1e-200 else { return nil }
    for i in 1...k {
      let ratio = Double(k - i + 1) / Double(i) * (q / (1 - q))
      probabilities.append(max(probabilities[i - 1] * ratio * (1 + 0x1p-48), .leastNormalMagnitude))
    }
    let positive = probabilities.dropFirst().reduce(0, +)
    guard positive < 1 else { return nil }
    probabilities[0] = 1 - positive
    return .mixtureOfGaussians(
      standardDeviation: noiseMultiplier, sensitivities: (0...k).map(Double.init),
      samplingProbabilities: probabilities)
  }
}
