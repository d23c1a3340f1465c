import Accounting

/// Reads an `event`: whatever composes, in the spelling of the contract's table.
struct EventFields {
  let errors: FieldErrors

  /// nil where an error was noted. Recursion is bounded by the scanner's nesting limit.
  func read(_ node: JSONNode, at pointer: JSONPointer) -> PrivacyEvent? {
    guard let fields = FieldReader(node, at: pointer, errors: errors) else { return nil }
    guard let type = fields.choice("type", choices(EventType.self)) else { return nil }
    if let reason = type.whyNotAvailable {
      fields.add("type", "\(type.rawValue): \(reason)", code: .unsoundCombination)
      return nil
    }
    let event = read(type, fields)
    fields.finish()
    return event
  }

  private func read(_ type: EventType, _ fields: FieldReader) -> PrivacyEvent? {
    switch type {
    case .gaussian: fields.number("noise_multiplier", .noise).map { .gaussian(noiseMultiplier: $0) }
    case .laplace: fields.number("noise_multiplier", .noise).map { .laplace(noiseMultiplier: $0) }
    case .randomizedResponse: randomizedResponse(fields)
    case .epsilonDelta: epsilonDelta(fields)
    case .zcdp: zeroConcentrated(fields)
    case .poissonSampled: poissonSampled(fields)
    case .composed: composed(fields)
    case .selfComposed: selfComposed(fields)
    case .noOp: .noOp
    case .nonPrivate: .nonPrivate
    default: nil
    }
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

  private func poissonSampled(_ fields: FieldReader) -> PrivacyEvent? {
    let probability = fields.number("sampling_probability", .from(0, through: 1))
    let event = inner(fields)
    guard let probability, let event else { return nil }
    return .poissonSampled(samplingProbability: probability, event: event)
  }

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

  private func inner(_ fields: FieldReader) -> PrivacyEvent? {
    fields.requiredNode("event").flatMap { read($0, at: fields.pointer.member("event")) }
  }

  /// Doubles count exactly to here.
  private static let largestCount = 1 << 53
  /// The accountant's bound on work is stricter for all but the cheapest events.
  private static let largestList = 100_000
}

/// The types of the contract's table.
enum EventType: String, CaseIterable {
  case gaussian, laplace
  case discreteGaussian = "discrete_gaussian"
  case discreteLaplace = "discrete_laplace"
  case randomizedResponse = "randomized_response"
  case exponentialMechanism = "exponential_mechanism"
  case epsilonDelta = "epsilon_delta"
  case zcdp
  case poissonSampled = "poisson_sampled"
  case sampledWithoutReplacement = "sampled_without_replacement"
  case truncatedPoissonSampled = "truncated_poisson_sampled"
  case randomAllocation = "random_allocation"
  case mixtureOfGaussians = "mixture_of_gaussians"
  case treeAggregation = "tree_aggregation"
  case matrixFactorization = "matrix_factorization"
  case repeatAndSelect = "repeat_and_select"
  case composed
  case selfComposed = "self_composed"
  case noOp = "no_op"
  case nonPrivate = "non_private"

  /// Why the accountant has no bound for it yet, and what to send instead; nil where it has one.
  var whyNotAvailable: String? {
    switch self {
    case .gaussian, .laplace, .randomizedResponse, .epsilonDelta, .zcdp, .poissonSampled, .composed, .selfComposed,
      .noOp,
      .nonPrivate:
      nil
    case .discreteLaplace, .exponentialMechanism:
      "the Rényi accountant has no curve for it yet. It satisfies pure differential privacy: send epsilon_delta with its "
        + "epsilon and delta 0, which bounds it."
    case .discreteGaussian:
      "the Rényi accountant has no curve for it yet. It satisfies zero-concentrated differential privacy (Canonne, "
        + "Kamath and Steinke 2020): send zcdp with rho = sensitivity² / (2 · scale²), which bounds it."
    case .sampledWithoutReplacement:
      "the Rényi accountant has no bound for batches of fixed size yet; Poisson's would not cover them. Leave the sampling "
        + "out and send the event itself, which bounds it without amplification."
    case .truncatedPoissonSampled, .randomAllocation, .mixtureOfGaussians, .treeAggregation, .matrixFactorization,
      .repeatAndSelect:
      "no accountant of this version has a proved bound for it. The Rényi accountant does gaussian, laplace, "
        + "randomized_response, epsilon_delta, zcdp, poisson_sampled gaussian and their compositions."
    }
  }
}
