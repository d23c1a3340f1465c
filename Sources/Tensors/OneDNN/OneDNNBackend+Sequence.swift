import CKernels

// MARK: - Functions of each element

extension OneDNNBackend {
  public func apply(_ function: ElementFunction, _ input: Floats, output: MutableFloats) {
    precondition(output.count >= input.count)
    let (x, y) = (input.baseAddress, output.baseAddress)
    switch function {
    case .sigmoid: ck_sigmoid(input.count, x, y)
    case .silu: ck_silu(input.count, x, y)
    case .elu: ck_elu(input.count, x, y)
    case .gelu: ck_gelu(input.count, x, y)
    case .geluTanh: ck_gelu_tanh(input.count, x, y)
    }
  }

  public func inputGradient(
    _ function: ElementFunction, value: Floats, outputGradient: Floats, inputGradient: MutableFloats
  ) {
    let count = value.count
    precondition(outputGradient.count >= count && inputGradient.count >= count)
    let (v, dy, dx) = (value.baseAddress, outputGradient.baseAddress, inputGradient.baseAddress)
    switch function {
    case .sigmoid: ck_sigmoid_gradient(count, v, dy, dx)
    case .silu: ck_silu_gradient(count, v, dy, dx)
    case .elu: ck_elu_gradient(count, v, dy, dx)
    case .gelu: ck_gelu_gradient(count, v, dy, dx)
    case .geluTanh: ck_gelu_tanh_gradient(count, v, dy, dx)
    }
  }
}

// MARK: - Losses

extension OneDNNBackend {
  public func tokenCrossEntropy(
    count: Int, positions: Int, classes: Int, outputs: Floats, targets: Floats, losses: MutableDoubles,
    gradient: MutableFloats
  ) {
    let size = count * positions * classes
    precondition(classes >= 1 && outputs.count >= size && gradient.count >= size)
    precondition(targets.count >= count * positions && losses.count >= count)
    ck_token_cross_entropy(
      count, positions, classes, outputs.baseAddress, targets.baseAddress, losses.baseAddress, gradient.baseAddress)
  }

  public func binaryCrossEntropy(
    count: Int, width: Int, outputs: Floats, targets: Floats, losses: MutableDoubles, gradient: MutableFloats
  ) {
    precondition(outputs.count >= count * width && targets.count >= count * width)
    precondition(gradient.count >= count * width && losses.count >= count)
    ck_binary_cross_entropy(
      count, width, outputs.baseAddress, targets.baseAddress, losses.baseAddress, gradient.baseAddress)
  }

  public func meanSquaredError(
    count: Int, width: Int, outputs: Floats, targets: Floats, losses: MutableDoubles, gradient: MutableFloats
  ) {
    precondition(outputs.count >= count * width && targets.count >= count * width)
    precondition(gradient.count >= count * width && losses.count >= count)
    ck_mean_squared_error(
      count, width, outputs.baseAddress, targets.baseAddress, losses.baseAddress, gradient.baseAddress)
  }
}

// MARK: - Normalization

extension OneDNNBackend {
  public func normalize(
    _ normalization: Normalization, count: Int, input: Floats, weight: Floats, bias: Floats?, output: MutableFloats,
    statistics: MutableFloats, scratch: MutableFloats
  ) {
    let (rows, columns) = (normalization.rows, normalization.columns)
    precondition(input.count >= count * normalization.count && output.count >= count * normalization.count)
    precondition(weight.count >= columns && statistics.count >= count * normalization.statisticsCount)
    precondition(normalization.hasBias ? (bias?.count ?? 0) >= columns : bias == nil)
    switch normalization.kind {
    case .layer, .rootMeanSquare:
      ck_layer_norm(
        count * rows, columns, normalization.hasBias, normalization.epsilon, input.baseAddress, weight.baseAddress,
        bias?.baseAddress, output.baseAddress, statistics.baseAddress)
    case .group(let groups):
      ck_group_norm(
        count, rows, columns, groups, normalization.epsilon, input.baseAddress, weight.baseAddress, bias?.baseAddress,
        output.baseAddress, statistics.baseAddress, scratch.work(normalization.scratchCount))
    }
  }

