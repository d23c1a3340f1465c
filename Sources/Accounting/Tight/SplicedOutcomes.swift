import Glibc

/// The spliced curve of a fixed-size sample under zero-out (see `FixedSizeProfile`) as a pair of finitely many outcomes.
///
/// The ratio of the pair that dominates above, A = (1 − q)N(−μ) + qN(μ) against B = (1 − q)N(−μ) + qN(0), falls below 1 and rises to 1 again on the
/// left, so it is no pair with a growing loss; what counts of it is z ≥ μ/2, where its ratio grows from 1. There, and on the
/// same half-line for the pair that dominates below, cells of the line are replaced by outcomes with the ratios r at both of
/// their ends that have the cell's masses P and Q: chords of the curve, which dominate it. What is left of both masses has loss 0.
struct SplicedOutcomes {
  /// q in (0, 1).
  var samplingProbability: Double
  /// μ = 1/σ.
  var mean: Double

  private static let cells = 2_048
  private static let cut = 15.0
  /// P(N(0, 1) > 15), rounded up.
  static let tailMass = 1e-50

  /// Outcomes of the direction in which P has the record.
  var removing: DiscreteOutcomes {
    let rest = 1 - samplingProbability
    let above = half { z in rest * exp(-mean * (z + mean / 2)) + samplingProbability }
    // Below it is N(0) that dominates M; its ratio is turned round so that it grows on the half-line as well.
    let below = half { _ in 1 }.map { LossAtom(p: $0.q, q: $0.p) }
    let listed = (above + below).reduce((p: 0.0, q: 0.0)) { ($0.p + $1.p, $0.q + $1.q) }
    let remaining = max(0, 1 - max(listed.p, listed.q))
    let neutral = LossAtom(p: remaining, q: remaining)
    return DiscreteOutcomes(atoms: above + [neutral] + below, relativeError: 1e-14)
  }

  /// Outcomes at the ends of the cells of μ/2 ≤ z ≤ μ + 15, for P = Q + q(N(μ) − N(0)).
  /// - Parameter density: of Q, over that of N(0).
  private func half(_ density: (Double) -> Double) -> [LossAtom] {
    let rule = GaussLegendreRule.four
    let start = mean / 2
    let width = (mean + Self.cut - start) / Double(Self.cells)
    func gain(_ z: Double) -> Double { samplingProbability * expm1(mean * (z - mean / 2)) }
    var atoms = [LossAtom](repeating: LossAtom(p: 0, q: 0), count: Self.cells + 1)
    var excessBefore = 0.0
    for index in 0..<Self.cells {
      let end = start + Double(index + 1) * width
      let excessAfter = gain(end) / density(end)
      var (mass, gained) = (0.0, 0.0)
      for (node, weight) in zip(rule.nodes, rule.weights) {
        let z = end - (1 - node) * width / 2
        let normal = weight * width / 2 * exp(-z * z / 2) / (2 * Double.pi).squareRoot()
        mass += normal * density(z)
        gained += normal * gain(z)
      }
      // Q = a + b and P − Q = a·(r₀ − 1) + b·(r₁ − 1).
      let share = min(max((gained - mass * excessBefore) / (excessAfter - excessBefore), 0), mass)
      atoms[index].q += mass - share
      atoms[index].p += (mass - share) * (1 + excessBefore)
      atoms[index + 1].q += share
      atoms[index + 1].p += share * (1 + excessAfter)
      excessBefore = excessAfter
    }
    return atoms.filter { $0.q > 0 }
  }
}
