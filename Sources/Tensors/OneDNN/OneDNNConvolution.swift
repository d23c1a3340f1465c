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
  private var forward: [ForwardKey: StagedPrimitive] = [:]
  private var inputGradient: [Int: StagedPrimitive] = [:]
  private var weightGradient: [Int: OneDNNPrimitive] = [:]
  /// For what lies between two primitives, as `scratch` shared with the other convolutions.
  private let staging: OneDNNScratch

  private struct ForwardKey: Hashable {
    let count: Int
    let hasBias, isRectified: Bool
  }

  init(
    _ geometry: ConvolutionGeometry, engine: OneDNNEngine, scratch: OneDNNScratch, staging: OneDNNScratch
  ) throws(TensorError) {
    self.geometry = geometry
    self.engine = engine
    self.scratch = scratch
    self.staging = staging
    let recipe = OneDNNConvolutionRecipe(geometry: geometry, engine: engine)
    let stagedRecipe = OneDNNConvolutionRecipe(
      geometry: geometry, engine: engine, isBlocked: geometry.isFasterInBlocks)
    let dimensions = recipe.weightDimensions
    plainWeights = try OneDNNLayout(dimensions, geometry.groups == 1 ? dnnl_abcd : dnnl_abcde)
    let any = try OneDNNLayout(dimensions, dnnl_format_tag_any)
    let block = 16
    forwardWeights = try stagedRecipe.forward(count: block, weights: any, hasBias: true).layout(dnnl_query_weights_md)
    backwardWeights = try stagedRecipe.inputGradient(count: block, weights: any).layout(dnnl_query_weights_md)
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
  private var stagedRecipe: OneDNNConvolutionRecipe {
    OneDNNConvolutionRecipe(geometry: geometry, engine: engine, isBlocked: geometry.isFasterInBlocks)
  }

  func pack(_ weights: Floats, into packed: MutableFloats) throws(TensorError) {
    precondition(weights.count >= geometry.weightCount && packed.count >= packedCount)
    try packForward.run(weights.baseAddress, packed.baseAddress)
    try packBackward.run(weights.baseAddress, packed.slice(backwardStart, backwardWeights.floatCount).baseAddress)
  }

  func forward(
    count: Int, input: Floats, packedWeights: Floats, bias: Floats?, isRectified: Bool, output: MutableFloats
  ) throws(TensorError) {
    let key = ForwardKey(count: count, hasBias: bias != nil, isRectified: isRectified)
    let primitive: StagedPrimitive
    if let known = forward[key] {
      primitive = known
    } else {
      primitive = try makeForward(key)
      forward[key] = primitive
    }
    try primitive.run(
      input.baseAddress, weights: packedWeights.baseAddress, bias: bias?.baseAddress, output.baseAddress)
  }

  func inputGradient(
    count: Int, outputGradient: Floats, packedWeights: Floats, inputGradient result: MutableFloats
  ) throws(TensorError) {
    let weights = packedWeights.slice(backwardStart, backwardWeights.floatCount)
    let primitive: StagedPrimitive
    if let known = inputGradient[count] {
      primitive = known
    } else {
      let descriptor = try stagedRecipe.inputGradient(count: count, weights: backwardWeights)
      let source = try descriptor.layout(dnnl_query_diff_dst_md)
      let destination = try descriptor.layout(dnnl_query_diff_src_md)
      let inner = try OneDNNPrimitive(
        descriptor,
        [
          (DNNL_ARG_DIFF_DST_0, source), (DNNL_ARG_WEIGHTS_0, backwardWeights), (DNNL_ARG_DIFF_SRC_0, destination),
        ], engine: engine, scratch: scratch)
      primitive = try stage(
        inner, from: (try recipe.output(count), source), to: (destination, try recipe.input(count)))
      inputGradient[count] = primitive
    }
    try primitive.run(outputGradient.baseAddress, weights: weights.baseAddress, bias: nil, result.baseAddress)
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
    try staging.require(exampleGradient.byteCount)
    let block = staging.pointer?.assumingMemoryBound(to: Float.self)
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

  private func makeForward(_ key: ForwardKey) throws(TensorError) -> StagedPrimitive {
    let descriptor = try stagedRecipe.forward(
      count: key.count, weights: forwardWeights, hasBias: key.hasBias, isRectified: key.isRectified)
    let source = try descriptor.layout(dnnl_query_src_md), destination = try descriptor.layout(dnnl_query_dst_md)
    var tensors = [
      (DNNL_ARG_SRC_0, source), (DNNL_ARG_WEIGHTS_0, forwardWeights), (DNNL_ARG_DST_0, destination),
    ]
    if key.hasBias { tensors.append((DNNL_ARG_BIAS, try descriptor.layout(dnnl_query_weights_md, 1))) }
    return try stage(
      try OneDNNPrimitive(descriptor, tensors, engine: engine, scratch: scratch),
      from: (try recipe.input(key.count), source), to: (destination, try recipe.output(key.count)))
  }

  private func stage(
    _ inner: OneDNNPrimitive, from source: (outer: OneDNNLayout, inner: OneDNNLayout),
    to destination: (inner: OneDNNLayout, outer: OneDNNLayout)
  ) throws(TensorError) -> StagedPrimitive {
    guard geometry.isFasterInBlocks else { return StagedPrimitive(inner: inner, stages: nil) }
    let start = (source.inner.byteCount + 63) & ~63
    try staging.require(start + destination.inner.byteCount)
    return StagedPrimitive(
      inner: inner,
      stages: .init(
        before: try reorder(source.outer, source.inner), after: try reorder(destination.inner, destination.outer),
        scratch: staging, outputStart: start))
  }

  private func reorder(_ from: OneDNNLayout, _ to: OneDNNLayout) throws(TensorError) -> OneDNNPrimitive {
    try OneDNNPrimitive(
      OneDNNDescriptor(reorder: from, to: to, engine: engine), [(DNNL_ARG_SRC_0, from), (DNNL_ARG_DST_0, to)],
      engine: engine, scratch: scratch)
  }
}

extension ConvolutionGeometry {
  /// Few pixels of many channels: the library's kernels for NHWC take up to twice as long as those for its own blocks of 16
  /// channels, and a change of layout costs a hundredth. Measured on one core with 32 examples, kernel 3×3, ms forward
  /// and for the input gradient: 512 → 512 at 4×4 19.9 and 12.2 against 10.9 and 9.2; 512 → 512 at 2×2 4.4 and 3.5 against
  /// 2.9 and 3.6; 256 → 512 at 4×4 5.3 and 6.2 against 5.3 and 4.3. At 8×8 and above NHWC is equal or faster, and so it is
  /// for weight gradients everywhere.
  var isFasterInBlocks: Bool {
    groups == 1 && positions <= 16 && inputChannels >= 256 && inputChannels % 16 == 0 && outputChannels >= 256
      && outputChannels % 16 == 0
  }
}

/// A convolution that may take and give its tensors in another layout than ours.
private struct StagedPrimitive {
  struct Stages {
    let before, after: OneDNNPrimitive
    let scratch: OneDNNScratch
    /// In bytes from the beginning of scratch; the input is there.
    let outputStart: Int
  }

  let inner: OneDNNPrimitive
  let stages: Stages?

  func run(
    _ input: UnsafePointer<Float>?, weights: UnsafePointer<Float>?, bias: UnsafePointer<Float>?,
    _ output: UnsafePointer<Float>?
  ) throws(TensorError) {
    guard let stages, let scratch = stages.scratch.pointer else { return try inner.run(input, weights, output, bias) }
    let stagedInput = UnsafePointer(scratch.assumingMemoryBound(to: Float.self))
    let stagedOutput = UnsafePointer((scratch + stages.outputStart).assumingMemoryBound(to: Float.self))
    try stages.before.run(input, stagedInput)
    try inner.run(stagedInput, weights, stagedOutput, bias)
    try stages.after.run(stagedOutput, output)
  }
}

/// Descriptors of a convolution's three operations.
struct OneDNNConvolutionRecipe {
  let geometry: ConvolutionGeometry
  let engine: OneDNNEngine
  /// The library's blocks of 16 channels instead of NHWC.
  var isBlocked = false

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

  func input(_ count: Int) throws(TensorError) -> OneDNNLayout {
    try OneDNNLayout(
      [count, geometry.inputChannels, geometry.input.height, geometry.input.width],
      isBlocked ? dnnl_aBcd16b : isSingleToSixteen ? dnnl_abcd : dnnl_acdb)
  }

  func output(_ count: Int) throws(TensorError) -> OneDNNLayout {
    try OneDNNLayout(
      [count, geometry.outputChannels, geometry.outputHeight, geometry.outputWidth],
      isBlocked || isSingleToSixteen ? dnnl_aBcd16b : dnnl_acdb)
  }

  func forward(
    count: Int, weights: OneDNNLayout, hasBias: Bool, isRectified: Bool = false
  ) throws(TensorError) -> OneDNNDescriptor {
    var operation = dnnl_convolution_desc_t()
    var source = try input(count).descriptor
    var destination = try output(count).descriptor
    var weights = weights.descriptor
    var bias = hasBias ? try OneDNNLayout([geometry.outputChannels], dnnl_a).descriptor : dnnl_memory_desc_t()
    try check(
      dnnl_dilated_convolution_forward_desc_init(
        &operation, dnnl_forward_training, dnnl_convolution_direct, &source, &weights, &bias, &destination, strides,
        dilation, paddingBefore, paddingAfter), "dilated_convolution_forward_desc_init")
    return try OneDNNDescriptor(
      operation: &operation, engine: engine, finish: isRectified ? .rectify : .set, what: "convolution_forward")
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
