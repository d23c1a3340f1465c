import Tensors

/// An LSTM or a GRU over a sequence [T, C] → [T, units], all hidden states, as torch.nn.LSTM and torch.nn.GRU with one layer;
/// it begins with zeros.
///
/// Backward leaves the gradients of the gates in the layer's state. The weights are used at every position: with gate
/// gradients G [T, gates · units] the gradient of the input weights is GᵀX, and that of the hidden weights GᵀH with H the
/// hidden states one step earlier, so that the first position, whose is 0, does not count.
package struct Recurrent: ParameterizedLayer {
  package let inputShapes: [Shape]
  package let outputShape: Shape
  package let parameters: [ParameterSlice]
  private let geometry: RecurrentGeometry

  package init(
    name: String, cell: RecurrentGeometry.Cell, input: Shape, units: Int, offset: Int
  ) throws(TensorError) {
    guard let sequence = input.sequence else {
      throw .shape("an \(cell.rawValue.uppercased()) takes a sequence, not \(input)")
    }
    inputShapes = [input]
    outputShape = try Shape([sequence.positions, units])
    geometry = try RecurrentGeometry(cell, steps: sequence.positions, inputs: sequence.channels, units: units)
    var layout = ParameterLayout(name: name, offset: offset)
    parameters = [
      try layout.add("weight_ih_l0", [cell.gates * units, sequence.channels]),
      try layout.add("weight_hh_l0", [cell.gates * units, units]),
      try layout.add("bias_ih_l0", [cell.gates * units]),
      try layout.add("bias_hh_l0", [cell.gates * units]),
    ]
  }

  package var label: String { "\(geometry.cell.rawValue) \(inputShape) → \(outputShape)" }
  package var backwardReads: BackwardReads { [.input, .output] }
  package var stateCount: Int { geometry.stateCount }
  package var fans: (input: Int, output: Int) { (geometry.units, width) }
  /// All gates of a position.
  private var width: Int { geometry.cell.gates * geometry.units }

  /// Torch draws all four parameters within ±1/√units.
  package func initialValues(of index: Int, _ initialization: Initialization) -> InitialValues {
    switch initialization {
    case .torch: return .uniform(bound: 1 / Float(geometry.units).squareRoot())
    case .glorotUniform:
      let inputs = index == 0 ? geometry.inputs : geometry.units
      return index < 2 ? .uniform(bound: (6 / Float(inputs + width)).squareRoot()) : .constant(0)
    }
  }

  package func packedWeightCount(for backend: any NumericBackend) -> Int { backend.packedWeightCount(geometry) }

  package func packWeights(_ parameters: Floats, into packed: MutableFloats, backend: any NumericBackend) {
    backend.packWeights(
      geometry,
      RecurrentWeights(
        input: parameters.slice(self.parameters[0]), hidden: parameters.slice(self.parameters[1]),
        inputBias: parameters.slice(self.parameters[2]), hiddenBias: parameters.slice(self.parameters[3])),
      into: packed)
  }

  package func scratchCount(examples: Int, backend: any NumericBackend) throws(TensorError) -> Int {
    try backend.recurrentScratchCount(geometry, count: examples)
  }

  package func forward(_ pass: LayerPass) {
    pass.backend.recur(
      geometry, count: pass.count, input: Floats(pass.input), packedWeights: Floats(pass.packedWeights),
      output: pass.output, state: pass.state, scratch: pass.scratch)
  }

  package func backward(_ pass: LayerPass) throws(TensorError) {
    pass.backend.recurrentGateGradients(
      geometry, count: pass.count, packedWeights: Floats(pass.packedWeights), output: Floats(pass.output),
      state: pass.state, outputGradient: Floats(pass.outputGradient), scratch: pass.scratch)
    guard let inputGradient = pass.inputGradient else { return }
    for i in 0..<pass.count {
      try pass.backend.multiply(
        MatrixProduct(m: geometry.steps, n: geometry.inputs, k: width), gates(pass, i).input,
        pass.parameters.slice(parameters[0]),
        into: inputGradient.slice(i * geometry.inputCount, geometry.inputCount), accumulating: false)
    }
  }

  /// An example's gradients with respect to W x + b_ih and U h + b_hh, [T, gates · units]; one and the same for an LSTM.
  private func gates(_ pass: LayerPass, _ example: Int) -> (input: Floats, hidden: Floats) {
    let state = Floats(pass.state).slice(example * stateCount, stateCount)
    return (
      state.slice(geometry.gateGradientOffset, geometry.gateCount),
      state.slice(geometry.hiddenGateGradientOffset, geometry.gateCount)
    )
  }
}

// MARK: - Book-keeping

extension Recurrent {
  private var inputGradient: WeightGradient {
    WeightGradient(positions: geometry.steps, inputs: geometry.inputs, outputs: width)
  }
  /// Without the first position.
  private var hiddenGradient: WeightGradient {
    WeightGradient(positions: geometry.steps - 1, inputs: geometry.units, outputs: width)
  }

