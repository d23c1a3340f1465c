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
    let evaluations = Double(orders?.count ?? Int(ordersOfOneSearch))
    switch mechanism {
    case .poissonGaussian(let probability, let noise, let replaceOne):
      if replaceOne { return evaluations * MixtureProfile.workLimit / 2 }
      func nodes(_ order: Double) -> Double {
        PoissonGaussianProfile.nodeCount(samplingProbability: probability, noiseMultiplier: noise, order: order)
      }
      guard let orders else { return evaluations * nodes(1000) }
      return orders.reduce(0.0) { $0 + nodes($1) }
    // The largest quadrature is an order or two beyond those that matter.
    case .gaussianMixture: return MixtureProfile.workLimit + evaluations * MixtureProfile.workLimit / 2
    case .fixedSizeGaussian: return evaluations * MixtureProfile.workLimit
    case .truncatedPoissonGaussian(let sample):
      return sample.branches.reduce(0.0) { $0 + estimate(of: $1.mechanism, orders: orders) }
    case .allocatedGaussian: return AllocationDivergence.greatestCost + 4 * evaluations
    case .sampled: return evaluations * 40_000
    case .selection(let selection):
      // Poisson selection searches for the best order of one run at each of its own.
      let inner = selection.base.groups.reduce(0.0) { $0 + estimate(of: $1.mechanism, orders: orders) }
      return inner * (orders == nil && selection.shape == nil ? 2 * ordersOfOneSearch : 3)
    default: return evaluations
    }
  }
}
