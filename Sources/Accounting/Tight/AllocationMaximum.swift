import Glibc

/// The largest of t Gaussian releases of which one, at random, has the record: Φ(z)^{t−1}·Φ(z − 1/σ) is its distribution function
/// with the record and Φ(z)ᵗ without it, wherever the record went. Cells of the line are the outcomes of a pair that shows no more than
/// the releases do.
struct AllocationMaximum {
  private let bins: Double
  /// 1/σ.
  private let mean: Double

  private static let cells = 1_024
  /// Beyond, the sum of all releases tells as much as anybody needs.
  private static let largestMean = 30.0

  /// `nil` where this is not the whole release, or there is hardly any noise.
  init?(_ release: AllocatedGaussian) {
    guard release.isWhole, 1 / release.noiseMultiplier <= Self.largestMean else { return nil }
    bins = Double(release.bins)
    mean = (1 / release.noiseMultiplier).nextDown
  }

  /// Dominated pairs: with the record against without it, and the other way.
  var pairs: (LossPair, LossPair) {
    var (removing, adding) = ([LossAtom](), [LossAtom]())
    let start = lowestEdge
    let width = (mean + 9 - start) / Double(Self.cells)
    var (with, without) = (Mass(), Mass())
    for index in 0...Self.cells + 1 {
      // The last cell has no end.
      let edge = index > Self.cells ? Double.infinity : start + Double(index) * width
      let (withNext, withoutNext) = (mass(upTo: edge, shifted: true), mass(upTo: edge, shifted: false))
      let (p, q) = (with.bounds(to: withNext), without.bounds(to: withoutNext))
      removing.append(LossAtom(p: p.lower, q: q.upper))
      adding.append(LossAtom(p: q.lower, q: p.upper))
      (with, without) = (withNext, withoutNext)
    }
    return (.discrete(removing), .discrete(adding))
  }

  /// Where the maximum without the record begins to have a mass.
  private var lowestEdge: Double {
    var edge = -8.0
    while mass(upTo: edge + 0.25, shifted: false).below < 1e-3 { edge += 0.25 }
    return edge
  }

  private func mass(upTo edge: Double, shifted: Bool) -> Mass {
    func tail(_ z: Double) -> Double { erfc(z / 2.0.squareRoot()) / 2 }
    let logBelow =
      shifted
      ? (bins - 1) * log1p(-tail(edge)) + log1p(-tail(edge - mean)) : bins * log1p(-tail(edge))
    let reach = edge.isFinite ? abs(edge) + mean : 0
    return Mass(
      below: exp(logBelow), above: -expm1(logBelow),
      // `erfc` and the rounding of its argument; the exponent's own rounding.
      relativeError: ulp * (64 + 4 * reach * reach + 4 * min(abs(logBelow), 800)))
  }
}

/// A distribution function at one point, from both sides.
private struct Mass {
  var below = 0.0
  var above = 1.0
  var relativeError = 0.0

  /// Bounds of the mass between two points, taken from the side where less cancels.
  func bounds(to next: Mass) -> (lower: Double, upper: Double) {
    let isLeft = next.below < above
    let value = isLeft ? next.below - below : above - next.above
    let error = (isLeft ? next.below : above) * max(relativeError, next.relativeError)
    return (max(0, value - error), max(0, value + error).nextUp)
  }
}
