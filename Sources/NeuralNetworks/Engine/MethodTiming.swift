import Tensors

/// Tells which of a layer's methods is the fastest, by running each on a block of synthetic examples.
///
/// Models of the cost are good for an order, not for a choice: the same product runs at 30 or at 110 GFLOP/s, depending
/// on its shape. A wrong choice costs time and nothing else.
struct MethodTiming {
  private let network: Network
  private let rows: Int
  private let backend: any NumericBackend

  init(_ network: Network, sizes: BlockSizes, backend: any NumericBackend) {
    (self.network, self.backend) = (network, backend)
    rows = sizes.block
  }

  /// - Parameter methods: at least one, the likely best first.
  func fastest(_ methods: [BookKeeping], index: Int, _ layer: any ParameterizedLayer) throws(TensorError) -> BookKeeping
  {
    guard methods.count > 1 else { return methods[0] }
    let bench = try Bench(network, index: index, layer, methods, rows: rows, backend: backend)
    var best = (method: methods[0], seconds: Double.infinity)
    for method in methods {
      // The first run makes the primitives.
      try bench.run(method)
      var seconds = Double.infinity
      for _ in 0..<3 where seconds < 2 * best.seconds || seconds == .infinity {
        seconds = min(seconds, try bench.time(method))
      }
      if seconds < best.seconds { best = (method, seconds) }
    }
    return best.method
  }

  /// One layer with buffers of its own.
  private final class Bench {
    private let layer: any ParameterizedLayer
    private let backend: any NumericBackend
    private let rows: Int
    private let arena: Arena
    private let inputs: [ArenaRegion<Float>]
    private let output, outputGradient, state, scratch, kept, packed, parameters, gradient: ArenaRegion<Float>
    private let winners: ArenaRegion<UInt16>
    private let norms: [ArenaRegion<Double>]
    private let factors: ArenaRegion<Float>
    private let seeds: ArenaRegion<UInt64>

    init(
      _ network: Network, index: Int, _ layer: any ParameterizedLayer, _ methods: [BookKeeping], rows: Int,
      backend: any NumericBackend
    ) throws(TensorError) {
      (self.layer, self.rows, self.backend) = (layer, rows, backend)
      var layout = ArenaLayout()
      func reserve(_ width: Int) throws(TensorError) -> ArenaRegion<Float> {
        try layout.reserve(width == 0 ? 0 : try checkedProduct([width, rows]))
      }
      var (keptCount, scratchCount) = (0, try layer.scratchCount(examples: rows, backend: backend))
      for method in methods {
        keptCount = max(keptCount, try layer.keptCount(method, backend: backend))
        scratchCount = max(scratchCount, try layer.scratchCount(method, examples: rows, backend: backend))
      }
      var inputs: [ArenaRegion<Float>] = []
      for shape in layer.inputShapes { inputs.append(try reserve(shape.count)) }
      self.inputs = inputs
      output = try reserve(layer.outputShape.count)
      outputGradient = try reserve(layer.outputShape.count)
      state = try reserve(layer.stateCount)
      kept = try reserve(keptCount)
      scratch = try layout.reserve(scratchCount)
      packed = try layout.reserve(layer.packedWeightCount(for: backend))
      // In the layout of the whole network; pages that are not touched take no memory.
      parameters = try layout.reserve(network.parameterCount)
      gradient = try layout.reserve(network.parameterCount)
      winners = try layout.reserve(layer.winnerCount == 0 ? 0 : checkedProduct([layer.winnerCount, rows]))
      var norms: [ArenaRegion<Double>] = []
      for _ in layer.parameters { norms.append(try layout.reserve(rows)) }
      self.norms = norms
      factors = try layout.reserve(rows)
      seeds = try layout.reserve(rows)
      arena = try Arena(layout)
      for (slot, input) in inputs.enumerated() {
        let isTokens = network.nodes[index].inputs[slot] < 0 && network.vocabulary != nil
        for (i, place) in arena[input].indices.enumerated() {
          arena[input][place] = isTokens ? Float(i &* 7919 % (network.vocabulary ?? 1)) : Self.noise(i)
        }
      }
      for place in arena[outputGradient].indices { arena[outputGradient][place] = Self.noise(place) }
      for slice in layer.parameters {
        for place in slice.range { arena[parameters][place] = Self.noise(place) * 0.1 }
      }
      arena[factors].update(repeating: 0.5)
      try layer.packWeights(Floats(arena[parameters]), into: arena[packed], backend: backend)
      // Only what these leave in `state` matters; without it backward, whose input gradient may be very slow in a first
      // layer that nobody wants it of, is not run.
      if layer.stateCount > 0 {
        try layer.forward(pass(methods[0]))
        try layer.backward(pass(methods[0]))
      }
    }

    /// Numbers without a pattern in ±1.
    private static func noise(_ i: Int) -> Float { Float((i &* 2_654_435_761) >> 8 & 0xffff) * 0x1p-15 - 1 }

    func run(_ method: BookKeeping) throws(TensorError) {
      let pass = pass(method)
      try layer.squaredNorms(pass, into: norms.map { arena[$0] })
      try layer.addGradientSum(pass, factors: norms.map { _ in Floats(arena[factors]) }, to: arena[gradient])
    }

    func time(_ method: BookKeeping) throws(TensorError) -> Double {
      let start = ContinuousClock.now
      try run(method)
      return seconds(since: start)
    }

    private func pass(_ method: BookKeeping) -> LayerPass {
      let none = MutableFloats(start: nil, count: 0)
      func input(_ slot: Int) -> MutableFloats { slot < inputs.count ? arena[inputs[slot]] : none }
      return LayerPass(
        backend: backend, count: rows, parameters: Floats(arena[parameters]), packedWeights: arena[packed],
        input: input(0), secondInput: input(1), thirdInput: input(2), output: arena[output],
        outputGradient: arena[outputGradient], inputGradient: nil, secondInputGradient: nil, thirdInputGradient: nil,
        state: arena[state], scratch: arena[scratch],
        kept: arena[kept], winners: arena[winners], method: method, isTraining: true,
        seeds: .init(arena[seeds]))
    }
  }
}
