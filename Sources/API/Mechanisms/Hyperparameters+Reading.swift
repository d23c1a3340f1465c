import Accounting

extension Hyperparameters {
  /// A field that a question leaves out because it asks for it.
  enum Unknown: String, CaseIterable {
    case noiseMultiplier = "noise_multiplier"
    case steps, epochs
    case batchSize = "batch_size"
    case sampleRate = "sample_rate"
    /// Not a hyperparameter: nothing is left out of the run.
    case delta
  }

  /// Reads the fields; nil where one is bad, missing or refused.
  init?(_ fields: FieldReader, unknown: Unknown? = nil) {
    let sampling = fields.optionalChoice("sampling", choices(Sampling.self)) ?? .poisson
    let noiseMultiplier = Self.noiseMultiplier(fields, unknown)
    let rate = Self.sampleRate(fields, sampling, unknown)
    let length = Self.length(fields, unknown)
    let counting = fields.optionalNumber("clipped_count_stddev", .positive)
    if sampling == .ballsInBins {
      fields.refuse("clipped_count_stddev", because: "balls_in_bins is accounted for one release a step.")
    }
    self.init(
      noiseMultiplier: noiseMultiplier, sampleRate: rate, length: length, sampling: sampling,
      clippedCountDeviation: counting)
    guard fields.errors.isEmpty else { return nil }
    if case .epochs = length, rate != nil, steps == nil {
      fields.add("epochs", "epochs / sample_rate is above \(Self.stepLimit) steps; that is more than any run takes.")
      return nil
    }
    if let problem = unevenEpochs {
      fields.add(problem.field, problem.detail)
      return nil
    }
  }

  /// Checks the fields that are there, each by itself.
  static func checkDomains(_ fields: FieldReader) {
    _ = fields.optionalChoice("sampling", choices(Sampling.self))
    _ = fields.optionalNumber("noise_multiplier", .noise)
    _ = fields.optionalNumber("clipped_count_stddev", .positive)
    _ = fields.optionalNumber("sample_rate", .above(0, through: 1))
    for name in ["batch_size", "dataset_size"] { _ = fields.optionalInteger(name, 1...datasetLimit) }
    _ = fields.optionalNumber("epochs", .positive)
    _ = fields.optionalInteger("steps", 1...stepLimit)
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
    if sampling == .withoutReplacement {
      fields.refuse("sample_rate", because: "without_replacement needs batch_size and dataset_size: both sizes matter.")
    } else if fields.has("sample_rate") {
      let rate = fields.number("sample_rate", .above(0, through: 1))
      fields.refuse("batch_size", because: "sample_rate says it already. Give either one.")
      _ = fields.optionalInteger("dataset_size", 1...datasetLimit)
      return checked(rate.map { .rate($0) }, sampling, fields)
    }
    guard sampling == .withoutReplacement || fields.has("batch_size") || fields.has("dataset_size") else {
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
