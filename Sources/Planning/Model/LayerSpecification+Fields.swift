/// Reading and writing of layers: the names of Keras where it has the layer.
extension LayerSpecification: FieldRecord {
  /// The API's names of the layer types.
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    case dense
    case tiedDense = "tied_dense"
    case conv1d, conv2d
    case maxPool1d = "max_pool1d"
    case maxPool2d = "max_pool2d"
    case averagePool1d = "average_pool1d"
    case averagePool2d = "average_pool2d"
    case globalAveragePool = "global_average_pool"
    case globalMaxPool = "global_max_pool"
    case firstPosition = "first_position"
    case lastPosition = "last_position"
    case embedding
    case positionEmbedding = "position_embedding"
    case lstm, gru
    case layerNorm = "layer_norm"
    case rmsNorm = "rms_norm"
    case groupNorm = "group_norm"
    case attention = "scaled_dot_product_attention"
    case multiHeadAttention = "multi_head_attention"
    case add, residual
    case transformerBlock = "transformer_block"
    case dropout, relu, tanh, sigmoid, silu, elu, gelu, flatten, positions
  }

  /// More layers in one list than any network here needs.
  static let listLimit = 1_000

  public init?(fields: some FieldSource) {
    guard let kind = Self.kind(fields) else { return nil }
    name = fields.optionalText("name")
    inputs = fields.optionalTexts("inputs")
    let operation = LayerOperation(kind, fields)
    fields.finish()
    guard let operation else { return nil }
    self.operation = operation
  }

  private static func kind(_ fields: some FieldSource) -> Kind? {
    guard fields.require("type"), let word = fields.optionalText("type") else { return nil }
    if crossExampleTypes.contains(word) {
      fields.add(
        "type",
        "\(word) computes statistics over the examples of a batch, so that one example changes the gradients of all others "
          + "and none can be clipped by itself: use group_norm for images, or layer_norm for vectors and sequences.")
      return nil
    }
    return fields.optionalChoice("type")
  }

  /// What other libraries have and private training cannot.
  private static let crossExampleTypes: Set<String> = [
    "batch_norm", "batch_norm1d", "batch_norm2d", "batch_norm3d", "batch_normalization", "batchnorm", "sync_batch_norm",
    "ghost_batch_norm", "batch_renorm",
  ]

  static func list(_ name: String, _ fields: some FieldSource) -> [LayerSpecification]? {
    guard let elements = fields.optionalObjects(name, limit: listLimit) else { return nil }
    let layers = elements.map { LayerSpecification(fields: $0) }
    return layers.contains(nil) ? nil : layers.compactMap { $0 }
  }

  public var kind: Kind {
    switch operation {
    case .dense: .dense
    case .tiedDense: .tiedDense
    case .convolution(let layer): layer.spatial == .one ? .conv1d : .conv2d
    case .pooling(let layer):
      switch (layer.kind, layer.spatial) {
      case (.maximum, .one): .maxPool1d
      case (.maximum, .two): .maxPool2d
      case (.average, .one): .averagePool1d
      case (.average, .two): .averagePool2d
      }
    case .globalPooling(.average): .globalAveragePool
    case .globalPooling(.maximum): .globalMaxPool
    case .position(.first): .firstPosition
    case .position(.last): .lastPosition
    case .embedding: .embedding
    case .positionEmbedding: .positionEmbedding
    case .recurrent(.lstm, _): .lstm
    case .recurrent(.gru, _): .gru
    case .layerNorm: .layerNorm
    case .rmsNorm: .rmsNorm
    case .groupNorm: .groupNorm
    case .attention: .attention
    case .multiHeadAttention: .multiHeadAttention
    case .add: .add
    case .residual: .residual
    case .transformerBlock: .transformerBlock
    case .dropout: .dropout
    case .activation(let activation):
      switch activation {
      case .relu: .relu
      case .tanh: .tanh
      case .sigmoid: .sigmoid
      case .silu: .silu
      case .elu: .elu
      case .gelu, .geluTanh: .gelu
      }
    case .flatten: .flatten
    case .positions: .positions
    }
  }

  public var members: [FieldMember] {
    var members = [FieldMember("type", .text(kind.rawValue))]
    if let name { members.append(FieldMember("name", .text(name))) }
    if let inputs { members.append(FieldMember("inputs", .texts(inputs))) }
    return members + operation.members
  }
}

