/// The sizes of an LSTM or a GRU over one sequence. All are checked by the initializer.
public struct RecurrentGeometry: Hashable, Sendable {
  public enum Cell: String, Hashable, Sendable {
    case lstm, gru

    /// Gates with weights of their own, in torch's order: i, f, g, o; r, z, n.
    public var gates: Int { self == .lstm ? 4 : 3 }
  }

  public let cell: Cell
  /// Positions, elements of one position's input, and of its hidden state.
  public let steps, inputs, units: Int

  /// - Throws: `TensorError`.
  public init(_ cell: Cell, steps: Int, inputs: Int, units: Int) throws(TensorError) {
    (self.cell, self.steps, self.inputs, self.units) = (cell, steps, inputs, units)
    // Bounds of the weights in padded form, of the inputs, and of what is kept of an example.
    _ = try checkedProduct([64, units, units])
    _ = try checkedProduct([64, units, inputs])
    _ = try checkedProduct([steps, inputs])
    _ = try checkedProduct([16, steps, units])
  }

  public var inputCount: Int { steps * inputs }
  public var outputCount: Int { steps * units }
  /// Of all gates of one example: [steps, gates · units].
  public var gateCount: Int { steps * cell.gates * units }
  public var inputWeightCount: Int { cell.gates * units * inputs }
  public var hiddenWeightCount: Int { cell.gates * units * units }
  public var biasCount: Int { cell.gates * units }

  // What is kept of one example, `stateCount` floats: what forward leaves for the gradient (an LSTM's gates and cells, a
  // GRU's gates and recurrent part of n), and then the gradients with respect to the gates before their functions,
  // [steps, gates · units]. In a GRU those of W x + b_ih and of U h + b_hh differ; in an LSTM they are one.
  private var savedCount: Int { (cell == .lstm ? 5 : 4) * outputCount }
  /// Where the gradient with respect to W x + b_ih begins, and that with respect to U h + b_hh.
  public var gateGradientOffset: Int { savedCount }
  public var hiddenGateGradientOffset: Int { cell == .lstm ? savedCount : savedCount + gateCount }
  public var stateCount: Int { hiddenGateGradientOffset + gateCount }
}

/// The four parameters of an LSTM or a GRU: W, U, b_ih, b_hh.
public struct RecurrentWeights {
  public var input, hidden, inputBias, hiddenBias: Floats

  public init(input: Floats, hidden: Floats, inputBias: Floats, hiddenBias: Floats) {
    (self.input, self.hidden) = (input, hidden)
    (self.inputBias, self.hiddenBias) = (inputBias, hiddenBias)
  }

  func check(_ geometry: RecurrentGeometry) {
    precondition(input.count >= geometry.inputWeightCount && hidden.count >= geometry.hiddenWeightCount)
    precondition(inputBias.count >= geometry.biasCount && hiddenBias.count >= geometry.biasCount)
  }
}
