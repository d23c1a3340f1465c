import Tensors

/// How per-example gradients are clipped: the fastest way, or one of the literature's for comparison.
public enum GradientStrategy: String, Hashable, Sendable, CaseIterable {
  /// Each layer's own fastest method, timed on synthetic values when the engine is made; one backward pass.
  case auto
  /// Every example's gradient is formed and kept (Opacus, BackPACK); one backward pass.
  case instantiate
  /// Ghost norms, then a second backward pass from the loss' gradient times the factors (Li et al., arXiv:2110.05679).
  case ghost
  /// As ghost, but the norm is that of the formed gradient where T positions and a weight of p·d elements have
  /// 2T² > p·d (Bu et al., arXiv:2205.10683, §4).
  case mixedGhost = "mixed_ghost"
  /// Ghost norms, and the clipped sum from what the one backward pass left (Bu et al., arXiv:2210.00038).
  case bookKeeping = "book_keeping"

  /// Whether the clipped sum is the gradient of a second backward pass. There is then one factor for each example.
  var hasSecondBackwardPass: Bool { self == .ghost || self == .mixedGhost }

  /// The methods that the strategy wants of a layer, the best first; nil leaves it to the layer.
  func preferences(_ layer: any ParameterizedLayer) -> [BookKeeping]? {
    switch self {
    case .auto: nil
    case .instantiate: [.keep, .recompute]
    case .ghost, .bookKeeping: [.ghost, .shiftedGhost, .sortedTokens]
    case .mixedGhost:
      prefersGhost(layer) ? [.ghost, .shiftedGhost, .sortedTokens] : [.recompute, .keep]
    }
  }

  private func prefersGhost(_ layer: any ParameterizedLayer) -> Bool {
    let positions = layer.outputShape.plane.map { $0.height * $0.width } ?? 1
    let (square, overflow) = positions.multipliedReportingOverflow(by: 2 * positions)
    return !overflow && square <= layer.parameters[0].shape.count
  }
}
