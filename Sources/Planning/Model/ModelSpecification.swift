/// The network a caller asks for: a preset by name, or its layers, and what is to be made small.
public struct ModelSpecification: Hashable, Sendable {
  public enum Network: Hashable, Sendable {
    case preset(ModelPreset)
    case layers([LayerSpecification])
  }

  public var network: Network
  /// Nil takes the preset's, and softmax cross-entropy for layers.
  public var loss: LossFunction?
  /// A safetensors file below a data folder with the weights to begin with, which must not have been learnt from the data
  /// that is trained on; nil draws them.
  public var initialWeights: String?
  /// Names of parameters or of the modules they belong to, which keep their initial values and get no noise.
  public var freeze: [String]

  public init(_ network: Network, loss: LossFunction? = nil, initialWeights: String? = nil, freeze: [String] = []) {
    self.network = network
    self.loss = loss
    self.initialWeights = initialWeights
    self.freeze = freeze
  }

  public static func preset(_ preset: ModelPreset) -> ModelSpecification { ModelSpecification(.preset(preset)) }
  public static func layers(_ layers: [LayerSpecification]) -> ModelSpecification {
    ModelSpecification(.layers(layers))
  }
}

/// What training makes small: a number for each example, from what the network gives and the example's targets.
public enum LossFunction: String, Hashable, Sendable, CaseIterable {
  /// Of the softmax of the outputs and one class.
  case softmaxCrossEntropy = "softmax_cross_entropy"
  /// The same at each position of a sequence: the mean over the positions whose class is not −1.
  case tokenCrossEntropy = "token_cross_entropy"
  /// Of the sigmoid of each output and a 0 or 1: the mean over the outputs.
  case binaryCrossEntropy = "binary_cross_entropy"
  /// Of each output and a real number: the mean over the outputs.
  case meanSquaredError = "mean_squared_error"
}

extension ModelSpecification: FieldRecord {
  private static let freezeLimit = 1_000

  public init?(fields: some FieldSource) {
    let preset: ModelPreset? = fields.optionalChoice("preset")
    let layers = LayerSpecification.list("layers", fields)
    loss = fields.optionalChoice("loss")
    initialWeights = fields.optionalText("initial_weights")
    freeze = fields.optionalTexts("freeze") ?? []
    fields.finish()
    switch (fields.has("preset"), fields.has("layers")) {
    case (true, false):
      guard let preset else { return nil }
      network = .preset(preset)
    case (false, true):
      guard let layers else { return nil }
      network = .layers(layers)
    default:
      fields.add(nil, "A model is either a preset or a list of layers; give exactly one.")
      return nil
    }
  }

  public var members: [FieldMember] {
    var members: [FieldMember] =
      switch network {
      case .preset(let preset): [FieldMember("preset", .text(preset.rawValue))]
      case .layers(let layers): [FieldMember("layers", .objects(layers.map(\.members)))]
      }
    if let loss { members.append(FieldMember("loss", .text(loss.rawValue))) }
    if let initialWeights { members.append(FieldMember("initial_weights", .text(initialWeights))) }
    if !freeze.isEmpty { members.append(FieldMember("freeze", .texts(freeze))) }
    return members
  }
}
