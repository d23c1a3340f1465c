/// What a caller asks to be trained: the body of `POST /v1/jobs`, as it was written.
///
/// Decoding checks only the shape of the JSON. `TrainingPlan.init(_:dataset:evaluation:)` checks the meaning and reports
/// every mistake with a pointer into this body.
public struct JobSpecification: Codable, Hashable, Sendable {
  public var name: String
  /// Id of the budget that pays (`bud_…`). Nil is allowed only for a run without privacy on public data.
  public var budget: String?
  /// Reference of a registered dataset: `fashion-mnist/train`.
  public var dataset: String
  public var model: ModelSpecification
  public var training: TrainingSpecification
  public var privacy: PrivacySpecification
  /// The public set on which accuracy and loss are measured. Without it a job reports progress and ε only.
  public var evaluation: EvaluationSpecification?

  public init(
    name: String, budget: String?, dataset: String, model: ModelSpecification, training: TrainingSpecification,
    privacy: PrivacySpecification, evaluation: EvaluationSpecification? = nil
  ) {
    self.name = name
    self.budget = budget
    self.dataset = dataset
    self.model = model
    self.training = training
    self.privacy = privacy
    self.evaluation = evaluation
  }
}

/// How long, on how much data at once, and with which update rule.
public struct TrainingSpecification: Codable, Hashable, Sendable {
  /// Expected examples a step, in 1 ... dataset size. Divided by the dataset's registered size it is the sampling
  /// probability; it is also the public constant that the noisy sum is divided by.
  public var batchSize: Int
  /// Expected passes over the data, > 0; `steps = ceil(epochs / q)`. Exactly one of `epochs` and `steps` is given.
  public var epochs: Double?
  /// Noisy updates, ≥ 1.
  public var steps: Int?
  public var optimizer: OptimizerSpecification
  /// Required for a private run; absent for one without privacy.
  public var clipping: ClippingSpecification?

  public init(
    batchSize: Int, epochs: Double? = nil, steps: Int? = nil, optimizer: OptimizerSpecification,
    clipping: ClippingSpecification? = nil
  ) {
    self.batchSize = batchSize
    self.epochs = epochs
    self.steps = steps
    self.optimizer = optimizer
    self.clipping = clipping
  }

  enum CodingKeys: String, CodingKey {
    case batchSize = "batch_size"
    case epochs, steps, optimizer, clipping
  }
}

/// Stochastic gradient descent: `v ← momentum·v + g`, `w ← w − learningRate·v`.
public struct OptimizerSpecification: Codable, Hashable, Sendable {
  public enum Kind: String, Codable, Hashable, Sendable, CaseIterable {
    case sgd
  }

  public var type: Kind
  /// > 0.
  public var learningRate: Double
  /// In [0, 1).
  public var momentum: Double

  public init(type: Kind = .sgd, learningRate: Double, momentum: Double = 0) {
    self.type = type
    self.learningRate = learningRate
    self.momentum = momentum
  }

  enum CodingKeys: String, CodingKey {
    case type
    case learningRate = "learning_rate"
    case momentum
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    type = try fields.decodeIfPresent(Kind.self, forKey: .type) ?? .sgd
    learningRate = try fields.decode(Double.self, forKey: .learningRate)
    momentum = try fields.decodeIfPresent(Double.self, forKey: .momentum) ?? 0
  }
}

/// How an example's influence is bounded: its gradient g becomes g · min(1, norm/‖g‖₂) (Abadi et al. 2016,
/// arXiv:1607.00133v2, algorithm 1).
public struct ClippingSpecification: Codable, Hashable, Sendable {
  public enum Mode: String, Codable, Hashable, Sendable, CaseIterable {
    /// One norm over all parameters together.
    case flat
  }

  public var mode: Mode
  /// C > 0, in the unit of the gradient.
  public var norm: Double

  public init(mode: Mode = .flat, norm: Double) {
    self.mode = mode
    self.norm = norm
  }

  enum CodingKeys: String, CodingKey {
    case mode, norm
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    mode = try fields.decodeIfPresent(Mode.self, forKey: .mode) ?? .flat
    norm = try fields.decode(Double.self, forKey: .norm)
  }
}

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
