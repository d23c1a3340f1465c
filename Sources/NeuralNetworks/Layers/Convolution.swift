import Tensors

/// A two-dimensional convolution with weights [filters, channels, height, width].
package struct Convolution: ParameterizedLayer {
  package let name: String
  package let inputShape, outputShape: Shape
  package let weight: ParameterSlice
  package let bias: ParameterSlice?
  package let geometry: ConvolutionGeometry

  package init(
    name: String, input: Shape, filters: Int, window: Window, hasBias: Bool, offset: Int
  ) throws(TensorError) {
    guard let image = input.image else { throw .window("a convolution takes an image, not \(input)") }
    self.name = name
    inputShape = input
    geometry = try ConvolutionGeometry(
      channels: image.channels, height: image.height, width: image.width, outputChannels: filters, window: window)
    outputShape = try Shape([filters, geometry.outputHeight, geometry.outputWidth])
    let shape = try Shape([filters, image.channels, window.kernelHeight, window.kernelWidth])
    weight = ParameterSlice(name: "\(name).weight", shape: shape, offset: offset)
    bias =
      hasBias
      ? ParameterSlice(name: "\(name).bias", shape: try Shape([filters]), offset: weight.range.upperBound) : nil
  }

  package var label: String {
    let window = geometry.window
    let kernel = "\(window.kernelHeight)×\(window.kernelWidth)/\(window.strideHeight),\(window.strideWidth)"
    return "convolution \(inputShape) → \(outputShape), kernel \(kernel)"
  }
  package var fans: (input: Int, output: Int) {
    (geometry.patchCount, geometry.outputChannels * geometry.input.windowCount)
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
    try pass.backend.convolutionInputGradient(
      geometry, count: pass.count, outputGradient: Floats(pass.outputGradient),
      packedWeights: Floats(pass.packedWeights), inputGradient: pass.inputGradient)
  }
}

// MARK: - Book-keeping

extension Convolution {
  package var bookKeepings: [BookKeeping] { BookKeeping.allCases }

  /// Keeping costs nothing beyond the weight gradient that any method needs once. With T positions, p filters and d
  /// elements in a patch, recomputing costs a second weight gradient, T·d·p multiplications, and ghost the two Gram
  /// matrices, T²(d + p)/2; those are in float64 and not blocked, and one takes as long as 20 of a weight gradient's
  /// (measured on the tutorial's network). Bu et al.'s rule, 2T² ≤ p·d (arXiv:2205.10683, §3), compares memory instead.
  package func preferredBookKeeping(
    keptFloatLimit limit: Int, backend: any NumericBackend
  ) throws(TensorError) -> BookKeeping {
    if try backend.exampleGradientCount(geometry) <= limit { return .keep }
    let (t, d, p) = (Double(geometry.positions), Double(geometry.patchCount), Double(geometry.outputChannels))
    return 20 * t * t * (d + p) / 2 <= t * d * p ? .ghost : .recompute
  }

  package func retention(_ method: BookKeeping, backend: any NumericBackend) throws(TensorError) -> Retention {
    let one = try backend.exampleGradientCount(geometry)
    let biasFloats = bias == nil ? 0 : geometry.outputChannels
    return switch method {
    case .keep:
      Retention(
        activations: false, weightFloats: one, biasFloats: biasFloats, scratchPerBlock: one, sumsInBlocks: false)
    case .ghost:
      Retention(
        activations: true, biasFloats: biasFloats, scratchPerExample: geometry.outputCount,
        scratchPerBlock: backend.ghostScratchCount(geometry), sumsInBlocks: true)
    case .recompute:
      Retention(
        activations: true, biasFloats: biasFloats, scratchPerExample: geometry.outputCount, scratchPerBlock: one,
        sumsInBlocks: true)
    }
  }

  package func squaredNorms(
    _ pass: GradientPass, into norms: (weight: MutableDoubles, bias: MutableDoubles)?
  ) throws(TensorError) {
    let backend = pass.backend
    let gradient = Floats(pass.outputGradient)
    let input = Floats(pass.input)
    if bias != nil {
      let filters = geometry.outputChannels
      backend.groupRowSums(
        groups: pass.count, group: geometry.positions, columns: filters, gradient, output: pass.kept.bias)
      if let norms {
        backend.rowSquaredNorms(rows: pass.count, columns: filters, Floats(pass.kept.bias), into: norms.bias)
      }
    }
    switch pass.method {
    case .keep:
      try formGradients(pass, into: pass.kept.weight, norms: norms?.weight)
    case .recompute:
      guard let norms else { return }
      try formGradients(pass, into: nil, norms: norms.weight)
    case .ghost:
      guard let norms else { return }
      norms.weight.slice(0, pass.count).update(repeating: 0)
      backend.addGhostSquaredNorms(
        geometry, count: pass.count, input: input, outputGradient: gradient, scratch: pass.scratch, to: norms.weight)
    }
  }

  /// One example at a time, so that its gradient is still in the cache when its norm is taken. Without a place to keep
  /// them all, each overwrites the one before.
  private func formGradients(
    _ pass: GradientPass, into kept: MutableFloats?, norms: MutableDoubles?
  ) throws(TensorError) {
    let one = try pass.backend.exampleGradientCount(geometry)
    for i in 0..<pass.count {
      let gradient = kept?.slice(i * one, one) ?? pass.scratch.slice(0, one)
      try pass.backend.convolutionExampleGradients(
        geometry, count: 1, input: Floats(pass.input).slice(i * geometry.inputCount, geometry.inputCount),
        outputGradient: Floats(pass.outputGradient).slice(i * geometry.outputCount, geometry.outputCount),
        gradients: gradient)
      if let norms {
        pass.backend.rowSquaredNorms(rows: 1, columns: one, Floats(gradient), into: norms.slice(i, 1))
      }
    }
  }

  package func addGradientSum(
    _ pass: GradientPass, factors: Floats, to gradient: MutableFloats
  ) throws(TensorError) {
    let backend = pass.backend
    if let bias {
      backend.addWeightedRowSum(
        rows: pass.count, columns: geometry.outputChannels, Floats(pass.kept.bias), factors: factors,
        to: gradient.slice(bias))
    }
    switch pass.method {
    case .keep:
      let one = try backend.exampleGradientCount(geometry)
      let sum = pass.scratch.slice(0, one)
      sum.update(repeating: 0)
      backend.addWeightedRowSum(
        rows: pass.count, columns: one, Floats(pass.kept.weight), factors: factors, to: sum)
      try backend.addExampleGradient(geometry, Floats(sum), to: gradient.slice(weight))
    case .ghost, .recompute:
      let scaled = pass.scratch.slice(0, pass.count * geometry.outputCount)
      backend.scaleRows(
        rows: pass.count, columns: geometry.outputCount, Floats(pass.outputGradient), by: factors, output: scaled)
      try backend.addConvolutionWeightGradientSum(
        geometry, count: pass.count, input: Floats(pass.input), outputGradient: Floats(scaled),
        to: gradient.slice(weight))
    }
  }
}