  /// Both weights by one method.
  package var bookKeepings: [BookKeeping] {
    WeightGradient(positions: geometry.steps, inputs: geometry.inputs + geometry.units, outputs: width).bookKeepings
  }

  /// An LSTM's two biases have the same gradient.
  private func kept(_ method: BookKeeping) -> KeptGradients {
    let weights = method == .keep ? [geometry.inputWeightCount, geometry.hiddenWeightCount] : [0, 0]
    return KeptGradients(widths: weights + [width, geometry.cell == .lstm ? 0 : width])
  }

  private var hiddenBiasPart: Int { geometry.cell == .lstm ? 2 : 3 }

  package func keptCount(_ method: BookKeeping, backend: any NumericBackend) -> Int { kept(method).count }
  package func scratchCount(
    _ method: BookKeeping, examples: Int, backend: any NumericBackend
  ) throws(TensorError) -> Int {
    let sum = max(
      try inputGradient.sumScratchCount(positions: geometry.steps),
      try hiddenGradient.sumScratchCount(positions: geometry.steps))
    return max(sum, inputGradient.normScratchCount(method), hiddenGradient.normScratchCount(method))
  }
  package func sumReadsTensors(_ method: BookKeeping) -> Bool { method != .keep }
  package func clearKept(_ pass: LayerPass, row: Int) { kept(pass.method).clear(pass, row: row) }

  /// Calls `body` with what the gradient of each weight is made of, for one example: 0, the input weights; 1, the hidden
  /// weights, if there is a second position.
  private func forEachWeight(
    _ pass: LayerPass, _ example: Int,
    _ body: (_ weight: Int, _ gradient: WeightGradient, _ input: Floats, _ gates: Floats) throws(TensorError) -> Void
  ) throws(TensorError) {
    let gates = gates(pass, example)
    try body(
      0, inputGradient, Floats(pass.input).slice(example * geometry.inputCount, geometry.inputCount), gates.input)
    guard geometry.steps > 1 else { return }
    let hidden = Floats(pass.output).slice(example * geometry.outputCount, geometry.outputCount - geometry.units)
    try body(1, hiddenGradient, hidden, gates.hidden.slice(width, geometry.gateCount - width))
  }

  package func squaredNorms(_ pass: LayerPass, into norms: [MutableDoubles]) throws(TensorError) {
    let (backend, kept) = (pass.backend, kept(pass.method))
    norms[1].slice(0, pass.count).update(repeating: 0)
    for i in 0..<pass.count {
      try forEachWeight(pass, i) { (weight, gradient, input, gates) throws(TensorError) in
        try gradient.squaredNorm(
          pass.method, input: input, outputGradient: gates,
          place: pass.method == .keep ? kept.row(weight, i, pass) : pass.scratch, into: norms[weight].slice(i, 1),
          backend: backend)
      }
      let gates = gates(pass, i)
      for (part, gradient) in [(2, gates.input), (hiddenBiasPart, gates.hidden)] {
        let sum = kept.row(part, i, pass)
        backend.groupRowSums(groups: 1, group: geometry.steps, columns: width, gradient, output: sum)
      }
    }
    for (parameter, part) in [(2, 2), (3, hiddenBiasPart)] {
      backend.rowSquaredNorms(
        rows: pass.count, columns: width, Floats(kept.part(part, pass)), into: norms[parameter])
    }
  }

  package func addGradientSum(
    _ pass: LayerPass, factors: [Floats]?, to gradient: MutableFloats
  ) throws(TensorError) {
    let backend = pass.backend
    for (parameter, part) in [(2, 2), (3, hiddenBiasPart)] {
      let sum = gradient.slice(parameters[parameter])
      if let factors {
        backend.addWeightedRowSum(
          rows: pass.count, columns: width, Floats(kept(pass.method).part(part, pass)), factors: factors[parameter],
          to: sum)
      } else {
        for i in 0..<pass.count {
          let gates = parameter == 2 ? gates(pass, i).input : gates(pass, i).hidden
          backend.addRowSum(rows: geometry.steps, columns: width, gates, to: sum)
        }
      }
    }
    if pass.method == .keep, let factors {
      for weight in 0..<2 {
        backend.addWeightedRowSum(
          rows: pass.count, columns: parameters[weight].shape.count, Floats(kept(.keep).part(weight, pass)),
          factors: factors[weight], to: gradient.slice(parameters[weight]))
      }
      return
    }
    for i in 0..<pass.count {
      try forEachWeight(pass, i) { (weight, part, input, gates) throws(TensorError) in
        try part.addSum(
          count: 1, input: input, outputGradient: gates, factors: factors.map { $0[weight].slice(i, 1) },
          scratch: pass.scratch, to: gradient.slice(parameters[weight]), backend: backend)
      }
    }
  }
}
