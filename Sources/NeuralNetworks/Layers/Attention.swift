import Tensors

/// softmax(q kᵀ/√d) v for each head, with q, k and v [T, D] whose heads lie side by side, d = D/heads (Vaswani et al.,
/// arXiv:1706.03762, eq. (1)). Causal: position t sees positions 0...t.
///
/// The products run over all heads of one example where they lie, so that its scores are in the cache for the softmax. The
/// probabilities P are kept; with the gradient dO of the output O = P V:
///
///     dV = Pᵀ dO,  dP = dO Vᵀ,  dS = P ∘ (dP − rows of Σ P ∘ dP)/√d,  dQ = dS K,  dK = dSᵀ Q
package struct ScaledDotProductAttention: Layer {
  package let shape: Shape
  private let heads, positions, width: Int
  private let isCausal: Bool

  package init(inputs: [Shape], heads: Int, isCausal: Bool) throws(TensorError) {
    guard inputs.count == 3, let sequence = inputs[0].sequence, inputs.allSatisfy({ $0 == inputs[0] }) else {
      throw .shape("attention takes three sequences of one shape: queries, keys and values")
    }
    guard heads >= 1, sequence.channels % heads == 0 else {
      throw .shape("\(heads) heads do not divide \(sequence.channels) channels")
    }
    shape = inputs[0]
    (self.heads, self.isCausal, positions) = (heads, isCausal, sequence.positions)
    width = sequence.channels / heads
    _ = try checkedProduct([4, heads, positions, positions])
  }

  package var inputShapes: [Shape] { [shape, shape, shape] }
  package var outputShape: Shape { shape }
  package var label: String { "attention \(shape), \(heads) heads\(isCausal ? ", causal" : "")" }
  package var backwardReads: BackwardReads { .input }
  /// The probabilities.
  package var stateCount: Int { heads * positions * positions }
  package func scratchCount(examples: Int, backend: any NumericBackend) -> Int { stateCount }

  /// Of a head within [T, D], and of its scores [T, T].
  private var ofHead: StridedProduct.Strides { .init(batch: width, row: heads * width) }
  private var ofScores: StridedProduct.Strides { .init(batch: positions * positions, row: positions) }
  private var scale: Float { 1 / Float(width).squareRoot() }

  /// A Bᵀ for two heads: scores.
  private var scores: StridedProduct {
    StridedProduct(
      batch: heads, m: positions, n: positions, k: width, a: ofHead, b: ofHead.transposed, c: ofScores)
  }
  /// S A, or Sᵀ A, for scores and a head: a head.
  private func mix(transposed: Bool) -> StridedProduct {
    StridedProduct(
      batch: heads, m: positions, n: width, k: positions, a: transposed ? ofScores.transposed : ofScores, b: ofHead,
      c: ofHead)
  }

  package func forward(_ pass: LayerPass) throws(TensorError) {
    let backend = pass.backend
    for i in 0..<pass.count {
      let row = { (tensor: MutableFloats) in tensor.slice(i * shape.count, shape.count) }
      let probabilities = pass.state.slice(i * stateCount, stateCount)
      try backend.multiply(
        scores, Floats(row(pass.input)), Floats(row(pass.secondInput)), into: probabilities, accumulating: false)
      backend.attentionSoftmax(
        matrices: heads, size: positions, scale: scale, isCausal: isCausal, probabilities)
      try backend.multiply(
        mix(transposed: false), Floats(probabilities), Floats(row(pass.thirdInput)), into: row(pass.output),
        accumulating: false)
    }
  }

  package func backward(_ pass: LayerPass) throws(TensorError) {
    let backend = pass.backend
    for i in 0..<pass.count {
      let row = { (tensor: MutableFloats) in tensor.slice(i * shape.count, shape.count) }
      let probabilities = Floats(pass.state.slice(i * stateCount, stateCount))
      let outputGradient = Floats(row(pass.outputGradient))
      if let ofValues = pass.thirdInputGradient {
        try backend.multiply(
          mix(transposed: true), probabilities, outputGradient, into: row(ofValues), accumulating: false)
      }
      guard pass.inputGradient != nil || pass.secondInputGradient != nil else { continue }
      let ofScores = pass.scratch.slice(0, stateCount)
      try backend.multiply(
        scores, outputGradient, Floats(row(pass.thirdInput)), into: ofScores, accumulating: false)
      backend.attentionSoftmaxGradient(
        matrices: heads, size: positions, scale: scale, isCausal: isCausal, probabilities: probabilities, ofScores)
      if let ofQueries = pass.inputGradient {
        try backend.multiply(
          mix(transposed: false), Floats(ofScores), Floats(row(pass.secondInput)), into: row(ofQueries),
          accumulating: false)
      }
      if let ofKeys = pass.secondInputGradient {
        try backend.multiply(
          mix(transposed: true), Floats(ofScores), Floats(row(pass.input)), into: row(ofKeys), accumulating: false)
      }
    }
  }
}
