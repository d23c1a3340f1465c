/// The network a caller asks for: a preset by name, or its layers.
public enum ModelSpecification: Hashable, Sendable {
  case preset(ModelPreset)
  case layers([LayerSpecification])
}

/// Networks known by name. Their last layer has as many units as the dataset has classes.
public enum ModelPreset: String, Codable, Hashable, Sendable, CaseIterable {
  /// The network of TensorFlow Privacy's classification tutorial: for 28×28 images of 10 classes 26,010 parameters.
  case tutorialCNN = "tutorial-cnn"
  /// One dense layer on the flattened input.
  case logisticRegression = "logistic-regression"
  /// One hidden layer of 128 rectified units on the flattened input.
  case mlp

  /// The layers, written as a caller could have written them.
  func layers(classCount: Int) -> [LayerSpecification] {
    let logits = LayerSpecification.dense(units: classCount, activation: nil, bias: true)
    switch self {
    case .logisticRegression:
      return [.flatten, logits]
    case .mlp:
      return [.flatten, .dense(units: 128, activation: .relu, bias: true), logits]
    case .tutorialCNN:
      return [
        .conv2d(
          filters: 16, kernel: Extent(8), strides: Extent(2), padding: .same, activation: .relu, bias: true),
        .maxPool2d(window: Extent(2), strides: Extent(1)),
        .conv2d(
          filters: 32, kernel: Extent(4), strides: Extent(2), padding: .valid, activation: .relu, bias: true),
        .maxPool2d(window: Extent(2), strides: Extent(1)),
        .flatten,
        .dense(units: 32, activation: .relu, bias: true),
        logits,
      ]
    }
  }
}

extension ModelSpecification: Codable {
  enum CodingKeys: String, CodingKey {
    case preset, layers
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    switch (fields.contains(.preset), fields.contains(.layers)) {
    case (true, false): self = .preset(try fields.decode(ModelPreset.self, forKey: .preset))
    case (false, true): self = .layers(try fields.decode([LayerSpecification].self, forKey: .layers))
    default:
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "Give either a preset or layers."))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .preset(let preset): try fields.encode(preset, forKey: .preset)
    case .layers(let layers): try fields.encode(layers, forKey: .layers)
    }
  }
}
