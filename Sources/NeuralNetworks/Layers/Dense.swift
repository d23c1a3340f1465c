import Tensors

/// y = W x + b, with W [outputs, inputs].
///
/// The gradient of one example is g aᵀ (a the input, g the output gradient), a matrix of rank one, so its squared norm is
/// |a|²·|g|² and Σ fᵢ gᵢ aᵢᵀ is one matrix product: no example's gradient is ever formed (Goodfellow, arXiv:1510.01799).
package struct Dense: ParameterizedLayer {
  package let name: String
  package let inputShape, outputShape: Shape
  package let weight: ParameterSlice
  package let bias: ParameterSlice?

  package init(name: String, input: Shape, outputs: Int, hasBias: Bool, offset: Int) throws(TensorError) {
    guard input.dimensions.count == 1 else {
      throw .window("a dense layer takes a vector, not \(input); put a flatten layer before it")
    }
    self.name = name
    inputShape = input
    outputShape = try Shape([outputs])
    weight = ParameterSlice(name: "\(name).weight", shape: try Shape([outputs, input.count]), offset: offset)
    bias = hasBias ? ParameterSlice(name: "\(name).bias", shape: outputShape, offset: weight.range.upperBound) : nil
  }

  package var label: String { "dense \(inputs) → \(outputs)" }
  package var fans: (input: Int, output: Int) { (inputs, outputs) }
  private var inputs: Int { inputShape.count }
  private var outputs: Int { outputShape.count }

  // The weights are used as they are.
  package func packedWeightCount(for backend: any NumericBackend) -> Int { 0 }
  package func packWeights(_ parameters: Floats, into packed: MutableFloats, backend: any NumericBackend) {}

  package func forward(_ pass: LayerPass) throws(TensorError) {
    // Y [count, outputs] = X [count, inputs] · Wᵀ.
    try pass.backend.multiply(
      MatrixProduct(m: pass.count, n: outputs, k: inputs, transposeB: true), Floats(pass.input),
      pass.parameters.slice(weight), into: pass.output, accumulating: false)
    if let bias {
      pass.backend.addToRows(pass.parameters.slice(bias), rows: pass.count, columns: outputs, pass.output)
    }
  }

  package func backward(_ pass: LayerPass) throws(TensorError) {
    try pass.backend.multiply(
      MatrixProduct(m: pass.count, n: inputs, k: outputs), Floats(pass.outputGradient), pass.parameters.slice(weight),
      into: pass.inputGradient, accumulating: false)
  }

  package var bookKeepings: [BookKeeping] { [.ghost] }
  package func preferredBookKeeping(keptFloatLimit limit: Int, backend: any NumericBackend) -> BookKeeping { .ghost }
  package func retention(_ method: BookKeeping, backend: any NumericBackend) -> Retention {
    Retention(activations: true, scratchPerExample: outputs, sumsInBlocks: false)
  }

  package func squaredNorms(_ pass: GradientPass, into norms: (weight: MutableDoubles, bias: MutableDoubles)?) {
    guard let norms else { return }
    pass.backend.rowSquaredNorms(rows: pass.count, columns: inputs, Floats(pass.input), into: norms.weight)
    pass.backend.rowSquaredNorms(rows: pass.count, columns: outputs, Floats(pass.outputGradient), into: norms.bias)
    for i in 0..<pass.count {
      norms.weight[i] *= norms.bias[i]
      if bias == nil { norms.bias[i] = 0 }
    }
  }

  package func addGradientSum(
    _ pass: GradientPass, factors: Floats, to gradient: MutableFloats
  ) throws(TensorError) {
    let scaled = pass.scratch.slice(0, pass.count * outputs)
    pass.backend.scaleRows(
      rows: pass.count, columns: outputs, Floats(pass.outputGradient), by: factors, output: scaled)
    try pass.backend.multiply(
      MatrixProduct(m: outputs, n: inputs, k: pass.count, transposeA: true), Floats(scaled), Floats(pass.input),
      into: gradient.slice(weight), accumulating: true)
    if let bias {
      pass.backend.addWeightedRowSum(
        rows: pass.count, columns: outputs, Floats(pass.outputGradient), factors: factors, to: gradient.slice(bias))
    }
  }
}

extension UnsafeBufferPointer<Float> {
  func slice(_ parameter: ParameterSlice) -> Floats { slice(parameter.offset, parameter.shape.count) }
}

extension UnsafeMutableBufferPointer<Float> {
  func slice(_ parameter: ParameterSlice) -> MutableFloats { slice(parameter.offset, parameter.shape.count) }
}
