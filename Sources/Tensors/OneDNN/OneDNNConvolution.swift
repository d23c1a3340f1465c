import COneDNN

/// The primitives of one convolution, by number of examples.
///
/// The library chooses how weights lie in memory. It is asked once for each direction, for a block of 16 examples, and
/// every other number of examples then has to take the same layout.
final class OneDNNConvolution {
  let geometry: ConvolutionGeometry
  private let engine: OneDNNEngine
  private let scratch: OneDNNScratch

  let forwardWeights, backwardWeights, exampleGradient: OneDNNLayout
  /// Weights [out, in, height, width].
  private let plainWeights: OneDNNLayout
  private let packForward, packBackward, addExample: OneDNNPrimitive
  private var forward: [ForwardKey: OneDNNPrimitive] = [:]
  private var inputGradient: [Int: OneDNNPrimitive] = [:]
  private var weightGradient: [Int: OneDNNPrimitive] = [:]
  private let sum = OneDNNScratch()

  private struct ForwardKey: Hashable {
    let count: Int
    let hasBias: Bool
  }

  init(_ geometry: ConvolutionGeometry, engine: OneDNNEngine, scratch: OneDNNScratch) throws(TensorError) {
    self.geometry = geometry
    self.engine = engine
    self.scratch = scratch
    let recipe = OneDNNConvolutionRecipe(geometry: geometry, engine: engine)
    let dimensions = recipe.weightDimensions
    plainWeights = try OneDNNLayout(dimensions, geometry.groups == 1 ? dnnl_abcd : dnnl_abcde)
    let any = try OneDNNLayout(dimensions, dnnl_format_tag_any)
    let block = 16
    forwardWeights = try recipe.forward(count: block, weights: any, hasBias: true).layout(dnnl_query_weights_md)
    backwardWeights = try recipe.inputGradient(count: block, weights: any).layout(dnnl_query_weights_md)
    exampleGradient = try recipe.weightGradient(count: 1, weights: any).layout(dnnl_query_diff_weights_md)
    func reorder(
      _ from: OneDNNLayout, _ to: OneDNNLayout, accumulating: Bool = false
    ) throws(TensorError) -> OneDNNPrimitive {
      let descriptor = try OneDNNDescriptor(reorder: from, to: to, engine: engine, accumulating: accumulating)
      return try OneDNNPrimitive(
        descriptor, [(DNNL_ARG_SRC_0, from), (DNNL_ARG_DST_0, to)], engine: engine, scratch: scratch)
    }
    packForward = try reorder(plainWeights, forwardWeights)
    packBackward = try reorder(plainWeights, backwardWeights)
    addExample = try reorder(exampleGradient, plainWeights, accumulating: true)
  }

  /// Floats of both forms of the weights, the second beginning on a cache line.
  var packedCount: Int { backwardStart + backwardWeights.floatCount }
  private var backwardStart: Int { (forwardWeights.floatCount + 15) & ~15 }
  private var recipe: OneDNNConvolutionRecipe { OneDNNConvolutionRecipe(geometry: geometry, engine: engine) }

  func pack(_ weights: Floats, into packed: MutableFloats) throws(TensorError) {
    precondition(weights.count >= geometry.weightCount && packed.count >= packedCount)
    try packForward.run(weights.baseAddress, packed.baseAddress)
    try packBackward.run(weights.baseAddress, packed.slice(backwardStart, backwardWeights.floatCount).baseAddress)
  }

  func forward(
    count: Int, input: Floats, packedWeights: Floats, bias: Floats?, output: MutableFloats
  ) throws(TensorError) {
    let key = ForwardKey(count: count, hasBias: bias != nil)
    let primitive: OneDNNPrimitive
    if let known = forward[key] {
      primitive = known
    } else {
      primitive = try makeForward(key)
      forward[key] = primitive
    }
    if let bias {
      try primitive.run(input.baseAddress, packedWeights.baseAddress, output.baseAddress, bias.baseAddress)
    } else {
      try primitive.run(input.baseAddress, packedWeights.baseAddress, output.baseAddress)
    }
  }

