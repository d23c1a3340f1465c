extension ShapeResolver {
  /// One written layer, with what is fused into it.
  mutating func append(
    _ layer: LayerSpecification, inputs: [Int], to scope: inout Scope
  ) throws(PlanningError) {
    let module = layer.name.map(scope.module)
    switch layer.operation {
    case .add: return try appendSum(inputs, module: module, to: &scope)
    case .attention(let heads, let isCausal):
      return try appendAttention(inputs, heads: heads, isCausal: isCausal, module: module, to: &scope)
    default: break
    }
    guard inputs.count == 1 else {
      throw issue("inputs", "A \(layer.kind.rawValue) layer reads one layer, not \(inputs.count).")
    }
    let input = inputs[0]
    switch layer.operation {
    case .residual(let block): try appendResidual(block, input: input, name: layer.name, to: &scope)
    case .transformerBlock(let block): try appendTransformer(block, input: input, name: layer.name, to: &scope)
    case .multiHeadAttention(let heads, let isCausal, let bias):
      try appendSelfAttention(heads: heads, isCausal: isCausal, bias: bias, input: input, name: layer.name, to: &scope)
    case .embedding(let size, let dimension, let padding):
      try appendEmbedding(size, dimension, padding, input: input, module: module, to: &scope)
    default:
      let (kind, output, activation) = try simple(layer.operation, input: input, scope: scope)
      try push(kind, inputs: inputs, output: output, module: module, to: &scope)
      if let activation { try push(.activation(activation), inputs: [scope.last], output: output, to: &scope) }
    }
  }

  // MARK: One operation of one input

  private mutating func simple(
    _ operation: LayerOperation, input: Int, scope: Scope
  ) throws(PlanningError) -> (ResolvedLayer.Kind, TensorShape, Activation?) {
    switch operation {
    case .dense(let units, let activation, let bias):
      let (layer, output) = try dense(units: units, bias: bias, input: input)
      return (.dense(layer), output, activation)
    case .tiedDense(let name):
      let (embedding, output) = try tiedDense(name, input: input, scope: scope)
      return (.tiedDense(embedding: embedding), output, nil)
    case .convolution(let convolution):
      let (layer, output) = try self.convolution(convolution, input: input)
      return (.convolution(layer), output, convolution.activation)
    case .pooling(let pooling):
      let (layer, output) = try pool(pooling, input: input)
      return (pooling.kind == .maximum ? .maxPooling(layer) : .averagePooling(layer), output, nil)
    case .globalPooling(let kind):
      let output = TensorShape.features(try places(input).channels)
      return (kind == .average ? .globalAveragePooling : .globalMaxPooling, output, nil)
    case .position(let position): return (.position(position), .features(try sequence(input).channels), nil)
    case .positionEmbedding:
      let (length, channels) = try sequence(input)
      return (.positionEmbedding, .sequence(length: length, channels: channels), nil)
    case .recurrent(let cell, let units):
      let (length, _) = try sequence(input)
      try requirePositive(units, "units")
      return (.recurrent(cell, units: units), .sequence(length: length, channels: units), nil)
    case .layerNorm, .rmsNorm, .groupNorm: return try norm(operation, input: input)
    case .dropout(let rate):
      guard rate >= 0, rate < 1 else { throw issue("rate", "rate is at least 0 and below 1, not \(rate).") }
      return (.dropout(rate: rate), try values(input), nil)
    case .activation(let activation): return (.activation(activation), try values(input), nil)
    case .flatten: return (.flatten, .features(try values(input).elementCount), nil)
    case .positions:
      let (channels, height, width) = try image(input)
      return (.positions, .sequence(length: saturatingProduct([height, width]), channels: channels), nil)
    case .embedding, .attention, .multiHeadAttention, .add, .residual, .transformerBlock:
      preconditionFailure("handled apart")
    }
  }

  mutating func dense(units: Int, bias: Bool, input: Int) throws(PlanningError) -> (DenseLayer, TensorShape) {
    let shape = try values(input)
    try requirePositive(units, "units")
    let layer = DenseLayer(inputs: shape.channels, outputs: units, hasBias: bias)
    switch shape {
    case .features: return (layer, .features(units))
    case .sequence(let length, _): return (layer, .sequence(length: length, channels: units))
    case .image:
      throw issue(
        "A dense layer takes features or a sequence and gets an image of \(shape): put a flatten layer before it.")
    }
  }

  private mutating func tiedDense(
    _ name: String, input: Int, scope: Scope
  ) throws(PlanningError) -> (Int, TensorShape) {
    guard let embedding = scope.outputs[name], case .embedding(let table) = layers[embedding].kind else {
      throw issue("embedding", "No embedding layer above this one is called \(name.prefix(80)): name the one to share.")
    }
    let shape = try values(input)
    guard shape.channels == table.dimension else {
      throw issue(
        "embedding",
        "\(name) has \(table.dimension) numbers a token, and this layer gets \(shape): they must be as many.")
    }
    switch shape {
    case .features: return (embedding, .features(table.vocabularySize))
    case .sequence(let length, _): return (embedding, .sequence(length: length, channels: table.vocabularySize))
    case .image: throw issue("A tied dense layer takes a vector or a sequence, not an image.")
    }
  }

  private mutating func norm(
    _ operation: LayerOperation, input: Int
  ) throws(PlanningError) -> (ResolvedLayer.Kind, TensorShape, Activation?) {
    let shape = try values(input)
    switch (operation, shape) {
    case (.groupNorm, .features):
      throw issue("group_norm takes an image or a sequence and gets \(shape): for a vector use layer_norm.")
    case (.groupNorm(let groups, let epsilon), _):
      try requireEpsilon(epsilon)
      try requirePositive(groups, "groups")
      guard shape.channels.isMultiple(of: groups) else {
        throw issue("groups", "groups divides the \(shape.channels) channels; \(groups) does not.")
      }
      return (.groupNorm(groups: groups, epsilon: epsilon), shape, nil)
    case (_, .image):
      throw issue(
        "This norm is over the channels of a vector or a sequence and gets \(shape): for an image use group_norm.")
    case (.layerNorm(let epsilon), _):
      try requireEpsilon(epsilon)
      return (.layerNorm(epsilon: epsilon), shape, nil)
    case (.rmsNorm(let epsilon), _):
      try requireEpsilon(epsilon)
      return (.rmsNorm(epsilon: epsilon), shape, nil)
    default: preconditionFailure("a norm")
    }
  }

  /// An image's channels or a sequence's, for what goes over all pixels or positions.
  private mutating func places(_ input: Int) throws(PlanningError) -> TensorShape {
    let shape = try values(input)
    if case .features = shape { throw issue("This layer takes an image or a sequence and gets \(shape).") }
    return shape
  }

  // MARK: Sums, tokens

  private mutating func appendSum(
    _ inputs: [Int], module: String?, to scope: inout Scope
  ) throws(PlanningError) {
    guard inputs.count >= 2 else {
      throw issue("inputs", "An add layer reads two layers or more: name them in inputs.")
    }
    let output = try values(inputs[0])
    for (index, input) in inputs.enumerated().dropFirst() {
      let other = try values(input)
      guard other == output else {
        throw issue(
          "inputs/\(index)", "An add layer takes one shape from all it reads, and gets \(output) and \(other).")
      }
    }
    var sum = inputs[0]
    for input in inputs.dropFirst() {
      sum = try push(.add, inputs: [sum, input], output: output, module: module, to: &scope)
    }
  }

  private mutating func appendEmbedding(
    _ written: Int?, _ dimension: Int, _ padding: Int?, input: Int, module: String?, to scope: inout Scope
  ) throws(PlanningError) {
    guard input < 0, let known = facts.vocabularySize, case .features(let length) = self.input else {
      throw issue("An embedding layer takes the token ids of an example: it reads \"input\", of a dataset of tokens.")
    }
    let size = written ?? known
    guard size >= known else {
      throw issue(
        "vocabulary_size", "The dataset has tokens up to \(known - 1), so vocabulary_size is at least \(known).")
    }
    guard size <= Self.vocabularyLimit else {
      throw issue("vocabulary_size", "vocabulary_size is at most \(Self.vocabularyLimit), not \(size).")
    }
    try requirePositive(dimension, "dimension")
    if let padding, !(0..<size ~= padding) {
      throw issue("padding_index", "padding_index is a token, from 0 to \(size - 1), not \(padding).")
    }
    let layer = EmbeddingLayer(vocabularySize: size, dimension: dimension, paddingIndex: padding)
    try push(
      .embedding(layer), inputs: [-1], output: .sequence(length: length, channels: dimension), module: module,
      to: &scope)
  }

  /// Token ids travel as float32, which holds whole numbers exactly up to here.
  private static let vocabularyLimit = 1 << 24

  // MARK: The end

  /// What the last layer gives must be what the loss takes, with no activation after it that the loss applies itself.
  mutating func requireOutputs(of loss: LossFunction) throws(PlanningError) {
    guard let last = layers.last else { return }
    place = Place(pointer: last.pointer, kind: "last")
    let count = facts.outputCount(loss)
    let expected: TensorShape
    switch loss {
    case .softmaxCrossEntropy, .tokenCrossEntropy:
      guard facts.classCount != nil else {
        throw lossIssue(
          "\(loss.rawValue) takes classes, and the dataset's targets are real numbers: use mean_squared_error.")
      }
      expected =
        loss == .softmaxCrossEntropy ? .features(count) : .sequence(length: facts.targetCount, channels: count)
      guard loss == .tokenCrossEntropy || facts.targetCount == 1 else {
        throw lossIssue(
          "An example has \(facts.targetCount) classes: use token_cross_entropy, or binary_cross_entropy.")
      }
    case .binaryCrossEntropy:
      guard facts.classCount == 2 else {
        throw lossIssue("binary_cross_entropy takes targets of 0 and 1: a dataset of two classes.")
      }
      expected = .features(count)
    case .meanSquaredError: expected = .features(count)
    }
    try requireOutput(expected, of: last, for: loss)
    guard layers.contains(where: { $0.parameterCount > 0 }) else {
      throw issue("The network has no parameters to train: add a dense layer.")
    }
  }

  private func requireOutput(
    _ expected: TensorShape, of last: ResolvedLayer, for loss: LossFunction
  ) throws(PlanningError) {
    guard last.output == expected else {
      let wanted =
        facts.classCount.map { "the dataset has \($0) classes" } ?? "an example has \(facts.targetCount) targets"
      throw issue(
        "The last layer gives \(last.output), and \(wanted), for which \(loss.rawValue) takes \(expected): end with "
          + "{\"type\": \"dense\", \"units\": \(expected.channels)}.")
    }
    if case .activation = last.kind, loss != .meanSquaredError {
      throw issue(
        "The last layer has an activation. The loss takes logits and applies the softmax or sigmoid itself: drop it.")
    }
  }

  private func lossIssue(_ detail: String) -> PlanningError {
    PlanningError([FieldIssue(at: "/model/loss", detail)])
  }
}
