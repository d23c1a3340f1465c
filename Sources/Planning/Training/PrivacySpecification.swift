/// What is promised, and the noise that keeps the promise.
public struct PrivacySpecification: Codable, Hashable, Sendable {
  /// σ: the noise's standard deviation over the clipping norm, > 0. Exactly one of it and `targetEpsilon` is given.
  public var noiseMultiplier: Double?
  /// The ε to stay at or below; σ is searched for.
  public var targetEpsilon: Double?
  /// In (0, 1).
  public var delta: Double?
  /// False trains without clipping and noise, on public data only.
  public var isPrivate: Bool
  /// Which datasets count as neighbors.
  public var adjacency: Adjacency

  public init(
    noiseMultiplier: Double? = nil, targetEpsilon: Double? = nil, delta: Double? = nil, isPrivate: Bool = true,
    adjacency: Adjacency = .addOrRemoveOne
  ) {
    self.noiseMultiplier = noiseMultiplier
    self.targetEpsilon = targetEpsilon
    self.delta = delta
    self.isPrivate = isPrivate
    self.adjacency = adjacency
  }

  enum CodingKeys: String, CodingKey {
    case noiseMultiplier = "noise_multiplier"
    case targetEpsilon = "target_epsilon"
    case delta
    case isPrivate = "private"
    case adjacency
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    noiseMultiplier = try fields.decodeIfPresent(Double.self, forKey: .noiseMultiplier)
    targetEpsilon = try fields.decodeIfPresent(Double.self, forKey: .targetEpsilon)
    delta = try fields.decodeIfPresent(Double.self, forKey: .delta)
    isPrivate = try fields.decodeIfPresent(Bool.self, forKey: .isPrivate) ?? true
    adjacency = try fields.decodeIfPresent(Adjacency.self, forKey: .adjacency) ?? .addOrRemoveOne
  }
}

/// The public dataset a job is measured on.
public struct EvaluationSpecification: Codable, Hashable, Sendable {
  public var dataset: String

  public init(dataset: String) {
    self.dataset = dataset
  }
}
