import Tensors

/// One layer of a network: explicit forward and backward passes over a block of examples.
///
/// A layer is a value and holds no buffers. What backward needs from forward is in the `LayerPass` that both receive. No
/// layer mixes examples: everything that it writes for an example follows from that example and the parameters.
package protocol Layer: Sendable {
  /// One to three.
  var inputShapes: [Shape] { get }
  var outputShape: Shape { get }
  /// For the plan that people read.
  var label: String { get }
  var outputStorage: OutputStorage { get }
  /// What backward, norms and gradient sums read of forward's tensors.
  var backwardReads: BackwardReads { get }
  /// Floats an example that forward or backward leaves in `LayerPass.state` for later.
  var stateCount: Int { get }
  /// Elements an example that forward leaves in `LayerPass.winners` for backward.
  var winnerCount: Int { get }
  /// Floats that one call of forward or backward may scribble on.
  func scratchCount(examples: Int, backend: any NumericBackend) throws(TensorError) -> Int

  func forward(_ pass: LayerPass) throws(TensorError)

  /// Sets the wanted input gradients; never adds to them, for the engine adds up what several readers of a tensor write.
  ///
  /// Called for every layer on the way from the loss to a parameter, also for one with parameters that is wanted no input
  /// gradient of: a layer whose weight gradient needs more than its input and `outputGradient` (the gradients of an
  /// LSTM's gates) leaves it in `state` here. It may run twice after one forward pass, with another `outputGradient`.
  ///
  /// Where the output lies over the input, so does the first input gradient over `outputGradient`.
  func backward(_ pass: LayerPass) throws(TensorError)
}

extension Layer {
  package var outputStorage: OutputStorage { .own }
  package var backwardReads: BackwardReads { [] }
  package var stateCount: Int { 0 }
  package var winnerCount: Int { 0 }
  package func scratchCount(examples: Int, backend: any NumericBackend) throws(TensorError) -> Int { 0 }
  /// The first input's.
  package var inputShape: Shape { inputShapes[0] }
}

/// Where a layer writes its output.
package enum OutputStorage: Sendable {
  /// Into a buffer of its own.
  case own
  /// Over its first input where nobody else needs that, otherwise into a buffer of its own.
  case overInput
  /// The output is the input, seen with another shape; forward and backward have nothing to do and are not called.
  case sameAsInput
}

package struct BackwardReads: OptionSet, Sendable {
  package let rawValue: Int
  package init(rawValue: Int) { self.rawValue = rawValue }

  /// Any of the inputs.
  package static let input = BackwardReads(rawValue: 1)
  package static let output = BackwardReads(rawValue: 2)
}

/// The buffers of one layer for a block of `count` examples, one after another. Images are NHWC.
package struct LayerPass {
  package let backend: any NumericBackend
  package let count: Int
  /// The network's whole parameter buffer.
  package var parameters: Floats
  /// The layer's weights in the backend's own form; empty for a layer that has none.
  package let packedWeights: MutableFloats
  package let input: MutableFloats
  /// Empty for a layer that takes fewer inputs.
  package let secondInput, thirdInput: MutableFloats
  package let output: MutableFloats
  package let outputGradient: MutableFloats
  /// Nil where not wanted.
  package let inputGradient, secondInputGradient, thirdInputGradient: MutableFloats?
  /// [count, stateCount]; kept from forward through backward, norms and gradient sums.
  package let state: MutableFloats
  /// Of no meaning between calls.
  package let scratch: MutableFloats
  /// count · keptCount(method) floats, kept from `squaredNorms` to `addGradientSum`.
  package let kept: MutableFloats
  package let winners: UnsafeMutableBufferPointer<UInt16>
  package let method: BookKeeping
  /// False in evaluation, where dropout passes everything on.
  package var isTraining: Bool
  /// One an example, for dropout.
  package let seeds: UnsafeBufferPointer<UInt64>
}
