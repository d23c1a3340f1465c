import Glibc

/// The moments accountant of Abadi et al., "Deep Learning with Differential Privacy" (arXiv:1607.00133), as they defined it.
///
/// With ν₀ = N(0, σ²) and ν₁ = (1 − q)·N(0, σ²) + q·N(1, σ²), a step's log moment of integer order λ is
///
///     α(λ) = log max(E₁, E₂),   E₁ = E_{ν₀}[(ν₀/ν₁)^λ],   E₂ = E_{ν₁}[(ν₁/ν₀)^λ]
///
/// (section 3.2). Log moments of steps add up (Theorem 2.1), δ = min exp(α(λ) − λε) and hence ε = min (α(λ) + log(1/δ))/λ over
/// the λ that are looked at (Theorem 2.2; they use λ ≤ 32). Both moments are of one form, α(λ) = λ·D_{λ+1} in either direction, and
/// E₂ is never the lesser (`PoissonGaussianProfile`): its integral is taken numerically and rounded up.
///
/// Later conversions are tighter; this one is here because figures in the literature were made with it.
public struct MomentsAccountant: Sendable {
  private let composition: Composition

  /// The λ of the paper.
  public static let standardMoments = Array(1...32)
  /// The largest λ that is accepted.
  public static let greatestMoment = 100_000

  /// - Parameter event: Poisson-sampled Gaussian releases, Gaussian releases, and compositions of them, under
  ///   add-or-remove-one.
  /// - Throws: what `RenyiAccountant` throws, and `unsoundCombination` for any other event.
  public init(event: PrivacyEvent) throws(AccountingError) {
    try event.validate()
    let composition = try Composition(of: event, relation: .addOrRemoveOne)
    let isCovered = composition.groups.allSatisfy { group in
      switch group.mechanism {
      case .gaussian, .poissonGaussian, .nonPrivate: true
      default: false
      }
    }
    guard isCovered, composition.additiveDelta == 0 else {
      throw .unsoundCombination(
        path: [], reason: "the moments accountant is defined for Poisson-sampled Gaussian releases",
        alternative: "ask for rdp, which covers this event")
    }
    self.composition = composition
  }

  /// Upper bounds of α(λ) of the whole event, one for each of `moments`, in [0, ∞].
  public func logMoments(_ moments: [Int] = standardMoments) throws(AccountingError) -> [Double] {
    try validate(moments)
    var evaluator = CompositionEvaluator(composition)
    return moments.map { moment in
      let divergence = evaluator.divergence(order: Double(moment) + 1)
      return divergence == 0 ? 0 : (divergence * Double(moment)).nextUp
    }
  }

  /// The least ε over `moments` such that (ε, δ) holds; its order is λ + 1.
  /// - Parameters:
  ///   - delta: in [0, 1].
  ///   - moments: λ in 1…`greatestMoment`.
  public func epsilon(
    delta: Double, moments: [Int] = standardMoments
  ) throws(AccountingError) -> EpsilonBound {
    try Domain.requireDelta(delta)
    var best = EpsilonBound(epsilon: .infinity, delta: delta, order: nil)
    for (moment, logMoment) in zip(moments, try logMoments(moments)) {
      let sum = (logMoment - log(delta)) * (1 + 4 * ulp)
      // A release that tells nothing needs no δ.
      let epsilon = logMoment == 0 ? 0 : (sum / Double(moment)).nextUp
      if epsilon < best.epsilon { best = EpsilonBound(epsilon: epsilon, delta: delta, order: Double(moment) + 1) }
    }
    return best
  }

  /// The least δ over `moments` such that (ε, δ) holds; its order is λ + 1.
  /// - Parameters:
  ///   - epsilon: finite and ≥ 0.
  ///   - moments: λ in 1…`greatestMoment`.
  public func delta(
    epsilon: Double, moments: [Int] = standardMoments
  ) throws(AccountingError) -> DeltaBound {
    try Domain.requireEpsilon(epsilon)
    var best = DeltaBound(delta: 1, epsilon: epsilon, order: nil)
    for (moment, logMoment) in zip(moments, try logMoments(moments)) {
      let exponent = logMoment - Double(moment) * epsilon
      let error = 4 * ulp * (logMoment + Double(moment) * epsilon)
      let delta = logMoment == 0 ? 0 : min(1, (exp(exponent.raised(by: error)) * (1 + 2 * ulp)).nextUp)
      if delta < best.delta { best = DeltaBound(delta: delta, epsilon: epsilon, order: Double(moment) + 1) }
    }
    return best
  }

  private func validate(_ moments: [Int]) throws(AccountingError) {
    let field = PathComponent.field("moments")
    if moments.isEmpty {
      throw .invalidParameter(path: [field], value: "[]", requirement: "must hold at least one moment")
    }
    if moments.count > RenyiOrders.limit {
      throw .limitExceeded(path: [field], what: "the number of moments", limit: RenyiOrders.limit)
    }
    for (index, moment) in moments.enumerated() where moment < 1 || moment > MomentsAccountant.greatestMoment {
      throw .invalidParameter(
        path: [field, .index(index)], value: "\(moment)",
        requirement: "must lie between 1 and \(MomentsAccountant.greatestMoment)")
    }
  }
}