  func inputGradient(
    count: Int, outputGradient: Floats, packedWeights: Floats, inputGradient result: MutableFloats
  ) throws(TensorError) {
    let weights = packedWeights.slice(backwardStart, backwardWeights.floatCount)
    let primitive: OneDNNPrimitive
    if let known = inputGradient[count] {
      primitive = known
    } else {
      let descriptor = try recipe.inputGradient(count: count, weights: backwardWeights)
      primitive = try OneDNNPrimitive(
        descriptor,
        [
          (DNNL_ARG_DIFF_DST_0, try descriptor.layout(dnnl_query_diff_dst_md)), (DNNL_ARG_WEIGHTS_0, backwardWeights),
          (DNNL_ARG_DIFF_SRC_0, try descriptor.layout(dnnl_query_diff_src_md)),
        ], engine: engine, scratch: scratch)
      inputGradient[count] = primitive
    }
    try primitive.run(outputGradient.baseAddress, weights.baseAddress, result.baseAddress)
  }

  /// One example's weight gradient, in the layout `exampleGradient`.
  func exampleGradient(input: Floats, outputGradient: Floats, result: MutableFloats) throws(TensorError) {
    let primitive = try weightGradientPrimitive(count: 1)
    try primitive.run(input.baseAddress, outputGradient.baseAddress, result.baseAddress)
  }

  func addExampleGradient(_ gradient: Floats, to sum: MutableFloats) throws(TensorError) {
    try addExample.run(gradient.baseAddress, sum.baseAddress)
  }

  /// The weight gradient of the whole block, in the layout `exampleGradient`, added to one in [out, in, height, width].
  func addSum(count: Int, input: Floats, outputGradient: Floats, to result: MutableFloats) throws(TensorError) {
    try sum.require(exampleGradient.byteCount)
    let block = sum.pointer?.assumingMemoryBound(to: Float.self)
    let primitive = try weightGradientPrimitive(count: count)
    try primitive.run(input.baseAddress, outputGradient.baseAddress, block)
    try addExample.run(block, result.baseAddress)
  }

  private func weightGradientPrimitive(count: Int) throws(TensorError) -> OneDNNPrimitive {
    if let known = weightGradient[count] { return known }
    let descriptor = try recipe.weightGradient(count: count, weights: exampleGradient)
    let primitive = try OneDNNPrimitive(
      descriptor,
      [
        (DNNL_ARG_SRC_0, try descriptor.layout(dnnl_query_src_md)),
        (DNNL_ARG_DIFF_DST_0, try descriptor.layout(dnnl_query_diff_dst_md)),
        (DNNL_ARG_DIFF_WEIGHTS_0, exampleGradient),
      ], engine: engine, scratch: scratch)
    weightGradient[count] = primitive
    return primitive
  }

  private func makeForward(_ key: ForwardKey) throws(TensorError) -> OneDNNPrimitive {
    let descriptor = try recipe.forward(count: key.count, weights: forwardWeights, hasBias: key.hasBias)
    var tensors = [
      (DNNL_ARG_SRC_0, try descriptor.layout(dnnl_query_src_md)), (DNNL_ARG_WEIGHTS_0, forwardWeights),
      (DNNL_ARG_DST_0, try descriptor.layout(dnnl_query_dst_md)),
    ]
    if key.hasBias { tensors.append((DNNL_ARG_BIAS, try descriptor.layout(dnnl_query_weights_md, 1))) }
    return try OneDNNPrimitive(descriptor, tensors, engine: engine, scratch: scratch)
  }
}

/// Descriptors of a convolution's three operations.
struct OneDNNConvolutionRecipe {
  let geometry: ConvolutionGeometry
  let engine: OneDNNEngine