extension LayerOperation {
  init?(_ kind: LayerSpecification.Kind, _ fields: some FieldSource) {
    let read: LayerOperation? =
      switch kind {
      case .dense: Self.dense(fields)
      case .tiedDense: fields.text("embedding").map { .tiedDense(embedding: $0) }
      case .conv1d: ConvolutionSpecification(.one, fields).map { .convolution($0) }
      case .conv2d: ConvolutionSpecification(.two, fields).map { .convolution($0) }
      case .maxPool1d: PoolingSpecification(.maximum, .one, fields).map { .pooling($0) }
      case .maxPool2d: PoolingSpecification(.maximum, .two, fields).map { .pooling($0) }
      case .averagePool1d: PoolingSpecification(.average, .one, fields).map { .pooling($0) }
      case .averagePool2d: PoolingSpecification(.average, .two, fields).map { .pooling($0) }
      case .globalAveragePool: .globalPooling(.average)
      case .globalMaxPool: .globalPooling(.maximum)
      case .firstPosition: .position(.first)
      case .lastPosition: .position(.last)
      case .embedding: Self.embedding(fields)
      case .positionEmbedding: .positionEmbedding
      case .lstm: fields.integer("units").map { .recurrent(.lstm, units: $0) }
      case .gru: fields.integer("units").map { .recurrent(.gru, units: $0) }
      case .layerNorm: .layerNorm(epsilon: fields.optionalNumber("epsilon") ?? 1e-5)
      case .rmsNorm: .rmsNorm(epsilon: fields.optionalNumber("epsilon") ?? 1e-6)
      case .groupNorm: Self.groupNorm(fields)
      case .attention: Self.attention(fields)
      case .multiHeadAttention: Self.multiHeadAttention(fields)
      case .add: .add
      case .residual: ResidualSpecification(fields).map { .residual($0) }
      case .transformerBlock: TransformerBlockSpecification(fields).map { .transformerBlock($0) }
      case .dropout: fields.number("rate").map { .dropout(rate: $0) }
      case .relu: .activation(.relu)
      case .tanh: .activation(.tanh)
      case .sigmoid: .activation(.sigmoid)
      case .silu: .activation(.silu)
      case .elu: .activation(.elu)
      case .gelu: .activation(fields.optionalFlag("approximate") ?? false ? .geluTanh : .gelu)
      case .flatten: .flatten
      case .positions: .positions
      }
    guard let read else { return nil }
    self = read
  }

  private static func dense(_ fields: some FieldSource) -> LayerOperation? {
    let units = fields.integer("units")
    let activation: Activation? = fields.optionalChoice("activation")
    let bias = fields.optionalFlag("use_bias") ?? true
    return units.map { .dense(units: $0, activation: activation, bias: bias) }
  }

  private static func embedding(_ fields: some FieldSource) -> LayerOperation? {
    let size = fields.optionalInteger("vocabulary_size")
    let dimension = fields.integer("dimension")
    let padding = fields.optionalInteger("padding_index")
    return dimension.map { .embedding(vocabularySize: size, dimension: $0, paddingIndex: padding) }
  }

  private static func groupNorm(_ fields: some FieldSource) -> LayerOperation? {
    let groups = fields.integer("groups")
    let epsilon = fields.optionalNumber("epsilon") ?? 1e-5
    return groups.map { .groupNorm(groups: $0, epsilon: epsilon) }
  }

  private static func attention(_ fields: some FieldSource) -> LayerOperation? {
    let heads = fields.integer("heads")
    let isCausal = fields.optionalFlag("causal") ?? false
    return heads.map { .attention(heads: $0, isCausal: isCausal) }
  }

  private static func multiHeadAttention(_ fields: some FieldSource) -> LayerOperation? {
    let heads = fields.integer("heads")
    let isCausal = fields.optionalFlag("causal") ?? false
    let bias = fields.optionalFlag("use_bias") ?? true
    return heads.map { .multiHeadAttention(heads: $0, isCausal: isCausal, bias: bias) }
  }

  var members: [FieldMember] {
    switch self {
    case .dense(let units, let activation, let bias):
      [FieldMember("units", .integer(units))] + FieldMember.activation(activation) + FieldMember.bias(bias)
    case .tiedDense(let embedding): [FieldMember("embedding", .text(embedding))]
    case .convolution(let layer): layer.members
    case .pooling(let layer): layer.members
    case .embedding(let size, let dimension, let padding):
      (size.map { [FieldMember("vocabulary_size", .integer($0))] } ?? [])
        + [FieldMember("dimension", .integer(dimension))]
        + (padding.map { [FieldMember("padding_index", .integer($0))] } ?? [])
    case .recurrent(_, let units): [FieldMember("units", .integer(units))]
    case .layerNorm(let epsilon), .rmsNorm(let epsilon): [FieldMember("epsilon", .number(epsilon))]
    case .groupNorm(let groups, let epsilon):
      [FieldMember("groups", .integer(groups)), FieldMember("epsilon", .number(epsilon))]
    case .attention(let heads, let isCausal):
      [FieldMember("heads", .integer(heads)), FieldMember("causal", .flag(isCausal))]
    case .multiHeadAttention(let heads, let isCausal, let bias):
      [FieldMember("heads", .integer(heads)), FieldMember("causal", .flag(isCausal))] + FieldMember.bias(bias)
    case .residual(let block): block.members
    case .transformerBlock(let block): block.members
    case .dropout(let rate): [FieldMember("rate", .number(rate))]
    case .activation(.geluTanh): [FieldMember("approximate", .flag(true))]
    case .globalPooling, .position, .positionEmbedding, .add, .activation, .flatten, .positions: []
    }
  }
}

extension FieldMember {
  static func activation(_ activation: Activation?) -> [FieldMember] {
    activation.map { [FieldMember("activation", .text($0.rawValue))] } ?? []
  }

  static func bias(_ bias: Bool) -> [FieldMember] { bias ? [] : [FieldMember("use_bias", .flag(false))] }
}
