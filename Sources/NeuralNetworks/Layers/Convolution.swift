import Tensors

/// A convolution of an image, with weights [filters, channels / groups, height, width], or of a sequence as an image of
/// height 1, with weights [filters, channels / groups, width].
package struct Convolution: ParameterizedLayer {
  package let inputShapes: [Shape]
  package let outputShape: Shape
  package let geometry: ConvolutionGeometry
  private let weight: ParameterSlice
  private let bias: ParameterSlice?
  /// Whether the output is max(y, 0), for the ReLU that reads it; gradients are with respect to y in any case.
  private var isRectified = false

  package init(
    name: String, input: Shape, filters: Int, window: Window, dilation: Extent2, groups: Int, hasBias: Bool, offset: Int
  ) throws(TensorError) {
    guard let image = input.plane else { throw .shape("a convolution takes an image or a sequence, not \(input)") }
    inputShapes = [input]
    geometry = try ConvolutionGeometry(
      channels: image.channels, height: image.height, width: image.width, outputChannels: filters, window: window,
      dilation: dilation, groups: groups)
    outputShape = try input.replacingPlane(
      channels: filters, height: geometry.outputHeight, width: geometry.outputWidth)
    let kernel = input.image == nil ? [window.kernelWidth] : [window.kernelHeight, window.kernelWidth]
    var layout = ParameterLayout(name: name, offset: offset)
    weight = try layout.add("weight", [filters, geometry.groupChannels] + kernel)
    bias = hasBias ? try layout.add("bias", [filters]) : nil
  }

  /// The same with its outputs rectified, while they are in registers.
  func rectified() -> Convolution {
    var convolution = self
    convolution.isRectified = true
    return convolution
  }

  package var label: String {
    let window = geometry.window
    let kernel = "\(window.kernelHeight)×\(window.kernelWidth)/\(window.strideHeight),\(window.strideWidth)"
    return "convolution \(inputShape) → \(outputShape), kernel \(kernel)"
  }
  package var backwardReads: BackwardReads { .input }
  package var parameters: [ParameterSlice] { bias.map { [weight, $0] } ?? [weight] }
  package var fans: (input: Int, output: Int) {
    (geometry.patchCount, geometry.groupFilters * geometry.input.windowCount)
  }

  package func packedWeightCount(for backend: any NumericBackend) throws(TensorError) -> Int {
    try backend.packedWeightCount(geometry)
  }

  package func packWeights(
    _ parameters: Floats, into packed: MutableFloats, backend: any NumericBackend
  ) throws(TensorError) {
    try backend.packWeights(geometry, weights: parameters.slice(weight), into: packed)
  }

  package func forward(_ pass: LayerPass) throws(TensorError) {
    try pass.backend.convolve(
      geometry, count: pass.count, input: Floats(pass.input), packedWeights: Floats(pass.packedWeights),
      bias: bias.map { pass.parameters.slice($0) }, isRectified: isRectified, output: pass.output)
  }

  package func backward(_ pass: LayerPass) throws(TensorError) {
    guard let inputGradient = pass.inputGradient else { return }
    try pass.backend.convolutionInputGradient(
      geometry, count: pass.count, outputGradient: Floats(pass.outputGradient),
      packedWeights: Floats(pass.packedWeights), inputGradient: inputGradient)
  }
}

// MARK: - Book-keeping

// Kept: with `keep` every example's weight gradient in the backend's own layout, one after another; then, always, every
// example's bias gradient.

extension Convolution {
  /// In the order of their costs by the model, where what they keep does not count.
  package var bookKeepings: [BookKeeping] {
    let cost = ConvolutionCost(geometry)
    let methods: [(BookKeeping, Double)] = [
      (.keep, cost.keep), (.shiftedGhost, cost.shiftedGhost), (.ghost, cost.ghost), (.recompute, cost.recompute),
    ]
    return methods.filter { $0.1.isFinite }.sorted { $0.1 < $1.1 }.map(\.0)
  }

  private var biasCount: Int { bias == nil ? 0 : geometry.outputChannels }

  package func keptCount(_ method: BookKeeping, backend: any NumericBackend) throws(TensorError) -> Int {
    try (method == .keep ? backend.exampleGradientCount(geometry) : 0) + biasCount
  }

