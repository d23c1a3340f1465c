import Glibc

/// One question to the tight accountant.
struct TightComputation {
  private let composition: Composition
  private let pairs: CompositionPairs?

  init(_ composition: Composition) {
    self.composition = composition
    pairs = CompositionPairs(composition)
  }

  /// Whether a list of Gaussians alone is answered by its closed form.
  var usesClosedForm = true
  /// Whether `AttainedPairs` give a lower bound where no pairs dominate all that is composed: worth its time for one answer, not for
  /// each point of a curve or step of a search.
  var seeksAttained = false

  func epsilon(delta: Double) throws(AccountingError) -> EpsilonBracket {
    try epsilon(delta: delta) { (pairs, delta) throws(AccountingError) in try pairs.epsilon(delta: delta) }
  }

  func delta(epsilon: Double) throws(AccountingError) -> DeltaBracket {
    var bracket = try unsettledDelta(epsilon: epsilon)
    bracket.upper = try settled(bracket.upper, epsilon: epsilon, method: bracket.method)
    return bracket
  }

  func unsettledDelta(epsilon: Double) throws(AccountingError) -> DeltaBracket {
    try delta(epsilon: epsilon) { (pairs, epsilon) throws(AccountingError) in try pairs.logDelta(epsilon: epsilon) }
  }

  /// What may count as a failure without a difference that shows, as a share of δ.
  private static let negligible = 1e-5

  /// A δ that, asked about, gives ε back. A mesh follows the question, and so does every rounding, so the interval of ε(δ) may end a
  /// little above the ε that δ was computed for; a slightly larger δ is as valid and agrees with it.
  private func settled(
    _ delta: Double, epsilon: Double, method: TightMethod
  ) throws(AccountingError) -> Double {
    // A closed form and its inverse enclose one curve, to the last digits.
    guard method != .closedForm else { return delta }
    var withoutAttained = self
    withoutAttained.seeksAttained = false
    var settled = delta
    for excess in [1e-9, 1e-7, 1e-5, 2.5e-4, 1e-3, 4e-3, 1.6e-2, 0.06, 0.2] where settled > 0 && epsilon > 0 {
      // Beyond the first steps an interval on a mesh has its width to make up for.
      if method == .lossDistribution && excess < 1e-4 && settled > delta { continue }
      do throws(AccountingError) {
        if settled >= 1 { return settled }
        let back = try withoutAttained.epsilon(delta: settled).upper
        if back <= epsilon * (1 + 5e-10) { return settled }
      } catch {
        guard case .notCertified = error else { throw error }
        // Who asks for that ε gets the Rényi bound, which only its own δ gives back.
        return max(settled, renyiDelta(epsilon))
      }
      settled = min(1, delta * (1 + excess))
    }
    return settled
  }

  /// - Parameter solve: bounds for the pairs alone at 0 < δ < 1.
  func epsilon(
    delta: Double, _ solve: (DirectedPairs, Double) throws(AccountingError) -> DirectedPairs.Bounds
  ) throws(AccountingError) -> EpsilonBracket {
    func bracket(_ lower: Double?, _ upper: Double, _ method: TightMethod) -> EpsilonBracket {
      EpsilonBracket(lower: lower, upper: upper, delta: delta, method: method)
    }
    if delta >= 1 { return bracket(0, 0, .closedForm) }
    if composition.isNonPrivate { return bracket(.infinity, .infinity, .closedForm) }
    let pairs = composition.isTruncated ? CompositionPairs(composition, negligible: delta * Self.negligible) : pairs
    guard let pairs else { return bracket(try attainedEpsilon(delta), renyiEpsilon(delta), .renyi) }
    guard let remaining = remainder(of: delta, pairs) else {
      let upper = renyiEpsilon(delta)
      return bracket(nil, upper, upper < .infinity ? .renyi : .closedForm)
    }
    if composition.groups.isEmpty { return bracket(0, 0, .closedForm) }
    if remaining.upper <= 0 {
      let pure = composition.pureEpsilonUpperBound
      return bracket(pure == .infinity ? .infinity : pairs.reachedLoss, pure, .closedForm)
    }
    if usesClosedForm, let shift = composition.gaussianShift {
      let low = GaussianTradeOff.epsilon(mu: shift.lower, delta: remaining.lower).lower
      return bracket(low, GaussianTradeOff.epsilon(mu: shift.upper, delta: remaining.upper).upper, .closedForm)
    }
    if composition.isIndistinguishable(within: remaining.upper) { return bracket(0, 0, .closedForm) }
    let bounds = try pairs.greatestEpsilon(delta: remaining, solve)
    guard bounds.lower <= bounds.upper else { throw TightComputation.contradiction("epsilon", bounds) }
    let upper = min(bounds.upper, composition.pureEpsilonUpperBound)
    // Where the dominating pairs are not reached, the Rényi divergence of the mechanism itself may tell more.
    guard bounds.lower < upper * (1 - 1e-3) else { return bracket(bounds.lower, upper, bounds.method) }
    let renyi = renyiEpsilon(delta)
    return renyi < upper ? bracket(bounds.lower, renyi, .renyi) : bracket(bounds.lower, upper, bounds.method)
  }

