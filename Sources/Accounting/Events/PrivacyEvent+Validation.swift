extension PrivacyEvent {
  /// How large an event may be. Beyond these a request costs more than it can be worth.
  public enum Limits {
    /// Levels of nesting, the outermost event being the first.
    public static let depth = 32
    /// Events in the whole tree.
    public static let events = 10_000
    /// The largest `count`, and the largest product of nested counts.
    public static let count = 1_000_000_000_000
    /// Parts of one mixture of Gaussians.
    public static let mixtureParts = 1_000
    /// Steps of a tree or of a matrix factorisation.
    public static let treeSteps = 1_000_000_000
  }

  /// Everything that is wrong with this event, in the order of the text; empty when it can be accounted for under some
  /// relation. Paths use the field names of the public event format (`events`, `event`, `noise_multiplier`, …).
  public func invalidParameters() -> [AccountingError] {
    var inspection = EventInspection()
    inspection.visit(self, path: [], depth: 1, repetitions: 1)
    return inspection.problems
  }

  /// Throws the first of `invalidParameters()`.
  public func validate() throws(AccountingError) {
    if let first = invalidParameters().first { throw first }
  }
}

/// One walk over an event tree that collects what is out of domain.
private struct EventInspection {
  var problems: [AccountingError] = []
  private var visited = 0

  /// - Parameter repetitions: product of the counts above `event`, at most `Limits.count`.
  mutating func visit(_ event: PrivacyEvent, path: [PathComponent], depth: Int, repetitions: Int) {
    visited += 1
    guard visited <= PrivacyEvent.Limits.events else {
      if visited == PrivacyEvent.Limits.events + 1 { exceeded([], "the number of events", PrivacyEvent.Limits.events) }
      return
    }
    guard depth <= PrivacyEvent.Limits.depth else {
      return exceeded(path, "the nesting of events", PrivacyEvent.Limits.depth)
    }
    switch event {
    case .noOp, .nonPrivate: break
    case .gaussian(let noise), .laplace(let noise): requireNonNegative(noise, path, "noise_multiplier")
    case .randomizedResponse(let noise, let buckets):
      requireProbability(noise, path, "noise_parameter")
      if buckets < 1 { invalid(path, "num_buckets", "\(buckets)", "must be at least 1") }
    case .zeroConcentrated(let rho, let xi):
      requireNonNegative(rho, path, "rho")
      requireNonNegative(xi, path, "xi")
    case .epsilonDelta(let epsilon, let delta):
      requireNonNegative(epsilon, path, "epsilon")
      requireProbability(delta, path, "delta")
    case .poissonSampled(let probability, let inner):
      requireProbability(probability, path, "sampling_probability")
      visit(inner, path: path + [.field("event")], depth: depth + 1, repetitions: repetitions)
    case .discreteGaussian, .discreteLaplace, .exponentialMechanism, .mixtureOfGaussians, .treeAggregation,
      .matrixFactorization, .randomAllocation, .truncatedPoissonSampledGaussian:
      visitLeaf(event, path: path)
    case .sampledWithoutReplacement(let datasetSize, let sampleSize, let inner):
      if datasetSize < 1 { invalid(path, "dataset_size", "\(datasetSize)", "must be at least 1") }
      if sampleSize < 0 || sampleSize > datasetSize {
        invalid(path, "sample_size", "\(sampleSize)", "must lie between 0 and dataset_size")
      }
      visit(inner, path: path + [.field("event")], depth: depth + 1, repetitions: repetitions)
    case .repeatAndSelect(let inner, let mean, let shape):
      if !(mean > (shape == nil ? 0 : 1) && mean.isFinite) {
        invalid(path, "mean_repetitions", "\(mean)", "must be finite and greater than \(shape == nil ? 0 : 1)")
      }
      if let shape { requireNonNegative(shape, path, "shape") }
      visit(inner, path: path + [.field("event")], depth: depth + 1, repetitions: repetitions)
    case .composed(let events):
      for (index, inner) in events.enumerated() where visited <= PrivacyEvent.Limits.events {
        visit(inner, path: path + [.field("events"), .index(index)], depth: depth + 1, repetitions: repetitions)
      }
    case .selfComposed(let inner, let count):
      let total = require(count: count, repetitions: repetitions, path)
      visit(inner, path: path + [.field("event")], depth: depth + 1, repetitions: total)
    }
  }

  /// Events without an event inside.
  private mutating func visitLeaf(_ event: PrivacyEvent, path: [PathComponent]) {
    switch event {
    case .discreteGaussian(let scale, let sensitivity), .discreteLaplace(let scale, let sensitivity):
      requirePositive(scale, path, "scale")
      if sensitivity < 1 { invalid(path, "sensitivity", "\(sensitivity)", "must be at least 1") }
    case .exponentialMechanism(let epsilon): requireNonNegative(epsilon, path, "epsilon")
    case .truncatedPoissonSampledGaussian(let datasetSize, let probability, let batchSize, let noise):
      if datasetSize < 1 { invalid(path, "dataset_size", "\(datasetSize)", "must be at least 1") }
      requireProbability(probability, path, "sampling_probability")
      if batchSize < 1 { invalid(path, "truncated_batch_size", "\(batchSize)", "must be at least 1") }
      requireNonNegative(noise, path, "noise_multiplier")
    case .randomAllocation(let noise, let bins, let selected):
      requireNonNegative(noise, path, "noise_multiplier")
      if bins < 1 { invalid(path, "bins", "\(bins)", "must be at least 1") }
      if selected < 1 || selected > bins { invalid(path, "selected", "\(selected)", "must lie between 1 and bins") }
    case .mixtureOfGaussians(let deviation, let sensitivities, let probabilities):
      requirePositive(deviation, path, "standard_deviation")
      visitMixture(sensitivities, probabilities, path)
    case .treeAggregation(let noise, let schedule):
      requireNonNegative(noise, path, "noise_multiplier")
      visitSchedule(schedule, path)
    case .matrixFactorization(let noise, let strategy):
      requireNonNegative(noise, path, "noise_multiplier")
      visitStrategy(strategy, path)
    default: break
    }
  }

