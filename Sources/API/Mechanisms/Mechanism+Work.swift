import Accounting

/// A bound on the accountants' work, checked before it starts: what would take more than some seconds is refused with the
/// reason. One evaluation by the tight accountant bounds itself; here it is what the request multiplies.
extension Mechanism {
  /// Parts of an event times the times that it is asked about: each takes some microseconds to some milliseconds.
  static let evaluationLimit = 1_000_000
  /// Orders that an optimisation tries, generously.
  private static let ordersPerSearch = 64

  /// - Parameters:
  ///   - questions: how many times an ε is asked of the whole event; with a list of orders one curve serves them all.
  ///   - cause: the field of the request that multiplies the work; nil where the mechanism itself is what takes it.
  /// - Throws: a problem where it is too much, and `AccountingError` where the event has no bound at all.
  func checkWork(questions: Int = 1, cause: String? = nil) throws {
    try checkDivergences()
    try checkTightAnswers(questions, cause)
    let leaves = leafCount
    let perLeaf = choices.orders.map(\.count) ?? Self.ordersPerSearch * questions
    let (evaluations, overflow) = leaves.multipliedReportingOverflow(by: perLeaf)
    guard overflow || evaluations > Self.evaluationLimit else { return }
    throw tooMuch(
      "\(leaves) events at \(perLeaf) orders each are \(evaluations) evaluations; at most \(Self.evaluationLimit) are computed "
        + "for one request. Use self_composed for equal events, or fewer orders or points.",
      choices.orders == nil ? cause : nil)
  }

  /// Many tight answers: what one takes depends on the kind of mechanism.
  private func checkTightAnswers(_ questions: Int, _ cause: String?) throws {
    guard questions > 1, choices.accountant == .pld || choices.accountant == .auto && choices.orders == nil else {
      return
    }
    let limit = Int(min(Self.answerBudget / max(event.answerCost(choices.relation), 1e-3), 1e9))
    guard questions > limit else { return }
    throw tooMuch(
      "\(questions) tight answers for \(leafCount) events are more than the \(limit) that are computed for one request of this "
        + "kind of mechanism. Ask for fewer points, or for accountant rdp.", cause)
  }

  /// Milliseconds, about, that the tight answers of one request may take all together.
  private static let answerBudget = 2_500.0

  /// The Rényi divergences of the event, once: the accountant knows what each kind of mechanism takes.
  private func checkDivergences() throws {
    // The tight accountant alone takes no divergences.
    guard choices.accountant != .pld else { return }
    let cost = try AccountingCost.estimate(of: event, relation: choices.relation, orders: choices.orders)
    guard cost > AccountingCost.limit else { return }
    throw tooMuch(
      "The divergences of this mechanism take about \(Int(min(cost, 1e18))) steps of work; at most "
        + "\(Int(AccountingCost.limit)) are done for one request. Use self_composed for equal events, or fewer or smaller orders.",
      nil)
  }

  private func tooMuch(_ detail: String, _ cause: String?) -> Problem {
    let own =
      switch release {
      case .event: "/event"
      case .training: choices.orders == nil ? "/noise_multiplier" : "/orders"
      }
    return Problem(.invalidParameter, detail, errors: [.init(pointer: cause ?? own, detail: detail)])
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
  /// Milliseconds that one tight answer takes, a high guess: a fraction of one where all noise is Gaussian, some tens where
  /// losses go on a grid.
  fileprivate func answerCost(_ relation: NeighboringRelation) -> Double {
    let costs = partCosts(relation)
    // On a grid all parts share one transform.
    return costs.smooth + costs.grid * (1 + Double(leafCount) / 16)
  }

  /// What parts with a density take, which adds up, and the most that a part on a grid does.
  private func partCosts(_ relation: NeighboringRelation) -> (smooth: Double, grid: Double) {
    switch self {
    case .noOp, .nonPrivate, .gaussian, .treeAggregation, .matrixFactorization: (0.2, 0)
    case .composed(let events):
      events.map { $0.partCosts(relation) }.reduce((smooth: 0.0, grid: 0.0)) {
        ($0.smooth + $1.smooth, max($0.grid, $1.grid))
      }
    case .selfComposed(let event, _), .poissonSampled(_, let event): event.partCosts(relation)
    case .mixtureOfGaussians(_, let sensitivities, _): (max(0.2, 0.004 * Double(sensitivities.count)), 0)
    case .sampledWithoutReplacement: relation == .addOrRemoveOne ? (8, 0) : (0, 30)
    case .truncatedPoissonSampledGaussian: (0, 30)
    default: (0, 12)
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
