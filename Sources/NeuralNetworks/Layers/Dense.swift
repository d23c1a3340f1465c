import Tensors

/// y = W x + b, with W [outputs, inputs].
///
/// The gradient of one example is g aᵀ (a the input, g the output gradient), a matrix of rank one, so its squared norm is
/// |a|²·|g|² and Σ fᵢ gᵢ aᵢᵀ is one matrix product: no example's gradient is ever formed (Goodfellow, arXiv:1510.01799).
package struct Dense: ParameterizedLayer {
  package let inputShapes: [Shape]
  package let outputShape: Shape
  private let weight: ParameterSlice
  private let bias: ParameterSlice?

  package init(name: String, input: Shape, outputs: Int, hasBias: Bool, offset: Int) throws(TensorError) {
    guard input.dimensions.count == 1 else {
      throw .shape("a dense layer takes a vector, not \(input); put a flatten layer before it")
    }
    inputShapes = [input]
    outputShape = try Shape([outputs])
    var layout = ParameterLayout(name: name, offset: offset)
    weight = try layout.add("weight", [outputs, input.count])
    bias = hasBias ? try layout.add("bias", [outputs]) : nil
  }

  package var label: String { "dense \(inputs) → \(outputs)" }
  package var backwardReads: BackwardReads { .input }
  package var parameters: [ParameterSlice] { bias.map { [weight, $0] } ?? [weight] }
  package var fans: (input: Int, output: Int) { (inputs, outputs) }
  private var inputs: Int { inputShape.count }
  private var outputs: Int { outputShape.count }

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
    guard let inputGradient = pass.inputGradient else { return }
    try pass.backend.multiply(
      MatrixProduct(m: pass.count, n: inputs, k: outputs), Floats(pass.outputGradient), pass.parameters.slice(weight),
      into: inputGradient, accumulating: false)
  }

  package var bookKeepings: [BookKeeping] { [.ghost] }
  package func scratchCount(
    _ method: BookKeeping, examples: Int, backend: any NumericBackend
  ) throws(TensorError) -> Int {
    try checkedProduct([examples, outputs])
  }

  package func squaredNorms(_ pass: LayerPass, into norms: [MutableDoubles]) {
    // The bias' gradient is g itself.
    let ofOutputGradients = bias == nil ? nil : norms[1]
    pass.backend.rowSquaredNorms(rows: pass.count, columns: inputs, Floats(pass.input), into: norms[0])
    for i in 0..<pass.count {
      let row = Floats(pass.outputGradient).slice(i * outputs, outputs)
      let squaredNorm = row.reduce(0.0) { $0 + Double($1) * Double($1) }
      norms[0][i] *= squaredNorm
      ofOutputGradients?[i] = squaredNorm
    }
  }

  package func addGradientSum(
    _ pass: LayerPass, factors: [Floats]?, to gradient: MutableFloats
  ) throws(TensorError) {
    var scaled = Floats(pass.outputGradient)
    if let factors {
      let scratch = pass.scratch.slice(0, pass.count * outputs)
      pass.backend.scaleRows(rows: pass.count, columns: outputs, scaled, by: factors[0], output: scratch)
      scaled = Floats(scratch)
    }
    try pass.backend.multiply(
      MatrixProduct(m: outputs, n: inputs, k: pass.count, transposeA: true), scaled, Floats(pass.input),
      into: gradient.slice(weight), accumulating: true)
    guard let bias else { return }
    if let factors {
      pass.backend.addWeightedRowSum(
        rows: pass.count, columns: outputs, Floats(pass.outputGradient), factors: factors[1], to: gradient.slice(bias))
    } else {
      pass.backend.addRowSum(
        rows: pass.count, columns: outputs, Floats(pass.outputGradient), to: gradient.slice(bias))
    }
  }
}
