/// The shape of one example between two layers.
public enum TensorShape: Hashable, Sendable, Codable {
  /// A vector. Token ids come in as one, an id a position.
  case features(Int)
  /// One vector of `channels` numbers a position.
  case sequence(length: Int, channels: Int)
  case image(channels: Int, height: Int, width: Int)

  /// The shape of examples stored as `dimensions`: `[d]` features, `[h, w]` an image of one channel, `[c, h, w]` an
  /// image. Nil for anything else, a dimension below 1, or more than `Int.max` elements.
  ///
  /// `[length, channels]` reads as an image of one channel too: the same numbers in the same order. A network whose first
  /// layers take a sequence takes it as one (`asSequence`).
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

  /// `[features]`, `[length, channels]` or `[channels, height, width]`.
  public var dimensions: [Int] {
    switch self {
    case .features(let count): [count]
    case .sequence(let length, let channels): [length, channels]
    case .image(let channels, let height, let width): [channels, height, width]
    }
  }

  /// Numbers in one example; `Int.max` where the true count would not fit.
  public var elementCount: Int {
    saturatingProduct(dimensions)
  }

  /// An image of one channel read row by row, a row a position; itself where it is a sequence; nil for anything else.
  var asSequence: TensorShape? {
    switch self {
    case .sequence: self
    case .image(channels: 1, let height, let width): .sequence(length: height, channels: width)
    case .features, .image: nil
    }
  }
}

extension TensorShape: CustomStringConvertible {
  public var description: String {
    switch self {
    case .features(let count): "\(count) features"
    case .sequence(let length, let channels): "\(length)×\(channels) (positions, channels)"
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
