/// How an example's influence on the sum of gradients is bounded by C = `norm`.
public struct ClippingSpecification: Hashable, Sendable {
  public enum Mode: Hashable, Sendable {
    /// g·min(1, C/‖g‖), one norm over all parameters together (Abadi et al. 2016, arXiv:1607.00133v2, algorithm 1).
    case flat
    /// g·C/(‖g‖ + γ), γ > 0: AUTO-S (Bu et al. 2022, arXiv:2206.07136).
    case automatic(gamma: Double = 0.01)
    /// g·C/‖g‖, and 0 for a gradient of 0: AUTO-V of the same paper.
    case normalised
    /// Each part of the gradient, the parameters of one layer, is clipped to C/√L, with L the number of parts.
    case perLayer
    /// The same with the parameters of one block: a residual or transformer block, or a layer outside of any.
    case perBlock
    /// The same with each parameter tensor by itself.
    case perParameter
    /// Flat, with a norm that follows a quantile of the gradients' norms, begun at `norm` (Andrew et al. 2021,
    /// arXiv:1905.03871).
    case adaptive(AdaptiveClippingSpecification = AdaptiveClippingSpecification())
  }

  public var mode: Mode
  /// C > 0, in the unit of the gradient.
  public var norm: Double

  public init(mode: Mode = .flat, norm: Double) {
    self.mode = mode
    self.norm = norm
  }
}

/// The constants of adaptive clipping.
public struct AdaptiveClippingSpecification: Hashable, Sendable {
  /// The share of gradients that should be within the norm, in [0, 1].
  public var targetQuantile: Double
  /// η_C > 0: how far a step moves the logarithm of the norm.
  public var learningRate: Double
  /// Of the noise on the number of gradients within the norm, each counted as ±1/2; > 0. Nil takes a twentieth of the
  /// expected batch (of the number of groups, with microbatches), as the paper proposes.
  public var countStandardDeviation: Double?

  public init(targetQuantile: Double = 0.5, learningRate: Double = 0.2, countStandardDeviation: Double? = nil) {
    self.targetQuantile = targetQuantile
    self.learningRate = learningRate
    self.countStandardDeviation = countStandardDeviation
  }
}

extension ClippingSpecification: FieldRecord {
  /// The API's names of the modes.
  public enum Kind: String, Hashable, Sendable, CaseIterable {
    case flat, automatic, normalised
    case perLayer = "per_layer"
    case perBlock = "per_block"
    case perParameter = "per_parameter"
    case adaptive
  }

  public var kind: Kind {
    switch mode {
    case .flat: .flat
    case .automatic: .automatic
    case .normalised: .normalised
    case .perLayer: .perLayer
    case .perBlock: .perBlock
    case .perParameter: .perParameter
    case .adaptive: .adaptive
    }
  }

  private static let adaptiveFields = ["target_quantile", "learning_rate", "count_stddev"]

  public init?(fields: some FieldSource) {
    let kind: Kind = fields.optionalChoice("mode") ?? .flat
    let norm = fields.number("norm")
    mode = Self.mode(kind, fields)
    fields.finish()
    guard let norm else { return nil }
    self.norm = norm
  }

  private static func mode(_ kind: Kind, _ fields: some FieldSource) -> Mode {
    if kind != .automatic { fields.refuse(["gamma"], because: "only automatic clipping has it.") }
    if kind != .adaptive { fields.refuse(adaptiveFields, because: "only adaptive clipping has it.") }
    switch kind {
    case .flat: return .flat
    case .automatic: return .automatic(gamma: fields.optionalNumber("gamma") ?? 0.01)
    case .normalised: return .normalised
    case .perLayer: return .perLayer
    case .perBlock: return .perBlock
    case .perParameter: return .perParameter
    case .adaptive:
      var adaptive = AdaptiveClippingSpecification()
      if let quantile = fields.optionalNumber("target_quantile") { adaptive.targetQuantile = quantile }
      if let rate = fields.optionalNumber("learning_rate") { adaptive.learningRate = rate }
      adaptive.countStandardDeviation = fields.optionalNumber("count_stddev")
      return .adaptive(adaptive)
    }
  }

  public var members: [FieldMember] {
    var members = [FieldMember("mode", .text(kind.rawValue)), FieldMember("norm", .number(norm))]
    switch mode {
    case .automatic(let gamma): members.append(FieldMember("gamma", .number(gamma)))
    case .adaptive(let adaptive):
      members += [
        FieldMember("target_quantile", .number(adaptive.targetQuantile)),
        FieldMember("learning_rate", .number(adaptive.learningRate)),
      ]
      if let deviation = adaptive.countStandardDeviation {
        members.append(FieldMember("count_stddev", .number(deviation)))
      }
    case .flat, .normalised, .perLayer, .perBlock, .perParameter: break
    }
    return members
  }
}
