import Planning

extension JobSpecificationFields {
  /// A preset by name, or a list of layers.
  func model(_ fields: FieldReader) -> ModelSpecification? {
    let preset = fields.optionalChoice("preset", choices(ModelPreset.self))
    let layers = fields.optionalList("layers", count: 1...Self.layerLimit)?.map(layer)
    fields.finish()
    switch (fields.has("preset"), fields.has("layers")) {
    case (true, false): return preset.map { .preset($0) }
    case (false, true):
      guard let layers, !layers.contains(where: { $0 == nil }) else { return nil }
      return .layers(layers.compactMap { $0 })
    default:
      fields.errors.add(fields.pointer, "A model is either a preset or a list of layers; give exactly one.")
      return nil
    }
  }

  /// More layers than any network here needs; each costs memory while shapes are inferred.
  private static var layerLimit: Int { 1_000 }

  private func layer(_ element: (node: JSONNode, pointer: JSONPointer)) -> LayerSpecification? {
    guard let fields = FieldReader(element.node, at: element.pointer, errors: errors),
      let kind = fields.choice("type", choices(LayerSpecification.Kind.self))
    else { return nil }
    let layer = layer(kind, fields)
    fields.finish()
    return layer
  }

  private func layer(_ kind: LayerSpecification.Kind, _ fields: FieldReader) -> LayerSpecification? {
    switch kind {
    case .dense: dense(fields)
    case .conv2d: convolution(fields)
    case .maxPool2d: pooling(fields).map { .maxPool2d(window: $0.window, strides: $0.strides) }
    case .averagePool2d: pooling(fields).map { .averagePool2d(window: $0.window, strides: $0.strides) }
    case .flatten: .flatten
    case .relu: .activation(.relu)
    case .tanh: .activation(.tanh)
    }
  }

  private func dense(_ fields: FieldReader) -> LayerSpecification? {
    let units = fields.integer("units", 1...Self.largestExtent)
    let activation = fields.optionalChoice("activation", choices(Activation.self))
    let bias = fields.optionalFlag("use_bias")
    return units.map { .dense(units: $0, activation: activation, bias: bias ?? true) }
  }

  private func convolution(_ fields: FieldReader) -> LayerSpecification? {
    let filters = fields.integer("filters", 1...Self.largestExtent)
    let kernel = extent("kernel_size", fields)
    let strides = optionalExtent("strides", fields)
    let padding = fields.optionalChoice("padding", choices(Padding.self))
    let activation = fields.optionalChoice("activation", choices(Activation.self))
    let bias = fields.optionalFlag("use_bias")
    guard let filters, let kernel else { return nil }
    return .conv2d(
      filters: filters, kernel: kernel, strides: strides ?? Extent(1), padding: padding ?? .valid,
      activation: activation, bias: bias ?? true)
  }

  private func pooling(_ fields: FieldReader) -> (window: Extent, strides: Extent)? {
    let window = extent("pool_size", fields)
    let strides = optionalExtent("strides", fields)
    return window.map { ($0, strides ?? LayerSpecification.defaultPoolingStrides(window: $0)) }
  }

  private static var largestExtent: Int { 1 << 24 }

  /// `2` stands for `[2, 2]`.
  private func extent(_ name: String, _ fields: FieldReader) -> Extent? {
    fields.requiredNode(name) == nil ? nil : optionalExtent(name, fields)
  }

  private func optionalExtent(_ name: String, _ fields: FieldReader) -> Extent? {
    guard let node = fields.node(name) else { return nil }
    guard case .array = node.content else {
      return fields.optionalInteger(name, 1...Self.largestExtent).map { Extent($0) }
    }
    return fields.optionalIntegers(name, count: 2...2, 1...Self.largestExtent).map {
      Extent(height: $0[0], width: $0[1])
    }
  }
}
