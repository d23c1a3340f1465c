import Tensors

/// A function of each element.
package struct Activation: Layer {
  package let function: ActivationFunction
  package let shape: Shape

  package init(function: ActivationFunction, shape: Shape) throws(TensorError) {
    guard function == .relu || function == .tanh else { throw .shape("no layer computes \(function.rawValue)") }
    (self.function, self.shape) = (function, shape)
  }

  package var inputShapes: [Shape] { [shape] }
  package var outputShape: Shape { shape }
  package var label: String { function.rawValue }
  package var outputStorage: OutputStorage { .overInput }
  // Both derivatives are functions of the output: that is what lets forward overwrite its input.
  package var backwardReads: BackwardReads { .output }

  package func forward(_ pass: LayerPass) {
    let input = Floats(pass.input).slice(0, pass.count * shape.count)
    switch function {
    case .relu: pass.backend.relu(input, output: pass.output)
    default: pass.backend.tanh(input, output: pass.output)
    }
  }

  package func backward(_ pass: LayerPass) {
    guard let inputGradient = pass.inputGradient else { return }
    let output = Floats(pass.output).slice(0, pass.count * shape.count)
    let gradient = Floats(pass.outputGradient)
    switch function {
    case .relu:
      pass.backend.reluInputGradient(output: output, outputGradient: gradient, inputGradient: inputGradient)
    default:
      pass.backend.tanhInputGradient(output: output, outputGradient: gradient, inputGradient: inputGradient)
    }
  }
}
