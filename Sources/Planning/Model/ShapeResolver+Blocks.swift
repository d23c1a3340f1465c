// Blocks are laid out into the operations that they stand for. Their parameters are named below the block: a residual block
// called 3 has 3.0.weight, 3.1.weight, …, and 3.shortcut.0.weight.

extension ShapeResolver {
  /// The path of a block, which takes one place among the torch modules of its scope.
  private func enter(_ name: String?, _ scope: inout Scope) -> String {
    scope.slot += 1
    return scope.module(name ?? String(scope.slot - 1))
  }

  // MARK: Residual blocks

  mutating func appendResidual(
    _ block: ResidualSpecification, input: Int, name: String?, to scope: inout Scope
  ) throws(PlanningError) {
    let pointer = place.pointer
    let path = enter(name, &scope)
    let shape = try values(input)
    guard !block.layers.isEmpty else { throw issue("layers", "A residual block has a layer.") }
    var body = Scope(path: path, input: input, layers: block.layers)
    try append(block.layers, to: &body, pointer: "\(pointer)/layers")
    var other = Scope(path: "\(path).shortcut", input: input, layers: block.shortcut ?? [])
    try append(block.shortcut ?? [], to: &other, pointer: "\(pointer)/shortcut")
    let output = self.shape(body.last)
    guard self.shape(other.last) == output else {
      throw issue(
        "shortcut",
        "The block's layers give \(output) and its shortcut \(self.shape(other.last)), which must be alike: "
          + (block.shortcut == nil
            ? "without a shortcut of its own it is what the block takes, \(shape); write one, a 1×1 convolution say."
            : "change one of the two."))
    }
    try push(.add, inputs: [body.last, other.last], output: output, module: path, to: &body)
    if let activation = block.activation {
      try push(.activation(activation), inputs: [body.last], output: output, module: path, to: &body)
    }
    scope.last = body.last
  }

  // MARK: Attention

  mutating func appendAttention(
    _ inputs: [Int], heads: Int, isCausal: Bool, module: String?, to scope: inout Scope
  ) throws(PlanningError) {
    guard inputs.count == 3 else {
      throw issue("inputs", "This layer reads three layers: queries, keys and values. multi_head_attention reads one.")
    }
    let (length, channels) = try sequence(inputs[0])
    for (index, input) in inputs.enumerated().dropFirst() {
      let other = try sequence(input)
      guard other == (length, channels) else {
        throw issue(
          "inputs/\(index)",
          "Queries, keys and values have one shape; these are \(shape(inputs[0])) and \(shape(input)).")
      }
    }
    try requireHeads(heads, channels)
    try push(
      .attention(heads: heads, isCausal: isCausal), inputs: inputs,
      output: .sequence(length: length, channels: channels), module: module, to: &scope)
  }

  private func requireHeads(_ heads: Int, _ channels: Int) throws(PlanningError) {
    try requirePositive(heads, "heads")
    guard channels.isMultiple(of: heads) else {
      throw issue("heads", "heads divides the \(channels) channels; \(heads) does not.")
    }
  }

  mutating func appendSelfAttention(
    heads: Int, isCausal: Bool, bias: Bool, input: Int, name: String?, to scope: inout Scope
  ) throws(PlanningError) {
    let path = enter(name, &scope)
    scope.last = try selfAttention(heads: heads, isCausal: isCausal, bias: bias, input: input, path: path)
  }

  /// Dense q, k and v of the input, attention, dense o (Vaswani et al. 2017, arXiv:1706.03762, §3.2.2).
  private mutating func selfAttention(
    heads: Int, isCausal: Bool, bias: Bool, input: Int, path: String
  ) throws(PlanningError) -> Int {
    let (length, channels) = try sequence(input)
    try requireHeads(heads, channels)
    var inner = Scope(path: path, input: input, layers: [])
    let shape = TensorShape.sequence(length: length, channels: channels)
    let layer = ResolvedLayer.Kind.dense(DenseLayer(inputs: channels, outputs: channels, hasBias: bias))
    var projections: [Int] = []
    for name in ["q", "k", "v"] {
      projections.append(
        try push(layer, inputs: [input], output: shape, module: "\(path).\(name)", to: &inner))
    }
    let mixed = try push(
      .attention(heads: heads, isCausal: isCausal), inputs: projections, output: shape, module: path, to: &inner)
    return try push(layer, inputs: [mixed], output: shape, module: "\(path).o", to: &inner)
  }

  // MARK: Transformer blocks

  mutating func appendTransformer(
    _ block: TransformerBlockSpecification, input: Int, name: String?, to scope: inout Scope
  ) throws(PlanningError) {
    let path = enter(name, &scope)
    let (length, channels) = try sequence(input)
    try requireEpsilon(block.epsilon)
    guard block.dropout >= 0, block.dropout < 1 else {
      throw issue("dropout", "dropout is at least 0 and below 1, not \(block.dropout).")
    }
    let hidden = block.feedForward ?? saturatingProduct([4, channels])
    try requirePositive(hidden, "feed_forward")
    var inner = Scope(path: path, input: input, layers: [])
    let shape = TensorShape.sequence(length: length, channels: channels)

    func norm(_ number: Int, of input: Int, _ resolver: inout ShapeResolver) throws(PlanningError) -> Int {
      try resolver.push(
        .layerNorm(epsilon: block.epsilon), inputs: [input], output: shape, module: "\(path).norm\(number)", to: &inner)
    }
    func part(
      _ number: Int, of input: Int, _ resolver: inout ShapeResolver,
      _ body: (Int, inout ShapeResolver) throws(PlanningError) -> Int
    ) throws(PlanningError) -> Int {
      let taken = block.isNormFirst ? try norm(number, of: input, &resolver) : input
      var given = try body(taken, &resolver)
      if block.dropout > 0 {
        given = try resolver.push(
          .dropout(rate: block.dropout), inputs: [given], output: shape, module: path, to: &inner)
      }
      let sum = try resolver.push(.add, inputs: [input, given], output: shape, module: path, to: &inner)
      return block.isNormFirst ? sum : try norm(number, of: sum, &resolver)
    }
    let attended = try part(1, of: input, &self) { taken, resolver throws(PlanningError) in
      try resolver.selfAttention(
        heads: block.heads, isCausal: block.isCausal, bias: block.bias, input: taken, path: "\(path).attention")
    }
    scope.last = try part(2, of: attended, &self) { taken, resolver throws(PlanningError) in
      try resolver.feedForward(block, hidden: hidden, input: taken, path: path)
    }
  }

  private mutating func feedForward(
    _ block: TransformerBlockSpecification, hidden: Int, input: Int, path: String
  ) throws(PlanningError) -> Int {
    let (length, channels) = try sequence(input)
    var inner = Scope(path: path, input: input, layers: [])
    let wide = TensorShape.sequence(length: length, channels: hidden)
    try push(
      .dense(DenseLayer(inputs: channels, outputs: hidden, hasBias: block.bias)), inputs: [input], output: wide,
      module: "\(path).linear1", to: &inner)
    try push(.activation(block.activation), inputs: [inner.last], output: wide, module: path, to: &inner)
    return try push(
      .dense(DenseLayer(inputs: hidden, outputs: channels, hasBias: block.bias)), inputs: [inner.last],
      output: .sequence(length: length, channels: channels), module: "\(path).linear2", to: &inner)
  }
}
