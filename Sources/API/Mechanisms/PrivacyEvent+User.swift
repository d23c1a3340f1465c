import Accounting

extension PrivacyEvent {
  /// The same releases, seen as those of one user with at most `examples` ≥ 1 examples, who is added or removed whole.
  ///
  /// A sum of clipped examples moves by as much as the user's share of it; in a Poisson sample that share is random
  /// (`GroupPrivacy.sampledGroup`).
  /// nil where no such event is known; then group privacy is what remains.
  func ofUser(examples: Int) -> PrivacyEvent? {
    guard examples > 1 else { return self }
    switch self {
    case .noOp, .nonPrivate: return self
    case .gaussian(let noise): return .gaussian(noiseMultiplier: noise / Double(examples))
    case .laplace(let noise): return .laplace(noiseMultiplier: noise / Double(examples))
    case .selfComposed(let event, let count):
      return event.ofUser(examples: examples).map { .selfComposed(event: $0, count: count) }
    case .composed(let events):
      let ofUser = events.compactMap { $0.ofUser(examples: examples) }
      return ofUser.count == events.count ? .composed(ofUser) : nil
    case .poissonSampled(let probability, .gaussian(let noise)) where noise > 0 && probability > 0:
      return GroupPrivacy.sampledGroup(
        size: examples, samplingProbability: probability, noiseMultiplier: noise, steps: 1)
    case .poissonSampled(1, let event): return event.ofUser(examples: examples)
    default: return nil
    }
  }
}
