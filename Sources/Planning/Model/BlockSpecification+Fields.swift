// Reading and writing of the parts that layers are described with.

extension ConvolutionSpecification {
  init?(_ spatial: Spatial, _ fields: some FieldSource) {
    let filters = fields.integer("filters")
    let kernel = Extent.required("kernel_size", spatial, fields)
    let strides = Extent.optional("strides", spatial, fields)
    let padding = Padding.optional(spatial, fields)
    let dilation = Extent.optional("dilation_rate", spatial, fields)
    groups = fields.optionalInteger("groups") ?? 1
    activation = fields.optionalChoice("activation")
    bias = fields.optionalFlag("use_bias") ?? true
    guard let filters, let kernel else { return nil }
    self.spatial = spatial
    self.filters = filters
    self.kernel = kernel
    self.strides = strides ?? Extent(1)
    self.padding = padding ?? .valid
    self.dilation = dilation ?? Extent(1)
  }

  var members: [FieldMember] {
    var members = [
      FieldMember("filters", .integer(filters)), FieldMember("kernel_size", kernel.value(spatial)),
      FieldMember("strides", strides.value(spatial)), FieldMember("padding", padding.value(spatial)),
    ]
    if dilation != Extent(1) { members.append(FieldMember("dilation_rate", dilation.value(spatial))) }
    if groups != 1 { members.append(FieldMember("groups", .integer(groups))) }
    return members + FieldMember.activation(activation) + FieldMember.bias(bias)
  }
}

extension PoolingSpecification {
  init?(_ kind: Pooling, _ spatial: Spatial, _ fields: some FieldSource) {
    let window = Extent.required("pool_size", spatial, fields)
    let strides = Extent.optional("strides", spatial, fields)
    let padding = Padding.optional(spatial, fields)
    guard let window else { return nil }
    self.init(kind, spatial: spatial, window: window, strides: strides)
    self.padding = padding ?? .valid
  }

  var members: [FieldMember] {
    [FieldMember("pool_size", window.value(spatial)), FieldMember("strides", strides.value(spatial))]
      + (padding == .valid ? [] : [FieldMember("padding", padding.value(spatial))])
  }
}

extension ResidualSpecification {
  init?(_ fields: some FieldSource) {
    let layers = fields.require("layers") ? LayerSpecification.list("layers", fields) : nil
    shortcut = LayerSpecification.list("shortcut", fields)
    activation = fields.optionalChoice("activation")
    guard let layers else { return nil }
    self.layers = layers
  }

  var members: [FieldMember] {
    [FieldMember("layers", .objects(layers.map(\.members)))]
      + (shortcut.map { [FieldMember("shortcut", .objects($0.map(\.members)))] } ?? [])
      + FieldMember.activation(activation)
  }
}

extension TransformerBlockSpecification {
  init?(_ fields: some FieldSource) {
    let heads = fields.integer("heads")
    feedForward = fields.optionalInteger("feed_forward")
    activation = fields.optionalChoice("activation") ?? .gelu
    isCausal = fields.optionalFlag("causal") ?? false
    isNormFirst = fields.optionalFlag("norm_first") ?? true
    bias = fields.optionalFlag("use_bias") ?? true
    dropout = fields.optionalNumber("dropout") ?? 0
    epsilon = fields.optionalNumber("epsilon") ?? 1e-5
    guard let heads else { return nil }
    self.heads = heads
  }

  var members: [FieldMember] {
    [FieldMember("heads", .integer(heads))]
      + (feedForward.map { [FieldMember("feed_forward", .integer($0))] } ?? [])
      + [
        FieldMember("activation", .text(activation.rawValue)), FieldMember("causal", .flag(isCausal)),
        FieldMember("norm_first", .flag(isNormFirst)),
      ] + FieldMember.bias(bias)
      + [FieldMember("dropout", .number(dropout)), FieldMember("epsilon", .number(epsilon))]
  }
}

extension Extent {
  static func required(_ name: String, _ spatial: Spatial, _ fields: some FieldSource) -> Extent? {
    fields.require(name) ? optional(name, spatial, fields) : nil
  }

  /// One number for all dimensions, or one for each.
  static func optional(_ name: String, _ spatial: Spatial, _ fields: some FieldSource) -> Extent? {
    guard fields.isList(name) else {
      return fields.optionalInteger(name).map { spatial == .one ? Extent(length: $0) : Extent($0) }
    }
    guard let sides = fields.optionalIntegers(name) else { return nil }
    switch (spatial, sides.count) {
    case (.one, 1): return Extent(length: sides[0])
    case (.two, 2): return Extent(height: sides[0], width: sides[1])
    default:
      fields.add(name, "\(name) is one number\(spatial == .one ? "" : ", or [rows, columns]").")
      return nil
    }
  }

  func value(_ spatial: Spatial) -> FieldMember.Value {
    spatial == .one || height == width ? .integer(width) : .integers([height, width])
  }
}

extension Padding {
  static func optional(_ spatial: Spatial, _ fields: some FieldSource) -> Padding? {
    let name = "padding"
    if !fields.has(name) { return nil }
    if fields.isText(name) {
      switch fields.optionalWord(name, of: ["same", "valid"]) {
      case "same": return .same
      case "valid": return .valid
      default: return nil
      }
    }
    return Extent.optional(name, spatial, fields).map {
      // The row of a sequence is not padded.
      .zeros(spatial == .one ? Extent(height: 0, width: $0.width) : $0)
    }
  }

  func value(_ spatial: Spatial) -> FieldMember.Value {
    switch self {
    case .same: .text("same")
    case .valid: .text("valid")
    case .zeros(let extent): extent.value(spatial)
    }
  }
}
