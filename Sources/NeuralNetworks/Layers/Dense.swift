import Tensors

/// y = W x + b, with W [outputs, inputs], for a vector or for each position of a sequence.
///
/// For a vector the gradient of one example is g aᵀ (a the input, g the output gradient), a matrix of rank one, so its
/// squared norm is |a|²·|g|² and Σ fᵢ gᵢ aᵢᵀ is one matrix product: no example's gradient is ever formed (Goodfellow,
/// arXiv:1510.01799). For a sequence see `WeightGradient`.
package struct Dense: ParameterizedLayer {
  package let inputShapes: [Shape]
  package let outputShape: Shape
  private let weight: ParameterSlice
  private let bias: ParameterSlice?
  private let core: DenseCore

  package init(name: String, input: Shape, outputs: Int, hasBias: Bool, offset: Int) throws(TensorError) {
    guard input.dimensions.count <= 2 else {
      throw .shape("a dense layer takes a vector or a sequence, not \(input); put a flatten layer before it")
    }
    inputShapes = [input]
    let inputs = input.dimensions[input.dimensions.count - 1]
    outputShape = try Shape(input.dimensions.dropLast() + [outputs])
    var layout = ParameterLayout(name: name, offset: offset)
    weight = try layout.add("weight", [outputs, inputs])
    bias = hasBias ? try layout.add("bias", [outputs]) : nil
    core = DenseCore(positions: input.count / inputs, inputs: inputs, outputs: outputs, hasBias: hasBias)
  }

  package var label: String { "dense \(inputShape) → \(outputShape)" }
  package var backwardReads: BackwardReads { .input }
  package var parameters: [ParameterSlice] { bias.map { [weight, $0] } ?? [weight] }
  package var fans: (input: Int, output: Int) { (core.inputs, core.outputs) }

  package func forward(_ pass: LayerPass) throws(TensorError) {
    try core.forward(
      pass, weights: pass.parameters.slice(weight), bias: bias.map { pass.parameters.slice($0) })
  }

  package func backward(_ pass: LayerPass) throws(TensorError) {
    try core.backward(pass, weights: pass.parameters.slice(weight))
  }

  package var bookKeepings: [BookKeeping] { core.gradient.bookKeepings }
  package func keptCount(_ method: BookKeeping, backend: any NumericBackend) -> Int { core.kept(method).count }
  package func scratchCount(
    _ method: BookKeeping, examples: Int, backend: any NumericBackend
  ) throws(TensorError) -> Int {
    try core.scratchCount(method, examples: examples)
  }
  package func sumReadsTensors(_ method: BookKeeping) -> Bool { method != .keep }
  package func clearKept(_ pass: LayerPass, row: Int) { core.kept(pass.method).clear(pass, row: row) }

  package func squaredNorms(_ pass: LayerPass, into norms: [MutableDoubles]) throws(TensorError) {
    try core.squaredNorms(pass, weight: norms[0], bias: bias == nil ? nil : norms[1])
  }

  package func addGradientSum(
    _ pass: LayerPass, factors: [Floats]?, to gradient: MutableFloats
  ) throws(TensorError) {
    try core.addWeightSum(pass, factors: factors?[0], to: gradient.slice(weight))
    if let bias { core.addBiasSum(pass, factors: factors?[1], to: gradient.slice(bias)) }
  }
}

/// Logits y = E h with the table E [vocabulary, dimension] of an embedding, for a vector or each position of a sequence: the
/// output layer of a language model that shares its embedding's weights (Press and Wolf, arXiv:1608.05859). No bias.
package struct TiedDense: TiedLayer {
  package let inputShapes: [Shape]
  package let outputShape: Shape
  package let owner: Int
  private let table: ParameterSlice
  private let embedding: Embedding
  private let core: DenseCore

  /// - Throws: `TensorError.shape` unless the input's last dimension is the embedding's.
  package init(input: Shape, owner: Int, embedding: Embedding) throws(TensorError) {
    guard input.dimensions.count <= 2, input.dimensions.last == embedding.dimension else {
      throw .shape(
        "a tied dense layer takes a vector or a sequence of the embedding's dimension, \(embedding.dimension), not \(input)"
      )
    }
    inputShapes = [input]
    outputShape = try Shape(input.dimensions.dropLast() + [embedding.vocabulary])
    (self.owner, self.embedding) = (owner, embedding)
    table = embedding.parameters[0]
    core = DenseCore(
      positions: input.count / embedding.dimension, inputs: embedding.dimension, outputs: embedding.vocabulary,
      hasBias: false)
  }

  package var label: String { "tied dense \(inputShape) → \(outputShape)" }
  package var backwardReads: BackwardReads { .input }
  package var parameters: [ParameterSlice] { [table] }
  package var fans: (input: Int, output: Int) { (core.inputs, core.outputs) }

  package func forward(_ pass: LayerPass) throws(TensorError) {
    try core.forward(pass, weights: pass.parameters.slice(table), bias: nil)
  }

  package func backward(_ pass: LayerPass) throws(TensorError) {
    try core.backward(pass, weights: pass.parameters.slice(table))
  }

  package var bookKeepings: [BookKeeping] { core.gradient.bookKeepings }
  package func keptCount(_ method: BookKeeping, backend: any NumericBackend) -> Int { core.kept(method).count }
  package func scratchCount(
    _ method: BookKeeping, examples: Int, backend: any NumericBackend
  ) throws(TensorError) -> Int {
    try core.scratchCount(method, examples: examples)
  }
  package func sumReadsTensors(_ method: BookKeeping) -> Bool { method != .keep }

  package func squaredNorms(_ pass: LayerPass, into norms: [MutableDoubles]) throws(TensorError) {
    try core.squaredNorms(pass, weight: norms[0], bias: nil)
  }

  package func addCrossTerms(_ pass: LayerPass, owner: LayerPass, to squaredNorms: MutableDoubles) {
    embedding.forEachExample(owner) { i, tokens, gradient in
      squaredNorms[i] +=
        2
        * pass.backend.tiedInnerProduct(
          TiedGeometry(
            headPositions: core.positions, positions: embedding.positions, vocabulary: embedding.vocabulary,
            dimension: embedding.dimension, padding: embedding.paddingIndex),
          tokens: tokens, input: Floats(pass.input).slice(i * inputShape.count, inputShape.count),
          outputGradient: Floats(pass.outputGradient).slice(i * outputShape.count, outputShape.count),
          embeddingGradient: gradient)
    }
  }

  package func addGradientSum(
    _ pass: LayerPass, factors: [Floats]?, to gradient: MutableFloats
  ) throws(TensorError) {
    try core.addWeightSum(pass, factors: factors?[0], to: gradient.slice(table))
  }
}