  /// - Parameter solve: bounds of log δ for the pairs alone.
  func delta(
    epsilon: Double, _ solve: (DirectedPairs, Double) throws(AccountingError) -> DirectedPairs.Bounds
  ) throws(AccountingError) -> DeltaBracket {
    if composition.isNonPrivate { return DeltaBracket(lower: 1, upper: 1, epsilon: epsilon, method: .closedForm) }
    if composition.isTruncated { return try truncatedDelta(epsilon: epsilon, solve) }
    return try delta(epsilon: epsilon, pairs, solve)
  }

  /// What is negligible beside δ is known once δ is.
  private func truncatedDelta(
    epsilon: Double, _ solve: (DirectedPairs, Double) throws(AccountingError) -> DirectedPairs.Bounds
  ) throws(AccountingError) -> DeltaBracket {
    var scale = 1e-4
    while true {
      let pairs = CompositionPairs(composition, negligible: scale * Self.negligible)
      let bracket = try delta(epsilon: epsilon, pairs, solve)
      guard bracket.upper < scale * 1e-2, scale > 1e-100 else { return bracket }
      scale = bracket.upper
    }
  }

  private func delta(
    epsilon: Double, _ pairs: CompositionPairs?,
    _ solve: (DirectedPairs, Double) throws(AccountingError) -> DirectedPairs.Bounds
  ) throws(AccountingError) -> DeltaBracket {
    func bracket(_ lower: Double?, _ upper: Double, _ method: TightMethod) -> DeltaBracket {
      DeltaBracket(lower: lower, upper: upper, epsilon: epsilon, method: method)
    }
    guard let pairs else {
      return bracket(try attainedDelta(epsilon), renyiDelta(epsilon), .renyi)
    }
    var bounds: DirectedPairs.Bounds = (0, 0, .closedForm)
    if usesClosedForm, let shift = composition.gaussianShift {
      bounds.lower = GaussianTradeOff.delta(mu: shift.lower, epsilon: epsilon).lower
      bounds.upper = GaussianTradeOff.delta(mu: shift.upper, epsilon: epsilon).upper
    } else if !composition.groups.isEmpty {
      let logs = try pairs.greatestLogDelta(epsilon: epsilon, solve)
      guard logs.lower <= logs.upper else { throw TightComputation.contradiction("delta", logs) }
      let upper = logs.upper == -.infinity ? 0 : min(1, exp(logs.upper).raised(by: 4 * ulp * exp(logs.upper)))
      let lower = exp(logs.lower)
      bounds = (max(0, lower.lowered(by: 4 * ulp * lower)), upper, logs.method)
      if bounds.lower < upper * 0.95 { lessen(&bounds, epsilon: epsilon) }
    }
    let failed = DeltaSplit.total(of: pairs.unboundedMass, and: composition.additiveDelta)
    let certain = composition.additiveDelta * (1 - 1e-11)
    return bracket(
      certain == 0 ? bounds.lower : max(certain, (certain + bounds.lower * (1 - certain)) * (1 - 4 * ulp)),
      DeltaSplit.total(of: bounds.upper, and: failed), bounds.method)
  }

