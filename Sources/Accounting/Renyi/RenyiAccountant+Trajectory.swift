/// The privacy loss part of the way through a run.
public struct TrajectoryPoint: Hashable, Sendable {
  /// Noisy updates so far.
  public var steps: Int
  public var bound: EpsilonBound
}

extension TrajectoryPoint {
  /// `points` numbers of steps, spread evenly over 1…`repetitions` and ending there.
  static func steps(repetitions: Int, points: Int) throws(AccountingError) -> [Int] {
    try Domain.require(points >= 1, "trajectory", Double(points), "must be at least 1")
    guard points <= RenyiAccountant.trajectoryLimit else {
      throw .limitExceeded(
        path: [.field("trajectory")], what: "the number of points", limit: RenyiAccountant.trajectoryLimit)
    }
    try Domain.require(repetitions >= 1, "steps", Double(repetitions), "must be at least 1")
    let count = min(points, repetitions)
    // ⌈i·n/k⌉ without overflow: n = wk + r gives i·w + ⌈i·r/k⌉.
    let (width, rest) = repetitions.quotientAndRemainder(dividingBy: count)
    return (1...count).map { $0 * width + ($0 * rest + count - 1) / count }
  }
}

/// The certified interval of the privacy loss part of the way through a run.
public struct TightTrajectoryPoint: Hashable, Sendable {
  /// Noisy updates so far.
  public var steps: Int
  public var bracket: EpsilonBracket
}

extension TightAccountant {
  /// The intervals of ε after `points` numbers of repetitions, spread evenly over 1…`repetitions` and ending there. The
  /// accountant's own event is the step.
  /// - Parameters: as for `RenyiAccountant.trajectory`.
  /// - Throws: `notCertified` where any of them cannot be certified.
  public func trajectory(
    repetitions: Int, points: Int, delta: Double
  ) throws(AccountingError) -> [TightTrajectoryPoint] {
    let steps = try TrajectoryPoint.steps(repetitions: repetitions, points: points)
    let brackets = try epsilons(afterRepetitions: steps, delta: delta)
    return zip(steps, brackets).map { TightTrajectoryPoint(steps: $0, bracket: $1) }
  }
}

extension RenyiAccountant {
  /// ε of this event after each of `points` numbers of repetitions, spread evenly over 1…`repetitions` and ending there.
  /// The accountant's own event is the step.
  /// - Parameters:
  ///   - repetitions: ≥ 1.
  ///   - points: ≥ 1; with more points than repetitions there is one point for each repetition.
  ///   - delta: in [0, 1].
  ///   - orders: as for `epsilon(delta:orders:)`.
  public func trajectory(
    repetitions: Int, points: Int, delta: Double, orders: [Double]? = nil
  ) throws(AccountingError) -> [TrajectoryPoint] {
    let steps = try TrajectoryPoint.steps(repetitions: repetitions, points: points)
    return try epsilons(afterRepetitions: steps, delta: delta, orders: orders)
  }

  /// ε of this event repeated each of these numbers of times. The curve of one repetition is computed once and scaled.
  public func epsilons(
    afterRepetitions repetitions: [Int], delta: Double, orders: [Double]? = nil
  ) throws(AccountingError) -> [TrajectoryPoint] {
    try epsilons(afterRepetitions: repetitions, deltas: [delta], orders: orders)[0]
  }

  /// ε of this event repeated each of these numbers of times, for one δ after the other. The curve of one repetition is
  /// computed once.
  func epsilons(
    afterRepetitions repetitions: [Int], deltas: [Double], orders: [Double]?
  ) throws(AccountingError) -> [[TrajectoryPoint]] {
    for delta in deltas { try Domain.requireDelta(delta) }
    for times in repetitions {
      try Domain.require(times >= 0, "steps", Double(times), "must be at least 0")
      guard times <= PrivacyEvent.Limits.count else {
        throw .limitExceeded(
          path: [.field("steps")], what: "the number of steps", limit: PrivacyEvent.Limits.count)
      }
    }
    if let orders {
      let once = try curve(orders: orders)
      return deltas.map { delta in
        repetitions.map { TrajectoryPoint(steps: $0, bound: once.repeated($0).epsilonUpperBound(delta: delta)) }
      }
    }
    var evaluator = CompositionEvaluator(composition)
    var table =
      repetitions.count * deltas.count >= RenyiAccountant.leastTableUse ? EpsilonTable(composition) : nil
    return deltas.map { delta in
      repetitions.map { times in
        if let bound = table?.epsilon(repetitions: times, delta: delta) {
          return TrajectoryPoint(steps: times, bound: bound)
        }
        evaluator.setRepetitions(times)
        return TrajectoryPoint(steps: times, bound: evaluator.epsilon(delta: delta, orders: nil, near: table?.hint))
      }
    }
  }

  /// From this many points on a table of the curve is faster than a search for each.
  private static let leastTableUse = 8

  /// The most points of a trajectory.
  public static let trajectoryLimit = 10_000
}
