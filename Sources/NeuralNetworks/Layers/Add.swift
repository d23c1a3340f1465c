import Tensors

/// The sum of two tensors of one shape: the end of a residual block.
package struct Add: Layer {
  package let inputShapes: [Shape]
  package var outputShape: Shape { inputShapes[0] }
  package var label: String { "add \(outputShape)" }
  package var outputStorage: OutputStorage { .overInput }

  package init(_ first: Shape, _ second: Shape) throws(TensorError) {
    guard first == second else { throw .shape("tensors of \(first) and \(second) cannot be added") }
    inputShapes = [first, second]
  }

  package func forward(_ pass: LayerPass) {
    if pass.output.baseAddress != pass.input.baseAddress { _ = pass.output.update(from: pass.input) }
    pass.backend.add(Floats(pass.secondInput), to: pass.output)
  }

  package func backward(_ pass: LayerPass) {
    // Both gradients are the output's; the first may lie in its place already.
    if let first = pass.inputGradient, first.baseAddress != pass.outputGradient.baseAddress {
      _ = first.update(from: pass.outputGradient)
    }
    if let second = pass.secondInputGradient { _ = second.update(from: pass.outputGradient) }
  }
}
