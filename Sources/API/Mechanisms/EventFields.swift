import Accounting

/// Reads an `event`: whatever composes, in the spelling of the contract's table.
struct EventFields {
  let errors: FieldErrors

  /// nil where an error was noted. Recursion is bounded by the scanner's nesting limit.
  func read(_ node: JSONNode, at pointer: JSONPointer) -> PrivacyEvent? {
    guard let fields = FieldReader(node, at: pointer, errors: errors) else { return nil }
    guard let type = fields.choice("type", choices(EventType.self)) else { return nil }
    let event = read(type, fields)
    fields.finish()
    return event
  }

  private func read(_ type: EventType, _ fields: FieldReader) -> PrivacyEvent? {
    switch type {
    case .gaussian: fields.number("noise_multiplier", .noise).map { .gaussian(noiseMultiplier: $0) }
    case .laplace: fields.number("noise_multiplier", .noise).map { .laplace(noiseMultiplier: $0) }
    case .discreteGaussian: discrete(fields).map { .discreteGaussian(scale: $0, sensitivity: $1) }
    case .discreteLaplace: discrete(fields).map { .discreteLaplace(scale: $0, sensitivity: $1) }
    case .randomizedResponse: randomizedResponse(fields)
    case .exponentialMechanism: fields.number("epsilon", .divergence).map { .exponentialMechanism(epsilon: $0) }
    case .epsilonDelta: epsilonDelta(fields)
    case .zcdp: zeroConcentrated(fields)
    case .poissonSampled: poissonSampled(fields)
    case .sampledWithoutReplacement: sampledWithoutReplacement(fields)
    case .truncatedPoissonSampled: truncatedPoissonSampled(fields)
    case .randomAllocation: randomAllocation(fields)
    case .mixtureOfGaussians: mixtureOfGaussians(fields)
    case .treeAggregation: treeAggregation(fields)
    case .matrixFactorization: matrixFactorization(fields)
    case .repeatAndSelect: repeatAndSelect(fields)
    case .composed: composed(fields)
    case .selfComposed: selfComposed(fields)
    case .noOp: .noOp
    case .nonPrivate: .nonPrivate
    }
  }

  // MARK: Releases

  private func discrete(_ fields: FieldReader) -> (scale: Double, sensitivity: Int)? {
    let scale = fields.number("scale", .positive)
    let sensitivity = fields.integer("sensitivity", 1...Self.largestCount)
    guard let scale, let sensitivity else { return nil }
    return (scale, sensitivity)
  }

  private func randomizedResponse(_ fields: FieldReader) -> PrivacyEvent? {
    let noise = fields.number("noise_parameter", .from(0, through: 1))
    let buckets = fields.integer("num_buckets", 1...Self.largestCount)
    guard let noise, let buckets else { return nil }
    return .randomizedResponse(noiseParameter: noise, numBuckets: buckets)
  }

  private func epsilonDelta(_ fields: FieldReader) -> PrivacyEvent? {
    let epsilon = fields.number("epsilon", .divergence)
    let delta = fields.optionalNumber("delta", .from(0, through: 1))
    guard let epsilon else { return nil }
    return .epsilonDelta(epsilon: epsilon, delta: delta ?? 0)
  }

  private func zeroConcentrated(_ fields: FieldReader) -> PrivacyEvent? {
    let rho = fields.number("rho", .divergence)
    let xi = fields.optionalNumber("xi", .divergence)
    guard let rho else { return nil }
    return .zeroConcentrated(rho: rho, xi: xi ?? 0)
  }

  private func mixtureOfGaussians(_ fields: FieldReader) -> PrivacyEvent? {
    let deviation = fields.number("standard_deviation", .positive)
    let count = 1...PrivacyEvent.Limits.mixtureParts
    let sensitivities = fields.listOfNumbers("sensitivities", count: count, .noise)
    let probabilities = fields.listOfNumbers("sampling_probs", count: count, .from(0, through: 1))
    guard let deviation, let sensitivities, let probabilities else { return nil }
    return .mixtureOfGaussians(
      standardDeviation: deviation, sensitivities: sensitivities, samplingProbabilities: probabilities)
  }

