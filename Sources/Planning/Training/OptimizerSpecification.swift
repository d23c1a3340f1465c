/// The update rule and its constants. What it is given in place of a gradient is the noisy sum over the public denominator,
/// so all of its state is a function of outputs that are paid for.
public struct OptimizerSpecification: FieldRecord, Hashable, Sendable {
  /// The API's names of the rules.
  public enum Kind: String, Codable, Hashable, Sendable, CaseIterable {
    case sgd, adam, adamw, adagrad, rmsprop
  }

  public var rule: UpdateRule
  /// η > 0, before the schedule.
  public var learningRate: Double
  /// λ ≥ 0. `adamw` takes η·λ·w from the weights w directly; all others add λ·w to the gradient.
  public var weightDecay: Double

  public init(_ rule: UpdateRule, learningRate: Double, weightDecay: Double = 0) {
    self.rule = rule
    self.learningRate = learningRate
    self.weightDecay = weightDecay
  }

  /// Stochastic gradient descent.
  public init(learningRate: Double, momentum: Double = 0) {
    self.init(.sgd(momentum: momentum), learningRate: learningRate)
  }

  public var type: Kind {
    switch rule {
    case .sgd: .sgd
    case .adam: .adam
    case .adamW: .adamw
    case .adagrad: .adagrad
    case .rmsProp: .rmsprop
    }
  }

  /// Of stochastic gradient descent; 0 for the other rules, which have none.
  public var momentum: Double {
    if case .sgd(let momentum, _) = rule { momentum } else { 0 }
  }
}

/// How a gradient g moves the weights w, with the definitions and defaults of torch.optim. m, v and s begin at 0; all
/// operations are elementwise.
public enum UpdateRule: Hashable, Sendable {
  /// v ← momentum·v + g; w ← w − η·v, or with Nesterov's momentum w ← w − η·(g + momentum·v).
  case sgd(momentum: Double = 0, isNesterov: Bool = false)
  /// Kingma and Ba 2015, arXiv:1412.6980, algorithm 1.
  case adam(MomentEstimates = MomentEstimates())
  /// Adam with decoupled weight decay (Loshchilov and Hutter 2019, arXiv:1711.05101, algorithm 2).
  case adamW(MomentEstimates = MomentEstimates())
  /// s ← s + g²; w ← w − η·g / (√s + epsilon) (Duchi, Hazan and Singer 2011).
  case adagrad(epsilon: Double = 1e-10)
  /// s ← decay·s + (1 − decay)·g²; w ← w − η·g / (√s + epsilon).
  case rmsProp(decay: Double = 0.99, epsilon: Double = 1e-8)

  /// Buffers as long as the trained parameters that it keeps from step to step.
  public var stateCount: Int {
    switch self {
    case .sgd(let momentum, _): momentum > 0 ? 1 : 0
    case .adam, .adamW: 2
    case .adagrad, .rmsProp: 1
    }
  }
}

/// m ← beta1·m + (1 − beta1)·g; v ← beta2·v + (1 − beta2)·g²; at step t = 1, 2, … w ← w − η·m̂ / (√v̂ + epsilon), with
/// m̂ = m/(1 − beta1ᵗ) and v̂ = v/(1 − beta2ᵗ).
public struct MomentEstimates: Hashable, Sendable {
  /// In [0, 1).
  public var beta1: Double
  /// In [0, 1).
  public var beta2: Double
  /// > 0.
  public var epsilon: Double

  public init(beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8) {
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
  }
}

extension OptimizerSpecification {
  /// The fields that only some rules have.
  private static let ruleFields = ["momentum", "nesterov", "beta1", "beta2", "epsilon", "decay"]

  public init?(fields: some FieldSource) {
    let kind: Kind = fields.optionalChoice("type") ?? .sgd
    let learningRate = fields.number("learning_rate")
    let weightDecay = fields.optionalNumber("weight_decay")
    let own = Self.fields(of: kind)
    fields.refuse(
      Self.ruleFields.filter { !own.contains($0) },
      because: "\(kind.rawValue) has the fields learning_rate, weight_decay, \(own.joined(separator: ", ")).")
    let rule = Self.rule(kind, fields)
    fields.finish()
    guard let learningRate else { return nil }
    self.init(
      rule, learningRate: learningRate, weightDecay: weightDecay ?? (kind == .adamw ? Self.adamWWeightDecay : 0))
  }

  /// Torch's.
  private static let adamWWeightDecay = 0.01

  private static func fields(of kind: Kind) -> [String] {
    switch kind {
    case .sgd: ["momentum", "nesterov"]
    case .adam, .adamw: ["beta1", "beta2", "epsilon"]
    case .adagrad: ["epsilon"]
    case .rmsprop: ["decay", "epsilon"]
    }
  }

  private static func rule(_ kind: Kind, _ fields: some FieldSource) -> UpdateRule {
    switch kind {
    case .sgd:
      let momentum = fields.optionalNumber("momentum") ?? 0
      return .sgd(momentum: momentum, isNesterov: fields.optionalFlag("nesterov") ?? false)
    case .adam: return .adam(moments(fields))
    case .adamw: return .adamW(moments(fields))
    case .adagrad: return .adagrad(epsilon: fields.optionalNumber("epsilon") ?? 1e-10)
    case .rmsprop:
      let decay = fields.optionalNumber("decay") ?? 0.99
      return .rmsProp(decay: decay, epsilon: fields.optionalNumber("epsilon") ?? 1e-8)
    }
  }

  private static func moments(_ fields: some FieldSource) -> MomentEstimates {
    var moments = MomentEstimates()
    if let beta1 = fields.optionalNumber("beta1") { moments.beta1 = beta1 }
    if let beta2 = fields.optionalNumber("beta2") { moments.beta2 = beta2 }
    if let epsilon = fields.optionalNumber("epsilon") { moments.epsilon = epsilon }
    return moments
  }

  public var members: [FieldMember] {
    [FieldMember("type", .text(type.rawValue)), FieldMember("learning_rate", .number(learningRate))] + rule.members
      + [FieldMember("weight_decay", .number(weightDecay))]
  }
}

extension UpdateRule {
  /// Its constants, all of them, those that were defaults too.
  var members: [FieldMember] {
    switch self {
    case .sgd(let momentum, let isNesterov):
      [FieldMember("momentum", .number(momentum)), FieldMember("nesterov", .flag(isNesterov))]
    case .adam(let moments), .adamW(let moments):
      [
        FieldMember("beta1", .number(moments.beta1)), FieldMember("beta2", .number(moments.beta2)),
        FieldMember("epsilon", .number(moments.epsilon)),
      ]
    case .adagrad(let epsilon): [FieldMember("epsilon", .number(epsilon))]
    case .rmsProp(let decay, let epsilon):
      [FieldMember("decay", .number(decay)), FieldMember("epsilon", .number(epsilon))]
    }
  }
}
