import Tensors

/// A function of each element.
package struct Activation: Layer {
  package let function: ActivationFunction
  package let shape: Shape
  /// Whether the input is rectified already.
  private var followsRectified = false

  package init(function: ActivationFunction, shape: Shape) {
    (self.function, self.shape) = (function, shape)
  }

  /// This ReLU after a layer that gives max(y, 0) itself: in place it has nothing to do.
  func ofRectified() -> Activation {
    var activation = self
    activation.followsRectified = true
    return activation
  }

  package var inputShapes: [Shape] { [shape] }
  package var outputShape: Shape { shape }
  package var label: String { function.rawValue }
  // A derivative that is a function of the output lets forward overwrite the input.
  package var outputStorage: OutputStorage { readsOutput ? .overInput : .own }
  package var backwardReads: BackwardReads { readsOutput ? .output : .input }
  private var readsOutput: Bool { (elementFunction?.gradientReads ?? .output) == .output }

  /// Nil for ReLU and tanh, which the backends have apart.
  private var elementFunction: ElementFunction? {
    switch function {
    case .relu, .tanh: nil
    case .sigmoid: .sigmoid
    case .silu: .silu
    case .elu: .elu
    case .gelu: .gelu
    case .geluTanh: .geluTanh
    }
  }

  package func forward(_ pass: LayerPass) {
    if followsRectified, pass.input.baseAddress == pass.output.baseAddress { return }
    let input = Floats(pass.input).slice(0, pass.count * shape.count)
    if let elementFunction {
      pass.backend.apply(elementFunction, input, output: pass.output)
    } else if function == .relu {
      pass.backend.relu(input, output: pass.output)
    } else {
      pass.backend.tanh(input, output: pass.output)
    }
  }

  package func backward(_ pass: LayerPass) {
    guard let inputGradient = pass.inputGradient else { return }
    let value = Floats(readsOutput ? pass.output : pass.input).slice(0, pass.count * shape.count)
    let gradient = Floats(pass.outputGradient)
    if let elementFunction {
      pass.backend.inputGradient(
        elementFunction, value: value, outputGradient: gradient, inputGradient: inputGradient)
    } else if function == .relu {
      pass.backend.reluInputGradient(output: value, outputGradient: gradient, inputGradient: inputGradient)
    } else {
      pass.backend.tanhInputGradient(output: value, outputGradient: gradient, inputGradient: inputGradient)
    }
  }
}
