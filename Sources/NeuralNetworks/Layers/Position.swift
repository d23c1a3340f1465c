import Tensors

/// One position of a sequence stands for the whole: [T, C] → [C].
package struct Position: Layer {
  package let inputShapes: [Shape]
  package let outputShape: Shape
  private let choice: PositionChoice
  private let positions, channels: Int

  package init(input: Shape, choice: PositionChoice) throws(TensorError) {
    guard let sequence = input.sequence else { throw .shape("\(choice.rawValue) position of \(input): not a sequence") }
    inputShapes = [input]
    outputShape = try Shape([sequence.channels])
    (positions, channels) = sequence
    self.choice = choice
  }

  package var label: String { "\(choice.rawValue) position of \(positions)" }
  private var offset: Int { choice == .first ? 0 : (positions - 1) * channels }

  package func forward(_ pass: LayerPass) {
    for i in 0..<pass.count {
      _ = pass.output.slice(i * channels, channels)
        .update(from: pass.input.slice(i * inputShape.count + offset, channels))
    }
  }

  package func backward(_ pass: LayerPass) {
    guard let inputGradient = pass.inputGradient else { return }
    inputGradient.update(repeating: 0)
    for i in 0..<pass.count {
      _ = inputGradient.slice(i * inputShape.count + offset, channels)
        .update(from: pass.outputGradient.slice(i * channels, channels))
    }
  }
}
