/// A certified interval that holds the least ε such that (ε, δ)-differential privacy holds.
public struct EpsilonBracket: Hashable, Sendable {
  /// ≥ 0, rounded down: (ε, δ) fails for every smaller ε ≥ 0; `nil` where no lower bound is known.
  public var lower: Double?
  /// ≥ 0, rounded up: (ε, δ) holds; `infinity` where no finite bound exists.
  public var upper: Double
  /// In [0, 1].
  public var delta: Double
  public var method: TightMethod

  public init(lower: Double?, upper: Double, delta: Double, method: TightMethod) {
    self.lower = lower
    self.upper = upper
    self.delta = delta
    self.method = method
  }
}

/// A certified interval that holds the least δ such that (ε, δ)-differential privacy holds.
public struct DeltaBracket: Hashable, Sendable {
  /// In [0, 1], rounded down; `nil` where no lower bound is known.
  public var lower: Double?
  /// In [0, 1], rounded up.
  public var upper: Double
  /// ≥ 0.
  public var epsilon: Double
  public var method: TightMethod

  public init(lower: Double?, upper: Double, epsilon: Double, method: TightMethod) {
    self.lower = lower
    self.upper = upper
    self.epsilon = epsilon
    self.method = method
  }
}

/// How a bracket was computed.
public enum TightMethod: String, Hashable, Sendable {
  /// A closed form of the hockey-stick divergence.
  case closedForm = "closed_form"
  /// The hockey-stick divergence as an integral along a vertical line of the moment generating function, by the trapezoidal
  /// rule with explicit error terms.
  case contourIntegral = "contour_integral"
  /// Loss distributions on a grid, composed by fast Fourier transforms.
  case lossDistribution = "loss_distribution"
  /// Rényi divergence: an upper bound only.
  case renyi
}
