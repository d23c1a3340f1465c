import Accounting

/// What is released, and how it is to be accounted for: training hyperparameters or an event.
struct Mechanism {
  let release: Release
  let choices: AccountingChoices
  /// The number of examples, where it is known; public.
  let datasetSize: Int?

  enum Release {
    case training(Hyperparameters)
    /// With the caller's own text of it.
    case event(PrivacyEvent, echo: JSONValue)
  }

  /// Reads the fields of a mechanism; nil where one is bad, missing or refused. What else the operation takes must
  /// have been asked for by the caller before `finish()`.
  init?(
    _ fields: FieldReader, unknown: Hyperparameters.Unknown? = nil,
    defaultRelation: NeighboringRelation = .addOrRemoveOne
  ) {
    let isEvent = fields.has("event")
    let choices = AccountingChoices(fields, isEvent: isEvent, defaultRelation: defaultRelation)
    if isEvent {
      Self.refuseHyperparameters(fields)
      guard let event = Self.event(fields), let choices else { return nil }
      release = .event(event, echo: fields.node("event")?.value ?? .null)
      self.choices = choices
      datasetSize = fields.optionalInteger("dataset_size", 1...Hyperparameters.datasetLimit)
    } else {
      guard let training = Hyperparameters(fields, unknown: unknown), let choices else { return nil }
      release = .training(training)
      self.choices = choices
      // Checked with the hyperparameters already.
      datasetSize = fields.optionalInteger("dataset_size", 1...Hyperparameters.datasetLimit)
    }
  }

  init(training: Hyperparameters, choices: AccountingChoices, datasetSize: Int?) {
    release = .training(training)
    self.choices = choices
    self.datasetSize = datasetSize
  }

  private static func event(_ fields: FieldReader) -> PrivacyEvent? {
    let pointer = fields.pointer.member("event")
    guard let node = fields.node("event"), let event = EventFields(errors: fields.errors).read(node, at: pointer) else {
      return nil
    }
    // What a single field cannot show: nesting, the number of events, products of counts.
    let problems = event.invalidParameters()
    for problem in problems {
      fields.errors.add(.init(pointer: pointer.text + problem.pointer, detail: "\(problem)."))
    }
    return problems.isEmpty ? event : nil
  }

  private static func refuseHyperparameters(_ fields: FieldReader) {
    for name in [
      "noise_multiplier", "sample_rate", "batch_size", "steps", "epochs", "sampling", "clipped_count_stddev",
    ] {
      fields.refuse(name, because: "with event, it is part of the event.")
    }
  }

  /// The whole release as one event.
  var event: PrivacyEvent {
    switch release {
    case .event(let event, _): return event
    case .training(let training):
      guard let event = training.event else { preconditionFailure("a complete mechanism has a length") }
      return event
    }
  }

  /// One unit and how many of it there are: what a reservation holds and commits in parts.
  var unitAndCount: (unit: PrivacyEvent, count: Int) {
    switch release {
    case .event(.selfComposed(let event, let count), _) where count > 0: return (event, count)
    case .event(let event, _): return (event, 1)
    case .training(let training):
      guard let count = training.unitCount else { preconditionFailure("a complete mechanism has a length") }
      return (training.unitEvent, count)
    }
  }

  /// Noisy updates when `count` units have ended; of an event its units themselves.
  func steps(ofUnits count: Int) -> Int {
    if case .training(let training) = release { training.steps(ofUnits: count) } else { count }
  }

  /// The mechanism as it was understood.
  var echo: JSONValue {
    var members: [JSONValue.Member]
    switch release {
    case .event(_, let echo): members = [.init("event", echo)]
    case .training(let training): members = training.echo
    }
    members.append(.init("adjacency", .string(choices.adjacency)))
    if let orders = choices.orders { members.append(.init("orders", .array(orders.map { .number($0) }))) }
    return .object(members)
  }

  /// What the guarantee takes for granted that the event does not show.
  var assumptionsBeyondEvent: [String] {
    guard case .training(let training) = release else { return [] }
    return training.sampling == .shuffle ? training.assumptions : Array(training.assumptions.dropFirst())
  }

  var assumptions: [String] {
    var assumptions: [String] = []
    if case .training(let training) = release { assumptions += training.assumptions }
    assumptions.append(choices.assumption)
    if case .event(let event, _) = release { assumptions += event.conventions(choices.relation) }
    assumptions.append("The guarantee is for the unit that an example is, and for noise in exact arithmetic.")
    return assumptions
  }
}

extension PrivacyEvent {
  /// What the parameters of some events mean under a relation.
  fileprivate func conventions(_ relation: NeighboringRelation) -> [String] {
    switch self {
    case .truncatedPoissonSampledGaussian where relation == .addOrRemoveOne:
      ["truncated_poisson_sampled: dataset_size is that of the larger of two neighboring datasets."]
    case .randomizedResponse where relation == .replaceSpecial:
      ["randomized_response: a record that is replaced reports a bucket at random."]
    case .selfComposed(let event, _): event.conventions(relation)
    case .composed(let events):
      events.reduce(into: []) { found, event in
        found += event.conventions(relation).filter { !found.contains($0) }
      }
    default: []
    }
  }
}