  var weightDimensions: [Int] {
    let window = geometry.window
    let perGroup = [geometry.groupFilters, geometry.groupChannels, window.kernelHeight, window.kernelWidth]
    return geometry.groups == 1 ? perGroup : [geometry.groups] + perGroup
  }
  /// The library counts the pixels between taps.
  private var dilation: [Int64] { [Int64(geometry.dilation.height - 1), Int64(geometry.dilation.width - 1)] }
  private var strides: [Int64] { [Int64(geometry.window.strideHeight), Int64(geometry.window.strideWidth)] }
  private var paddingBefore: [Int64] { [Int64(geometry.window.padding.top), Int64(geometry.window.padding.left)] }
  private var paddingAfter: [Int64] { [Int64(geometry.window.padding.bottom), Int64(geometry.window.padding.right)] }

  /// With one input channel and 16 output channels the bytes of NHWC are also those of NCHW and of the library's
  /// 16-channel blocks. Under those names it has a kernel that is twice as fast (59 against 127 µs for 32 examples of
  /// 28×28, kernel 8×8, stride 2).
  private var isSingleToSixteen: Bool {
    geometry.inputChannels == 1 && geometry.outputChannels == 16 && geometry.groups == 1
  }

  private func input(_ count: Int) throws(TensorError) -> OneDNNLayout {
    try OneDNNLayout(
      [count, geometry.inputChannels, geometry.input.height, geometry.input.width],
      isSingleToSixteen ? dnnl_abcd : dnnl_acdb)
  }

  private func output(_ count: Int) throws(TensorError) -> OneDNNLayout {
    try OneDNNLayout(
      [count, geometry.outputChannels, geometry.outputHeight, geometry.outputWidth],
      isSingleToSixteen ? dnnl_aBcd16b : dnnl_acdb)
  }

  func forward(count: Int, weights: OneDNNLayout, hasBias: Bool) throws(TensorError) -> OneDNNDescriptor {
    var operation = dnnl_convolution_desc_t()
    var source = try input(count).descriptor
    var destination = try output(count).descriptor
    var weights = weights.descriptor
    var bias = hasBias ? try OneDNNLayout([geometry.outputChannels], dnnl_a).descriptor : dnnl_memory_desc_t()
    try check(
      dnnl_dilated_convolution_forward_desc_init(
        &operation, dnnl_forward_training, dnnl_convolution_direct, &source, &weights, &bias, &destination, strides,
        dilation, paddingBefore, paddingAfter), "dilated_convolution_forward_desc_init")
    return try OneDNNDescriptor(operation: &operation, engine: engine, what: "convolution_forward")
  }

  func inputGradient(count: Int, weights: OneDNNLayout) throws(TensorError) -> OneDNNDescriptor {
    let hint = try forward(count: count, weights: OneDNNLayout(weightDimensions, dnnl_format_tag_any), hasBias: true)
    var operation = dnnl_convolution_desc_t()
    var source = try input(count).descriptor
    var destination = try output(count).descriptor
    var weights = weights.descriptor
    try check(
      dnnl_dilated_convolution_backward_data_desc_init(
        &operation, dnnl_convolution_direct, &source, &weights, &destination, strides, dilation, paddingBefore,
        paddingAfter),
      "dilated_convolution_backward_data_desc_init")
    return try OneDNNDescriptor(operation: &operation, engine: engine, hint: hint, what: "convolution_backward_data")
  }

  func weightGradient(count: Int, weights: OneDNNLayout) throws(TensorError) -> OneDNNDescriptor {
    let hint = try forward(count: count, weights: OneDNNLayout(weightDimensions, dnnl_format_tag_any), hasBias: true)
    var operation = dnnl_convolution_desc_t()
    var source = try input(count).descriptor
    var destination = try output(count).descriptor
    var weights = weights.descriptor
    try check(
      dnnl_dilated_convolution_backward_weights_desc_init(
        &operation, dnnl_convolution_direct, &source, &weights, nil, &destination, strides, dilation,
        paddingBefore, paddingAfter), "dilated_convolution_backward_weights_desc_init")
    return try OneDNNDescriptor(
      operation: &operation, engine: engine, hint: hint, what: "convolution_backward_weights")
  }
}
