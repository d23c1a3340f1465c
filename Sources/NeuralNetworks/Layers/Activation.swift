import Tensors

/// A function of each element.
package struct Activation: Layer {
  package enum Function: String, Sendable { case relu, tanh }

  package let function: Function
  package let shape: Shape

  package var inputShape: Shape { shape }
  package var outputShape: Shape { shape }
  package var label: String { function.rawValue }
  package var outputStorage: OutputStorage { .overInput }
  // Both derivatives are functions of the output: that is what lets forward overwrite its input.
  package var readsOutputInBackward: Bool { true }

  package func forward(_ pass: LayerPass) {
    let input = Floats(pass.input).slice(0, pass.count * shape.count)
    switch function {
    case .relu: pass.backend.relu(input, output: pass.output)
    case .tanh: pass.backend.tanh(input, output: pass.output)
    }
  }

  package func backward(_ pass: LayerPass) {
    let output = Floats(pass.output).slice(0, pass.count * shape.count)
    let gradient = Floats(pass.outputGradient)
    switch function {
    case .relu:
      pass.backend.reluInputGradient(output: output, outputGradient: gradient, inputGradient: pass.inputGradient)
    case .tanh:
      pass.backend.tanhInputGradient(output: output, outputGradient: gradient, inputGradient: pass.inputGradient)
    }
  }
}
