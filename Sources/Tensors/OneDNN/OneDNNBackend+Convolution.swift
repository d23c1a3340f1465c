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