  public func normalizationGradients(
    _ normalization: Normalization, count: Int, input: Floats, weight: Floats, statistics: Floats,
    outputGradient: Floats, inputGradient: MutableFloats?, parameterGradients: MutableFloats, scratch: MutableFloats
  ) {
    let (rows, columns, size) = (normalization.rows, normalization.columns, count * normalization.count)
    precondition(input.count >= size && outputGradient.count >= size && (inputGradient?.count ?? size) >= size)
    precondition(weight.count >= columns && statistics.count >= count * normalization.statisticsCount)
    precondition(parameterGradients.count >= count * normalization.parameterCount)
    switch normalization.kind {
    case .layer, .rootMeanSquare:
      ck_layer_norm_gradient(
        count, rows, columns, normalization.hasBias, input.baseAddress, weight.baseAddress, statistics.baseAddress,
        outputGradient.baseAddress, inputGradient?.baseAddress, parameterGradients.baseAddress)
    case .group(let groups):
      ck_group_norm_gradient(
        count, rows, columns, groups, input.baseAddress, weight.baseAddress, statistics.baseAddress,
        outputGradient.baseAddress, inputGradient?.baseAddress, parameterGradients.baseAddress,
        scratch.work(normalization.scratchCount))
    }
  }
}

// MARK: - Embedding

extension OneDNNBackend {
  public func embed(
    count: Int, vocabulary: Int, dimension: Int, tokens: Floats, table: Floats, output: MutableFloats
  ) {
    precondition(tokens.count >= count && table.count >= vocabulary * dimension && output.count >= count * dimension)
    ck_embedding_gather(count, vocabulary, dimension, tokens.baseAddress, table.baseAddress, output.baseAddress)
  }

  public func addEmbeddingGradientSum(
    count: Int, positions: Int, vocabulary: Int, dimension: Int, padding: Int?, tokens: Floats,
    outputGradient: Floats, factors: Floats?, to table: MutableFloats
  ) {
    precondition(tokens.count >= count * positions && outputGradient.count >= count * positions * dimension)
    precondition(table.count >= vocabulary * dimension && (factors?.count ?? count) >= count)
    for i in 0..<count {
      let factor = factors?[i] ?? 1
      if factor == 0 { continue }
      ck_embedding_scatter(
        positions, vocabulary, dimension, padding ?? -1, tokens.slice(i * positions, positions).baseAddress, factor,
        outputGradient.slice(i * positions * dimension, positions * dimension).baseAddress, table.baseAddress)
    }
  }

  public func embeddingScratchCount(positions: Int, dimension: Int) throws(TensorError) -> Int {
    try checkedProduct([2, positions, dimension]) + Self.slotCount(positions: positions)
  }

  /// Places in the hash table of an example's tokens: at most half of them are used.
  private static func slotCount(positions: Int) -> Int {
    var count = 2
    while count < 2 * positions { count *= 2 }
    return count
  }

  public func embeddingSquaredNorms(
    count: Int, positions: Int, vocabulary: Int, dimension: Int, padding: Int?, tokens: Floats,
    outputGradient: Floats, scratch: MutableFloats, into squaredNorms: MutableDoubles
  ) {
    precondition(tokens.count >= count * positions && outputGradient.count >= count * positions * dimension)
    precondition(squaredNorms.count >= count && positions <= Int(UInt32.max) / 2)
    let slots = Self.slotCount(positions: positions)
    let work = scratch.work(2 * positions * dimension + slots)
    for i in 0..<count {
      squaredNorms[i] = ck_embedding_squared_norm(
        positions, vocabulary, dimension, padding ?? -1, tokens.slice(i * positions, positions).baseAddress,
        outputGradient.slice(i * positions * dimension, positions * dimension).baseAddress, slots, work)
    }
  }