  // MARK: Sampling

  private func poissonSampled(_ fields: FieldReader) -> PrivacyEvent? {
    let probability = fields.number("sampling_probability", .from(0, through: 1))
    let event = inner(fields)
    guard let probability, let event else { return nil }
    return .poissonSampled(samplingProbability: probability, event: event)
  }

  private func sampledWithoutReplacement(_ fields: FieldReader) -> PrivacyEvent? {
    let datasetSize = fields.integer("dataset_size", 1...Self.largestCount)
    let sampleSize = fields.integer("sample_size", 0...(datasetSize ?? Self.largestCount))
    let event = inner(fields)
    guard let datasetSize, let sampleSize, let event else { return nil }
    return .sampledWithoutReplacement(datasetSize: datasetSize, sampleSize: sampleSize, event: event)
  }

  private func truncatedPoissonSampled(_ fields: FieldReader) -> PrivacyEvent? {
    let datasetSize = fields.integer("dataset_size", 1...Self.largestCount)
    let probability = fields.number("sampling_probability", .from(0, through: 1))
    let batchSize = fields.integer("truncated_batch_size", 1...Self.largestCount)
    let noise = fields.number("noise_multiplier", .noise)
    guard let datasetSize, let probability, let batchSize, let noise else { return nil }
    return .truncatedPoissonSampledGaussian(
      datasetSize: datasetSize, samplingProbability: probability, truncatedBatchSize: batchSize,
      noiseMultiplier: noise)
  }

  private func randomAllocation(_ fields: FieldReader) -> PrivacyEvent? {
    let noise = fields.number("noise_multiplier", .noise)
    let bins = fields.integer("bins", 1...Self.largestCount)
    let selected = fields.integer("selected", 1...(bins ?? Self.largestCount))
    guard let noise, let bins, let selected else { return nil }
    return .randomAllocation(noiseMultiplier: noise, bins: bins, selected: selected)
  }

  // MARK: Composition

  private func composed(_ fields: FieldReader) -> PrivacyEvent? {
    guard let elements = fields.list("events", count: 0...Self.largestList) else { return nil }
    let events = elements.compactMap { read($0.node, at: $0.pointer) }
    return events.count == elements.count ? .composed(events) : nil
  }

  private func selfComposed(_ fields: FieldReader) -> PrivacyEvent? {
    let count = fields.integer("count", 0...Self.largestCount)
    let event = inner(fields)
    guard let count, let event else { return nil }
    return .selfComposed(event: event, count: count)
  }

  /// `shape` null, or left out, is the Poisson distribution: the limit of the others for large shapes.
  private func repeatAndSelect(_ fields: FieldReader) -> PrivacyEvent? {
    let shape = fields.optionalNumber("shape", .noise)
    let smallestMean = fields.has("shape") ? 1.0 : 0
    let mean = fields.number("mean_repetitions", .above(smallestMean, through: 1e15))
    let event = inner(fields)
    guard let mean, let event else { return nil }
    return .repeatAndSelect(event: event, meanRepetitions: mean, shape: shape)
  }

  private func inner(_ fields: FieldReader) -> PrivacyEvent? {
    fields.requiredNode("event").flatMap { read($0, at: fields.pointer.member("event")) }
  }

  /// Doubles count exactly to here.
  static let largestCount = 1 << 53
  /// The accountant's bound on work is stricter for all but the cheapest events.
  private static let largestList = 100_000
}

extension FieldReader {
  /// A list that must be there.
  func listOfNumbers(_ name: String, count: ClosedRange<Int>, _ domain: NumberDomain) -> [Double]? {
    requiredNode(name) == nil ? nil : optionalNumbers(name, count: count, domain)
  }
}
