import NeuralNetworks
import Tensors

/// How much of an example's gradient enters the sum: flat clipping (Abadi et al. 2016, arXiv:1607.00133v2, algorithm 1).
package enum Clipping {
  /// The bound is aimed at this share below the clipping norm, because the sum is computed in float32: the norm that is
  /// measured and the vector that is added come from sums in another order, and the product factor · gradient is rounded
  /// again. Both differ from exact arithmetic by a few 10⁻⁶ at most, so what is added stays within the norm that the
  /// noise was scaled for.
  package static let margin = 0x1p-16

  /// min(1, C·(1 − margin)/norm) for a gradient of the given squared norm.
  ///
  /// A gradient that is not finite has no direction to keep, and no factor but 0 would bound it: the example
  /// contributes nothing. Nor does one so long that the factor would be subnormal: float32 keeps few digits there, and the
  /// rounded factor could be up to twice the true one. Both are decisions about this example alone, so the sensitivity is
  /// still C.
  package static func factor(squaredNorm: Double, clippingNorm: Double) -> Float {
    guard squaredNorm.isFinite, squaredNorm >= 0 else { return 0 }
    let bound = clippingNorm * (1 - margin)
    let norm = squaredNorm.squareRoot()
    if norm <= bound { return 1 }
    let factor = Float(bound / norm)
    return factor.isNormal ? factor : 0
  }
}

/// Flat clipping of every group of parameters to one norm.
struct FlatClippingRule: FactorRule {
  let clippingNorm: Double

  func setFactors(
    squaredNorms: UnsafeBufferPointer<Double>, isExample: UnsafeBufferPointer<Bool>, firstRow: Int, count: Int,
    into factors: MutableFloats
  ) {
    for i in factors.indices {
      factors[i] = Clipping.factor(squaredNorm: squaredNorms[i], clippingNorm: clippingNorm)
    }
  }
}
