import Glibc

/// The pairs of a composition for one order of the two datasets, each with its number of runs.
struct DirectedPairs: Sendable {
  typealias Bounds = (lower: Double, upper: Double, method: TightMethod)

  var parts: [(pair: LossPair, count: Int)]

  /// Whether both lists are the same.
  static func == (left: DirectedPairs, right: DirectedPairs) -> Bool {
    left.parts.count == right.parts.count
      && zip(left.parts, right.parts).allSatisfy { $0.pair == $1.pair && $0.count == $1.count }
  }

  /// Bounds of the least ε ≥ 0 with δ(ε) ≤ δ, 0 < δ < 1: by the first way that certifies some.
  func epsilon(delta: Double) throws(AccountingError) -> Bounds {
    if let single, let bounds = single.epsilon(delta: delta) { return (bounds.lower, bounds.upper, .closedForm) }
    if let bounds = ContourAccountant(parts)?.epsilon(delta: delta) {
      return (bounds.lower, bounds.upper, .contourIntegral)
    }
    return try epsilonOnGrid(delta: delta)
  }

  /// Bounds of log δ(ε), ε ≥ 0.
  func logDelta(epsilon: Double) throws(AccountingError) -> Bounds {
    if let single, let bounds = single.logDelta(epsilon: epsilon) { return (bounds.lower, bounds.upper, .closedForm) }
    if let bounds = ContourAccountant(parts)?.logDelta(epsilon: epsilon) {
      return (bounds.lower, bounds.upper, .contourIntegral)
    }
    return try logDeltaOnGrid(epsilon: epsilon)
  }

  /// The same by the contour integral alone.
  func epsilonByContour(delta: Double) throws(AccountingError) -> Bounds {
    guard let bounds = ContourAccountant(parts)?.epsilon(delta: delta) else { throw DirectedPairs.noContour }
    return (bounds.lower, bounds.upper, .contourIntegral)
  }

  func logDeltaByContour(epsilon: Double) throws(AccountingError) -> Bounds {
    guard let bounds = ContourAccountant(parts)?.logDelta(epsilon: epsilon) else { throw DirectedPairs.noContour }
    return (bounds.lower, bounds.upper, .contourIntegral)
  }

  private static var noContour: AccountingError {
    .notCertified(
      reason: "too little of the loss has a density for the contour integral", alternative: "ask for auto or pld")
  }

  /// The same by loss distributions on a grid.
  func epsilonOnGrid(delta: Double) throws(AccountingError) -> Bounds {
    let bounds = try grid.epsilon(delta: delta)
    return (bounds.lower, bounds.upper, .lossDistribution)
  }

  func logDeltaOnGrid(epsilon: Double) throws(AccountingError) -> Bounds {
    let grid = try grid
    do throws(AccountingError) {
      let bounds = try grid.delta(epsilon: epsilon)
      let (lower, upper) = (log(bounds.lower), log(bounds.upper))
      return (
        lower == -.infinity ? lower : lower.lowered(by: 4 * ulp * abs(lower)),
        upper == -.infinity ? upper : min(0, upper.raised(by: 4 * ulp * abs(upper))), .lossDistribution
      )
    } catch {
      guard case .notCertified = error, epsilon > 0 else { throw error }
    }
    let inversion = DeltaByInversion { (delta) throws(AccountingError) in try grid.epsilon(delta: delta) }
    let bounds = try inversion.logDelta(epsilon: epsilon)
    return (bounds.lower, bounds.upper.raised(by: 4 * ulp * abs(bounds.upper)), .lossDistribution)
  }

  private var grid: LossComposition {
    get throws(AccountingError) { try LossComposition(parts.map { LossPart(pair: $0.pair, count: $0.count) }) }
  }

  /// Whether it is cheap to see that δ(ε) ≤ e^logDelta.
  func isDelta(atMost logDelta: Double, epsilon: Double) -> Bool {
    ContourAccountant(parts)?.isDelta(atMost: logDelta, epsilon: epsilon) ?? false
  }

  /// The one release, where there is no other.
  private var single: SingleLoss? {
    guard parts.count == 1, parts[0].count == 1 else { return nil }
    return SingleLoss(parts[0].pair)
  }

  /// Lower bound of the largest loss, for pairs that have atoms there; `nil` where it has no bound or is not known.
  var reachedLoss: Double? {
    var sum = 0.0
    for (pair, count) in parts {
      guard let loss = pair.reachedLoss else { return nil }
      sum += loss * Double(count)
    }
    return max(0, sum * (1 - 1e-12))
  }
}

extension LossPair {
  /// The largest loss that has an atom.
  fileprivate var reachedLoss: Double? {
    switch self {
    case .laplace(let scale), .reversed(.laplace(let scale)): 1 / scale
    case .discrete(let atoms): atoms.map { $0.p > 0 ? log($0.p / $0.q) : -.infinity }.max()
    case .reversed(.discrete(let atoms)): atoms.map { $0.q > 0 ? log($0.q / $0.p) : -.infinity }.max()
    default: nil
    }
  }
}

/// One release whose hockey-stick divergence has a closed form.
private enum SingleLoss {
  case shift(SingleRelease)
  case laplace(largestLoss: Double)

  init?(_ pair: LossPair) {
    switch pair {
    case .laplace(let scale), .reversed(.laplace(let scale)): self = .laplace(largestLoss: 1 / scale)
    default:
      guard let shift = ShiftPair(pair) else { return nil }
      self = .shift(SingleRelease(pair: shift))
    }
  }

  func epsilon(delta: Double) -> (lower: Double, upper: Double)? {
    switch self {
    case .shift(let release): return release.epsilon(delta: delta)
    case .laplace(let loss):
      // δ = 1 − e^{(ε − l)/2}.
      let epsilon = loss + 2 * log1p(-delta)
      let error = 8 * ulp * (loss + abs(log1p(-delta)))
      return (max(0, epsilon.lowered(by: error)), max(0, epsilon.raised(by: error)))
    }
  }

  func logDelta(epsilon: Double) -> (lower: Double, upper: Double)? {
    switch self {
    case .shift(let release): return release.logDelta(epsilon: epsilon)
    case .laplace(let loss):
      let margin = 2 * ulp * loss
      func value(_ gap: Double) -> Double { gap > 0 ? log(-expm1(-gap / 2)) : -.infinity }
      return (
        value(loss - epsilon - margin).lowered(by: 1e-15), min(0, value(loss - epsilon + margin).raised(by: 1e-15))
      )
    }
  }
}
