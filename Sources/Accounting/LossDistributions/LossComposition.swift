import Glibc

/// The composition of loss pairs, by loss distributions on a grid: certified lower and upper bounds of δ(ε) and of ε(δ).
///
/// 1. Each pair's law is replaced by two laws on one grid, chords and tangents of its hockey-stick curve (`CellMasses`),
///    between which it lies in every composition.
/// 2. Both are tilted towards the answer (`LossGrid`) and composed by Fourier transforms (`GridComposer`). Where a law is
///    composed very often that is done twice: blocks of losses on a fine grid first, then the blocks on a coarser one (the evolving
///    discretisation of arXiv:2207.04381).
/// 3. The curves are read off (`LossCurve`), with all that was cut off, and all rounding, added to the upper one and taken from
///    the lower one.
///
/// The mesh h comes from the answer's scale. A chord adds about h²/6 to the variance of a loss, tangents take about h²/12 to h²/8;
/// variance v is worth (λ + 1)v/2 in ε. The interval that comes out is certified whatever the mesh was.
package struct LossComposition: Sendable {
  private let planner: CompositionPlanner

  /// - Parameters:
  ///   - parts: in any order; equal pairs are counted together.
  ///   - unboundedMass: an upper bound; it is added to upper bounds and unknown to lower ones.
  /// - Throws: `notCertified` where there are more different parts than can be computed in a bounded time.
  package init(_ parts: [LossPart], unboundedMass: Double = 0) throws(AccountingError) {
    let merged = LossComposition.merged(parts)
    let total = merged.reduce(0.0) { $0 + Double($1.count) }
    guard merged.count <= CompositionPlan.greatestNumberOfLaws, total <= CompositionPlan.greatestTotal else {
      throw CompositionPlan.tooLarge
    }
    let laws = merged.map { (law: LossLaw($0.pair), count: $0.count) }
    guard laws.allSatisfy({ $0.law.parts.allSatisfy(\.isRepresentable) }) else { throw CompositionPlan.tooLarge }
    planner = CompositionPlanner(
      laws.map { CompositionPlanner.Term($0.law, count: $0.count) }, unboundedMass: unboundedMass)
  }

  /// The interval around the least δ such that (ε, δ) holds in this direction.
  /// - Parameters:
  ///   - epsilon: finite and ≥ 0.
  ///   - tolerance: the width wanted, relative to the upper bound.
  /// - Throws: `notCertified` where that would need more than the bounds of time and memory, before any work is done.
  package func delta(
    epsilon: Double, tolerance: Double = 1e-3
  ) throws(AccountingError) -> (lower: Double, upper: Double) {
    try planner.delta(epsilon: epsilon, tolerance: tolerance)
  }

  /// The interval around the least ε ≥ 0 such that (ε, δ) holds in this direction; `infinity` where no ε does.
  /// - Parameters:
  ///   - delta: in [0, 1].
  ///   - tolerance: the width wanted, relative to the upper bound.
  ///   - absolute: a width that is good enough in any case.
  /// - Throws: `notCertified` where that would need more than the bounds of time and memory, before any work is done.
  package func epsilon(
    delta: Double, tolerance: Double = 1e-3, absolute: Double = 1e-6
  ) throws(AccountingError) -> (lower: Double, upper: Double) {
    try planner.epsilon(delta: delta, tolerance: tolerance, absolute: absolute)
  }

  /// Equal pairs are counted together.
  private static func merged(_ parts: [LossPart]) -> [LossPart] {
    var places: [LossPair: Int] = [:]
    var merged: [LossPart] = []
    for part in parts where part.count > 0 {
      if let place = places[part.pair] {
        merged[place].count += part.count
      } else {
        places[part.pair] = merged.count
        merged.append(part)
      }
    }
    return merged
  }
}
