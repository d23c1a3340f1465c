import Accounting

/// What a run releases. A run is a number of equal units: noisy updates, or, where an example's steps within an epoch are not
/// independent of each other, whole epochs.
extension Hyperparameters {
  /// The event of one unit.
  /// - Precondition: nothing is left to solve for.
  var unitEvent: PrivacyEvent {
    guard let noiseMultiplier, let sampleRate else { preconditionFailure("a complete mechanism has noise and a rate") }
    let sum = PrivacyEvent.gaussian(noiseMultiplier: noiseMultiplier)
    // Counts are taken as ±1/2 an example, so that one example moves them by 1/2.
    let gaussian = clippedCountDeviation.map { .composed([sum, .gaussian(noiseMultiplier: 2 * $0)]) } ?? sum
    switch (sampling, sampleRate) {
    case (.poisson, _): return .poissonSampled(samplingProbability: sampleRate.probability, event: gaussian)
    case (.fullBatch, _): return gaussian
    case (.withoutReplacement, .batch(let size, let datasetSize)):
      return .sampledWithoutReplacement(datasetSize: datasetSize, sampleSize: size, event: gaussian)
    case (.withoutReplacement, .rate): preconditionFailure("sampling without replacement is read with both sizes")
    // In an epoch each example meets the noise once, in some step; the other steps hold other examples, and are one release
    // together with it (parallel composition).
    case (.shuffle, _): return gaussian
    case (.ballsInBins, _):
      return .randomAllocation(noiseMultiplier: noiseMultiplier, bins: sampleRate.stepsPerEpoch, selected: 1)
    }
  }

  /// How many units the run has; nil where its length is not known.
  var unitCount: Int? {
    guard sampling.unitIsEpoch else { return steps }
    if case .epochs(let epochs) = length {
      return epochs <= Double(Self.stepLimit) ? max(Int(epochs.rounded(.up)), 1) : nil
    }
    guard let steps, let sampleRate else { return nil }
    return (steps - 1) / sampleRate.stepsPerEpoch + 1
  }

  /// All that the run releases; nil where its length is not known or too great.
  var event: PrivacyEvent? { unitCount.map { .selfComposed(event: unitEvent, count: $0) } }

  /// Noisy updates when `count` units have ended.
  func steps(ofUnits count: Int) -> Int {
    guard sampling.unitIsEpoch, let steps, let sampleRate, let units = unitCount else { return count }
    let (product, overflow) = count.multipliedReportingOverflow(by: sampleRate.stepsPerEpoch)
    return count >= units || overflow ? steps : min(product, steps)
  }

  /// The field of a run's length, as a number of units is called: a run that does not fit may be cut in it.
  var lengthField: String { sampling.unitIsEpoch ? "epochs" : "steps" }

  /// Balls in bins deals every example once in a whole epoch; there is no bound on a part of one.
  var unevenEpochs: (field: String, detail: String)? {
    guard sampling == .ballsInBins, let sampleRate else { return nil }
    switch length {
    case .epochs(let epochs) where epochs != epochs.rounded():
      return ("epochs", "epochs = \(epochs): balls_in_bins deals out each example once in a whole epoch.")
    case .steps(let steps) where steps % sampleRate.stepsPerEpoch != 0:
      let bins = sampleRate.stepsPerEpoch
      return (
        "steps",
        "steps = \(steps) are no whole number of epochs of \(bins) steps, one for each bin; give epochs, or a multiple of it."
      )
    default: return nil
    }
  }

  /// What the guarantee takes for granted.
  var assumptions: [String] {
    [
      sampling.assumption,
      "Every step adds Gaussian noise of standard deviation noise_multiplier × clipping norm to the sum of clipped "
        + "gradients, an empty batch included, and divides by a public constant.",
    ]
      + (clippedCountDeviation == nil
        ? []
        : [
          "Every step also releases the number of examples within the clipping norm, each counted as plus or minus 1/2, with "
            + "Gaussian noise of standard deviation clipped_count_stddev, from the same batch."
        ])
  }
}

extension SampleRate {
  /// Full steps in one pass over the data, at least one. Rounded down: with fewer steps to hide in, an example loses more.
  var stepsPerEpoch: Int {
    switch self {
    case .rate(let rate):
      let steps = (1 / rate).rounded(.down)
      return steps < Double(Hyperparameters.stepLimit) ? max(Int(steps), 1) : Hyperparameters.stepLimit
    case .batch(let size, let datasetSize): return max(datasetSize / size, 1)
    }
  }
}
