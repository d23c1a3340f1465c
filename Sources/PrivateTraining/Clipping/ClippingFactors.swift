import Glibc
import NeuralNetworks
import Planning
import Tensors

/// What each contribution to the sum, an example's gradient or a microbatch's, is multiplied with. Whatever the
/// contribution, what it adds is no longer than C: each group g of parameters adds at most C_g, and Σ C_g² = C².
package struct ClippingFactors: FactorRule, Hashable {
  package enum Kind: Hashable, Sendable {
    /// min(1, C/‖g‖) (Abadi et al. 2016, arXiv:1607.00133v2, algorithm 1).
    case flat
    /// C/(‖g‖ + γ): AUTO-S (Bu et al., arXiv:2206.07136).
    case automatic(gamma: Double)
    /// C/‖g‖: AUTO-V of the same paper. A gradient shorter than C·2⁻²⁰ counts as that long, so that one of zero stays
    /// zero and no factor can overflow what it multiplies.
    case normalised
  }

  package let kind: Kind
  /// C_g of each group of parameters.
  package let norms: [Double]
  /// The public constant that a gradient is divided by before it is clipped: 1, or the expected size of a microbatch.
  package let divisor: Double
  /// What the sum is to be multiplied with afterwards: a public power of two, at least 1, by which factors are lowered. No
  /// factor is then above 1, and none can make ∞ of a finite activation or gradient: an example of gradient 0 with a huge
  /// input would give ∞ · 0 = NaN, and spoil the sum for all.
  package let sumScale: Float

  /// The bound is aimed at this share below the clipping norm, because the sum is computed in float32: the norm that is
  /// measured and the vector that is added come from sums in another order, and the product factor · gradient is rounded
  /// again.
  ///
  /// Half of the share is for what a gradient that is itself a sum over positions may be off by: `RoundingSlack` enlarges
  /// the measured norm where that could be more. The other half is for the rounding of the sum's additions next to a
  /// contribution whose terms are large and cancel. What is added then stays within the norm that the noise was scaled for;
  /// replaying neighbours with hostile examples checks it.
  package static let margin = 0x1p-10

  package init(_ kind: Kind = .flat, norms: [Double], divisor: Int = 1) {
    precondition(norms.allSatisfy { $0 > 0 && $0.isFinite } && !norms.isEmpty, "a clipping norm is positive")
    precondition(divisor >= 1, "a mean is over at least one")
    self.kind = kind
    self.norms = norms
    self.divisor = Double(divisor)
    let greatest: Double =
      switch kind {
      case .flat: 1
      case .automatic(let gamma): (norms.max() ?? 1) / gamma
      case .normalised: 0x1p20
      }
    sumScale = Float(max(1, exp2(ceil(log2(greatest)))))
  }

  /// - Parameter clippingNorm: C at this step, which differs from the mechanism's if that is adaptive.
  package init(_ mechanism: PrivateMechanism, clippingNorm: Double) {
    let (kind, norms): (Kind, [Double]) =
      switch mechanism.clipping {
      case .flat, .adaptive: (.flat, [clippingNorm])
      case .automatic(let gamma): (.automatic(gamma: gamma), [clippingNorm])
      case .normalised: (.normalised, [clippingNorm])
      case .grouped(let groups): (.flat, groups.norms)
      }
    self.init(kind, norms: norms, divisor: mechanism.microbatches?.size ?? 1)
  }

  /// Whether a gradient is within the norm, so that flat clipping leaves it as it is. One that is not finite is not.
  package func isWithin(squaredNorm: Double) -> Bool {
    squaredNorm.squareRoot() / divisor <= norms[0] * (1 - Self.margin)
  }

  /// The factor of a gradient of this squared norm over the parameters of one group, over `sumScale`: in 0 ... 1.
  ///
  /// A gradient that is not finite has no direction to keep, and no factor but 0 would bound it: the example contributes
  /// nothing. Nor does one so long that the factor would be subnormal: float32 keeps few digits there, and the rounded
  /// factor could be up to twice the true one. Both are decisions about this example alone, so the sensitivity is still C.
  package func factor(squaredNorm: Double, group: Int = 0) -> Float {
    guard squaredNorm.isFinite, squaredNorm >= 0 else { return 0 }
    let bound = norms[group] * (1 - Self.margin)
    let norm = squaredNorm.squareRoot() / divisor
    let length =
      switch kind {
      case .flat: max(norm, bound)
      case .automatic(let gamma): norm + gamma
      case .normalised: max(norm, bound * 0x1p-20)
      }
    let factor = Float(bound / length / divisor / Double(sumScale))
    return factor.isNormal ? factor : 0
  }

  package func setFactors(
    squaredNorms: UnsafeBufferPointer<Double>, isExample: UnsafeBufferPointer<Bool>, firstRow: Int, count: Int,
    into factors: MutableFloats
  ) {
    for group in norms.indices {
      for place in group * count..<(group + 1) * count {
        factors[place] = factor(squaredNorm: squaredNorms[place], group: group)
      }
    }
  }
}
