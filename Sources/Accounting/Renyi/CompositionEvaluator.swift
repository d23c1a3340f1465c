import Glibc

/// Evaluates a composition, repeated any number of times, at one order after another.
struct CompositionEvaluator {
  private var parts: [(count: Int, evaluator: MechanismEvaluator)]
  private let failureOnce: Double
  private let pureEpsilonOnce: Double
  /// How often the whole composition runs.
  private(set) var repetitions: Int

  init(_ composition: Composition, repetitions: Int = 1) {
    parts = composition.groups.map { ($0.count, MechanismEvaluator($0.mechanism)) }
    failureOnce = composition.additiveDelta
    pureEpsilonOnce = composition.pureEpsilonUpperBound
    self.repetitions = repetitions
  }

  /// Changes how often the composition runs; what is known about its parts is kept.
  mutating func setRepetitions(_ times: Int) { repetitions = times }

  /// Upper bound of the divergence of the whole at order α > 1, finite.
  mutating func divergence(order: Double) -> Double {
    var sum = 0.0
    for index in parts.indices {
      let one = parts[index].evaluator.divergence(order: order)
      // A formula that came to no number must never look like one that costs nothing.
      if one.isNaN { return .infinity }
      if one > 0 { sum = (sum + Repetition.cost(of: one, times: parts[index].count)).nextUp }
    }
    return Repetition.cost(of: sum, times: repetitions)
  }

  private var additiveDelta: Double { Repetition.failure(of: failureOnce, times: repetitions) }
  var pureEpsilonUpperBound: Double { Repetition.cost(of: pureEpsilonOnce, times: repetitions) }

  /// Restricts every choice of a second order inside of the parts to a list.
  mutating func restrictInnerOrders(to orders: [Double]) {
    for index in parts.indices { parts[index].evaluator.restrictInnerOrders(to: orders) }
  }

  /// With a list, nothing but its orders takes part, inside of private selection either.
  mutating func curve(orders: [Double]) -> RenyiCurve {
    restrictInnerOrders(to: orders)
    return curve(listedOrders: orders)
  }

  private mutating func curve(listedOrders orders: [Double]) -> RenyiCurve {
    RenyiCurve(
      orders: orders, divergences: orders.map { divergence(order: $0) }, additiveDelta: additiveDelta)
  }

  /// - Parameter hint: an order known to be nearly the best, and then ε is known not to be 0; only without `orders`.
  mutating func epsilon(delta: Double, orders: [Double]?, near hint: Double? = nil) -> EpsilonBound {
    if let orders { return curve(orders: orders).epsilonUpperBound(delta: delta) }
    guard let remaining = DeltaSplit.remainder(of: delta, after: additiveDelta) else {
      return EpsilonBound(epsilon: .infinity, delta: delta, order: nil)
    }
    let pure = EpsilonBound(
      epsilon: pureEpsilonUpperBound, delta: delta, order: pureEpsilonUpperBound < .infinity ? .infinity : nil)
    if remaining == 0 || pureEpsilonUpperBound == 0 { return pure }
    let best = leastEpsilon(delta: remaining, near: hint)
    return best.value < pure.epsilon
      ? EpsilonBound(epsilon: best.value, delta: delta, order: best.order) : pure
  }

  mutating func delta(epsilon: Double, orders: [Double]?) -> DeltaBound {
    if let orders { return curve(orders: orders).deltaUpperBound(epsilon: epsilon) }
    if epsilon >= pureEpsilonUpperBound {
      return DeltaBound(delta: additiveDelta, epsilon: epsilon, order: .infinity)
    }
    let best = leastLogDelta(epsilon: epsilon)
    let delta = min(1, exp(best.value).raised(by: 0))
    return DeltaBound(
      delta: DeltaSplit.total(of: delta, and: additiveDelta), epsilon: epsilon, order: best.order)
  }

  private mutating func leastEpsilon(delta: Double, near hint: Double?) -> (order: Double, value: Double) {
    if let hint {
      return OrderSearch.minimize(from: hint - 1, stride: 0.01) { order in
        RenyiConversion.epsilonUpperBound(divergence: divergence(order: order), order: order, delta: delta)
      }
    }
    // Fact 2 of the conversion is at its best as α → 1.
    let nearlyOne = 1 + OrderSearch.steps.lowerBound
    let atOne = divergence(order: nearlyOne)
    if RenyiConversion.epsilonUpperBound(divergence: atOne, order: nearlyOne, delta: delta) == 0 {
      return (nearlyOne, 0)
    }
    // Were the divergence ρα, the best step would be about √(log(1/δ)/ρ).
    let guess = (max(-log(delta), 0.1) / max(divergence(order: 2) / 2, .leastNormalMagnitude)).squareRoot()
    return OrderSearch.minimize(from: guess) { order in
      RenyiConversion.epsilonUpperBound(divergence: divergence(order: order), order: order, delta: delta)
    }
  }

  /// As `epsilon(delta:orders:)` over all orders, with the sharp conversion.
  mutating func sharpEpsilon(delta: Double) -> EpsilonBound {
    let plain = epsilon(delta: delta, orders: nil)
    guard let order = plain.order, order < .infinity, plain.epsilon > 0,
      let remaining = DeltaSplit.remainder(of: delta, after: additiveDelta)
    else { return plain }
    // The sharp bound allows larger orders: it does not mind a small divergence.
    let best = OrderSearch.minimize(from: order - 1) { order in
      RenyiConversion.sharpEpsilonUpperBound(divergence: divergence(order: order), order: order, delta: remaining)
    }
    return best.value < plain.epsilon ? EpsilonBound(epsilon: best.value, delta: delta, order: best.order) : plain
  }

  private mutating func leastLogDelta(epsilon: Double) -> (order: Double, value: Double) {
    // Were the divergence ρα, the best step would be about (ε − ρ)/2ρ.
    let rho = max(divergence(order: 2) / 2, .leastNormalMagnitude)
    let best = OrderSearch.minimize(from: max(epsilon - rho, rho / 10) / (2 * rho)) { order in
      RenyiConversion.logDeltaByProposition(divergence: divergence(order: order), order: order, epsilon: epsilon)
    }
    // Fact 2 of the conversion is at its best as α → 1.
    let nearlyOne = 1 + OrderSearch.steps.lowerBound
    let byTotalVariation = RenyiConversion.logTotalVariationUpperBound(divergence: divergence(order: nearlyOne))
    return byTotalVariation < best.value ? (nearlyOne, min(0, byTotalVariation)) : (best.order, min(0, best.value))
  }
}
