/// A Gaussian release whose sum one record moves by a random amount, in units of the noise.
struct SensitivityMixture {
  var standardDeviation: Double
  var sensitivities: [Double]
  var probabilities: [Double]

  /// The mechanism with its parts sorted and merged; `nil` where nothing moves. Probabilities are taken relative to their sum,
  /// which the event's validation allows to differ from 1 by 1e-9.
  var mechanism: Mechanism? {
    let total = probabilities.sorted().reduce(0, +)
    var weights: [Double: Double] = [:]
    for (sensitivity, probability) in zip(sensitivities, probabilities).sorted(by: { $0 < $1 }) where probability > 0 {
      // The sum of |s|/σ is rounded up: a larger sensitivity costs more (arXiv:2401.10294).
      let mean = sensitivity == 0 ? 0 : (sensitivity.magnitude / standardDeviation).nextUp
      weights[mean, default: 0] += probability / total
    }
    let parts = weights.sorted { $0.key < $1.key }
    guard let largest = parts.last?.key, largest > 0 else { return nil }
    guard largest < .infinity else { return .nonPrivate }
    if parts.count == 1 { return .gaussian(noiseMultiplier: (1 / largest).nextDown) }
    if parts.count == 2, parts[0].key == 0 {
      return .poissonGaussian(
        samplingProbability: parts[1].value.nextUp, noiseMultiplier: (1 / largest).nextDown, replaceOne: false)
    }
    return .gaussianMixture(GaussianMixture(means: parts.map(\.key), weights: parts.map(\.value)))
  }
}
