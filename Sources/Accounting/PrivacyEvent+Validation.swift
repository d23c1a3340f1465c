extension PrivacyEvent {
  /// How large an event may be. Beyond these a request costs more than it can be worth.
  public enum Limits {
    /// Levels of nesting, the outermost event being the first.
    public static let depth = 32
    /// Events in the whole tree.
    public static let events = 10_000
    /// The largest `count`, and the largest product of nested counts.
    public static let count = 1_000_000_000_000
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
    case .composed(let events):
      for (index, inner) in events.enumerated() where visited <= PrivacyEvent.Limits.events {
        visit(inner, path: path + [.field("events"), .index(index)], depth: depth + 1, repetitions: repetitions)
      }
    case .selfComposed(let inner, let count):
      let total = require(count: count, repetitions: repetitions, path)
      visit(inner, path: path + [.field("event")], depth: depth + 1, repetitions: total)
    }
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