  public func embedMeans(
    _ geometry: MeanEmbeddingGeometry, count: Int, tokens: Floats, table: Floats, output: MutableFloats
  ) {
    geometry.check(count: count, tokens: tokens, rows: output.count, table: table.count)
    let (positions, dimension) = (geometry.positions, geometry.dimension)
    for i in 0..<count {
      ck_embedding_mean(
        positions, geometry.vocabulary, dimension, tokens.slice(i * positions, positions).baseAddress,
        table.baseAddress, output.slice(i * dimension, dimension).baseAddress)
    }
  }

  public func addMeanEmbeddingGradientSum(
    _ geometry: MeanEmbeddingGeometry, count: Int, tokens: Floats, outputGradient: Floats, factors: Floats?,
    to table: MutableFloats
  ) {
    geometry.check(count: count, tokens: tokens, rows: outputGradient.count, table: table.count)
    precondition((factors?.count ?? count) >= count)
    let (positions, dimension) = (geometry.positions, geometry.dimension)
    for i in 0..<count {
      let factor = factors?[i] ?? 1
      if factor == 0 { continue }
      ck_embedding_mean_scatter(
        positions, geometry.vocabulary, dimension, geometry.padding ?? -1,
        tokens.slice(i * positions, positions).baseAddress, factor / Float(positions),
        outputGradient.slice(i * dimension, dimension).baseAddress, table.baseAddress)
    }
  }

  /// A place for each token of a usual vocabulary; in any case two for each position.
  private static func meanSlotCount(_ geometry: MeanEmbeddingGeometry) -> Int {
    max(slotCount(positions: geometry.positions), slotCount(positions: min(geometry.vocabulary, 1 << 14) / 2 + 1))
  }

  public func meanEmbeddingScratchCount(_ geometry: MeanEmbeddingGeometry) -> Int {
    2 * Self.meanSlotCount(geometry) + geometry.positions
  }

  public func meanEmbeddingSquaredNorms(
    _ geometry: MeanEmbeddingGeometry, count: Int, tokens: Floats, outputGradient: Floats, scratch: MutableFloats,
    into squaredNorms: MutableDoubles
  ) {
    geometry.check(count: count, tokens: tokens, rows: outputGradient.count, table: .max)
    precondition(squaredNorms.count >= count && geometry.positions <= Int(UInt32.max) / 2)
    precondition(scratch.count >= meanEmbeddingScratchCount(geometry))
    guard count > 0, let squares = squaredNorms.baseAddress, let work = scratch.baseAddress else { return }
    ck_token_count_squares(
      count, geometry.positions, geometry.vocabulary, geometry.padding ?? -1, tokens.baseAddress,
      Self.meanSlotCount(geometry), UnsafeMutableRawPointer(work).assumingMemoryBound(to: UInt32.self), squares)
    let positions = Double(geometry.positions)
    for i in 0..<count {
      let row = outputGradient.slice(i * geometry.dimension, geometry.dimension)
      squaredNorms[i] *= row.reduce(0.0) { $0 + Double($1) * Double($1) } / (positions * positions)
    }
  }

  public func tiedInnerProduct(
    _ geometry: TiedGeometry, tokens: Floats, input: Floats, outputGradient: Floats, embeddingGradient: Floats
  ) -> Double {
    geometry.check(tokens, input, outputGradient, embeddingGradient)
    return ck_tied_inner_product(
      geometry.headPositions, geometry.positions, geometry.dimension, geometry.vocabulary, geometry.padding ?? -1,
      tokens.baseAddress, input.baseAddress, outputGradient.baseAddress, embeddingGradient.baseAddress)
  }
}

// MARK: - Recurrent layers and attention

extension OneDNNBackend {
  public func packedWeightCount(_ geometry: RecurrentGeometry) -> Int {
    ck_recurrent_packed_count(geometry.cell.gates, geometry.inputs, geometry.units)
  }

  public func packWeights(_ geometry: RecurrentGeometry, _ weights: RecurrentWeights, into packed: MutableFloats) {
    weights.check(geometry)
    precondition(packed.count >= packedWeightCount(geometry))
    ck_recurrent_pack(
      geometry.cell.gates, geometry.inputs, geometry.units, weights.input.baseAddress, weights.hidden.baseAddress,
      weights.inputBias.baseAddress, weights.hiddenBias.baseAddress, packed.baseAddress)
  }

