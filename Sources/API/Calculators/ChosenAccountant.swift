import Accounting

/// The accountant that a request chose, for one event.
///
/// `pld` answers by the tight accountant or not at all. `auto` answers by it where it can, and says why where it cannot.
/// `rdp` answers by Rényi divergence.
struct ChosenAccountant {
  private let event: PrivacyEvent
  private let relation: NeighboringRelation
  private let choice: AccountantChoice
  private let orders: [Double]?

  init(_ event: PrivacyEvent, _ choices: AccountingChoices) {
    self.event = event
    relation = choices.relation
    choice = choices.accountant
    orders = choices.orders
  }

  /// - Throws: `AccountingError`.
  func epsilon(delta: Double) throws -> EpsilonFigure {
    try answer { tight in
      let bracket = try tight.epsilon(delta: delta)
      return Self.figure(bracket)
    } renyi: { renyi, fallback in
      Self.figure(try renyi.epsilon(delta: delta, orders: orders), fallback: fallback)
    }
  }

  /// - Throws: `AccountingError`.
  func delta(epsilon: Double) throws -> DeltaFigure {
    try answer { tight in
      let bracket = try tight.delta(epsilon: epsilon)
      guard bracket.method != .renyi else { return nil }
      return DeltaFigure(upper: bracket.upper, lower: bracket.lower, provenance: .tight(bracket.method))
    } renyi: { renyi, fallback in
      let bound = try renyi.delta(epsilon: epsilon, orders: orders)
      return DeltaFigure(upper: bound.delta, lower: nil, provenance: .renyi(order: bound.order, fallback: fallback))
    }
  }

  /// ε after each number of repetitions of the event.
  /// - Throws: `AccountingError`.
  func epsilons(afterRepetitions counts: [Int], delta: Double) throws -> [EpsilonFigure] {
    try answer { tight in
      let figures = try tight.epsilons(afterRepetitions: counts, delta: delta).map(Self.figure)
      let known = figures.compactMap(\.self)
      return known.count == counts.count ? known : nil
    } renyi: { renyi, fallback in
      try renyi.epsilons(afterRepetitions: counts, delta: delta, orders: orders)
        .map { Self.figure($0.bound, fallback: fallback) }
    }
  }

  /// - Parameters:
  ///   - tight: nil where the tight accountant has nothing better than Rényi divergence.
  ///   - renyi: takes the reason why the tight accountant did not answer, where it was asked.
  private func answer<Figure>(
    tight: (TightAccountant) throws -> Figure?, renyi: (RenyiAccountant, String?) throws -> Figure
  ) throws -> Figure {
    guard choice != .rdp else { return try renyi(RenyiAccountant(event: event, relation: relation), nil) }
    let reason: String
    do {
      if let figure = try tight(TightAccountant(event: event, relation: relation)) { return figure }
      reason = Self.nothingTight
    } catch AccountingError.notCertified(let why, let alternative) {
      guard choice == .auto else { throw AccountingError.notCertified(reason: why, alternative: alternative) }
      reason = why
    }
    guard choice == .auto else {
      throw AccountingError.notCertified(reason: reason, alternative: "ask for rdp, which gives an upper bound")
    }
    return try renyi(RenyiAccountant(event: event, relation: relation), reason)
  }

  private static let nothingTight = "no pair of distributions that dominates this mechanism tightly is known here"

  /// nil where Rényi divergence is all that the tight accountant has.
  private static func figure(_ bracket: EpsilonBracket) -> EpsilonFigure? {
    guard bracket.method != .renyi else { return nil }
    return EpsilonFigure(upper: bracket.upper, lower: bracket.lower, provenance: .tight(bracket.method))
  }

  private static func figure(_ bound: EpsilonBound, fallback: String?) -> EpsilonFigure {
    EpsilonFigure(
      upper: bound.epsilon, lower: nil, provenance: .renyi(order: bound.order, fallback: fallback))
  }
}
