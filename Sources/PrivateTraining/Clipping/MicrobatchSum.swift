import CKernels
import NeuralNetworks
import Tensors

/// Adds up microbatches: each one's gradient comes from the engine as a plain sum over its examples, is measured, and added
/// with its factor. A gradient that is not finite is left out, with all its microbatch: that is one contribution, which the
/// sensitivity counts.
final class MicrobatchSum {
  /// In the layout of the network's parameters.
  let sum: MutableFloats
  private let engine: GradientEngine
  /// By parameter of the network; −1 for a frozen one.
  private let groups: [Int]
  private let arena: Arena

  /// - Parameter engine: in mode `batch`.
  /// - Throws: `TensorError` for memory that is not to be had.
  init(engine: GradientEngine) throws(TensorError) {
    precondition(engine.configuration.mode == .batch, "a microbatch is a plain sum")
    var layout = ArenaLayout()
    let region = try layout.reserve(engine.network.parameterCount, of: Float.self)
    arena = try Arena(layout)
    sum = arena[region]
    self.engine = engine
    groups = engine.configuration.groups ?? engine.network.parameters.map { _ in 0 }
  }

  /// Ends a microbatch: what the engine has accumulated since the last one is clipped and added, and set to zero.
  /// - Returns: whether it was within the first group's norm.
  func endMicrobatch(_ factors: ClippingFactors) -> Bool {
    let parts = engine.accumulators
    let gradient = parts[0]
    for part in parts.dropFirst() {
      ck_add(part.count, part.baseAddress, gradient.baseAddress)
      part.update(repeating: 0)
    }
    var squaredNorms = [Double](repeating: 0, count: factors.norms.count)
    forEachTrained { group, range in
      var squaredNorm = 0.0
      ck_row_squared_norms(1, range.count, gradient.slice(range.lowerBound, range.count).baseAddress, &squaredNorm)
      squaredNorms[group] += squaredNorm
    }
    if squaredNorms.allSatisfy(\.isFinite) {
      forEachTrained { group, range in
        var factor = factors.factor(squaredNorm: squaredNorms[group], group: group)
        ck_add_weighted_row_sum(
          1, range.count, &factor, gradient.slice(range.lowerBound, range.count).baseAddress,
          sum.slice(range.lowerBound, range.count).baseAddress)
      }
    }
    gradient.update(repeating: 0)
    return factors.isWithin(squaredNorm: squaredNorms[0])
  }

  private func forEachTrained(_ body: (_ group: Int, _ range: Range<Int>) -> Void) {
    for (group, slice) in zip(groups, engine.network.parameters) where group >= 0 { body(group, slice.range) }
  }
}
