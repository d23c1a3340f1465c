import Tensors

/// Row `token` of a table [vocabulary, dimension] for each token of an example: [T] → [T, dimension].
///
/// The table's gradient has a row for each different token of the example, the sum over the places where it stands; it is
/// never formed. As in torch, the row of the padding index is used like any other and has the gradient 0.
package struct Embedding: ParameterizedLayer {
  package let inputShapes: [Shape]
  package let outputShape: Shape
  package let positions, vocabulary, dimension: Int
  package let paddingIndex: Int?
  private let table: ParameterSlice

  /// - Throws: `TensorError.shape` for an input that is no vector of tokens, a vocabulary whose ids float32 cannot hold, or a
  ///   padding index outside it.
  package init(
    name: String, input: Shape, vocabulary: Int, dimension: Int, paddingIndex: Int?, offset: Int
  ) throws(TensorError) {
    guard input.dimensions.count == 1 else { throw .shape("an embedding takes a vector of token ids, not \(input)") }
    guard vocabulary <= 1 << 24 else { throw .shape("a vocabulary of \(vocabulary) is larger than \(1 << 24)") }
    if let paddingIndex, !(0..<max(vocabulary, 0)).contains(paddingIndex) {
      throw .shape("the padding index \(paddingIndex) is not in 0..<\(vocabulary)")
    }
    inputShapes = [input]
    outputShape = try Shape([input.count, dimension])
    positions = input.count
    (self.vocabulary, self.dimension, self.paddingIndex) = (vocabulary, dimension, paddingIndex)
    var layout = ParameterLayout(name: name, offset: offset)
    table = try layout.add("weight", [vocabulary, dimension])
  }

  package var label: String { "embedding \(vocabulary) → \(outputShape)" }
  package var backwardReads: BackwardReads { .input }
  package var parameters: [ParameterSlice] { [table] }
  package var fans: (input: Int, output: Int) { (vocabulary, dimension) }

  /// Torch's N(0, 1), or Keras' uniform ±0.05; the padding row is 0.
  package func initialValues(of index: Int, _ initialization: Initialization) -> InitialValues {
    let zeroes = paddingIndex.map { $0 * dimension..<($0 + 1) * dimension }
    return switch initialization {
    case .torch: .normal(standardDeviation: 1, zeroes: zeroes)
    case .glorotUniform: .uniform(bound: 0.05, zeroes: zeroes)
    }
  }

  package func forward(_ pass: LayerPass) {
    pass.backend.embed(
      count: pass.count * positions, vocabulary: vocabulary, dimension: dimension, tokens: Floats(pass.input),
      table: pass.parameters.slice(table), output: pass.output)
  }

  // Tokens have no gradient.
  package func backward(_ pass: LayerPass) {}

  package var bookKeepings: [BookKeeping] { [.sortedTokens] }
  package func scratchCount(
    _ method: BookKeeping, examples: Int, backend: any NumericBackend
  ) throws(TensorError) -> Int {
    try backend.embeddingScratchCount(positions: positions, dimension: dimension)
  }

  package func squaredNorms(_ pass: LayerPass, into norms: [MutableDoubles]) {
    pass.backend.embeddingSquaredNorms(
      count: pass.count, positions: positions, vocabulary: vocabulary, dimension: dimension, padding: paddingIndex,
      tokens: Floats(pass.input), outputGradient: Floats(pass.outputGradient), scratch: pass.scratch, into: norms[0])
  }

  package func addGradientSum(_ pass: LayerPass, factors: [Floats]?, to gradient: MutableFloats) {
    pass.backend.addEmbeddingGradientSum(
      count: pass.count, positions: positions, vocabulary: vocabulary, dimension: dimension, padding: paddingIndex,
      tokens: Floats(pass.input), outputGradient: Floats(pass.outputGradient), factors: factors?[0],
      to: gradient.slice(table))
  }

  /// Each example's tokens and output gradient.
  func forEachExample(_ pass: LayerPass, _ body: (_ example: Int, _ tokens: Floats, _ gradient: Floats) -> Void) {
    for i in 0..<pass.count {
      body(
        i, Floats(pass.input).slice(i * positions, positions),
        Floats(pass.outputGradient).slice(i * outputShape.count, outputShape.count))
    }
  }
}

/// Adds a table [T, C], of the same shape as its input. The gradient of the table is the output gradient itself.
package struct PositionEmbedding: ParameterizedLayer {
  package let shape: Shape
  private let table: ParameterSlice

  /// - Parameter name: of the node, and of the parameter itself.
  package init(name: String, input: Shape, offset: Int) throws(TensorError) {
    guard input.dimensions.count == 2 else { throw .shape("a position embedding takes a sequence, not \(input)") }
    shape = input
    table = ParameterSlice(name: name, shape: input, offset: offset)
  }

  package var inputShapes: [Shape] { [shape] }
  package var outputShape: Shape { shape }
  package var label: String { "position embedding \(shape)" }
  package var parameters: [ParameterSlice] { [table] }
  package var fans: (input: Int, output: Int) { (shape.dimensions[0], shape.dimensions[1]) }

  /// N(0, 0.02²), as GPT-2 (Radford et al. 2019, §2.3) and BERT (Devlin et al., arXiv:1810.04805) begin.
  package func initialValues(of index: Int, _ initialization: Initialization) -> InitialValues {
    .normal(standardDeviation: 0.02)
  }

  package func forward(_ pass: LayerPass) {
    let count = pass.count * shape.count
    _ = pass.output.slice(0, count).update(from: pass.input.slice(0, count))
    pass.backend.addToRows(pass.parameters.slice(table), rows: pass.count, columns: shape.count, pass.output)
  }

  package func backward(_ pass: LayerPass) {
    let count = pass.count * shape.count
    _ = pass.inputGradient?.slice(0, count).update(from: pass.outputGradient.slice(0, count))
  }

  package var bookKeepings: [BookKeeping] { [.keep] }

  package func squaredNorms(_ pass: LayerPass, into norms: [MutableDoubles]) {
    pass.backend.rowSquaredNorms(
      rows: pass.count, columns: shape.count, Floats(pass.outputGradient), into: norms[0])
  }

  package func addGradientSum(_ pass: LayerPass, factors: [Floats]?, to gradient: MutableFloats) {
    let sum = gradient.slice(table)
    if let factors {
      pass.backend.addWeightedRowSum(
        rows: pass.count, columns: shape.count, Floats(pass.outputGradient), factors: factors[0], to: sum)
    } else {
      pass.backend.addRowSum(rows: pass.count, columns: shape.count, Floats(pass.outputGradient), to: sum)
    }
  }
}
