import Accounting

/// The accountant that a request chose, for one event.
///
/// `pld` answers by the tight accountant or not at all. `auto` answers by it where it can, and says why where it cannot.
/// `rdp` answers by Rényi divergence, `moments` by its forerunner, `gdp` by an estimate that nothing else ever falls back on.
struct ChosenAccountant {
  private(set) var event: PrivacyEvent
  let relation: NeighboringRelation
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
    switch choice {
    case .gdp: return try CentralLimit(event, relation).epsilon(delta: delta)
    case .moments: return EpsilonFigure(moments: try moments(event).epsilon(delta: delta))
    case .auto, .pld, .rdp: break
    }
    return try answer { tight in
      EpsilonFigure(tight: try tight.epsilon(delta: delta))
    } renyi: { renyi, fallback in
      EpsilonFigure(try renyi.epsilon(delta: delta, orders: orders), fallback: fallback)
    }
  }

  /// - Throws: `AccountingError`.
  func delta(epsilon: Double) throws -> DeltaFigure {
    switch choice {
    case .gdp: return try CentralLimit(event, relation).delta(epsilon: epsilon)
    case .moments: return DeltaFigure(moments: try moments(event).delta(epsilon: epsilon))
    case .auto, .pld, .rdp: break
    }
    return try answer { tight in
      DeltaFigure(tight: try tight.delta(epsilon: epsilon))
    } renyi: { renyi, fallback in
      DeltaFigure(try renyi.delta(epsilon: epsilon, orders: orders), fallback: fallback)
    }
  }

  /// ε after each number of repetitions of the event.
  /// - Throws: `AccountingError`.
  func epsilons(afterRepetitions counts: [Int], delta: Double) throws -> [EpsilonFigure] {
    if choice == .gdp || choice == .moments {
      return try counts.map { count in
        var repeated = self
        repeated.event = .selfComposed(event: event, count: count)
        return try repeated.epsilon(delta: delta)
      }
    }
    return try answer { tight in
      let figures = try tight.epsilons(afterRepetitions: counts, delta: delta).map(EpsilonFigure.init(tight:))
      let known = figures.compactMap(\.self)
      return known.count == counts.count ? known : nil
    } renyi: { renyi, fallback in
      try renyi.epsilons(afterRepetitions: counts, delta: delta, orders: orders)
        .map { EpsilonFigure($0.bound, fallback: fallback) }
    }
  }

  private func moments(_ event: PrivacyEvent) throws -> MomentsAccountant {
    guard relation == .addOrRemoveOne else {
      throw AccountingError.unsoundCombination(
        path: [], reason: "the moments accountant is defined for add_or_remove_one", alternative: "ask for rdp")
    }
    return try MomentsAccountant(event: event)
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
}
