/// The values that a field takes, with the words that say so.
public struct NumberDomain: Sendable {
  /// Completes "must be …": "above 0 and at most 1".
  public let words: String
  private let lower: Double
  private let lowerIncluded: Bool
  private let upper: Double
  private let upperIncluded: Bool

  /// Any number that a double holds.
  static let any = NumberDomain(words: "that a double holds", -.infinity, false, .infinity, false)

  /// Any number above this bound.
  public static func above(_ lower: Double) -> NumberDomain {
    NumberDomain(words: "above \(text(lower))", lower, false, .infinity, false)
  }

  public static func from(_ lower: Double, through upper: Double) -> NumberDomain {
    NumberDomain(words: "from \(text(lower)) to \(text(upper))", lower, true, upper, true)
  }

  /// Noise multipliers, scales and the like: 0 is no noise at all, and what is beyond 10¹⁵ is a slip of the hand.
  static let noise = from(0, through: largestMagnitude)
  /// An ε, ρ or ξ that is given.
  static let divergence = from(0, through: largestMagnitude)
  /// An ε that is not to be exceeded, and passes over the data.
  static let positive = above(0, through: largestMagnitude)

  private static let largestMagnitude = 1e15

  public static func above(_ lower: Double, through upper: Double) -> NumberDomain {
    NumberDomain(words: "above \(text(lower)) and at most \(text(upper))", lower, false, upper, true)
  }

  public static func above(_ lower: Double, below upper: Double) -> NumberDomain {
    NumberDomain(words: "above \(text(lower)) and below \(text(upper))", lower, false, upper, false)
  }

  public static func from(_ lower: Double, below upper: Double) -> NumberDomain {
    NumberDomain(words: "at least \(text(lower)) and below \(text(upper))", lower, true, upper, false)
  }

  private init(words: String, _ lower: Double, _ lowerIncluded: Bool, _ upper: Double, _ upperIncluded: Bool) {
    self.words = words
    self.lower = lower
    self.lowerIncluded = lowerIncluded
    self.upper = upper
    self.upperIncluded = upperIncluded
  }

  func contains(_ value: Double) -> Bool {
    (lowerIncluded ? value >= lower : value > lower) && (upperIncluded ? value <= upper : value < upper)
  }

  /// Bounds are whole numbers more often than not, and "at most 1" reads better than "at most 1.0".
  private static func text(_ bound: Double) -> String {
    Int(exactly: bound).map(String.init) ?? bound.description
  }
}
