import Tensors

/// In training, each element is 0 with probability `rate` and otherwise divided by 1 − rate (Srivastava et al., JMLR 15,
/// 2014, in the form that leaves evaluation alone).
///
/// The mask follows from the example's seed, so that backward draws it again instead of remembering it.
package struct Dropout: Layer {
  package let inputShapes: [Shape]
  package var outputShape: Shape { inputShapes[0] }
  private let rate: Double
  /// Sets the masks of a network's dropout layers apart.
  private let salt: UInt64

  package init(input: Shape, rate: Double, index: Int) throws(TensorError) {
    guard rate >= 0, rate < 1 else { throw .shape("a dropout rate of \(rate) is not in 0 ..< 1") }
    inputShapes = [input]
    self.rate = rate
    salt = UInt64(index)
  }

  package var label: String { "dropout \(rate)" }
  package var outputStorage: OutputStorage { .overInput }

  package func forward(_ pass: LayerPass) {
    apply(pass, from: pass.input, to: pass.output)
  }

  package func backward(_ pass: LayerPass) {
    guard let inputGradient = pass.inputGradient else { return }
    apply(pass, from: pass.outputGradient, to: inputGradient)
  }

  private func apply(_ pass: LayerPass, from source: MutableFloats, to destination: MutableFloats) {
    guard pass.isTraining, rate > 0 else {
      if destination.baseAddress != source.baseAddress { _ = destination.update(from: source) }
      return
    }
    pass.backend.dropOut(
      rate: rate, salt: salt, seeds: pass.seeds, columns: outputShape.count, Floats(source), output: destination)
  }
}
