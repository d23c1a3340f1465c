import Accounting

/// A DP-SGD run by its hyperparameters. What a question solves for is nil.
struct Hyperparameters {
  var noiseMultiplier: Double?
  var sampleRate: SampleRate?
  var length: Length?
  var sampling: Sampling

  enum Length: Equatable {
    case steps(Int)
    case epochs(Double)
  }

  /// Steps beyond this many are refused: no run is longer, and counts stay exact in doubles.
  static let stepLimit = 1_000_000_000_000
  static let datasetLimit = 1 << 53

  /// Noisy updates: as given, or ceil(epochs / q); nil where they are not known or too many.
  var steps: Int? {
    switch (length, sampleRate) {
    case (.steps(let steps), _): steps
    case (.epochs(let epochs), let rate?): rate.steps(epochs: epochs, limit: Self.stepLimit)
    default: nil
    }
  }

  /// The event of one noisy update.
  /// - Precondition: nothing is left to solve for.
  var stepEvent: PrivacyEvent {
    guard let noiseMultiplier, let sampleRate else { preconditionFailure("a complete mechanism has noise and a rate") }
    let gaussian = PrivacyEvent.gaussian(noiseMultiplier: noiseMultiplier)
    return sampling == .fullBatch
      ? gaussian : .poissonSampled(samplingProbability: sampleRate.probability, event: gaussian)
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
    members.append(.init("sampling", .string(sampling.rawValue)))
    return members
  }

  /// What the guarantee takes for granted.
  var assumptions: [String] {
    let drawing =
      sampling == .fullBatch
      ? "Every step uses every example."
      : "Each example is in each batch with probability sample_rate, independently of all else (Poisson sampling)."
    return [
      drawing,
      "Every step adds Gaussian noise of standard deviation noise_multiplier × clipping norm to the sum of clipped "
        + "gradients, an empty batch included, and divides by a public constant.",
    ]
  }
}

extension Hyperparameters {
  /// A field that a question leaves out because it asks for it.
  enum Unknown: String, CaseIterable {
    case noiseMultiplier = "noise_multiplier"
    case steps, epochs
    case batchSize = "batch_size"
    case sampleRate = "sample_rate"
  }

  /// Reads the fields; nil where one is bad, missing or refused.
  init?(_ fields: FieldReader, unknown: Unknown? = nil) {
    let sampling = fields.optionalChoice("sampling", choices(Sampling.self)) ?? .poisson
    if let reason = sampling.whyNotAvailable { fields.add("sampling", reason, code: .unsoundCombination) }
    let noiseMultiplier = Self.noiseMultiplier(fields, unknown)
    let rate = Self.sampleRate(fields, sampling, unknown)
    let length = Self.length(fields, unknown)
    self.init(noiseMultiplier: noiseMultiplier, sampleRate: rate, length: length, sampling: sampling)
    guard fields.errors.isEmpty else { return nil }
    if case .epochs = length, rate != nil, steps == nil {
      fields.add("epochs", "epochs / sample_rate is above \(Self.stepLimit) steps; that is more than any run takes.")
      return nil
    }
  }

  private static func noiseMultiplier(_ fields: FieldReader, _ unknown: Unknown?) -> Double? {
    guard unknown != .noiseMultiplier else {
      fields.refuse("noise_multiplier", because: "it is what is asked for.")
      return nil
    }
    return fields.number("noise_multiplier", .noise)
  }

  private static func sampleRate(_ fields: FieldReader, _ sampling: Sampling, _ unknown: Unknown?) -> SampleRate? {
    if unknown == .sampleRate {
      for name in ["sample_rate", "batch_size"] { fields.refuse(name, because: "the rate is what is asked for.") }
      _ = fields.optionalInteger("dataset_size", 1...datasetLimit)
      return nil
    }
    if unknown == .batchSize {
      for name in ["sample_rate", "batch_size"] { fields.refuse(name, because: "the batch size is what is asked for.") }
      // A batch of one stands in for the one that is asked for; its dataset size is what counts.
      return fields.integer("dataset_size", 1...datasetLimit).map { .batch(size: 1, of: $0) }
    }
    if sampling == .fullBatch, !fields.has("batch_size") { return fullBatchRate(fields) }
    if fields.has("sample_rate") {
      let rate = fields.number("sample_rate", .above(0, through: 1))
      fields.refuse("batch_size", because: "sample_rate says it already. Give either one.")
      _ = fields.optionalInteger("dataset_size", 1...datasetLimit)
      return checked(rate.map { .rate($0) }, sampling, fields)
    }
    guard fields.has("batch_size") || fields.has("dataset_size") else {
      fields.add("sample_rate", "sample_rate is missing; give it, or batch_size and dataset_size.")
      return nil
    }
    let batchSize = fields.integer("batch_size", 1...datasetLimit)
    let datasetSize = fields.integer("dataset_size", 1...datasetLimit)
    guard let batchSize, let datasetSize else { return nil }
    guard batchSize <= datasetSize else {
      fields.add("batch_size", "batch_size = \(batchSize) is more than dataset_size = \(datasetSize); q is at most 1.")
      return nil
    }
    return checked(.batch(size: batchSize, of: datasetSize), sampling, fields)
  }

  /// `sample_rate` may be left out; every step uses everything.
  private static func fullBatchRate(_ fields: FieldReader) -> SampleRate? {
    let datasetSize = fields.optionalInteger("dataset_size", 1...datasetLimit)
    guard fields.has("sample_rate") else { return datasetSize.map { .batch(size: $0, of: $0) } ?? .rate(1) }
    return checked(fields.number("sample_rate", .above(0, through: 1)).map { .rate($0) }, .fullBatch, fields)
  }

  private static func checked(_ rate: SampleRate?, _ sampling: Sampling, _ fields: FieldReader) -> SampleRate? {
    guard let rate else { return nil }
    guard sampling != .fullBatch || rate.probability == 1 else {
      fields.add(
        "sampling",
        "full_batch uses every example in every step, so its sample rate is 1; this one is \(rate.probability).")
      return nil
    }
    return rate
  }

  private static func length(_ fields: FieldReader, _ unknown: Unknown?) -> Length? {
    if unknown == .steps || unknown == .epochs {
      for name in ["steps", "epochs"] { fields.refuse(name, because: "the length of the run is what is asked for.") }
      return nil
    }
    switch (fields.has("steps"), fields.has("epochs")) {
    case (true, true):
      fields.add("epochs", "steps and epochs are both given; give either one.")
      return nil
    case (false, true): return fields.number("epochs", .positive).map { .epochs($0) }
    case (true, false): return fields.integer("steps", 1...stepLimit).map { .steps($0) }
    case (false, false):
      fields.add("steps", "steps is missing; give it, or epochs.")
      return nil
    }
  }
}
