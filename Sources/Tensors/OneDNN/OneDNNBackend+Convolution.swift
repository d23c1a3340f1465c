import CKernels

extension OneDNNBackend {
  func convolution(_ geometry: ConvolutionGeometry) throws(TensorError) -> OneDNNConvolution {
    if let known = convolutions[geometry] { return known }
    let made = try OneDNNConvolution(geometry, engine: engine, scratch: scratch, staging: staging)
    convolutions[geometry] = made
    return made
  }

  public func packedWeightCount(_ geometry: ConvolutionGeometry) throws(TensorError) -> Int {
    try convolution(geometry).packedCount
  }

  public func packWeights(
    _ geometry: ConvolutionGeometry, weights: Floats, into packed: MutableFloats
  ) throws(TensorError) {
    try convolution(geometry).pack(weights, into: packed)
  }

  public func convolve(
    _ geometry: ConvolutionGeometry, count: Int, input: Floats, packedWeights: Floats, bias: Floats?,
    isRectified: Bool, output: MutableFloats
  ) throws(TensorError) {
    let convolution = try convolution(geometry)
    precondition(input.count >= count * geometry.inputCount && output.count >= count * geometry.outputCount)
    precondition(packedWeights.count >= convolution.packedCount)
    precondition(bias.map { $0.count >= geometry.outputChannels } ?? true)
    try convolution.forward(
      count: count, input: input, packedWeights: packedWeights, bias: bias, isRectified: isRectified, output: output)
  }

  public func convolutionInputGradient(
    _ geometry: ConvolutionGeometry, count: Int, outputGradient: Floats, packedWeights: Floats,
    inputGradient: MutableFloats
  ) throws(TensorError) {
    precondition(outputGradient.count >= count * geometry.outputCount)
    precondition(inputGradient.count >= count * geometry.inputCount)
    try convolution(geometry).inputGradient(
      count: count, outputGradient: outputGradient, packedWeights: packedWeights, inputGradient: inputGradient)
  }

  public func addConvolutionWeightGradientSum(
    _ geometry: ConvolutionGeometry, count: Int, input: Floats, outputGradient: Floats, to sum: MutableFloats
  ) throws(TensorError) {
    precondition(input.count >= count * geometry.inputCount && outputGradient.count >= count * geometry.outputCount)
    precondition(sum.count >= geometry.weightCount)
    if geometry.isFasterAsProduct {
      return try addProduct(geometry, count: count, input: input, outputGradient: outputGradient, to: sum)
    }
    try convolution(geometry).addSum(count: count, input: input, outputGradient: outputGradient, to: sum)
  }

  public func exampleGradientCount(_ geometry: ConvolutionGeometry) throws(TensorError) -> Int {
    try convolution(geometry).exampleGradient.floatCount
  }

  public func convolutionExampleGradients(
    _ geometry: ConvolutionGeometry, count: Int, input: Floats, outputGradient: Floats, gradients: MutableFloats,
    squaredNorms: MutableDoubles
  ) throws(TensorError) {
    let convolution = try convolution(geometry)
    let width = convolution.exampleGradient.floatCount
    for i in 0..<count {
      let gradient = gradients.slice(gradients.count == width ? 0 : i * width, width)
      try convolution.exampleGradient(
        input: input.slice(i * geometry.inputCount, geometry.inputCount),
        outputGradient: outputGradient.slice(i * geometry.outputCount, geometry.outputCount), result: gradient)
      // While it is in the cache.
      rowSquaredNorms(rows: 1, columns: width, Floats(gradient), into: squaredNorms.slice(i, 1))
    }
  }

  public func addExampleGradient(
    _ geometry: ConvolutionGeometry, _ gradient: Floats, to sum: MutableFloats
  ) throws(TensorError) {
    let convolution = try convolution(geometry)
    precondition(gradient.count >= convolution.exampleGradient.floatCount && sum.count >= geometry.weightCount)
    try convolution.addExampleGradient(gradient, to: sum)
  }
}

extension OneDNNBackend {
  /// The weight gradient as GᵀU, with the patches U of some examples at a time: few enough for the cache, and enough for a
  /// product that reads and writes the sum.
  private func addProduct(
    _ geometry: ConvolutionGeometry, count: Int, input: Floats, outputGradient: Floats, to sum: MutableFloats
  ) throws(TensorError) {
    let part = min(count, max(1, 256 / geometry.positions))
    let width = geometry.positions * geometry.patchCount
    try staging.require(try checkedProduct([part, width]) * MemoryLayout<Float>.stride)
    let patches = MutableFloats(start: staging.pointer?.assumingMemoryBound(to: Float.self), count: part * width)
    var window = ck_window(geometry.input)
    for start in stride(from: 0, to: count, by: part) {
      let examples = min(part, count - start)
      for i in 0..<examples {
        ck_patches_by_channel(
          &window, input.slice((start + i) * geometry.inputCount, geometry.inputCount).baseAddress,
          patches.slice(i * width, width).baseAddress)
      }
      try multiply(
        MatrixProduct(
          m: geometry.outputChannels, n: geometry.patchCount, k: examples * geometry.positions, transposeA: true),
        outputGradient.slice(start * geometry.outputCount, examples * geometry.outputCount), Floats(patches),
        into: sum, accumulating: true)
    }
  }
}

extension ConvolutionGeometry {
  /// Few pixels of many channels: the weight gradient is a product of so few rows that forming and reordering the
  /// library's layout takes longer. Measured on one core with 32 examples, kernel 3×3, ms: 512 → 512 at 4×4 20.0 against
  /// 14.6, 512 → 512 at 2×2 10.9 against 4.7, 256 → 512 at 4×4 8.1 against 7.4; at 8×8 they are equal.
  var isFasterAsProduct: Bool {
    groups == 1 && positions <= 16 && inputChannels >= 256 && outputChannels >= 256
  }
}
