extension PrivacyEvent {
  /// The event as canonical JSON (RFC 8785: sorted names, no space, shortest numbers) in the spelling of the public event
  /// format. Equal events, and only they, have equal texts, so its digest identifies the event.
  ///
  /// Must be valid: numbers that are not finite have no JSON.
  public var canonicalJSON: String {
    switch self {
    case .noOp: Self.object("no_op", [])
    case .nonPrivate: Self.object("non_private", [])
    case .gaussian(let noise): Self.object("gaussian", [("noise_multiplier", Self.number(noise))])
    case .laplace(let noise): Self.object("laplace", [("noise_multiplier", Self.number(noise))])
    case .randomizedResponse(let noise, let buckets):
      Self.object("randomized_response", [("noise_parameter", Self.number(noise)), ("num_buckets", "\(buckets)")])
    case .zeroConcentrated(let rho, let xi):
      Self.object("zcdp", [("rho", Self.number(rho)), ("xi", Self.number(xi))])
    case .epsilonDelta(let epsilon, let delta):
      Self.object("epsilon_delta", [("delta", Self.number(delta)), ("epsilon", Self.number(epsilon))])
    case .poissonSampled(let probability, let event):
      Self.object(
        "poisson_sampled", [("event", event.canonicalJSON), ("sampling_probability", Self.number(probability))])
    case .discreteGaussian(let scale, let sensitivity):
      Self.object("discrete_gaussian", [("scale", Self.number(scale)), ("sensitivity", "\(sensitivity)")])
    case .discreteLaplace(let scale, let sensitivity):
      Self.object("discrete_laplace", [("scale", Self.number(scale)), ("sensitivity", "\(sensitivity)")])
    case .exponentialMechanism(let epsilon):
      Self.object("exponential_mechanism", [("epsilon", Self.number(epsilon))])
    case .sampledWithoutReplacement(let datasetSize, let sampleSize, let event):
      Self.object(
        "sampled_without_replacement",
        [("dataset_size", "\(datasetSize)"), ("event", event.canonicalJSON), ("sample_size", "\(sampleSize)")])
    case .truncatedPoissonSampledGaussian(let datasetSize, let probability, let batchSize, let noise):
      Self.object(
        "truncated_poisson_sampled",
        [
          ("dataset_size", "\(datasetSize)"), ("noise_multiplier", Self.number(noise)),
          ("sampling_probability", Self.number(probability)), ("truncated_batch_size", "\(batchSize)"),
        ])
    case .randomAllocation(let noise, let bins, let selected):
      Self.object(
        "random_allocation",
        [("bins", "\(bins)"), ("noise_multiplier", Self.number(noise)), ("selected", "\(selected)")])
    case .mixtureOfGaussians(let deviation, let sensitivities, let probabilities):
      Self.object(
        "mixture_of_gaussians",
        [
          ("sampling_probs", Self.numbers(probabilities)), ("sensitivities", Self.numbers(sensitivities)),
          ("standard_deviation", Self.number(deviation)),
        ])
    case .treeAggregation(let noise, let schedule):
      Self.object("tree_aggregation", [("noise_multiplier", Self.number(noise))] + schedule.canonicalMembers)
    case .matrixFactorization(let noise, let strategy):
      Self.object("matrix_factorization", [("noise_multiplier", Self.number(noise))] + strategy.canonicalMembers)
    case .repeatAndSelect(let event, let mean, let shape):
      Self.object(
        "repeat_and_select",
        [
          ("event", event.canonicalJSON), ("mean_repetitions", Self.number(mean)),
          ("shape", shape.map(Self.number) ?? "null"),
        ])
    case .composed(let events):
      Self.object("composed", [("events", "[" + events.map(\.canonicalJSON).joined(separator: ",") + "]")])
    case .selfComposed(let event, let count):
      Self.object("self_composed", [("count", "\(count)"), ("event", event.canonicalJSON)])
    }
  }

  private static func object(_ type: String, _ members: [(name: String, value: String)]) -> String {
    let all = (members + [("type", "\"\(type)\"")]).sorted { $0.name < $1.name }
    return "{" + all.map { "\"\($0.name)\":\($0.value)" }.joined(separator: ",") + "}"
  }

  fileprivate static func number(_ value: Double) -> String { DecimalText(value).ecmaScript }

  fileprivate static func numbers(_ values: [Double]) -> String {
    "[" + values.map(number).joined(separator: ",") + "]"
  }
}

extension TreeSchedule {
  fileprivate var canonicalMembers: [(name: String, value: String)] {
    switch self {
    case .restarts(let stepCounts): [("step_counts", "[" + stepCounts.map(String.init).joined(separator: ",") + "]")]
    case .single(let totalSteps, let maxParticipation, let minSeparation):
      [
        ("max_participation", "\(maxParticipation)"), ("min_separation", "\(minSeparation)"),
        ("total_steps", "\(totalSteps)"),
      ]
    }
  }
}

extension MatrixStrategy {
  fileprivate var canonicalMembers: [(name: String, value: String)] {
    switch self {
    case .sensitivity(let sensitivity): [("sensitivity", PrivacyEvent.number(sensitivity))]
    case .toeplitz(let coefficients, let steps, let maxParticipation, let minSeparation):
      [
        ("coefficients", PrivacyEvent.numbers(coefficients)), ("max_participation", "\(maxParticipation)"),
        ("min_separation", "\(minSeparation)"), ("steps", "\(steps)"),
      ]
    case .dense(let rows, let maxParticipation, let minSeparation):
      [
        ("max_participation", "\(maxParticipation)"), ("min_separation", "\(minSeparation)"),
        ("strategy", "[" + rows.map(PrivacyEvent.numbers).joined(separator: ",") + "]"),
      ]
    }
  }
}