  private mutating func visitMixture(_ sensitivities: [Double], _ probabilities: [Double], _ path: [PathComponent]) {
    if sensitivities.isEmpty || sensitivities.count > PrivacyEvent.Limits.mixtureParts {
      invalid(
        path, "sensitivities", "\(sensitivities.count) values",
        "must be 1 to \(PrivacyEvent.Limits.mixtureParts) values")
    }
    for sensitivity in sensitivities { requireNonNegative(sensitivity, path, "sensitivities") }
    for probability in probabilities { requireProbability(probability, path, "sampling_probs") }
    let sum = probabilities.reduce(0, +)
    if probabilities.count != sensitivities.count {
      invalid(path, "sampling_probs", "\(probabilities.count) values", "must be one for each of sensitivities")
    } else if !(abs(sum - 1) <= 1e-9) {
      invalid(path, "sampling_probs", "\(sum)", "must add up to 1")
    }
  }

  private mutating func visitSchedule(_ schedule: TreeSchedule, _ path: [PathComponent]) {
    switch schedule {
    case .restarts(let stepCounts):
      if stepCounts.isEmpty || stepCounts.count > PrivacyEvent.Limits.events {
        invalid(path, "step_counts", "\(stepCounts.count) values", "must be 1 to \(PrivacyEvent.Limits.events) values")
      }
      for count in stepCounts { requireSteps(count, path, "step_counts") }
    case .single(let totalSteps, let maxParticipation, let minSeparation):
      requireSteps(totalSteps, path, "total_steps")
      requireSteps(maxParticipation, path, "max_participation")
      if minSeparation < 0 { invalid(path, "min_separation", "\(minSeparation)", "must be at least 0") }
    }
  }

  private mutating func visitStrategy(_ strategy: MatrixStrategy, _ path: [PathComponent]) {
    switch strategy {
    case .sensitivity(let sensitivity): requireNonNegative(sensitivity, path, "sensitivity")
    case .toeplitz(let coefficients, let steps, let maxParticipation, let minSeparation):
      requireParticipation(steps, maxParticipation, minSeparation, path)
      if coefficients.isEmpty || coefficients.count > steps {
        invalid(path, "coefficients", "\(coefficients.count) values", "must be 1 to steps values")
      }
      for coefficient in coefficients { requireFinite(coefficient, path, "coefficients") }
    case .dense(let rows, let maxParticipation, let minSeparation):
      requireParticipation(rows.count, maxParticipation, minSeparation, path)
      for (index, row) in rows.enumerated() {
        if row.count != rows.count || row[(index + 1)...].contains(where: { $0 != 0 }) {
          invalid(path, "strategy", "row \(index)", "must be square and lower triangular")
          break
        }
        for entry in row { requireFinite(entry, path, "strategy") }
      }
    }
  }

  private mutating func requireParticipation(
    _ steps: Int, _ maxParticipation: Int, _ minSeparation: Int, _ path: [PathComponent]
  ) {
    requireSteps(steps, path, "steps")
    requireSteps(maxParticipation, path, "max_participation")
    requireSteps(minSeparation, path, "min_separation")
  }

  private mutating func requireSteps(_ count: Int, _ path: [PathComponent], _ field: String) {
    if count < 1 || count > PrivacyEvent.Limits.treeSteps {
      invalid(path, field, "\(count)", "must lie between 1 and \(PrivacyEvent.Limits.treeSteps)")
    }
  }

  private mutating func requireFinite(_ value: Double, _ path: [PathComponent], _ field: String) {
    if !value.isFinite { invalid(path, field, "\(value)", "must be finite") }
  }

  private mutating func requirePositive(_ value: Double, _ path: [PathComponent], _ field: String) {
    if !(value > 0 && value.isFinite) { invalid(path, field, "\(value)", "must be finite and greater than 0") }
  }

  private mutating func require(count: Int, repetitions: Int, _ path: [PathComponent]) -> Int {
    guard count >= 0 else {
      invalid(path, "count", "\(count)", "must be at least 0")
      return repetitions
    }
    let (product, overflow) = repetitions.multipliedReportingOverflow(by: count)
    guard !overflow, product <= PrivacyEvent.Limits.count else {
      exceeded(path + [.field("count")], "the number of repetitions", PrivacyEvent.Limits.count)
      return repetitions
    }
    return product
  }

  private mutating func requireNonNegative(_ value: Double, _ path: [PathComponent], _ field: String) {
    if !(value >= 0 && value.isFinite) { invalid(path, field, "\(value)", "must be finite and at least 0") }
  }

  private mutating func requireProbability(_ value: Double, _ path: [PathComponent], _ field: String) {
    if !(value >= 0 && value <= 1) { invalid(path, field, "\(value)", "must lie in [0, 1]") }
  }

  private mutating func invalid(_ path: [PathComponent], _ field: String, _ value: String, _ requirement: String) {
    problems.append(.invalidParameter(path: path + [.field(field)], value: value, requirement: requirement))
  }

  private mutating func exceeded(_ path: [PathComponent], _ what: String, _ limit: Int) {
    problems.append(.limitExceeded(path: path, what: what, limit: limit))
  }
}
