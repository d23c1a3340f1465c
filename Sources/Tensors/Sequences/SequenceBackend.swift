/// What layers over sequences, and losses, ask of a backend. The conventions are those of `NumericBackend`, which has all of
/// this too.
public protocol SequenceBackend: AnyObject {
  // MARK: Products

  /// C = A·B, or C += A·B, for each of the product's matrices.
  /// - Throws: `TensorError.library`.
  func multiply(
    _ product: StridedProduct, _ a: Floats, _ b: Floats, into c: MutableFloats, accumulating: Bool) throws(TensorError)

  /// Y [rows, outputs] = X [rows, inputs] · Wᵀ + bias, with W [outputs, inputs].
  /// - Throws: `TensorError.library`.
  func affine(
    rows: Int, inputs: Int, outputs: Int, _ x: Floats, weights: Floats, bias: Floats?, into y: MutableFloats
  ) throws(TensorError)

  /// squaredNorms[i] = ‖UᵢᵀGᵢ‖² for the inputs U [positions, inputs] and output gradients G [positions, outputs] of each
  /// example: the squared norm of the gradient of a weight that is used at every position, without forming it, as
  /// Σ (UUᵀ ∘ GGᵀ) (Li et al., arXiv:2110.05679, §4). In float64, because the terms cancel.
  func gramSquaredNorms(
    count: Int, positions: Int, inputs: Int, outputs: Int, _ input: Floats, _ outputGradient: Floats,
    into squaredNorms: MutableDoubles)

  // MARK: Functions of each element

  /// The two buffers may be the same.
  func apply(_ function: ElementFunction, _ input: Floats, output: MutableFloats)
  /// - Parameter value: the input or the output, as `function.gradientReads` says.
  func inputGradient(
    _ function: ElementFunction, value: Floats, outputGradient: Floats, inputGradient: MutableFloats)

  // MARK: Losses: `losses` receives one number an example, `gradient` that number's gradient with respect to `outputs`

  /// Softmax cross-entropy, the mean over the positions whose target is one of 0..<classes; the others are ignored, and an
  /// example without any has loss 0. `outputs` are [count, positions, classes].
  func tokenCrossEntropy(
    count: Int, positions: Int, classes: Int, outputs: Floats, targets: Floats, losses: MutableDoubles,
    gradient: MutableFloats)
  /// The mean over `width` outputs of the cross-entropy of their sigmoids with targets 0 or 1.
  func binaryCrossEntropy(
    count: Int, width: Int, outputs: Floats, targets: Floats, losses: MutableDoubles, gradient: MutableFloats)
  /// The mean over `width` outputs of their squared distance from the targets.
  func meanSquaredError(
    count: Int, width: Int, outputs: Floats, targets: Floats, losses: MutableDoubles, gradient: MutableFloats)

  // MARK: Normalization

  /// Leaves each example's statistics for the gradient.
  func normalize(
    _ normalization: Normalization, count: Int, input: Floats, weight: Floats, bias: Floats?, output: MutableFloats,
    statistics: MutableFloats, scratch: MutableFloats)
  /// Sets the input gradient, if wanted, and each example's gradient of weight and bias,
  /// `parameterGradients` [count, parameterCount].
  func normalizationGradients(
    _ normalization: Normalization, count: Int, input: Floats, weight: Floats, statistics: Floats,
    outputGradient: Floats, inputGradient: MutableFloats?, parameterGradients: MutableFloats, scratch: MutableFloats)

  // MARK: Embedding: a token that is not one of 0..<vocabulary has no row

  /// output[i] = table[token i], 0 without a row.
  func embed(count: Int, vocabulary: Int, dimension: Int, tokens: Floats, table: Floats, output: MutableFloats)
  /// table[token] += factors[i] · (row of the output gradient), for each of an example's `positions` tokens but those equal
  /// to `padding`; without factors, all are 1.
  func addEmbeddingGradientSum(
    count: Int, positions: Int, vocabulary: Int, dimension: Int, padding: Int?, tokens: Floats,
    outputGradient: Floats, factors: Floats?, to table: MutableFloats)
  /// Floats of scratch for `embeddingSquaredNorms`.
  /// - Throws: `TensorError.tooLarge`.
  func embeddingScratchCount(positions: Int, dimension: Int) throws(TensorError) -> Int
  /// Each example's squared norm of the table's gradient: rows of equal tokens are added, in float64, and the norm is that
  /// of the sums; time and memory do not depend on the vocabulary.
  func embeddingSquaredNorms(
    count: Int, positions: Int, vocabulary: Int, dimension: Int, padding: Int?, tokens: Floats,
    outputGradient: Floats, scratch: MutableFloats, into squaredNorms: MutableDoubles)
  /// Row i of the output [count, dimension] is the mean over the rows of example i's `positions` tokens.
  func embedMeans(_ geometry: MeanEmbeddingGeometry, count: Int, tokens: Floats, table: Floats, output: MutableFloats)
  /// table[token] += factors[i]/positions · (row i of the output gradient), for each of an example's tokens but those equal
  /// to the padding; without factors, all are 1.
  func addMeanEmbeddingGradientSum(
    _ geometry: MeanEmbeddingGeometry, count: Int, tokens: Floats, outputGradient: Floats, factors: Floats?,
    to table: MutableFloats)
  /// Floats of scratch for `meanEmbeddingSquaredNorms`.
  func meanEmbeddingScratchCount(_ geometry: MeanEmbeddingGeometry) -> Int
  /// Each example's squared norm of the table's gradient. All its rows are multiples of one: with the output gradient g of
  /// the mean over T positions, a token that is there c times has the row c/T · g, so that it is |g|²/T² · Σ c².
  func meanEmbeddingSquaredNorms(
    _ geometry: MeanEmbeddingGeometry, count: Int, tokens: Floats, outputGradient: Floats, scratch: MutableFloats,
    into squaredNorms: MutableDoubles)
  /// The inner product of an example's two gradients of a table that is an embedding (with `embeddingGradient`
  /// [positions, dimension]) and the weights of the output layer (with `input` [headPositions, dimension] and
  /// `outputGradient` [headPositions, vocabulary]): Σ over s, t of outputGradient[s, token t] · (input s ·
  /// embeddingGradient t), in float64.
  func tiedInnerProduct(
    _ geometry: TiedGeometry, tokens: Floats, input: Floats, outputGradient: Floats, embeddingGradient: Floats
  ) -> Double

