import Tensors

/// Layer norm, RMS norm or group norm. The gradients of weight and bias are as short as a row, so each example's are formed
/// in the backward pass, which reads the same numbers, and kept.
package struct NormalizationLayer: ParameterizedLayer {
  package let shape: Shape
  package let parameters: [ParameterSlice]
  private let normalization: Normalization

  /// - Parameter kind: layer and RMS norm take a vector or each position of a sequence, group norm an image or a sequence.
  package init(
    name: String, kind: Normalization.Kind, epsilon: Double, input: Shape, offset: Int
  ) throws(TensorError) {
    shape = input
    let columns: Int
    switch kind {
    case .layer, .rootMeanSquare:
      guard input.dimensions.count <= 2 else {
        throw .shape("a layer norm takes a vector or a sequence, not \(input); for an image there is group norm")
      }
      columns = input.dimensions[input.dimensions.count - 1]
    case .group:
      guard let plane = input.plane else { throw .shape("a group norm takes an image or a sequence, not \(input)") }
      columns = plane.channels
    }
    normalization = try Normalization(kind, rows: input.count / columns, columns: columns, epsilon: epsilon)
    var layout = ParameterLayout(name: name, offset: offset)
    let weight = try layout.add("weight", [columns])
    parameters = normalization.hasBias ? [weight, try layout.add("bias", [columns])] : [weight]
  }

  package var inputShapes: [Shape] { [shape] }
  package var outputShape: Shape { shape }
  package var label: String {
    switch normalization.kind {
    case .layer: "layer norm \(shape)"
    case .rootMeanSquare: "RMS norm \(shape)"
    case .group(let groups): "group norm \(shape), \(groups) groups"
    }
  }
  package var backwardReads: BackwardReads { .input }
  package var fans: (input: Int, output: Int) { (1, 1) }
  /// The statistics, then the gradients of weight and bias.
  package var stateCount: Int { normalization.statisticsCount + normalization.parameterCount }

  package func initialValues(of index: Int, _ initialization: Initialization) -> InitialValues {
    .constant(index == 0 ? 1 : 0)
  }

  package func scratchCount(examples: Int, backend: any NumericBackend) -> Int { normalization.scratchCount }

  package func forward(_ pass: LayerPass) {
    for i in 0..<pass.count {
      pass.backend.normalize(
        normalization, count: 1, input: Floats(pass.input).slice(i * shape.count, shape.count),
        weight: pass.parameters.slice(parameters[0]), bias: bias(pass.parameters),
        output: pass.output.slice(i * shape.count, shape.count),
        statistics: pass.state.slice(i * stateCount, normalization.statisticsCount), scratch: pass.scratch)
    }
  }

  private func bias(_ parameters: Floats) -> Floats? {
    normalization.hasBias ? parameters.slice(self.parameters[1]) : nil
  }

  package func backward(_ pass: LayerPass) {
    for i in 0..<pass.count {
      pass.backend.normalizationGradients(
        normalization, count: 1, input: Floats(pass.input).slice(i * shape.count, shape.count),
        weight: pass.parameters.slice(parameters[0]),
        statistics: Floats(pass.state).slice(i * stateCount, normalization.statisticsCount),
        outputGradient: Floats(pass.outputGradient).slice(i * shape.count, shape.count),
        inputGradient: pass.inputGradient?.slice(i * shape.count, shape.count),
        parameterGradients: gradients(pass, i), scratch: pass.scratch)
    }
  }

  private func gradients(_ pass: LayerPass, _ example: Int) -> MutableFloats {
    pass.state.slice(example * stateCount + normalization.statisticsCount, normalization.parameterCount)
  }

  // MARK: Book-keeping

  private var kept: KeptGradients { KeptGradients(widths: parameters.map(\.shape.count)) }

  package var bookKeepings: [BookKeeping] { [.keep] }
  package func keptCount(_ method: BookKeeping, backend: any NumericBackend) -> Int { kept.count }
  package func sumReadsTensors(_ method: BookKeeping) -> Bool { false }
  package func clearKept(_ pass: LayerPass, row: Int) { kept.clear(pass, row: row) }

  package func squaredNorms(_ pass: LayerPass, into norms: [MutableDoubles]) {
    let columns = normalization.columns
    for p in parameters.indices {
      for i in 0..<pass.count {
        _ = kept.row(p, i, pass).update(from: gradients(pass, i).slice(p * columns, columns))
      }
      pass.backend.rowSquaredNorms(
        rows: pass.count, columns: columns, Floats(kept.part(p, pass)), into: norms[p])
    }
  }

  package func addGradientSum(_ pass: LayerPass, factors: [Floats]?, to gradient: MutableFloats) {
    let columns = normalization.columns
    for (p, parameter) in parameters.enumerated() {
      if let factors {
        pass.backend.addWeightedRowSum(
          rows: pass.count, columns: columns, Floats(kept.part(p, pass)), factors: factors[p],
          to: gradient.slice(parameter))
      } else {
        for i in 0..<pass.count {
          pass.backend.add(
            Floats(gradients(pass, i).slice(p * columns, columns)), to: gradient.slice(parameter))
        }
      }
    }
  }
}
