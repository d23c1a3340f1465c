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
    try evaluations(
      of: event, repetitions: [repetitions], deltas: [calibration.target.delta], calibration.relation)[0][0]
  }

  /// One list for each δ, with one evaluation for each number of repetitions.
  func evaluations(
    of event: PrivacyEvent, repetitions: [Int], deltas: [Double], _ relation: NeighboringRelation
  ) throws(AccountingError) -> [[Evaluation]] {
    switch self {
    case .renyi(let orders):
      return try RenyiAccountant(event: event, relation: relation)
        .epsilons(afterRepetitions: repetitions, deltas: deltas, orders: orders)
        .map { points in points.map { Evaluation(bound: $0.bound) } }
    case .tight:
      let accountant = try TightAccountant(event: event, relation: relation)
      var lists: [[Evaluation]] = []
      for delta in deltas {
        let brackets = try accountant.epsilons(afterRepetitions: repetitions, delta: delta)
        lists.append(
          brackets.map {
            Evaluation(bound: EpsilonBound(epsilon: $0.upper, delta: delta, order: nil), bracket: $0)
          })
      }
      return lists
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
