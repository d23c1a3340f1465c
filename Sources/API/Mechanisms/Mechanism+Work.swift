import Accounting

/// A bound on the accountant's work, checked before it starts. One evaluation of a sampled event's divergence at one
/// order takes some microseconds, so the limit is seconds.
extension Mechanism {
  static let evaluationLimit = 1_000_000
  /// Orders that an optimisation tries, generously.
  private static let ordersPerSearch = 64

  /// - Parameter questions: how many times an ε is asked of the whole event; with a list of orders one curve serves
  ///   them all.
  func checkWork(questions: Int = 1) throws {
    guard case .event(let event, _) = release else { return }
    let perEvent = choices.orders.map(\.count) ?? Self.ordersPerSearch * questions
    let evaluations = event.leafCount * perEvent
    guard evaluations > Self.evaluationLimit else { return }
    let detail =
      "\(event.leafCount) events at \(perEvent) orders each are \(evaluations) evaluations; at most "
      + "\(Self.evaluationLimit) are computed for one request. Use self_composed for equal events, or fewer orders or points."
    throw Problem(.invalidParameter, detail, errors: [.init(pointer: "/event", detail: detail)])
  }
}

extension PrivacyEvent {
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
