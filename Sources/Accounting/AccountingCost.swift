/// How much work a question to the accountant is, known before the work begins. One unit is one exponential, about 10 ns.
public enum AccountingCost {
  /// Orders that the continuous optimisation tries, at most in practice.
  static let ordersOfOneSearch = 40.0

  /// An upper estimate for one ε, δ or curve of the event. The largest order matters because the quadrature reaches that far;
  /// the number of repetitions does not.
  /// - Parameters:
  ///   - orders: as for `RenyiAccountant.epsilon(delta:orders:)`.
  ///   - relation: as for `RenyiAccountant`.
  /// - Returns: units of work; to be compared with `limit`.
  public static func estimate(
    of event: PrivacyEvent, relation: NeighboringRelation = .addOrRemoveOne, orders: [Double]? = nil
  ) throws(AccountingError) -> Double {
    try event.validate()
    if let orders { try RenyiOrders.validate(orders) }
    let composition = try Composition(of: event, relation: relation)
    return composition.groups.reduce(0.0) { $0 + estimate(of: $1.mechanism, orders: orders) }
  }

  /// What one request may cost: some seconds.
  public static let limit = 5e8

  private static func estimate(of mechanism: Mechanism, orders: [Double]?) -> Double {
    guard case .poissonGaussian(let probability, let noise, let replaceOne) = mechanism else {
      return Double(orders?.count ?? Int(ordersOfOneSearch))
    }
    let evaluations = replaceOne ? 4.0 : 1.0
    func nodes(_ order: Double) -> Double {
      PoissonGaussianProfile.nodeCount(
        samplingProbability: probability, noiseMultiplier: noise, order: replaceOne ? 2 * order : order)
    }
    guard let orders else { return evaluations * ordersOfOneSearch * nodes(1000) }
    return evaluations * orders.reduce(0.0) { $0 + nodes($1) }
  }
}
