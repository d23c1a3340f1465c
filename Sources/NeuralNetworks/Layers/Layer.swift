import Tensors

/// One layer of a network: explicit forward and backward passes over a block of examples.
///
/// A layer is a value and holds no buffers. What backward needs from forward is in the `LayerPass` that both receive.
package protocol Layer: Sendable {
  var inputShape: Shape { get }
  var outputShape: Shape { get }
  /// For the plan that people read.
  var label: String { get }
  var outputStorage: OutputStorage { get }
  /// True if backward reads the layer's own output, so that no later layer may overwrite it in place.
  var readsOutputInBackward: Bool { get }
  /// Elements per example that forward leaves in `LayerPass.winners` for backward.
  var winnerCount: Int { get }

  func forward(_ pass: LayerPass) throws(TensorError)
  /// Writes `pass.inputGradient` from `pass.outputGradient`. Not called for the first layer with parameters or anything
  /// before it.
  func backward(_ pass: LayerPass) throws(TensorError)
}

extension Layer {
  package var outputStorage: OutputStorage { .own }
  package var readsOutputInBackward: Bool { false }
  package var winnerCount: Int { 0 }
}

/// Where a layer writes its output.
package enum OutputStorage: Sendable {
  /// Into a buffer of its own.
  case own
  /// Over its input where nobody else needs that, otherwise into a buffer of its own.
  case overInput
  /// The output is the input, seen with another shape; forward and backward have nothing to do.
  case sameAsInput
}

/// The buffers of one layer for a block of `count` examples, one after another. Images are NHWC.
package struct LayerPass {
  package let backend: any NumericBackend
  package let count: Int
  /// The network's whole parameter buffer.
  package let parameters: Floats
  /// The layer's weights in the backend's own form; empty for a layer that has none.
  package let packedWeights: MutableFloats
  package let input: MutableFloats
  package let output: MutableFloats
  package let outputGradient: MutableFloats
  package let inputGradient: MutableFloats
  package let winners: UnsafeMutableBufferPointer<UInt16>
}

/// How a layer with parameters finds its per-example norms and its clipped sum, with one backward pass
/// ("book-keeping": Bu et al., arXiv:2210.00038).
public enum BookKeeping: String, Hashable, Sendable, CaseIterable {
  /// Norms from activations and output gradients alone; both are kept, and the clipped sum is one ordinary weight
  /// gradient with scaled output gradients. The only method for a dense layer, whose norm is |a|²·|g|²
  /// (Goodfellow, arXiv:1510.01799).
  case ghost
  /// Every example's gradient is formed and kept; the clipped sum is a weighted sum of them. It replaces the ordinary
  /// weight gradient and so costs memory traffic only.
  case keep
  /// Every example's gradient is formed for its norm and dropped; the clipped sum is as with `ghost`. The time of a
  /// second weight gradient, the memory of none.
  case recompute
}

/// A layer that has weights, and perhaps a bias.
package protocol ParameterizedLayer: Layer {
  var name: String { get }
  var weight: ParameterSlice { get }
  var bias: ParameterSlice? { get }

  /// The fan-in and fan-out of one weight, for initialization.
  var fans: (input: Int, output: Int) { get }
  func packedWeightCount(for backend: any NumericBackend) throws(TensorError) -> Int
  func packWeights(_ parameters: Floats, into packed: MutableFloats, backend: any NumericBackend) throws(TensorError)

  /// The method for this layer, unless the caller overrides it; `limit` bounds the floats per example it may keep.
  func preferredBookKeeping(keptFloatLimit limit: Int, backend: any NumericBackend) throws(TensorError) -> BookKeeping
  /// Methods that the layer has.
  var bookKeepings: [BookKeeping] { get }
  func retention(_ method: BookKeeping, backend: any NumericBackend) throws(TensorError) -> Retention

  /// Sets each example's squared norm of the weight's and the bias' gradient, and fills `pass.kept`. Without
  /// `norms` (the gradient of a whole batch is all that is wanted) it only keeps what the sum needs.
  func squaredNorms(_ pass: GradientPass, into norms: (weight: MutableDoubles, bias: MutableDoubles)?)
    throws(TensorError)
  /// Adds Σ factors[i] · gradient of example i to `gradient`, which has the layout of the network's parameter buffer.
  func addGradientSum(_ pass: GradientPass, factors: Floats, to gradient: MutableFloats) throws(TensorError)
}

/// What a method needs to remember from the backward pass until the clipped sum, and in passing.
package struct Retention: Hashable, Sendable {
  /// The layer's input and output gradient.
  package var activations: Bool
  /// Floats per example of formed gradients, of the weight and of the bias.
  package var weightFloats = 0
  package var biasFloats = 0
  /// Floats of scratch for each example that is summed at once, or for one call whatever its size.
  package var scratchPerExample = 0
  package var scratchPerBlock = 0
  /// True if the sum may run block by block (its scratch is large), false if one call does a thread's whole share.
  package var sumsInBlocks: Bool
}

/// The buffers of a layer's parameter gradients for a block of `count` examples.
package struct GradientPass {
  package let backend: any NumericBackend
  package let method: BookKeeping
  package let count: Int
  package let input: MutableFloats
  package let outputGradient: MutableFloats
  /// Formed gradients of this block's examples.
  package let kept: (weight: MutableFloats, bias: MutableFloats)
  package let scratch: MutableFloats
}
