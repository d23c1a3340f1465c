import Tensors

/// An embedding and the mean over its positions in one, [T] → [dimension], where nobody else reads the embedding.
///
/// The rows are added up where they are, and no sequence is written. Backward, every position has the same gradient, so that
/// the gradient of the table has a row for each different token that is a multiple of that: its norm is a matter of
/// counting. Measured for the whole network of the literature (256 tokens, dimension 16), 128 examples on one core:
/// 0.41 ms without norms and 0.90 ms with them in two layers, 0.11 ms and 0.18 ms with this one.
package struct MeanEmbedding: ParameterizedLayer {
  package let embedding: Embedding
  package let outputShape: Shape
  private let geometry: MeanEmbeddingGeometry

  /// - Parameter mean: the shape of the mean, [dimension].
  init(_ embedding: Embedding, mean: Shape) {
    (self.embedding, outputShape) = (embedding, mean)
    geometry = MeanEmbeddingGeometry(
      positions: embedding.positions, vocabulary: embedding.vocabulary, dimension: embedding.dimension,
      padding: embedding.paddingIndex)
  }

  package var inputShapes: [Shape] { embedding.inputShapes }
  package var label: String { embedding.label + ", mean over the positions" }
  package var backwardReads: BackwardReads { .input }
  package var parameters: [ParameterSlice] { embedding.parameters }
  package var fans: (input: Int, output: Int) { embedding.fans }
  package func initialValues(of index: Int, _ initialization: Initialization) -> InitialValues {
    embedding.initialValues(of: index, initialization)
  }

  package func forward(_ pass: LayerPass) {
    pass.backend.embedMeans(
      geometry, count: pass.count, tokens: Floats(pass.input), table: pass.parameters.slice(parameters[0]),
      output: pass.output)
  }

  // Tokens have no gradient.
  package func backward(_ pass: LayerPass) {}

  package var bookKeepings: [BookKeeping] { [.sortedTokens] }
  package func scratchCount(_ method: BookKeeping, examples: Int, backend: any NumericBackend) -> Int {
    backend.meanEmbeddingScratchCount(geometry)
  }

  package func squaredNorms(_ pass: LayerPass, into norms: [MutableDoubles]) {
    pass.backend.meanEmbeddingSquaredNorms(
      geometry, count: pass.count, tokens: Floats(pass.input), outputGradient: Floats(pass.outputGradient),
      scratch: pass.scratch, into: norms[0])
  }

  package func addGradientSum(_ pass: LayerPass, factors: [Floats]?, to gradient: MutableFloats) {
    pass.backend.addMeanEmbeddingGradientSum(
      geometry, count: pass.count, tokens: Floats(pass.input), outputGradient: Floats(pass.outputGradient),
      factors: factors?[0], to: gradient.slice(parameters[0]))
  }
}

/// What another layer has done already.
struct AbsorbedLayer: Layer {
  let shape: Shape
  let label: String

  init(_ layer: any Layer) { (shape, label) = (layer.outputShape, layer.label) }

  var inputShapes: [Shape] { [shape] }
  var outputShape: Shape { shape }
  var outputStorage: OutputStorage { .sameAsInput }
  func forward(_ pass: LayerPass) {}
  func backward(_ pass: LayerPass) {}
}