  /// What is left of δ for the pairs: the less for an upper bound of ε, the more for a lower one.
  private func remainder(of delta: Double, _ pairs: CompositionPairs) -> CompositionPairs.Remainder? {
    let failed = DeltaSplit.total(of: pairs.unboundedMass, and: composition.additiveDelta)
    guard let least = DeltaSplit.remainder(of: delta, after: failed) else { return nil }
    let certain = composition.additiveDelta * (1 - 1e-11)
    let most = certain == 0 ? delta : min(1, (delta - certain) / (1 - certain) * (1 + 4 * ulp))
    return .init(upper: least, lower: max(least, most))
  }

  /// Where the dominating pairs are not reached, the Rényi divergence of the mechanism itself may tell more.
  private func lessen(_ bounds: inout DirectedPairs.Bounds, epsilon: Double) {
    var renyi = CompositionEvaluator(Composition(groups: composition.groups, additiveDelta: 0))
    let delta = renyi.delta(epsilon: epsilon, orders: nil).delta
    if delta < bounds.upper { (bounds.upper, bounds.method) = (delta, .renyi) }
  }

  private func attainedEpsilon(_ delta: Double) throws(AccountingError) -> Double? {
    guard seeksAttained, delta > composition.additiveDelta else { return nil }
    let certain = composition.additiveDelta * (1 - 1e-11)
    return try AttainedPairs.epsilonLowerBound(
      of: composition, delta: min(1, (delta - certain) / (1 - certain) * (1 + 4 * ulp)))
  }

  private func attainedDelta(_ epsilon: Double) throws(AccountingError) -> Double? {
    guard seeksAttained, let delta = try AttainedPairs.deltaLowerBound(of: composition, epsilon: epsilon) else {
      return nil
    }
    let certain = composition.additiveDelta * (1 - 1e-11)
    return certain == 0 ? delta : max(certain, (certain + delta * (1 - certain)) * (1 - 4 * ulp))
  }

  private func renyiEpsilon(_ delta: Double) -> Double {
    var renyi = CompositionEvaluator(composition)
    return renyi.epsilon(delta: delta, orders: nil).epsilon
  }

  private func renyiDelta(_ epsilon: Double) -> Double {
    var renyi = CompositionEvaluator(composition)
    return renyi.delta(epsilon: epsilon, orders: nil).delta
  }

  private static func contradiction(_ what: String, _ bounds: DirectedPairs.Bounds) -> AccountingError {
    .contradiction("the lower bound of \(what), \(bounds.lower), exceeds the upper one, \(bounds.upper)")
  }
}

extension Composition {
  /// Whether the total variation is at most δ by Bretagnolle and Huber's bound alone, so that ε = 0 holds.
  fileprivate func isIndistinguishable(within delta: Double) -> Bool {
    var renyi = CompositionEvaluator(self)
    let order = 1 + OrderSearch.steps.lowerBound
    let divergence = renyi.divergence(order: order)
    return RenyiConversion.epsilonUpperBound(divergence: divergence, order: order, delta: delta) == 0
  }

  /// Whether a sample is cut down somewhere.
  fileprivate var isTruncated: Bool {
    groups.contains { group in
      if case .truncatedPoissonGaussian = group.mechanism { true } else { false }
    }
  }

  /// Whether something is released as it is.
  fileprivate var isNonPrivate: Bool { groups.contains { $0.mechanism == .nonPrivate } }

  /// Bounds of μ where all releases are Gaussian: N(μ, 1) against N(0, 1), μ² = Σ 1/σ².
  fileprivate var gaussianShift: (lower: Double, upper: Double)? {
    var square = 0.0
    for group in groups {
      guard case .gaussian(let noise) = group.mechanism, noise > 0 else { return nil }
      square += Double(group.count) / noise / noise
    }
    guard square.isFinite, square > 0 else { return nil }
    let error = ulp * Double(groups.count + 4)
    return (square.squareRoot() * (1 - error), square.squareRoot() * (1 + error))
  }
}