/// The arithmetic that dense layers share, whoever owns the weights.
private struct DenseCore {
  let positions, inputs, outputs: Int
  let hasBias: Bool

  var gradient: WeightGradient { WeightGradient(positions: positions, inputs: inputs, outputs: outputs) }

  /// Of a sequence the bias' gradient is a sum, and kept; of a vector it is the output gradient.
  func kept(_ method: BookKeeping) -> KeptGradients {
    KeptGradients(
      widths: [method == .keep ? gradient.weightCount : 0, hasBias && positions > 1 ? outputs : 0])
  }

  func scratchCount(_ method: BookKeeping, examples: Int) throws(TensorError) -> Int {
    max(
      gradient.normScratchCount(method),
      method == .keep ? 0 : try gradient.sumScratchCount(positions: try checkedProduct([examples, positions])))
  }

  func forward(_ pass: LayerPass, weights: Floats, bias: Floats?) throws(TensorError) {
    try pass.backend.affine(
      rows: pass.count * positions, inputs: inputs, outputs: outputs, Floats(pass.input), weights: weights, bias: bias,
      into: pass.output)
  }

  func backward(_ pass: LayerPass, weights: Floats) throws(TensorError) {
    guard let inputGradient = pass.inputGradient else { return }
    try pass.backend.multiply(
      MatrixProduct(m: pass.count * positions, n: inputs, k: outputs), Floats(pass.outputGradient), weights,
      into: inputGradient, accumulating: false)
  }

  func squaredNorms(_ pass: LayerPass, weight: MutableDoubles, bias: MutableDoubles?) throws(TensorError) {
    let backend = pass.backend
    if positions == 1 {
      return vectorSquaredNorms(pass, weight: weight, bias: bias)
    }
    if let bias {
      let sums = kept(pass.method).part(1, pass)
      backend.groupRowSums(
        groups: pass.count, group: positions, columns: outputs, Floats(pass.outputGradient), output: sums)
      backend.rowSquaredNorms(rows: pass.count, columns: outputs, Floats(sums), into: bias)
    }
    for i in 0..<pass.count {
      try gradient.squaredNorm(
        pass.method, input: Floats(pass.input).slice(i * positions * inputs, positions * inputs),
        outputGradient: Floats(pass.outputGradient).slice(i * positions * outputs, positions * outputs),
        place: pass.method == .keep ? kept(.keep).row(0, i, pass) : pass.scratch, into: weight.slice(i, 1),
        backend: backend)
    }
  }

  private func vectorSquaredNorms(_ pass: LayerPass, weight: MutableDoubles, bias: MutableDoubles?) {
    pass.backend.rowSquaredNorms(rows: pass.count, columns: inputs, Floats(pass.input), into: weight)
    for i in 0..<pass.count {
      let row = Floats(pass.outputGradient).slice(i * outputs, outputs)
      let squaredNorm = row.reduce(0.0) { $0 + Double($1) * Double($1) }
      weight[i] *= squaredNorm
      bias?[i] = squaredNorm
    }
  }

  func addWeightSum(_ pass: LayerPass, factors: Floats?, to sum: MutableFloats) throws(TensorError) {
    if pass.method == .keep, let factors {
      pass.backend.addWeightedRowSum(
        rows: pass.count, columns: gradient.weightCount, Floats(kept(.keep).part(0, pass)), factors: factors, to: sum)
    } else {
      try gradient.addSum(
        count: pass.count, input: Floats(pass.input), outputGradient: Floats(pass.outputGradient), factors: factors,
        scratch: pass.scratch, to: sum, backend: pass.backend)
    }
  }

  func addBiasSum(_ pass: LayerPass, factors: Floats?, to sum: MutableFloats) {
    if let factors {
      let rows = positions == 1 ? pass.outputGradient : kept(pass.method).part(1, pass)
      pass.backend.addWeightedRowSum(rows: pass.count, columns: outputs, Floats(rows), factors: factors, to: sum)
    } else {
      pass.backend.addRowSum(
        rows: pass.count * positions, columns: outputs, Floats(pass.outputGradient), to: sum)
    }
  }
}
