/// One layer as a caller writes it. Activations may be fused (`"activation": "relu"`) or stand alone.
public enum LayerSpecification: Hashable, Sendable {
  case dense(units: Int, activation: Activation?, bias: Bool)
  case conv2d(
    filters: Int, kernel: Extent, strides: Extent, padding: Padding, activation: Activation?, bias: Bool)
  case maxPool2d(window: Extent, strides: Extent)
  case averagePool2d(window: Extent, strides: Extent)
  case flatten
  case activation(Activation)
}

/// An elementwise nonlinearity.
public enum Activation: String, Codable, Hashable, Sendable, CaseIterable {
  case relu, tanh
}

/// How a convolution treats the border.
public enum Padding: String, Codable, Hashable, Sendable, CaseIterable {
  /// Zeros around the image so that the output has ceil(input / stride) pixels a side; where their number is odd, the
  /// extra row or column goes to the bottom or right, as in TensorFlow.
  case same
  /// None.
  case valid
}

/// Rows and columns of a window or stride. In JSON `2` stands for `[2, 2]`.
public struct Extent: Hashable, Sendable {
  public var height: Int
  public var width: Int

  public init(height: Int, width: Int) {
    self.height = height
    self.width = width
  }

  public init(_ side: Int) {
    self.init(height: side, width: side)
  }
}

extension Extent: Codable {
  public init(from decoder: any Decoder) throws {
    var sides: any UnkeyedDecodingContainer
    do {
      sides = try decoder.unkeyedContainer()
    } catch DecodingError.typeMismatch {
      self.init(try decoder.singleValueContainer().decode(Int.self))
      return
    }
    let height = try sides.decode(Int.self)
    let width = try sides.decode(Int.self)
    guard sides.isAtEnd else {
      throw DecodingError.dataCorruptedError(in: sides, debugDescription: "Give one number, or [rows, columns].")
    }
    self.init(height: height, width: width)
  }

  public func encode(to encoder: any Encoder) throws {
    if height == width {
      var container = encoder.singleValueContainer()
      try container.encode(height)
    } else {
      var container = encoder.unkeyedContainer()
      try container.encode(height)
      try container.encode(width)
    }
  }
}

extension LayerSpecification: Codable {
  /// The API's names of the layer types.
  public enum Kind: String, Codable, Hashable, Sendable, CaseIterable {
    case dense, conv2d
    case maxPool2d = "max_pool2d"
    case averagePool2d = "average_pool2d"
    case flatten, relu, tanh
  }

  public var kind: Kind {
    switch self {
    case .dense: .dense
    case .conv2d: .conv2d
    case .maxPool2d: .maxPool2d
    case .averagePool2d: .averagePool2d
    case .flatten: .flatten
    case .activation(.relu): .relu
    case .activation(.tanh): .tanh
    }
  }

  /// The pooling stride when none is written: windows side by side, as in Keras and PyTorch.
  public static func defaultPoolingStrides(window: Extent) -> Extent {
    window
  }

  enum CodingKeys: String, CodingKey {
    case type, units, activation, filters, strides, padding
    case useBias = "use_bias"
    case kernelSize = "kernel_size"
    case poolSize = "pool_size"
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    let kind = try fields.decode(Kind.self, forKey: .type)
    func pooling() throws -> (window: Extent, strides: Extent) {
      let window = try fields.decode(Extent.self, forKey: .poolSize)
      let strides = try fields.decodeIfPresent(Extent.self, forKey: .strides)
      return (window, strides ?? Self.defaultPoolingStrides(window: window))
    }
    switch kind {
    case .dense:
      self = .dense(
        units: try fields.decode(Int.self, forKey: .units),
        activation: try fields.decodeIfPresent(Activation.self, forKey: .activation),
        bias: try fields.decodeIfPresent(Bool.self, forKey: .useBias) ?? true)
    case .conv2d:
      self = .conv2d(
        filters: try fields.decode(Int.self, forKey: .filters),
        kernel: try fields.decode(Extent.self, forKey: .kernelSize),
        strides: try fields.decodeIfPresent(Extent.self, forKey: .strides) ?? Extent(1),
        padding: try fields.decodeIfPresent(Padding.self, forKey: .padding) ?? .valid,
        activation: try fields.decodeIfPresent(Activation.self, forKey: .activation),
        bias: try fields.decodeIfPresent(Bool.self, forKey: .useBias) ?? true)
    case .maxPool2d:
      let (window, strides) = try pooling()
      self = .maxPool2d(window: window, strides: strides)
    case .averagePool2d:
      let (window, strides) = try pooling()
      self = .averagePool2d(window: window, strides: strides)
    case .flatten: self = .flatten
    case .relu: self = .activation(.relu)
    case .tanh: self = .activation(.tanh)
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: CodingKeys.self)
    try fields.encode(kind, forKey: .type)
    switch self {
    case .dense(let units, let activation, let bias):
      try fields.encode(units, forKey: .units)
      try fields.encodeIfPresent(activation, forKey: .activation)
      try encode(bias: bias, into: &fields)
    case .conv2d(let filters, let kernel, let strides, let padding, let activation, let bias):
      try fields.encode(filters, forKey: .filters)
      try fields.encode(kernel, forKey: .kernelSize)
      try fields.encode(strides, forKey: .strides)
      try fields.encode(padding, forKey: .padding)
      try fields.encodeIfPresent(activation, forKey: .activation)
      try encode(bias: bias, into: &fields)
    case .maxPool2d(let window, let strides), .averagePool2d(let window, let strides):
      try fields.encode(window, forKey: .poolSize)
      try fields.encode(strides, forKey: .strides)
    case .flatten, .activation: break
    }
  }

  private func encode(bias: Bool, into fields: inout KeyedEncodingContainer<CodingKeys>) throws {
    if !bias { try fields.encode(false, forKey: .useBias) }
  }
}
