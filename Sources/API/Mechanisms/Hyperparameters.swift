import Accounting

/// A DP-SGD run by its hyperparameters. What a question solves for is nil.
struct Hyperparameters {
  var noiseMultiplier: Double?
  var sampleRate: SampleRate?
  var length: Length?
  var sampling: Sampling
  /// Adaptive clipping (Andrew et al. 2021): the standard deviation of the noise on the number of examples whose gradient was
  /// within the clipping norm, which each step releases too; nil where the norm is fixed.
  var clippedCountDeviation: Double?

  enum Length: Equatable {
    case steps(Int)
    case epochs(Double)
  }

  /// Steps beyond this many are refused: no run is longer, and counts stay exact in doubles.
  static let stepLimit = 1_000_000_000_000
  static let datasetLimit = 1 << 53

  /// Noisy updates: as given, or ceil(epochs / q); nil where they are not known or too many. Balls in bins has a step for each
  /// bin of each epoch.
  var steps: Int? {
    switch (length, sampleRate) {
    case (.steps(let steps), _): return steps
    case (.epochs(let epochs), let rate?):
      guard sampling == .ballsInBins else { return rate.steps(epochs: epochs, limit: Self.stepLimit) }
      return epochs <= Double(Self.stepLimit / rate.stepsPerEpoch) ? Int(epochs) * rate.stepsPerEpoch : nil
    default: return nil
    }
  }

  /// The members of the mechanism as it was understood, defaults filled in.
  var echo: [JSONValue.Member] {
    var members: [JSONValue.Member] = []
    if let noiseMultiplier { members.append(.init("noise_multiplier", .number(noiseMultiplier))) }
    if let sampleRate {
      if case .batch(let size, let datasetSize) = sampleRate {
        members.append(.init("batch_size", .integer(size)))
        members.append(.init("dataset_size", .integer(datasetSize)))
      }
      members.append(.init("sample_rate", .number(sampleRate.probability)))
    }
    if case .epochs(let epochs) = length { members.append(.init("epochs", .number(epochs))) }
    if let steps { members.append(.init("steps", .integer(steps))) }
    if let clippedCountDeviation { members.append(.init("clipped_count_stddev", .number(clippedCountDeviation))) }
    members.append(.init("sampling", .string(sampling.rawValue)))
    if sampling == .ballsInBins, let sampleRate { members.append(.init("bins", .integer(sampleRate.stepsPerEpoch))) }
    return members
  }
}
