// The equations of torch.nn.LSTM and torch.nn.GRU, step by step. The packed weights are W, U, b_ih, b_hh one after another.

extension ReferenceBackend {
  public func packedWeightCount(_ geometry: RecurrentGeometry) -> Int {
    geometry.inputWeightCount + geometry.hiddenWeightCount + 2 * geometry.biasCount
  }

  public func packWeights(_ geometry: RecurrentGeometry, _ weights: RecurrentWeights, into packed: MutableFloats) {
    var start = 0
    for (part, count) in [
      (weights.input, geometry.inputWeightCount), (weights.hidden, geometry.hiddenWeightCount),
      (weights.inputBias, geometry.biasCount), (weights.hiddenBias, geometry.biasCount),
    ] {
      _ = packed.slice(start, count).update(from: part.slice(0, count))
      start += count
    }
  }

  public func recurrentScratchCount(_ geometry: RecurrentGeometry, count: Int) -> Int { 0 }

  private func unpack(_ geometry: RecurrentGeometry, _ packed: Floats) -> RecurrentWeights {
    let (w, u, b) = (geometry.inputWeightCount, geometry.hiddenWeightCount, geometry.biasCount)
    return RecurrentWeights(
      input: packed.slice(0, w), hidden: packed.slice(w, u), inputBias: packed.slice(w + u, b),
      hiddenBias: packed.slice(w + u + b, b))
  }

  /// matrix · vector + bias.
  private func product(_ matrix: Floats, _ vector: Floats, _ bias: Floats) -> [Double] {
    bias.indices.map { innerProduct(matrix.slice($0 * vector.count, vector.count), vector) + Double(bias[$0]) }
  }

  public func recur(
    _ geometry: RecurrentGeometry, count: Int, input: Floats, packedWeights: Floats, output: MutableFloats,
    state: MutableFloats, scratch: MutableFloats
  ) {
    let (weights, h) = (unpack(geometry, packedWeights), geometry.units)
    for i in 0..<count {
      let state = state.slice(i * geometry.stateCount, geometry.stateCount)
      let output = output.slice(i * geometry.outputCount, geometry.outputCount)
      let cells = state.slice(4 * geometry.outputCount, geometry.cell == .lstm ? geometry.outputCount : 0)
      var hidden = [Float](repeating: 0, count: h)
      for t in 0..<geometry.steps {
        let x = input.slice(i * geometry.inputCount + t * geometry.inputs, geometry.inputs)
        let gates = state.slice(4 * t * h, 4 * h)
        let fromInput = product(weights.input, x, weights.inputBias)
        let fromHidden = hidden.withUnsafeBufferPointer { product(weights.hidden, $0, weights.hiddenBias) }
        for j in 0..<h {
          let sum = { (gate: Int) in fromInput[gate * h + j] + fromHidden[gate * h + j] }
          switch geometry.cell {
          case .lstm:
            let (i, f, g, o) = (sigmoid(sum(0)), sigmoid(sum(1)), hyperbolicTangent(sum(2)), sigmoid(sum(3)))
            let before = t > 0 ? Double(cells[(t - 1) * h + j]) : 0
            let cell = f * before + i * g
            cells[t * h + j] = Float(cell)
            output[t * h + j] = Float(o * hyperbolicTangent(cell))
            for (gate, value) in [i, f, g, o].enumerated() { gates[gate * h + j] = Float(value) }
          case .gru:
            let (r, z, q) = (sigmoid(sum(0)), sigmoid(sum(1)), fromHidden[2 * h + j])
            let n = hyperbolicTangent(fromInput[2 * h + j] + r * q)
            output[t * h + j] = Float((1 - z) * n + z * Double(hidden[j]))
            for (gate, value) in [r, z, n, q].enumerated() { gates[gate * h + j] = Float(value) }
          }
        }
        hidden = Array(output.slice(t * h, h))
      }
    }
  }

  /// Back through time: what reaches h and c of a step is the gradient from above plus what later steps send.
  public func recurrentGateGradients(
    _ geometry: RecurrentGeometry, count: Int, packedWeights: Floats, output: Floats, state: MutableFloats,
    outputGradient: Floats, scratch: MutableFloats
  ) {
    let (weights, h, size) = (unpack(geometry, packedWeights), geometry.units, geometry.outputCount)
    for i in 0..<count {
      let state = state.slice(i * geometry.stateCount, geometry.stateCount)
      let hidden = output.slice(i * size, size)
      var later = [Double](repeating: 0, count: h)
      var ofCell = [Double](repeating: 0, count: h)
      for t in (0..<geometry.steps).reversed() {
        let gates = state.slice(4 * t * h, 4 * h).map { Double($0) }
        let width = geometry.cell.gates * h
        let ofInput = state.slice(geometry.gateGradientOffset + t * width, width)
        let ofHidden = state.slice(geometry.hiddenGateGradientOffset + t * width, width)
        var direct = [Double](repeating: 0, count: h)
        for j in 0..<h {
          let slope = Double(outputGradient[i * size + t * h + j]) + later[j]
          let (a, b, c, d) = (gates[j], gates[h + j], gates[2 * h + j], gates[3 * h + j])
          switch geometry.cell {
          case .lstm:  // a...d are i, f, g, o.
            let squashed = hyperbolicTangent(Double(state[4 * size + t * h + j]))
            let before = t > 0 ? Double(state[4 * size + (t - 1) * h + j]) : 0
            let cell = ofCell[j] + slope * d * (1 - squashed * squashed)
            ofInput[j] = Float(cell * c * a * (1 - a))
            ofInput[h + j] = Float(cell * before * b * (1 - b))
            ofInput[2 * h + j] = Float(cell * a * (1 - c * c))
            ofInput[3 * h + j] = Float(slope * squashed * d * (1 - d))
            ofCell[j] = cell * b
          case .gru:  // a...d are r, z, n and the recurrent part of n.
            let before = t > 0 ? Double(hidden[(t - 1) * h + j]) : 0
            let ofN = slope * (1 - b) * (1 - c * c)
            let (ofR, ofZ) = (ofN * d * a * (1 - a), slope * (before - c) * b * (1 - b))
            for (gate, value) in [ofR, ofZ, ofN].enumerated() { ofInput[gate * h + j] = Float(value) }
            for (gate, value) in [ofR, ofZ, ofN * a].enumerated() { ofHidden[gate * h + j] = Float(value) }
            direct[j] = slope * b
          }
        }
        for j in 0..<h {
          later[j] = direct[j]
          for k in 0..<width { later[j] += Double(ofHidden[k]) * Double(weights.hidden[k * h + j]) }
        }
      }
    }
  }
}
