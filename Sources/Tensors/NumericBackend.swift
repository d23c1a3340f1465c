/// The heavy arithmetic of a network, on blocks of examples.
///
/// Two implementations: `ReferenceBackend`, plain loops that are documentation, fallback and oracle, and
/// `OneDNNBackend`. They agree up to the rounding of float32 sums.
///
/// Conventions. Matrices are row-major and contiguous. Images are NHWC: the channels of a pixel are adjacent, which is
/// what the vector kernels want; convolution weights come in torch's layout
/// [out, in / groups, height, width]. `count` is the number
/// of examples in the call. A buffer may be longer than the operation needs; it is a programming error (and stops the
/// process) if it is shorter. No operation mixes examples except those whose name says sum.
///
/// A backend keeps caches and belongs to one thread at a time; parallelism is over examples, above it.
public protocol NumericBackend: SequenceBackend {
  /// C = A·B, or C += A·B.
  /// - Throws: `TensorError.library`.
  func multiply(
    _ product: MatrixProduct, _ a: Floats, _ b: Floats, into c: MutableFloats, accumulating: Bool) throws(TensorError)

  // MARK: Convolution

  /// Floats that the backend's own form of a convolution's weights takes.
  func packedWeightCount(_ geometry: ConvolutionGeometry) throws(TensorError) -> Int

  /// Brings weights [out, in, height, width] into the backend's own form, once a step.
  func packWeights(
    _ geometry: ConvolutionGeometry, weights: Floats, into packed: MutableFloats) throws(TensorError)

  /// output = input ⋆ weights + bias, or the greater of that and 0; `bias` has one value for each output channel.
  func convolve(
    _ geometry: ConvolutionGeometry, count: Int, input: Floats, packedWeights: Floats, bias: Floats?,
    isRectified: Bool, output: MutableFloats) throws(TensorError)

  /// The gradient of the loss with respect to the convolution's input.
  func convolutionInputGradient(
    _ geometry: ConvolutionGeometry, count: Int, outputGradient: Floats, packedWeights: Floats,
    inputGradient: MutableFloats) throws(TensorError)

  /// Adds Σ over the examples of the gradient with respect to the weights [out, in, height, width].
  func addConvolutionWeightGradientSum(
    _ geometry: ConvolutionGeometry, count: Int, input: Floats, outputGradient: Floats, to sum: MutableFloats
  ) throws(TensorError)

  /// Floats that one example's weight gradient takes in the backend's own layout, which may hold padding zeros.
  func exampleGradientCount(_ geometry: ConvolutionGeometry) throws(TensorError) -> Int

  /// Each example's weight gradient and its squared norm. Gradients go to `gradients`, one after another; if there is
  /// room for one only, each overwrites the one before.
  func convolutionExampleGradients(
    _ geometry: ConvolutionGeometry, count: Int, input: Floats, outputGradient: Floats, gradients: MutableFloats,
    squaredNorms: MutableDoubles) throws(TensorError)

  /// Adds one weight gradient in the layout of `convolutionExampleGradients` to one in [out, in, height, width].
  func addExampleGradient(
    _ geometry: ConvolutionGeometry, _ gradient: Floats, to sum: MutableFloats) throws(TensorError)

  /// Floats of scratch that `ghostSquaredNorms` needs.
  func ghostScratchCount(_ geometry: ConvolutionGeometry, _ form: GhostForm) throws(TensorError) -> Int

  /// Sets each example's squared norm of the weight gradient without forming it: with U the T×(in·kernel) matrix of
  /// patches and G the T×out output gradient, ‖UᵀG‖² = Σ (UUᵀ ∘ GGᵀ) (Li et al., arXiv:2110.05679, §4; for
  /// convolution Bu et al., arXiv:2205.10683, §3); with groups, the sum of that over the groups.
  ///
  /// The terms have both signs. Where they cancel, a sum of rounded terms can be far too small, and the example would be
  /// clipped too little; a backend notices that and takes the norm of the formed gradient instead.
  func ghostSquaredNorms(
    _ geometry: ConvolutionGeometry, _ form: GhostForm, count: Int, input: Floats, outputGradient: Floats,
    scratch: MutableFloats, into squaredNorms: MutableDoubles) throws(TensorError)

  // MARK: Pools

