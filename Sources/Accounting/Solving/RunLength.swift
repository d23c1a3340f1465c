/// How long a training run lasts.
public enum RunLength: Hashable, Sendable {
  /// Noisy updates, ≥ 0.
  case steps(Int)
  /// Expected passes over the data, > 0; may be fractional.
  case epochs(Double)

  /// The number of noisy updates, ⌈epochs/q⌉ where epochs are given.
  /// - Parameter samplingProbability: q in (0, 1].
  /// - Throws: `invalidParameter` for what is out of domain, `limitExceeded` above `PrivacyEvent.Limits.count` steps.
  public func steps(samplingProbability: Double) throws(AccountingError) -> Int {
    let limit = PrivacyEvent.Limits.count
    switch self {
    case .steps(let steps):
      try Domain.require(steps >= 0, "steps", Double(steps), "must be at least 0")
      if steps > limit { throw .limitExceeded(path: [.field("steps")], what: "the number of steps", limit: limit) }
      return steps
    case .epochs(let epochs):
      try Domain.require(epochs > 0 && epochs.isFinite, "epochs", epochs, "must be finite and greater than 0")
      try Domain.requireSampleRate(samplingProbability)
      let steps = (epochs / samplingProbability).rounded(.up)
      guard steps <= Double(limit) else {
        throw .limitExceeded(path: [.field("epochs")], what: "the number of steps", limit: limit)
      }
      return Int(steps)
    }
  }
}
