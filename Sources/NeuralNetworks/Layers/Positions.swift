import Tensors

/// Each pixel of an image becomes a position of a sequence: [C, H, W] → [H·W, C]. Images are NHWC, so no number moves.
package struct Positions: Layer {
  package let inputShapes: [Shape]
  package let outputShape: Shape
  package var label: String { "positions \(inputShape) → \(outputShape)" }
  package var outputStorage: OutputStorage { .sameAsInput }

  package init(input: Shape) throws(TensorError) {
    guard let image = input.image else { throw .shape("only an image has pixels, not \(input)") }
    inputShapes = [input]
    outputShape = try Shape([image.height * image.width, image.channels])
  }

  package func forward(_ pass: LayerPass) {}
  package func backward(_ pass: LayerPass) {}
}
