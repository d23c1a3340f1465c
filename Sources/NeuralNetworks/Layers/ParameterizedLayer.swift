import Tensors

/// How a layer with parameters finds its per-example norms and its clipped sum, with one backward pass
/// ("book-keeping": Bu et al., arXiv:2210.00038).
public enum BookKeeping: String, Hashable, Sendable, CaseIterable {
  /// Norms from inputs and output gradients alone, by Gram matrices over the positions (Li et al., arXiv:2110.05679) or,
  /// for one position, |a|²·|g|² (Goodfellow, arXiv:1510.01799). The clipped sum is one ordinary weight gradient with
  /// scaled output gradients.
  case ghost
  /// As ghost, for a convolution with stride 1: the Gram matrix of the patches is a sum of shifted Gram matrices of the
  /// pixels, so that no patches are formed.
  case shiftedGhost = "shifted_ghost"
  /// Every example's gradient is formed and kept; the clipped sum is a weighted sum of them. It replaces the ordinary
  /// weight gradient and so costs memory traffic only.
  case keep
  /// Every example's gradient is formed for its norm and dropped; the clipped sum is as with `ghost`. The time of a
  /// second weight gradient, the memory of none.
  case recompute
  /// For an embedding: equal tokens of an example are brought together and their rows added, and the norm is that of the
  /// unique rows.
  case sortedTokens = "sorted_tokens"
}

/// A layer that has parameters.
package protocol ParameterizedLayer: Layer {
  /// In torch's order, at their offsets in the network's buffer.
  var parameters: [ParameterSlice] { get }
  /// The fan-in and fan-out of one weight, for initialization.
  var fans: (input: Int, output: Int) { get }
  /// How parameter number `index` of `parameters` begins.
  func initialValues(of index: Int, _ initialization: Initialization) -> InitialValues

  func packedWeightCount(for backend: any NumericBackend) throws(TensorError) -> Int
  /// Brings the weights into the backend's own form, once a step.
  func packWeights(_ parameters: Floats, into packed: MutableFloats, backend: any NumericBackend) throws(TensorError)

  /// Methods that the layer has, its likely best first.
  var bookKeepings: [BookKeeping] { get }
  /// Floats an example that the method keeps from `squaredNorms` to `addGradientSum`.
  func keptCount(_ method: BookKeeping, backend: any NumericBackend) throws(TensorError) -> Int
  /// Floats that one call of `squaredNorms` or `addGradientSum` may scribble on.
  func scratchCount(
    _ method: BookKeeping, examples: Int, backend: any NumericBackend
  ) throws(TensorError) -> Int
  /// Whether `addGradientSum` reads inputs, output gradient or state; otherwise `kept` is all it reads.
  func sumReadsTensors(_ method: BookKeeping) -> Bool

  /// After backward of this layer: sets each example's squared norm of the gradient of each parameter, in the order of
  /// `parameters`, and fills `pass.kept`.
  func squaredNorms(_ pass: LayerPass, into norms: [MutableDoubles]) throws(TensorError)

  /// Sets what is kept of one example to 0, so that it adds nothing to the sum.
  func clearKept(_ pass: LayerPass, row: Int)

  /// Adds Σᵢ factors[p][i] · (gradient of example i) for each parameter p to `gradient`, which has the layout of the
  /// network's whole parameter buffer. `factors` nil: the sum of all, and `squaredNorms` has not been called, so that
  /// nothing is in `kept`.
  ///
  /// A row whose factor is 0 may hold anything finite.
  func addGradientSum(_ pass: LayerPass, factors: [Floats]?, to gradient: MutableFloats) throws(TensorError)
}

extension ParameterizedLayer {
  /// The first parameter is the weight, and drawn by the fans; the second, if any, the bias.
  package func initialValues(of index: Int, _ initialization: Initialization) -> InitialValues {
    switch initialization {
    case .torch: .uniform(bound: 1 / Float(fans.input).squareRoot())
    case .glorotUniform:
      index == 0 ? .uniform(bound: (6 / Float(fans.input + fans.output)).squareRoot()) : .constant(0)
    }
  }

  // The weights are used as they are.
  package func packedWeightCount(for backend: any NumericBackend) throws(TensorError) -> Int { 0 }
  package func packWeights(
    _ parameters: Floats, into packed: MutableFloats, backend: any NumericBackend
  ) throws(TensorError) {}

  package func keptCount(_ method: BookKeeping, backend: any NumericBackend) throws(TensorError) -> Int { 0 }
  package func scratchCount(
    _ method: BookKeeping, examples: Int, backend: any NumericBackend
  ) throws(TensorError) -> Int { 0 }
  package func sumReadsTensors(_ method: BookKeeping) -> Bool { true }
  /// For what is kept example by example.
  package func clearKept(_ pass: LayerPass, row: Int) {
    let width = pass.kept.count / pass.count
    pass.kept.slice(row * width, width).update(repeating: 0)
  }
}

/// A layer whose one parameter is another layer's: the head of a language model that shares the embedding's table.
///
/// The gradient of the table is the sum of what the two layers give, and ‖a + b‖² = ‖a‖² + ‖b‖² + 2⟨a, b⟩: each layer's
/// `squaredNorms` gives its own square and this one the cross term.
package protocol TiedLayer: ParameterizedLayer {
  /// The node that owns the parameter.
  var owner: Int { get }
  /// Adds 2⟨gradient by this layer, gradient by the owner⟩ of each example to `squaredNorms`. Called after the backward
  /// passes of both, with the buffers of both.
  func addCrossTerms(_ pass: LayerPass, owner: LayerPass, to squaredNorms: MutableDoubles) throws(TensorError)
}