  public func recurrentScratchCount(_ geometry: RecurrentGeometry, count: Int) throws(TensorError) -> Int {
    _ = try checkedProduct([count, 4, geometry.units + 15])
    return ck_recurrent_work_count(count, geometry.units)
  }

  public func recur(
    _ geometry: RecurrentGeometry, count: Int, input: Floats, packedWeights: Floats, output: MutableFloats,
    state: MutableFloats, scratch: MutableFloats
  ) {
    let (steps, inputs, units) = (geometry.steps, geometry.inputs, geometry.units)
    precondition(input.count >= count * geometry.inputCount && output.count >= count * geometry.outputCount)
    precondition(packedWeights.count >= packedWeightCount(geometry) && state.count >= count * geometry.stateCount)
    precondition(scratch.count >= ck_recurrent_work_count(count, units))
    let gates = state.baseAddress
    switch geometry.cell {
    case .lstm:
      let cells = gates.map { $0 + 4 * geometry.outputCount }
      ck_lstm(
        count, steps, inputs, units, packedWeights.baseAddress, input.baseAddress, gates, cells, output.baseAddress,
        geometry.stateCount, scratch.baseAddress)
    case .gru:
      ck_gru(
        count, steps, inputs, units, packedWeights.baseAddress, input.baseAddress, gates, output.baseAddress,
        geometry.stateCount, scratch.baseAddress)
    }
  }

  public func recurrentGateGradients(
    _ geometry: RecurrentGeometry, count: Int, packedWeights: Floats, output: Floats, state: MutableFloats,
    outputGradient: Floats, scratch: MutableFloats
  ) {
    let (steps, inputs, units, size) = (geometry.steps, geometry.inputs, geometry.units, count * geometry.outputCount)
    precondition(output.count >= size && outputGradient.count >= size && state.count >= count * geometry.stateCount)
    precondition(packedWeights.count >= packedWeightCount(geometry))
    precondition(scratch.count >= ck_recurrent_work_count(count, units))
    let gates = state.baseAddress
    let gateGradient = gates.map { $0 + geometry.gateGradientOffset }
    switch geometry.cell {
    case .lstm:
      let cells = gates.map { $0 + 4 * geometry.outputCount }
      ck_lstm_gradient(
        count, steps, inputs, units, packedWeights.baseAddress, gates, cells, outputGradient.baseAddress, gateGradient,
        geometry.stateCount, scratch.baseAddress)
    case .gru:
      let hiddenGateGradient = gates.map { $0 + geometry.hiddenGateGradientOffset }
      ck_gru_gradient(
        count, steps, inputs, units, packedWeights.baseAddress, gates, output.baseAddress,
        outputGradient.baseAddress, gateGradient, hiddenGateGradient, geometry.stateCount, scratch.baseAddress)
    }
  }

  public func attentionSoftmax(matrices: Int, size: Int, scale: Float, isCausal: Bool, _ scores: MutableFloats) {
    precondition(scores.count >= matrices * size * size && scale > 0)
    ck_attention_softmax(matrices, size, scale, isCausal, scores.baseAddress)
  }

  public func attentionSoftmaxGradient(
    matrices: Int, size: Int, scale: Float, isCausal: Bool, probabilities: Floats, _ gradient: MutableFloats
  ) {
    precondition(probabilities.count >= matrices * size * size && gradient.count >= matrices * size * size)
    ck_attention_softmax_gradient(
      matrices, size, scale, isCausal, probabilities.baseAddress, gradient.baseAddress)
  }
}

extension UnsafeMutableBufferPointer<Float> {
  /// Memory for `count` floats that a kernel may use for doubles.
  fileprivate func work(_ count: Int) -> UnsafeMutableRawPointer? {
    precondition(self.count >= count && Int(bitPattern: baseAddress) % MemoryLayout<Double>.alignment == 0)
    return UnsafeMutableRawPointer(baseAddress)
  }
}
