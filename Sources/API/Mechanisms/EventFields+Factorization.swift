import Accounting

/// Events that sum over trees and through strategy matrices. Each has more than one spelling; which one it is shows in the
/// fields that are given.
extension EventFields {
  /// `step_counts`: a tree for each, a restart between them. Otherwise one tree of `total_steps`, in which a record may take
  /// part more than once.
  func treeAggregation(_ fields: FieldReader) -> PrivacyEvent? {
    let noise = fields.number("noise_multiplier", .noise)
    let schedule = fields.has("step_counts") ? restarts(fields) : singleTree(fields)
    guard let noise, let schedule else { return nil }
    return .treeAggregation(noiseMultiplier: noise, schedule: schedule)
  }

  private func restarts(_ fields: FieldReader) -> TreeSchedule? {
    for name in ["total_steps", "max_participation", "min_separation"] {
      fields.refuse(name, because: "step_counts lays out trees in each of which a record takes part once.")
    }
    return fields.optionalIntegers("step_counts", count: 1...PrivacyEvent.Limits.events, Self.treeSteps)
      .map { .restarts(stepCounts: $0) }
  }

  private func singleTree(_ fields: FieldReader) -> TreeSchedule? {
    guard fields.has("total_steps") else {
      fields.know("max_participation", "min_separation")
      fields.add("step_counts", "step_counts is missing; give it, or total_steps and max_participation for one tree.")
      return nil
    }
    let totalSteps = fields.integer("total_steps", Self.treeSteps)
    let maxParticipation = fields.integer("max_participation", Self.treeSteps)
    let minSeparation = fields.optionalInteger("min_separation", 0...PrivacyEvent.Limits.treeSteps)
    guard let totalSteps, let maxParticipation else { return nil }
    return .single(totalSteps: totalSteps, maxParticipation: maxParticipation, minSeparation: minSeparation ?? 0)
  }

  /// `sensitivity` of the strategy itself, or what it follows from: `coefficients` of a Toeplitz strategy with `steps`, or
  /// the rows of `strategy`, either with how a record takes part.
  func matrixFactorization(_ fields: FieldReader) -> PrivacyEvent? {
    let noise = fields.number("noise_multiplier", .noise)
    guard let strategy = strategy(fields), let noise else { return nil }
    return .matrixFactorization(noiseMultiplier: noise, strategy: strategy)
  }

  private func strategy(_ fields: FieldReader) -> MatrixStrategy? {
    let spellings = ["sensitivity", "coefficients", "strategy"].filter(fields.has)
    guard let spelling = spellings.first else {
      fields.know("steps", "max_participation", "min_separation")
      fields.add("sensitivity", "sensitivity is missing; give it, or coefficients and steps, or strategy.")
      return nil
    }
    for other in spellings.dropFirst() { fields.refuse(other, because: "\(spelling) says what the strategy is.") }
    switch spelling {
    case "sensitivity":
      for name in ["steps", "max_participation", "min_separation"] {
        fields.refuse(name, because: "sensitivity covers all that a record takes part in.")
      }
      return fields.optionalNumber("sensitivity", .noise).map { .sensitivity($0) }
    case "coefficients": return toeplitz(fields)
    default: return dense(fields)
    }
  }

  private func toeplitz(_ fields: FieldReader) -> MatrixStrategy? {
    let steps = fields.integer("steps", Self.treeSteps)
    let longest = min(steps ?? Self.largestColumn, Self.largestColumn)
    let coefficients = fields.optionalNumbers("coefficients", count: 1...longest, Self.entry)
    let participation = participation(fields)
    guard let steps, let coefficients, let participation else { return nil }
    return .toeplitz(
      coefficients: coefficients, steps: steps, maxParticipation: participation.most,
      minSeparation: participation.separation)
  }

  private func dense(_ fields: FieldReader) -> MatrixStrategy? {
    fields.refuse("steps", because: "strategy has a row for each step.")
    let participation = participation(fields)
    guard let elements = fields.optionalList("strategy", count: 1...Self.largestMatrix) else { return nil }
    let rows = elements.compactMap { row($0.node, at: $0.pointer, length: elements.count) }
    guard rows.count == elements.count, let participation else { return nil }
    return .dense(rows: rows, maxParticipation: participation.most, minSeparation: participation.separation)
  }

  /// Entries above the diagonal are the accountant's to refuse: it says what a strategy is.
  private func row(_ node: JSONNode, at pointer: JSONPointer, length: Int) -> [Double]? {
    guard case .array(let entries) = node.content, entries.count == length else {
      errors.add(pointer, "Each row of strategy is a list of \(length) numbers, one for each row.")
      return nil
    }
    let values = entries.map { entry -> Double? in
      guard case .number(let number) = entry.content, let value = number.double, Self.entry.contains(value) else {
        return nil
      }
      return value
    }
    for (index, value) in values.enumerated() where value == nil {
      errors.add(pointer.element(index), "An entry of strategy must be a number \(Self.entry.words).")
    }
    let known = values.compactMap(\.self)
    return known.count == length ? known : nil
  }

  private func participation(_ fields: FieldReader) -> (most: Int, separation: Int)? {
    let most = fields.integer("max_participation", Self.treeSteps)
    let separation = fields.optionalInteger("min_separation", Self.treeSteps)
    return most.map { ($0, separation ?? 1) }
  }

  private static let treeSteps = 1...PrivacyEvent.Limits.treeSteps
  private static let entry = NumberDomain.from(-1e15, through: 1e15)
  /// Coefficients of a column; a body holds no more.
  private static let largestColumn = 1_000_000
  /// Rows of a strategy; a body holds no more.
  private static let largestMatrix = 2_000
}
