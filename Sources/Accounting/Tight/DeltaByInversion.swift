import Glibc

/// δ(ε) from answers to ε(δ): where ε(δ') is certainly at most ε, δ' is an upper bound, and where it is certainly more, δ' is a lower
/// one.
struct DeltaByInversion {
  /// An interval around the least ε for a δ, or an error where there is none.
  let epsilon: (Double) throws(AccountingError) -> (lower: Double, upper: Double)

  private static let evaluations = 9
  /// δ without an interval that are put up with: each has taken its time.
  private static let patience = 2
  /// Width of log δ that is good enough.
  private static let width = 1e-2

  /// Bounds of log δ(ε), ε > 0.
  func logDelta(epsilon target: Double) throws(AccountingError) -> (lower: Double, upper: Double) {
    // `floor` is the larger of `low` and of where no interval could be had.
    var (low, high, floor) = (-Double.infinity, 0.0, -Double.infinity)
    var (known, stride) = ([(logDelta: Double, excess: Double)](), 4.0)
    var guess = -14.0
    var failures = 0
    for _ in 0..<DeltaByInversion.evaluations {
      guard let bracket = try interval(guess) else {
        failures += 1
        if failures > DeltaByInversion.patience { break }
        floor = guess
        guess = high < 0 ? (floor + high) / 2 : guess / 2
        if high - floor < 1 { break }
        continue
      }
      if bracket.upper <= target { high = min(high, guess) } else if bracket.lower > target { low = max(low, guess) }
      floor = max(floor, low)
      known.append((guess, (bracket.lower + bracket.upper) / 2 - target))
      if high - low < DeltaByInversion.width { break }
      // An interval that holds ε itself: step aside by more and more.
      let isBlurred = bracket.lower <= target && bracket.upper > target
      guess = next(known, floor, high, isBlurred ? guess : nil, &stride)
      if guess < -690 { break }
    }
    guard high < 0 else {
      throw .notCertified(
        reason: "no delta was found whose epsilon is certainly at most \(target)", alternative: "ask for rdp")
    }
    return (low, high)
  }

  private func interval(_ logDelta: Double) throws(AccountingError) -> (lower: Double, upper: Double)? {
    do throws(AccountingError) { return try epsilon(exp(logDelta)) } catch {
      guard case .notCertified = error else { throw error }
      return nil
    }
  }

  /// The next log δ to look at: by a line through the last two points, within the bracket; away from a blurred one.
  private func next(
    _ known: [(logDelta: Double, excess: Double)], _ low: Double, _ high: Double, _ blurred: Double?,
    _ stride: inout Double
  ) -> Double {
    if let blurred {
      let step = DeltaByInversion.width / 4 * Double(known.count)
      return high == 0 || high - blurred > 2 * step ? blurred + step : blurred - step
    }
    let last = known[known.count - 1]
    var guess = last.excess > 0 ? last.logDelta + stride : last.logDelta - stride
    if known.count > 1 {
      let before = known[known.count - 2]
      let slope = (last.excess - before.excess) / (last.logDelta - before.logDelta)
      // A little beyond the root, so that both sides are met in turn.
      let root = last.logDelta - last.excess / slope
      if slope < 0, root.isFinite { guess = root + (last.excess > 0 ? 1 : -1) * DeltaByInversion.width / 3 }
    }
    stride *= 2
    if low > -.infinity, !(guess > low && guess < high) { return (low + high) / 2 }
    return min(guess, high > -1e-3 ? -1e-3 : high)
  }
}
