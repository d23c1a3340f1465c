/// A parameter that meets a target, and the bound it was accepted for: evaluating the parameter again gives that bound.
public struct Solution<Value: Hashable & Sendable>: Hashable, Sendable {
  public var value: Value
  /// At most the target's ε. The order is `nil` where the tight accountant was asked.
  public var bound: EpsilonBound
  /// The interval of ε, where the tight accountant was asked.
  public var bracket: EpsilonBracket?
  /// A value close by that certainly fails; `nil` where no lower bound is known, or every value meets the target.
  public var miss: Miss<Value>?

  public init(
    value: Value, bound: EpsilonBound, bracket: EpsilonBracket? = nil, miss: Miss<Value>? = nil
  ) {
    self.value = value
    self.bound = bound
    self.bracket = bracket
    self.miss = miss
  }
}

/// A value of a parameter whose ε, by a certified lower bound, exceeds the target's.
public struct Miss<Value: Hashable & Sendable>: Hashable, Sendable {
  public var value: Value
  public var epsilonLower: Double

  public init(value: Value, epsilonLower: Double) {
    self.value = value
    self.epsilonLower = epsilonLower
  }
}

/// Which accountant a search asks.
public enum SolvingAccountant: Hashable, Sendable {
  /// Orders as for `RenyiAccountant.epsilon(delta:orders:)`.
  case renyi(orders: [Double]?)
  /// `TightAccountant`, whose upper bound counts.
  case tight

  /// What finds the neighbourhood of the answer.
  var first: SolvingAccountant { self == .tight ? .renyi(orders: nil) : self }

  func evaluation(
    of event: PrivacyEvent, repetitions: Int, _ calibration: Calibration
  ) throws(AccountingError) -> Evaluation {
    let delta = calibration.target.delta
    switch self {
    case .renyi(let orders):
      let accountant = try RenyiAccountant(event: event, relation: calibration.relation)
      let point = try accountant.epsilons(afterRepetitions: [repetitions], delta: delta, orders: orders)[0]
      return Evaluation(bound: point.bound)
    case .tight:
      let accountant = try TightAccountant(event: event, relation: calibration.relation)
      let bracket = try accountant.epsilons(afterRepetitions: [repetitions], delta: delta)[0]
      return Evaluation(
        bound: EpsilonBound(epsilon: bracket.upper, delta: delta, order: nil), bracket: bracket)
    }
  }
}

/// What an accountant says about one value of a parameter.
struct Evaluation {
  var bound: EpsilonBound
  var bracket: EpsilonBracket?

  var epsilon: Double { bound.epsilon }
  var epsilonLower: Double? { bracket?.lower }
}
