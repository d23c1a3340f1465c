/// Gathers the mistakes of a job, field by field.
struct IssueCollector {
  private var issues: [FieldIssue] = []

  /// Bounds far outside anything useful, and well inside what float32 arithmetic keeps finite.
  static let clippingNormRange = 1e-6...1e6
  static let noiseMultiplierRange = 1e-3...1e6
  static let learningRateLimit = 1e6
  static let weightDecayLimit = 1e3
  static let targetEpsilonRange = 1e-6...1e4
  static let smallestDelta = 1e-100
  static let nameLimit = 200

  var isEmpty: Bool { issues.isEmpty }

  /// - Precondition: there is an issue.
  var error: PlanningError { PlanningError(issues) }

  mutating func add(_ kind: FieldIssue.Kind = .invalidParameter, at pointer: String, _ detail: String) {
    issues.append(FieldIssue(kind, at: pointer, detail))
  }

  mutating func collect<Value>(_ body: () throws(PlanningError) -> Value) -> Value? {
    do {
      return try body()
    } catch {
      issues += error.issues
      return nil
    }
  }

  mutating func checkName(_ name: String) {
    guard !name.isEmpty, name.utf8.count <= Self.nameLimit else {
      return add(at: "/name", "A name has 1 to \(Self.nameLimit) bytes; this one has \(name.utf8.count).")
    }
    if name.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) {
      add(at: "/name", "A name holds no control characters.")
    }
  }

  mutating func checkEvaluation(_ evaluation: DatasetFacts?, matches dataset: DatasetFacts) {
    guard let evaluation else { return }
    if !evaluation.isPublic {
      add(
        .policyDenied, at: "/evaluation/dataset",
        "\(evaluation.reference) is not public, and its accuracy would be published without being paid for: name a "
          + "dataset registered with \"public\": true.")
    }
    if evaluation.inputShape != dataset.inputShape {
      add(
        at: "/evaluation/dataset",
        "An example of \(evaluation.reference) has shape \(evaluation.inputShape), one of \(dataset.reference) has "
          + "\(dataset.inputShape).")
    }
    checkTargets(of: evaluation, match: dataset)
  }

  private mutating func checkTargets(of evaluation: DatasetFacts, match dataset: DatasetFacts) {
    func classes(_ count: Int?) -> String { count.map { "\($0) classes" } ?? "real numbers as targets" }
    let fits =
      switch (evaluation.classCount, dataset.classCount) {
      case (nil, nil): true
      case (let here?, let there?): here <= there
      default: false
      }
    if !fits {
      add(
        at: "/evaluation/dataset",
        "\(evaluation.reference) has \(classes(evaluation.classCount)), \(dataset.reference) has "
          + "\(classes(dataset.classCount)).")
    }
    if evaluation.targetCount != dataset.targetCount {
      add(
        at: "/evaluation/dataset",
        "An example of \(evaluation.reference) has \(evaluation.targetCount) targets, one of \(dataset.reference) has "
          + "\(dataset.targetCount).")
    }
    if (evaluation.vocabularySize == nil) != (dataset.vocabularySize == nil)
      || (evaluation.vocabularySize ?? 0) > (dataset.vocabularySize ?? 0)
    {
      func words(_ size: Int?) -> String { size.map { "tokens below \($0)" } ?? "no tokens" }
      add(
        at: "/evaluation/dataset",
        "\(evaluation.reference) has \(words(evaluation.vocabularySize)), \(dataset.reference) has "
          + "\(words(dataset.vocabularySize)).")
    }
  }

  mutating func checkPrivacy(_ specification: JobSpecification, dataset: DatasetFacts) {
    if specification.privacy.isPrivate {
      checkMechanism(specification.privacy)
      if specification.budget == nil {
        add(at: "/budget", "A private job names the budget that pays for it.")
      }
      return
    }
    if !dataset.isPublic {
      add(
        .policyDenied, at: "/privacy/private",
        "\(dataset.reference) is not public: training on it without privacy would publish it. Drop \"private\": false.")
    }
    let privacy = specification.privacy
    for (isGiven, field) in [
      (privacy.noiseMultiplier != nil, "noise_multiplier"), (privacy.targetEpsilon != nil, "target_epsilon"),
      (privacy.delta != nil, "delta"),
    ] where isGiven {
      add(
        .unsoundCombination, at: "/privacy/\(field)", "\(field) promises privacy, and \"private\" is false: drop one.")
    }
  }

  private mutating func checkMechanism(_ privacy: PrivacySpecification) {
    switch (privacy.noiseMultiplier, privacy.targetEpsilon) {
    case (nil, nil), (.some, .some):
      add(at: "/privacy", "Give exactly one of noise_multiplier and target_epsilon.")
    case (let multiplier?, nil):
      if !(Self.noiseMultiplierRange ~= multiplier) {
        add(
          at: "/privacy/noise_multiplier",
          "noise_multiplier is between \(Self.noiseMultiplierRange.lowerBound) and "
            + "\(Self.noiseMultiplierRange.upperBound), not \(multiplier).")
      }
    case (nil, let epsilon?):
      if !(Self.targetEpsilonRange ~= epsilon) {
        add(
          at: "/privacy/target_epsilon",
          "target_epsilon is between \(Self.targetEpsilonRange.lowerBound) and "
            + "\(Self.targetEpsilonRange.upperBound), not \(epsilon).")
      }
    }
    guard let delta = privacy.delta else {
      return add(at: "/privacy/delta", "delta is missing: the probability, in (0, 1), at which ε is stated.")
    }
    if !(delta >= Self.smallestDelta && delta < 1) {
      add(at: "/privacy/delta", "delta is at least \(Self.smallestDelta) and below 1, not \(delta).")
    }
  }
}
