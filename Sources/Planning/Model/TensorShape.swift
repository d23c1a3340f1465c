/// The shape of one example between two layers: a vector of features, or an image in channels, height, width order.
public enum TensorShape: Hashable, Sendable, Codable {
  case features(Int)
  case image(channels: Int, height: Int, width: Int)

  /// The shape of examples stored as `dimensions`: `[d]` features, `[h, w]` an image of one channel, `[c, h, w]` an
  /// image. Nil for anything else, a dimension below 1, or more than `Int.max` elements.
  public init?(dimensions: [Int]) {
    guard dimensions.allSatisfy({ $0 >= 1 }) else { return nil }
    switch dimensions.count {
    case 1: self = .features(dimensions[0])
    case 2: self = .image(channels: 1, height: dimensions[0], width: dimensions[1])
    case 3: self = .image(channels: dimensions[0], height: dimensions[1], width: dimensions[2])
    default: return nil
    }
    guard checkedProduct(self.dimensions) != nil else { return nil }
  }

  /// `[features]` or `[channels, height, width]`.
  public var dimensions: [Int] {
    switch self {
    case .features(let count): [count]
    case .image(let channels, let height, let width): [channels, height, width]
    }
  }

  /// Numbers in one example; `Int.max` where the true count would not fit.
  public var elementCount: Int {
    saturatingProduct(dimensions)
  }
}

extension TensorShape: CustomStringConvertible {
  public var description: String {
    switch self {
    case .features(let count): "\(count) features"
    case .image(let channels, let height, let width): "\(channels)×\(height)×\(width) (channels, height, width)"
    }
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let shape = TensorShape(dimensions: try container.decode([Int].self)) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "A shape is [features] or [channels, height, width], each at least 1.")
    }
    self = shape
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(dimensions)
  }
}
