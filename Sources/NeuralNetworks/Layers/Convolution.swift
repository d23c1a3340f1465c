import Tensors

/// A convolution of an image, with weights [filters, channels / groups, height, width], or of a sequence as an image of
/// height 1, with weights [filters, channels / groups, width].
package struct Convolution: ParameterizedLayer {
  package let inputShapes: [Shape]
  package let outputShape: Shape
  package let geometry: ConvolutionGeometry
  private let weight: ParameterSlice
  private let bias: ParameterSlice?

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
      bias: bias.map { pass.parameters.slice($0) }, output: pass.output)
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
  /// Keeping costs nothing beyond the weight gradient that any method needs once. With T positions, p filters and d
  /// elements in a patch, recomputing costs a second weight gradient, T·d·p multiplications, and ghost the two Gram
  /// matrices, T²(d + p)/2; those are in float64 and not blocked, and one takes as long as 20 of a weight gradient's
  /// (measured on the tutorial's network). Bu et al.'s rule, 2T² ≤ p·d (arXiv:2205.10683, §3), compares memory instead.
  package var bookKeepings: [BookKeeping] {
    guard geometry.groups == 1 else { return [.keep, .recompute] }
    let (t, d, p) = (Double(geometry.positions), Double(geometry.patchCount), Double(geometry.outputChannels))
    return 20 * t * t * (d + p) / 2 <= t * d * p ? [.keep, .ghost, .recompute] : [.keep, .recompute, .ghost]
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
    case .recompute: max(one, scaled)
    default: max(try backend.ghostScratchCount(geometry, .patches), scaled)
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
    case .keep, .recompute: try formGradients(pass, norms: norms[0])
    default:
      norms[0].slice(0, pass.count).update(repeating: 0)
      try backend.addGhostSquaredNorms(
        geometry, .patches, count: pass.count, input: Floats(pass.input), outputGradient: Floats(pass.outputGradient),
        scratch: pass.scratch, to: norms[0])
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

  /// One example at a time, so that its gradient is still in the cache when its norm is taken. Without a place to keep
  /// them all, each overwrites the one before.
  private func formGradients(_ pass: LayerPass, norms: MutableDoubles) throws(TensorError) {
    let one = try pass.backend.exampleGradientCount(geometry)
    let kept = keptWeights(pass)
    for i in 0..<pass.count {
      let gradient = pass.method == .keep ? kept.slice(i * one, one) : pass.scratch.slice(0, one)
      try pass.backend.convolutionExampleGradients(
        geometry, count: 1, input: Floats(pass.input).slice(i * geometry.inputCount, geometry.inputCount),
        outputGradient: Floats(pass.outputGradient).slice(i * geometry.outputCount, geometry.outputCount),
        gradients: gradient)
      pass.backend.rowSquaredNorms(rows: 1, columns: one, Floats(gradient), into: norms.slice(i, 1))
    }
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