  package func scratchCount(
    _ method: BookKeeping, examples: Int, backend: any NumericBackend
  ) throws(TensorError) -> Int {
    let one = try backend.exampleGradientCount(geometry)
    let scaled = try checkedProduct([examples, geometry.outputCount])
    return switch method {
    case .keep: one
    case .shiftedGhost: max(try backend.ghostScratchCount(geometry, .shifted), scaled)
    case .ghost: max(try backend.ghostScratchCount(geometry, .patches), scaled)
    default: max(one, scaled)
    }
  }

  package func sumReadsTensors(_ method: BookKeeping) -> Bool { method != .keep }

  package func squaredNorms(_ pass: LayerPass, into norms: [MutableDoubles]) throws(TensorError) {
    let backend = pass.backend
    if bias != nil {
      let gradients = keptBiases(pass)
      backend.groupRowSums(
        groups: pass.count, group: geometry.positions, columns: geometry.outputChannels, Floats(pass.outputGradient),
        output: gradients)
      backend.rowSquaredNorms(
        rows: pass.count, columns: geometry.outputChannels, Floats(gradients), into: norms[1])
    }
    switch pass.method {
    case .ghost, .shiftedGhost:
      try backend.ghostSquaredNorms(
        geometry, pass.method == .ghost ? .patches : .shifted, count: pass.count, input: Floats(pass.input),
        outputGradient: Floats(pass.outputGradient), scratch: pass.scratch, into: norms[0])
    default:
      // Without a place to keep them all, each overwrites the one before.
      let one = try backend.exampleGradientCount(geometry)
      try backend.convolutionExampleGradients(
        geometry, count: pass.count, input: Floats(pass.input), outputGradient: Floats(pass.outputGradient),
        gradients: pass.method == .keep ? keptWeights(pass) : pass.scratch.slice(0, one), squaredNorms: norms[0])
    }
    if pass.method != .keep, geometry.positions > 1 {
      RoundingSlack(terms: geometry.positions, overlap: geometry.input.windowCount).enlarge(
        norms[0], count: pass.count, input: Floats(pass.input), outputGradient: Floats(pass.outputGradient),
        backend: backend)
    }
  }

  private func keptWeights(_ pass: LayerPass) -> MutableFloats {
    pass.kept.slice(0, pass.kept.count - pass.count * biasCount)
  }

  private func keptBiases(_ pass: LayerPass) -> MutableFloats {
    let count = pass.count * biasCount
    return pass.kept.slice(pass.kept.count - count, count)
  }

  package func clearKept(_ pass: LayerPass, row: Int) {
    let (weights, biases) = (keptWeights(pass), keptBiases(pass))
    let width = weights.count / pass.count
    weights.slice(row * width, width).update(repeating: 0)
    biases.slice(row * biasCount, biasCount).update(repeating: 0)
  }

  package func addGradientSum(
    _ pass: LayerPass, factors: [Floats]?, to gradient: MutableFloats
  ) throws(TensorError) {
    let backend = pass.backend
    guard let factors else {
      if let bias {
        backend.addRowSum(
          rows: pass.count * geometry.positions, columns: geometry.outputChannels, Floats(pass.outputGradient),
          to: gradient.slice(bias))
      }
      return try addWeightSum(pass, outputGradient: Floats(pass.outputGradient), to: gradient.slice(weight))
    }
    if let bias {
      backend.addWeightedRowSum(
        rows: pass.count, columns: geometry.outputChannels, Floats(keptBiases(pass)), factors: factors[1],
        to: gradient.slice(bias))
    }
    if pass.method == .keep {
      let one = try backend.exampleGradientCount(geometry)
      let sum = pass.scratch.slice(0, one)
      sum.update(repeating: 0)
      backend.addWeightedRowSum(
        rows: pass.count, columns: one, Floats(keptWeights(pass)), factors: factors[0], to: sum)
      try backend.addExampleGradient(geometry, Floats(sum), to: gradient.slice(weight))
    } else {
      let scaled = pass.scratch.slice(0, pass.count * geometry.outputCount)
      backend.scaleRows(
        rows: pass.count, columns: geometry.outputCount, Floats(pass.outputGradient), by: factors[0], output: scaled)
      try addWeightSum(pass, outputGradient: Floats(scaled), to: gradient.slice(weight))
    }
  }

  private func addWeightSum(
    _ pass: LayerPass, outputGradient: Floats, to sum: MutableFloats
  ) throws(TensorError) {
    try pass.backend.addConvolutionWeightGradientSum(
      geometry, count: pass.count, input: Floats(pass.input), outputGradient: outputGradient, to: sum)
  }
}
