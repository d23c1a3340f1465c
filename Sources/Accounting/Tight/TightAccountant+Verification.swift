extension TightAccountant {
  /// Computes an answer a second, independent way.
  ///
  /// Closed forms are checked by the contour integral, that by loss distributions on a grid, and these by it; where the second
  /// engine cannot certify anything, and for what only Rényi divergence prices, the Rényi bound and the tight one check each
  /// other. No two of these share a formula, but for the pairs of distributions themselves.
  /// - Parameter bracket: an answer of this accountant, or of `RenyiAccountant` for the same event and relation (without a
  ///   lower bound and with method `renyi`).
  /// - Returns: the second answer.
  /// - Throws: `contradiction` where both cannot be true; `notCertified` where there is no second way.
  public func verify(_ bracket: EpsilonBracket) throws(AccountingError) -> EpsilonBracket {
    let delta = bracket.delta
    let second = try second(after: bracket.method) { (solve) throws(AccountingError) in
      var computation = TightComputation(composition)
      computation.usesClosedForm = false
      return try computation.epsilon(delta: delta) { (pairs, delta) throws(AccountingError) in
        try solve.epsilon(pairs, delta)
      }
    } tight: { () throws(AccountingError) in
      try epsilon(delta: delta)
    } renyi: {
      var renyi = CompositionEvaluator(composition)
      return EpsilonBracket(
        lower: nil, upper: renyi.epsilon(delta: delta, orders: nil).epsilon, delta: delta, method: .renyi)
    }
    try TightAccountant.requireAgreement(
      "epsilon", (bracket.lower, bracket.upper, bracket.method), (second.lower, second.upper, second.method))
    return second
  }

  /// As for ε.
  public func verify(_ bracket: DeltaBracket) throws(AccountingError) -> DeltaBracket {
    let epsilon = bracket.epsilon
    let second = try second(after: bracket.method) { (solve) throws(AccountingError) in
      var computation = TightComputation(composition)
      computation.usesClosedForm = false
      return try computation.delta(epsilon: epsilon) { (pairs, epsilon) throws(AccountingError) in
        try solve.logDelta(pairs, epsilon)
      }
    } tight: { () throws(AccountingError) in
      try delta(epsilon: epsilon)
    } renyi: {
      var renyi = CompositionEvaluator(composition)
      return DeltaBracket(
        lower: nil, upper: renyi.delta(epsilon: epsilon, orders: nil).delta, epsilon: epsilon, method: .renyi)
    }
    try TightAccountant.requireAgreement(
      "delta", (bracket.lower, bracket.upper, bracket.method), (second.lower, second.upper, second.method))
    return second
  }

  /// The engines that can stand in for one another.
  private enum SecondWay {
    case contour, grid

    func epsilon(_ pairs: DirectedPairs, _ delta: Double) throws(AccountingError) -> DirectedPairs.Bounds {
      switch self {
      case .contour: try pairs.epsilonByContour(delta: delta)
      case .grid: try pairs.epsilonOnGrid(delta: delta)
      }
    }

    func logDelta(_ pairs: DirectedPairs, _ epsilon: Double) throws(AccountingError) -> DirectedPairs.Bounds {
      switch self {
      case .contour: try pairs.logDeltaByContour(epsilon: epsilon)
      case .grid: try pairs.logDeltaOnGrid(epsilon: epsilon)
      }
    }
  }

  private func second<Bracket>(
    after method: TightMethod, by engine: (SecondWay) throws(AccountingError) -> Bracket,
    tight: () throws(AccountingError) -> Bracket, renyi: () -> Bracket
  ) throws(AccountingError) -> Bracket {
    guard CompositionPairs(composition) != nil else {
      throw .notCertified(
        reason: "only the Rényi divergence of this event is known, so there is no second way to compute it",
        alternative: "ask without verify")
    }
    let ways: [SecondWay]
    switch method {
    case .renyi: return try tight()
    case .closedForm: ways = [.contour, .grid]
    case .contourIntegral: ways = [.grid]
    case .lossDistribution: ways = [.contour]
    }
    for way in ways {
      do throws(AccountingError) { return try engine(way) } catch {
        guard case .notCertified = error else { throw error }
      }
    }
    return renyi()
  }

  private typealias Claim = (lower: Double?, upper: Double, method: TightMethod)

  private static func requireAgreement(
    _ what: String, _ first: Claim, _ second: Claim
  ) throws(AccountingError) {
    for (one, other) in [(first, second), (second, first)] where (one.lower ?? 0) > other.upper {
      throw .contradiction(
        "\(what) is at least \(one.lower ?? 0) by \(one.method.rawValue) and at most \(other.upper) by "
          + other.method.rawValue)
    }
  }
}