  /// The greatest value of each window; padding never wins. `winners` receives the position of the first greatest in the
  /// window (row-major), which `maxPoolInputGradient` needs.
  func maxPool(
    _ geometry: WindowGeometry, count: Int, input: Floats, output: MutableFloats,
    winners: UnsafeMutableBufferPointer<UInt16>)
  func maxPoolInputGradient(
    _ geometry: WindowGeometry, count: Int, outputGradient: Floats, winners: UnsafeMutableBufferPointer<UInt16>,
    inputGradient: MutableFloats)

  /// The mean of each window over the pixels that are not padding.
  func averagePool(_ geometry: WindowGeometry, count: Int, input: Floats, output: MutableFloats)
  func averagePoolInputGradient(
    _ geometry: WindowGeometry, count: Int, outputGradient: Floats, inputGradient: MutableFloats)

  // MARK: Activations and loss

  /// output = max(input, 0); the two may be the same buffer.
  func relu(_ input: Floats, output: MutableFloats)
  /// inputGradient = outputGradient where output > 0, else 0; the gradients may be the same buffer.
  func reluInputGradient(output: Floats, outputGradient: Floats, inputGradient: MutableFloats)
  func tanh(_ input: Floats, output: MutableFloats)
  /// inputGradient = outputGradient · (1 − output²); the gradients may be the same buffer.
  func tanhInputGradient(output: Floats, outputGradient: Floats, inputGradient: MutableFloats)

  /// For each row i, with the words of SplitMix64 that begin at seeds[i] and `salt`: output = input / (1 − rate), or 0
  /// with probability `rate`. Input and output may be the same buffer; the same seed gives the same zeros.
  func dropOut(
    rate: Double, salt: UInt64, seeds: UnsafeBufferPointer<UInt64>, columns: Int, _ input: Floats, output: MutableFloats
  )

  /// Softmax cross-entropy of each row of `logits` [count, classes] with its label, by log-sum-exp shifted by the row's
  /// maximum, in float64. `gradient` receives softmax − one-hot. A label outside 0..<classes is a programming error.
  func softmaxCrossEntropy(
    count: Int, classes: Int, logits: Floats, labels: Floats, losses: MutableDoubles,
    gradient: MutableFloats)

  // MARK: Rows: a matrix [rows, columns] with an example, or a pixel, in each row

  /// rows[i] += bias.
  func addToRows(_ bias: Floats, rows: Int, columns: Int, _ matrix: MutableFloats)
  /// squaredNorms[i] = ‖row i‖², accumulated in float64.
  func rowSquaredNorms(rows: Int, columns: Int, _ matrix: Floats, into squaredNorms: MutableDoubles)
  /// output row i = factors[i] · row i.
  func scaleRows(rows: Int, columns: Int, _ matrix: Floats, by factors: Floats, output: MutableFloats)
  /// sum += Σ_i factors[i] · row i.
  func addWeightedRowSum(rows: Int, columns: Int, _ matrix: Floats, factors: Floats, to sum: MutableFloats)
  /// sum += Σ_i row i.
  func addRowSum(rows: Int, columns: Int, _ matrix: Floats, to sum: MutableFloats)
  /// sum[i] += part[i].
  func add(_ part: Floats, to sum: MutableFloats)
  /// Sums each group of `group` successive rows: output row j = Σ rows j·group ..< (j+1)·group.
  func groupRowSums(groups: Int, group: Int, columns: Int, _ matrix: Floats, output: MutableFloats)
}

/// The sizes of C[m, n] = op(A)·op(B). Stored row-major and contiguous: A is [m, k], or [k, m] if transposed; B is
/// [k, n], or [n, k] if transposed.
public struct MatrixProduct: Hashable, Sendable {
  public var m, n, k: Int
  public var transposeA, transposeB: Bool

  public init(m: Int, n: Int, k: Int, transposeA: Bool = false, transposeB: Bool = false) {
    (self.m, self.n, self.k) = (m, n, k)
    (self.transposeA, self.transposeB) = (transposeA, transposeB)
  }
}

/// How a convolution's ghost norm is computed.
public enum GhostForm: Hashable, Sendable {
  /// From the patches.
  case patches
  /// From the pixels, for stride 1: the Gram matrix of the patches is the sum over the kernel's offsets of shifted Gram
  /// matrices of the pixels.
  case shifted
}

/// Which backend computes.
public enum BackendKind: String, Sendable, CaseIterable {
  case reference
  case oneDNN = "onednn"

  /// A new backend with its own caches, for one thread.
  public func make() throws(TensorError) -> any NumericBackend {
    switch self {
    case .reference: ReferenceBackend()
    case .oneDNN: try OneDNNBackend()
    }
  }
}
