/// What a reviewer of privacy needs to know about one mechanism: who is protected against whom, under which assumptions, by how
/// much, and what that means for an attacker.
///
/// The fields follow "How to DP-fy ML" (Ponomareva et al., arXiv:2303.00654, section 5.3): the setting, what is covered and
/// released, the unit and the adjacency, how the accounting was done and what it assumes, and the figures themselves.
public struct PrivacyReport: Hashable, Sendable {
  /// Whose participation is protected.
  public enum Unit: Hashable, Sendable {
    /// One example.
    case example
    /// All examples of one user, at most this many, ≥ 1.
    case user(maxExamples: Int)
  }

  /// What the accountant cannot know.
  public struct Setting: Hashable, Sendable {
    public var unit: Unit
    /// What is published, as a noun phrase: "all model checkpoints in addition to the final model".
    public var release: String
    /// Where noise is added: "central" where a trusted curator sees the data.
    public var model: String
    /// Further assumptions, each a sentence; those on sampling and noise follow from the event.
    public var assumptions: [String]

    public init(
      unit: Unit = .example, release: String = "all outputs of the mechanism", model: String = "central",
      assumptions: [String] = []
    ) {
      self.unit = unit
      self.release = release
      self.model = model
      self.assumptions = assumptions
    }
  }

  public let event: PrivacyEvent
  public let relation: NeighboringRelation
  public let setting: Setting
  /// The tight interval of ε at `delta`.
  public let epsilon: EpsilonBracket
  /// The bound by Rényi divergence, computed independently.
  public let renyi: EpsilonBound
  /// The least μ of Gaussian differential privacy and its regret; `nil` where no finite ε holds at a negligible δ.
  public let gaussian: GaussianGuarantee?
  /// What an attacker can achieve; `nil` as above.
  public let risk: AttackRisk?

  public var delta: Double { epsilon.delta }

  /// - Parameters:
  ///   - event: all that is released; for `Unit.user` with all of a user's examples in it.
  ///   - delta: in [0, 1].
  ///   - falsePositiveRates: of the attacks that `risk` speaks about.
  /// - Throws: what `TightAccountant` throws, and `contradiction` where the two accountants do.
  public init(
    event: PrivacyEvent, relation: NeighboringRelation = .addOrRemoveOne, delta: Double, setting: Setting = Setting(),
    falsePositiveRates: [Double] = AttackRisk.standardRates
  ) throws(AccountingError) {
    self.event = event
    self.relation = relation
    self.setting = setting
    let accountant = try TightAccountant(event: event, relation: relation)
    epsilon = try accountant.epsilon(delta: delta)
    renyi = try RenyiAccountant(event: event, relation: relation).epsilon(delta: delta)
    if let lower = epsilon.lower, lower > renyi.epsilon {
      throw .contradiction(
        "the tight lower bound \(lower) of epsilon exceeds the Rényi upper bound \(renyi.epsilon) at delta = \(delta)")
    }
    guard let profile = try PrivacyReport.profile(accountant) else {
      (gaussian, risk) = (nil, nil)
      return
    }
    gaussian = GaussianGuarantee(profile)
    risk = try AttackRisk(profile, falsePositiveRates: falsePositiveRates)
  }

  /// `nil` where the profile cannot be followed; what keeps ε itself from being certified has been thrown before.
  private static func profile(_ accountant: TightAccountant) throws(AccountingError) -> SampledProfile? {
    do {
      return try SampledProfile(accountant)
    } catch .notCertified {
      return nil
    }
  }
}

extension PrivacyReport {
  /// One line of the report.
  public struct Entry: Hashable, Sendable {
    public enum Value: Hashable, Sendable {
      case text(String)
      /// `nil` where no figure is known; `infinity` where no finite bound exists.
      case number(Double?)
      case list([String])
    }

    /// The name in JSON.
    public var key: String
    /// The name for people.
    public var label: String
    public var value: Value
  }

  /// All figures and statements in the order in which they are read; the three renderings follow it.
  public var entries: [Entry] {
    var entries = [
      Entry(key: "setting", label: "Setting", value: .text("\(setting.model) differential privacy")),
      Entry(key: "unit", label: "Unit of privacy", value: .text(unitText)),
      Entry(key: "adjacency", label: "Adjacency", value: .text(adjacencyText)),
      Entry(key: "release", label: "What is released", value: .text(setting.release)),
      Entry(key: "assumptions", label: "Assumptions", value: .list(assumptions)),
      Entry(key: "accountant", label: "Accountant", value: .text(accountantText)),
      Entry(key: "delta", label: "δ", value: .number(delta)),
      Entry(key: "epsilon", label: "ε, upper bound", value: .number(epsilon.upper)),
      Entry(key: "epsilon_lower", label: "ε, lower bound", value: .number(epsilon.lower)),
      Entry(key: "epsilon_rdp", label: "ε by Rényi divergence", value: .number(renyi.epsilon)),
      Entry(key: "mu", label: "μ of Gaussian differential privacy", value: .number(gaussian?.mu)),
      Entry(key: "regret", label: "Regret of μ", value: .number(gaussian?.regret)),
      Entry(key: "advantage", label: "Attack advantage, at most", value: .number(risk?.advantage)),
    ]
    if let risk {
      entries += zip(risk.falsePositiveRates, risk.truePositiveRates).map { rate, bound in
        let text = DecimalText(rate).ecmaScript
        return Entry(
          key: "true_positive_rate_at_\(text)", label: "True positive rate at false positive rate \(text), at most",
          value: .number(bound))
      }
    }
    return entries
  }
}
