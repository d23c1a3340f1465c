import CKernels
import Tensors

/// An image becomes a vector in the order channel, row, column: torch's order, so that the weights of the dense layer
/// behind it load into torch unchanged. Images are NHWC inside, so this is a transposition, except where there is one
/// channel or one pixel.
package struct Flatten: Layer {
  package let inputShapes: [Shape]
  package let outputShape: Shape
  private let channels, pixels: Int

  package init(input: Shape) throws(TensorError) {
    inputShapes = [input]
    outputShape = try Shape([input.count])
    channels = input.image?.channels ?? 1
    pixels = input.count / channels
  }

  package var label: String { "flatten" }
  package var outputStorage: OutputStorage { channels == 1 || pixels == 1 ? .sameAsInput : .own }

  package func forward(_ pass: LayerPass) {
    for example in 0..<pass.count {
      let start = example * inputShape.count
      transpose(
        Floats(pass.input).slice(start, inputShape.count), rows: pixels, columns: channels,
        into: pass.output.slice(start, inputShape.count))
    }
  }

  package func backward(_ pass: LayerPass) {
    guard let inputGradient = pass.inputGradient else { return }
    for example in 0..<pass.count {
      let start = example * inputShape.count
      transpose(
        Floats(pass.outputGradient).slice(start, inputShape.count), rows: channels, columns: pixels,
        into: inputGradient.slice(start, inputShape.count))
    }
  }
}

/// output[column, row] = input[row, column].
func transpose(_ input: Floats, rows: Int, columns: Int, into output: MutableFloats) {
  precondition(input.count == rows * columns && output.count == rows * columns)
  ck_transpose(rows, columns, input.baseAddress, output.baseAddress)
}
