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

  private static func number(_ value: Double) -> String { DecimalText(value).ecmaScript }
}
