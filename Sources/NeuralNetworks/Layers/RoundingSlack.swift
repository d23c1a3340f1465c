import Tensors

/// Room for the rounding of a gradient that is a sum over positions, G = Σ_t g_t a_tᵀ, where its norm is measured in another
/// way than it is added: from Gram matrices, or from a copy that is not kept.
///
/// Both come from the same float32 a_t and g_t, but the clipped sum adds the terms in float32: the vector that is added is
/// off by up to 2⁻²³·√T·S, S = Σ_t |g_t||a_t|, with roundings as independent as they are in practice. Usually S is a few
/// times |G| and that is nothing. But terms may cancel: behind a layer that takes the mean away, an image of large values
/// gives huge terms and a gradient of nearly zero, and what is added would then be mostly rounding, longer than the norm that
/// was measured. So the norm is enlarged by the bound wherever it exceeds 2⁻¹¹ of the norm, half of the margin that clipping
/// leaves. Enlarging a norm is always safe: it is a decision about this example alone.
///
/// By the inequality of Cauchy and Schwarz S² ≤ Σ_t |a_t|² · Σ_t |g_t|², which takes one look at each number. A gradient that
/// is kept needs none of this: what is measured is what is added.
struct RoundingSlack {
  /// T.
  let terms: Int
  /// How often an element of the input can take part: the windows of a convolution overlap.
  var overlap = 1

  private static let smallest = 0x1p-11

  /// Enlarges the squared norms of `count` examples.
  /// - Parameters:
  ///   - input: [count, any]; the a_t of each example.
  ///   - outputGradient: [count, any]; the g_t.
  func enlarge(
    _ squaredNorms: MutableDoubles, count: Int, input: Floats, outputGradient: Floats, backend: any NumericBackend
  ) {
    withUnsafeTemporaryAllocation(of: Double.self, capacity: 2 * count) { squares in
      squares.initialize(repeating: 0)
      let (inputs, gradients) = (squares.slice(0, count), squares.slice(count, count))
      backend.rowSquaredNorms(rows: count, columns: input.count / count, input, into: inputs)
      backend.rowSquaredNorms(rows: count, columns: outputGradient.count / count, outputGradient, into: gradients)
      for i in 0..<count {
        let bound = 0x1p-23 * (Double(terms) * Double(overlap) * inputs[i] * gradients[i]).squareRoot()
        let norm = squaredNorms[i].squareRoot()
        if bound > Self.smallest * norm { squaredNorms[i] = (norm + bound) * (norm + bound) }
      }
    }
  }
}
