import Glibc

/// Rényi divergence of a pair with finitely many outcomes.
enum AtomsDivergence {
  /// D_α from the probability under Q and log r of each outcome; one with r = 1 may be left out. E_Q[rᵅ] − 1 is a sum of the
  /// non-negative E_Q[rᵅ − 1 − α(r − 1)].
  /// - Returns: rounded up, for probabilities and logarithms that are within a few units in the last place.
  static func upperBound(order: Double, atoms: [(probability: Double, logRatio: Double)]) -> Double {
    let step = order - 1
    let rounding = ulp * (64 + Double(atoms.count))
    let largest = atoms.reduce(0.0) { max($0, order * $1.logRatio) }
    if largest > 600 {
      let rest = max(0, 1 - atoms.reduce(0.0) { $0 + $1.probability })
      let sum = atoms.reduce(rest * exp(-largest)) { $0 + $1.probability * exp(order * $1.logRatio - largest) }
      return ((largest + log(sum)) / step).raised(by: (8 * ulp * (largest + 2 - log(sum)) + rounding) / step)
    }
    let excess = atoms.reduce(0.0) {
      $0 + $1.probability * Stable.powerExcess(order: order, logRatio: $1.logRatio)
    }
    let exponent = atoms.reduce(0.0) { max($0, order * abs($1.logRatio)) }
    return log1p(excess * (1 + rounding + ulp * 8 * exponent)) / step * (1 + 4 * ulp)
  }
}
