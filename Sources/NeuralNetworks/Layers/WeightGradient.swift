import Tensors

/// The gradient of a weight [outputs, inputs] that is used at every position of a sequence: for an example with inputs
/// U [positions, inputs] and output gradients G [positions, outputs] it is GᵀU.
///
/// Its squared norm by one of three methods:
/// - keep: GᵀU itself, which the clipped sum then adds up;
/// - recompute: GᵀU itself, and the clipped sum is another product;
/// - ghost: Σ (UUᵀ ∘ GGᵀ) over pairs of positions (Li et al., arXiv:2110.05679, §4). With one position it is |u|²·|g|²
///   (Goodfellow, arXiv:1510.01799).
struct WeightGradient {
  let positions, inputs, outputs: Int

  var weightCount: Int { inputs * outputs }

  /// For one position ghost costs nothing. Otherwise, with T positions, keeping moves the inputs · outputs floats of a
  /// gradient through memory three times, and ghost takes T²(inputs + outputs)/2 multiplications in float64. Measured: 20 of
  /// the latter take as long as the former for one float.
  var bookKeepings: [BookKeeping] {
    if positions == 1 { return [.ghost] }
    let ghost = Double(positions) * Double(positions) * Double(inputs + outputs)
    return ghost <= 40 * Double(inputs) * Double(outputs) ? [.ghost, .keep, .recompute] : [.keep, .ghost, .recompute]
  }

  /// Floats that `squaredNorm` scribbles on.
  func normScratchCount(_ method: BookKeeping) -> Int { method == .recompute ? weightCount : 0 }

  /// Floats that `addSum` scribbles on for so many positions.
  func sumScratchCount(positions: Int) throws(TensorError) -> Int {
    try checkedProduct([positions, min(inputs, outputs)])
  }

  /// One example's squared norm.
  /// - Parameter place: where its gradient is formed; of no use to ghost.
  func squaredNorm(
    _ method: BookKeeping, input: Floats, outputGradient: Floats, place: MutableFloats, into norm: MutableDoubles,
    backend: any NumericBackend
  ) throws(TensorError) {
    if method == .ghost {
      backend.gramSquaredNorms(
        count: 1, positions: positions, inputs: inputs, outputs: outputs, input, outputGradient, into: norm)
    } else {
      // Its norm is taken while it is in the cache.
      let gradient = place.slice(0, weightCount)
      try backend.multiply(product(positions), outputGradient, input, into: gradient, accumulating: false)
      backend.rowSquaredNorms(rows: 1, columns: weightCount, Floats(gradient), into: norm)
    }
    if method != .keep, positions > 1 {
      RoundingSlack(terms: positions).enlarge(
        norm, count: 1, input: input, outputGradient: outputGradient, backend: backend)
    }
  }

  /// sum += Σ factorᵢ · GᵢᵀUᵢ over `count` examples that lie one after another; without factors, all are 1.
  func addSum(
    count: Int, input: Floats, outputGradient: Floats, factors: Floats?, scratch: MutableFloats, to sum: MutableFloats,
    backend: any NumericBackend
  ) throws(TensorError) {
    var (u, g) = (input, outputGradient)
    if let factors {
      // The narrower of the two takes the factors.
      let width = positions * min(inputs, outputs)
      let scaled = scratch.slice(0, count * width)
      backend.scaleRows(rows: count, columns: width, outputs <= inputs ? g : u, by: factors, output: scaled)
      if outputs <= inputs { g = Floats(scaled) } else { u = Floats(scaled) }
    }
    try backend.multiply(product(count * positions), g, u, into: sum, accumulating: true)
  }

  private func product(_ rows: Int) -> MatrixProduct { MatrixProduct(m: outputs, n: inputs, k: rows, transposeA: true) }
}

/// Per-example gradients of a layer's parameters in `LayerPass.kept`: those of one parameter for all examples, then those of
/// the next, so that a clipped sum runs over neighbouring rows.
struct KeptGradients {
  /// Floats an example of each part.
  let widths: [Int]

  var count: Int { widths.reduce(0, +) }

  func part(_ index: Int, _ pass: LayerPass) -> MutableFloats {
    pass.kept.slice(pass.count * widths[..<index].reduce(0, +), pass.count * widths[index])
  }

  func row(_ index: Int, _ row: Int, _ pass: LayerPass) -> MutableFloats {
    part(index, pass).slice(row * widths[index], widths[index])
  }

  func clear(_ pass: LayerPass, row index: Int) {
    for part in widths.indices { row(part, index, pass).update(repeating: 0) }
  }
}
