import Accounting

/// A bound on the accountants' work, checked before it starts: what would take more than some seconds is refused with the
/// reason. One evaluation by the tight accountant bounds itself; here it is what the request multiplies.
extension Mechanism {
  /// Parts of an event times the times that it is asked about: each takes some microseconds to some milliseconds.
  static let evaluationLimit = 1_000_000
  /// Orders that an optimisation tries, generously.
  private static let ordersPerSearch = 64

  /// - Parameter questions: how many times an ε is asked of the whole event; with a list of orders one curve serves
  ///   them all.
  /// - Throws: a problem where it is too much, and `AccountingError` where the event has no bound at all.
  func checkWork(questions: Int = 1) throws {
    try checkDivergences()
    try checkTightAnswers(questions)
    let leaves = leafCount
    let perLeaf = choices.orders.map(\.count) ?? Self.ordersPerSearch * questions
    let (evaluations, overflow) = leaves.multipliedReportingOverflow(by: perLeaf)
    guard overflow || evaluations > Self.evaluationLimit else { return }
    throw tooMuch(
      "\(leaves) events at \(perLeaf) orders each are \(evaluations) evaluations; at most \(Self.evaluationLimit) are computed "
        + "for one request. Use self_composed for equal events, or fewer orders or points.")
  }

  /// Many tight answers: a fraction of a millisecond each where all noise is Gaussian, some tens of milliseconds where losses go
  /// on a grid.
  private func checkTightAnswers(_ questions: Int) throws {
    guard questions > 1, choices.accountant == .pld || choices.accountant == .auto && choices.orders == nil else {
      return
    }
    let isGaussian = event.isGaussianThroughout
    let limit = isGaussian ? Self.gaussianAnswerLimit : Self.gridAnswerLimit
    // On a grid all parts share one transform.
    let share = isGaussian ? leafCount : 1 + leafCount / 16
    let (answers, overflow) = share.multipliedReportingOverflow(by: questions)
    guard overflow || answers > limit else { return }
    throw tooMuch(
      "\(questions) tight answers for \(leafCount) events are more than the \(limit) that are computed for one request of this "
        + "kind of mechanism. Ask for fewer points, or for accountant rdp.")
  }

  private static let gaussianAnswerLimit = 20_000
  private static let gridAnswerLimit = 600

  /// The Rényi divergences of the event, once: the accountant knows what each kind of mechanism takes.
  private func checkDivergences() throws {
    // The tight accountant alone takes no divergences.
    guard choices.accountant != .pld else { return }
    let cost = try AccountingCost.estimate(of: event, relation: choices.relation, orders: choices.orders)
    guard cost > AccountingCost.limit else { return }
    throw tooMuch(
      "The divergences of this mechanism take about \(Int(min(cost, 1e18))) steps of work; at most "
        + "\(Int(AccountingCost.limit)) are done for one request. Use self_composed for equal events, or fewer or smaller orders."
    )
  }

  private func tooMuch(_ detail: String) -> Problem {
    let pointer =
      switch release {
      case .event: "/event"
      case .training: choices.orders == nil ? "/noise_multiplier" : "/orders"
      }
    return Problem(.invalidParameter, detail, errors: [.init(pointer: pointer, detail: detail)])
  }

  /// The parts that are evaluated one by one.
  private var leafCount: Int {
    switch release {
    case .event(let event, _): event.leafCount
    case .training: 1
    }
  }
}

extension PrivacyEvent {
  /// Whether all of it is Gaussian noise, sampled by Poisson or not at all.
  fileprivate var isGaussianThroughout: Bool {
    switch self {
    case .noOp, .gaussian, .treeAggregation, .matrixFactorization: true
    case .composed(let events): events.allSatisfy(\.isGaussianThroughout)
    case .selfComposed(let event, _), .poissonSampled(_, let event): event.isGaussianThroughout
    default: false
    }
  }

  /// Events that have a divergence of their own. The whole tree was checked to be of bounded size and depth.
  fileprivate var leafCount: Int {
    switch self {
    case .noOp, .nonPrivate: 0
    case .composed(let events): events.reduce(0) { $0 + $1.leafCount }
    case .selfComposed(let event, _): event.leafCount
    case .sampledWithoutReplacement(_, _, let event), .repeatAndSelect(let event, _, _): event.leafCount
    default: 1
    }
  }
}