  // MARK: Recurrent layers: hidden state and cell are 0 before the first step

  func packedWeightCount(_ geometry: RecurrentGeometry) -> Int
  func packWeights(_ geometry: RecurrentGeometry, _ weights: RecurrentWeights, into packed: MutableFloats)
  /// Floats of scratch for the two operations.
  func recurrentScratchCount(_ geometry: RecurrentGeometry, count: Int) throws(TensorError) -> Int
  /// `output` receives the hidden states [count, steps, units], `state` [count, stateCount] what the gradient needs.
  func recur(
    _ geometry: RecurrentGeometry, count: Int, input: Floats, packedWeights: Floats, output: MutableFloats,
    state: MutableFloats, scratch: MutableFloats)
  /// Leaves the gradients with respect to the gates in `state`, where `geometry` says, and nothing else changed there.
  func recurrentGateGradients(
    _ geometry: RecurrentGeometry, count: Int, packedWeights: Floats, output: Floats, state: MutableFloats,
    outputGradient: Floats, scratch: MutableFloats)

  // MARK: Attention

  /// Softmax of `scale` > 0 times each row of `scores` [matrices, size, size], in place; causal: row t is over columns 0...t.
  func attentionSoftmax(matrices: Int, size: Int, scale: Float, isCausal: Bool, _ scores: MutableFloats)
  /// Replaces the gradient with respect to the probabilities by that with respect to the scores.
  func attentionSoftmaxGradient(
    matrices: Int, size: Int, scale: Float, isCausal: Bool, probabilities: Floats, _ gradient: MutableFloats)
}

/// Functions of each element, beside ReLU and tanh.
public enum ElementFunction: String, Hashable, Sendable, CaseIterable {
  case sigmoid
  /// x σ(x).
  case silu
  /// x where x > 0, else exp(x) − 1.
  case elu
  /// x Φ(x), with the normal distribution function (Hendrycks and Gimpel, arXiv:1606.08415).
  case gelu
  /// The same paper's approximation: x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³))).
  case geluTanh

  public enum Value: Sendable { case input, output }

  /// Of which the derivative is computed. A function of the output lets forward overwrite its input.
  public var gradientReads: Value {
    switch self {
    case .sigmoid, .elu: .output
    case .silu, .gelu, .geluTanh: .input
    }
  }
}

/// The sizes of an embedding and of an output layer that share one table [vocabulary, dimension].
public struct TiedGeometry: Hashable, Sendable {
  /// Of the output layer, and of the embedding's tokens.
  public var headPositions, positions: Int
  public var vocabulary, dimension: Int
  public var padding: Int?

  public init(headPositions: Int, positions: Int, vocabulary: Int, dimension: Int, padding: Int?) {
    (self.headPositions, self.positions) = (headPositions, positions)
    (self.vocabulary, self.dimension, self.padding) = (vocabulary, dimension, padding)
  }

  func check(_ tokens: Floats, _ input: Floats, _ outputGradient: Floats, _ embeddingGradient: Floats) {
    precondition(tokens.count >= positions && input.count >= headPositions * dimension)
    precondition(outputGradient.count >= headPositions * vocabulary && embeddingGradient.count >= positions * dimension)
  }
}

/// The sizes of an embedding whose mean over the positions is all that anybody reads.
public struct MeanEmbeddingGeometry: Hashable, Sendable {
  public var positions, vocabulary, dimension: Int
  public var padding: Int?

  public init(positions: Int, vocabulary: Int, dimension: Int, padding: Int?) {
    (self.positions, self.vocabulary, self.dimension) = (positions, vocabulary, dimension)
    self.padding = padding
  }

  /// - Parameter rows: means, or their gradients.
  func check(count: Int, tokens: Floats, rows: Int, table: Int) {
    precondition(tokens.count >= count * positions && rows >= count * dimension && table >= vocabulary * dimension)
  }
}
