import Glibc

/// The hockey-stick divergence of one `ShiftPair`, in closed form.
///
/// The loss L(z) increases, so with L(z) = ε the worst event is {x > z} and δ = Σ wᵢΦ(aᵢ − z) − e^ε·Σ vⱼΦ(bⱼ − z), aᵢ ≥ 0 the means of P and bⱼ ≤ 0
/// those of Q. As P(z) = e^ε·Q(z) this is
///
///     δ = P(z)·(Σ πᵢ·(R(z − aᵢ) − R(z)) + Σ κⱼ·(R(z) − R(z − bⱼ))),     R the Mills ratio, π and κ the mixtures' weights given z:
///
/// a sum of non-negative terms, so that nothing cancels, however rarely a record is sampled and however small δ is.
struct SingleRelease {
  let pair: ShiftPair

  /// Bounds of log δ(ε), ε ≥ 0; `nil` far out on the side where δ is 1 to all digits.
  func logDelta(epsilon: Double) -> (lower: Double, upper: Double)? {
    guard epsilon < pair.largestLoss else { return (-.infinity, -.infinity) }
    guard let z = threshold({ pair.point(at: $0).loss - epsilon }),
      let left = certain(from: z, by: -1, { $0.high <= epsilon }),
      let right = certain(from: z, by: 1, { $0.low >= epsilon }),
      let upper = logDelta(at: left)?.upper, let lower = logDelta(at: right)?.lower
    else { return nil }
    return (lower, upper)
  }

  /// Bounds of the least ε ≥ 0 with δ(ε) ≤ δ, 0 < δ < 1.
  func epsilon(delta: Double) -> (lower: Double, upper: Double)? {
    let target = log(delta)
    guard let atZero = logDelta(epsilon: 0) else { return nil }
    if atZero.upper <= target.lowered(by: 2 * ulp * abs(target)) { return (0, 0) }
    guard let z = threshold({ target - (logDelta(at: $0)?.upper ?? 0) }) else { return nil }
    let margin = 2 * ulp * abs(target)
    let right = outward(from: z, by: 1) { logDelta(at: $0).map { $0.upper <= target - margin } ?? false }
    let left = outward(from: z, by: -1) { logDelta(at: $0).map { $0.lower >= target + margin } ?? true }
    guard let right, let left else { return nil }
    return (max(0, loss(at: left).low), max(0, loss(at: right).high))
  }

  /// Bounds of L(z).
  private func loss(at z: Double) -> (low: Double, high: Double) {
    let loss = pair.point(at: z).loss
    // Each exponent a(z − a/2) is rounded three times, which counts by its share of the mixture; sums and logarithms add a few
    // units of the result.
    var error = 16 * ulp * abs(loss)
    for mixture in [pair.numerator, pair.denominator] {
      for (mean, weight) in mixture.posterior(at: z) { error += 8 * ulp * weight * abs(mean) * (abs(z) + abs(mean)) }
    }
    return (loss.lowered(by: error), loss.raised(by: error))
  }

  /// Bounds of log δ at the ε that z belongs to: decreasing in z.
  private func logDelta(at z: Double) -> (lower: Double, upper: Double)? {
    guard z - pair.largestMean > -30, z > -30 else { return nil }
    var sum = 0.0
    for (mean, weight) in pair.numerator.posterior(at: z) where mean > 0 {
      sum += weight * NormalTail.drop(from: z, distance: mean)
    }
    for (mean, weight) in pair.denominator.posterior(at: z) where mean < 0 {
      sum += weight * NormalTail.drop(from: z - mean, distance: -mean)
    }
    guard sum.isFinite else { return nil }
    let value = log(sum) + pair.point(at: z).logDensity
    let reach = abs(z) + pair.spread
    let error =
      NormalTail.dropError(from: min(0, z - pair.largestMean)) + ulp * (64 + 8 * reach * pair.spread + 2 * z * z)
      + 4 * ulp * abs(value)
    return (value.lowered(by: error), min(0, value.raised(by: error)))
  }

  /// Root of an increasing function of z.
  private func threshold(_ function: (Double) -> Double) -> Double? {
    var (low, high) = (-1.0, 1.0)
    while function(low) > 0 {
      low *= 2
      if low < -1e9 { return nil }
    }
    while function(high) < 0 {
      high *= 2
      if high > 1e9 { return nil }
    }
    return MonotoneRoot.find(low, high, function)
  }

  private func certain(from z: Double, by sign: Double, _ holds: ((low: Double, high: Double)) -> Bool) -> Double? {
    outward(from: z, by: sign) { holds(loss(at: $0)) }
  }

  private func outward(from z: Double, by sign: Double, _ holds: (Double) -> Bool) -> Double? {
    var stride = 2 * ulp * max(abs(z), 1e-3)
    for _ in 0..<60 {
      let candidate = z + sign * stride
      if holds(candidate) { return candidate }
      stride *= 2
    }
    return nil
  }
}

extension GaussianMixture {
  /// The weights given z.
  fileprivate func posterior(at z: Double) -> [(mean: Double, weight: Double)] {
    let total = ratio(at: z).log
    return zip(means, weights).map { mean, weight in (mean, weight * exp(mean * (z - mean / 2) - total)) }
  }
}
