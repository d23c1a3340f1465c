import Glibc

/// Private selection: the best of a random number K of runs (arXiv:2110.03620v2).
///
///  - Truncated negative binomial with shape η and parameter γ (Theorem 2): for any λ̂ ≥ 1,
///    D_λ ≤ D_λ(run) + (1 + η)·((1 − 1/λ̂)·D_λ̂(run) + log(1/γ)/λ̂) + log(E[K])/(λ − 1).
///  - Poisson with mean μ (Theorem 6): with the run (ε̂, δ̂)-private and e^ε̂ ≤ 1 + 1/(λ − 1),
///    D_λ ≤ D_λ(run) + μδ̂ + log(μ)/(λ − 1) for what is published when K ≥ 1. K = 0 has the same probability e^{−μ} on both
///    datasets, which is added: for small μ the theorem's bound alone would fall below 0.
///
/// Divergences grow with the order, so the bound at a larger order holds as well; the least such bound is given.
struct SelectionDivergence {
  private let meanRepetitions: Double
  private let shape: Double?
  /// log(1/γ), rounded up.
  private let logInverseGamma: Double
  private var base: CompositionEvaluator
  /// The run's curve at the only orders that may serve as a second one, and the bounds at them.
  private var listed: (curve: RenyiCurve, bounds: [Double: Double])?
  /// (1 + η)·min over λ̂, once it is known.
  private var constant: Double?
  /// The order at which the bound is least, where all orders serve.
  private var best: (order: Double, value: Double)?

  init(_ selection: PrivateSelection) {
    meanRepetitions = selection.meanRepetitions
    shape = selection.shape
    base = CompositionEvaluator(selection.base)
    let distribution = selection.shape.map { NegativeBinomial(shape: $0) }
    logInverseGamma = distribution?.logInverseGamma(mean: selection.meanRepetitions) ?? 0
  }

  /// From now on only these orders serve as a second one, so that results are a function of the list that was asked for.
  mutating func restrict(to orders: [Double]) {
    let curve = base.curve(orders: orders)
    listed = (curve, [:])
    constant = nil
    var least = Double.infinity
    for (order, run) in zip(curve.orders, curve.divergences).sorted(by: { $0.0 > $1.0 }) {
      least = min(least, bound(order: order, run: run))
      listed?.bounds[order] = least
    }
  }

  /// Upper bound of the divergence of order λ > 1.
  mutating func divergence(order: Double) -> Double {
    if let listed {
      if let bound = listed.bounds[order] { return bound }
      return bound(order: order, run: base.divergence(order: order))
    }
    let here = bound(order: order, run: base.divergence(order: order))
    let least = leastBound()
    return order < least.order ? min(here, least.value) : here
  }

  private mutating func leastBound() -> (order: Double, value: Double) {
    if let best { return best }
    if shape != nil { _ = secondOrderTerm() }  // Known before it is copied.
    var (run, copy) = (base, self)
    let least = OrderSearch.minimize(from: 10) { copy.bound(order: $0, run: run.divergence(order: $0)) }
    best = least
    return least
  }

  /// - Parameter run: the divergence of one run at this order.
  private mutating func bound(order: Double, run: Double) -> Double {
    guard run < .infinity else { return .infinity }
    let step = order - 1
    let spread = log(meanRepetitions) / step
    let rounding = 8 * ulp * (abs(spread) + run)
    guard shape != nil else {
      let failure = meanRepetitions * hockeyStick(epsilon: log1p(1 / step) * (1 - 4 * ulp))
      let published = (run + failure + spread).raised(by: rounding + 8 * ulp * failure)
      return (LogExcess.sum(step * published, -meanRepetitions) / step * (1 + 4 * ulp)).raised(by: rounding)
    }
    let term = secondOrderTerm()
    return (run + term + spread).raised(by: rounding + 8 * ulp * term)
  }

  /// δ̂ of one run.
  private mutating func hockeyStick(epsilon: Double) -> Double {
    listed?.curve.deltaUpperBound(epsilon: epsilon).delta ?? base.delta(epsilon: epsilon, orders: nil).delta
  }

  /// (1 + η)·min over λ̂ of (1 − 1/λ̂)·D_λ̂ + log(1/γ)/λ̂; λ̂ = ∞ leaves pure differential privacy.
  private mutating func secondOrderTerm() -> Double {
    if let constant { return constant }
    var least = Double.infinity
    if let curve = listed?.curve {
      for (order, run) in zip(curve.orders, curve.divergences) {
        least = min(least, secondOrderTerm(order: order, run: run))
      }
    } else {
      var run = base
      let (gamma, pure) = (logInverseGamma, base.pureEpsilonUpperBound)
      least =
        OrderSearch.minimize(from: 10) {
          SelectionDivergence.secondOrderTerm(order: $0, run: run.divergence(order: $0), logInverseGamma: gamma)
        }.value
      least = min(least, pure, gamma)
    }
    let value = (1 + (shape ?? 0)) * least * (1 + 2 * ulp)
    constant = value
    return value
  }

  private func secondOrderTerm(order: Double, run: Double) -> Double {
    Self.secondOrderTerm(order: order, run: run, logInverseGamma: logInverseGamma)
  }

  private static func secondOrderTerm(order: Double, run: Double, logInverseGamma: Double) -> Double {
    (((order - 1) * run + logInverseGamma) / order * (1 + 8 * ulp)).nextUp
  }
}

/// The truncated negative binomial distribution of arXiv:2110.03620v2, Definition 1: K ≥ 1, shape η ≥ 0, 0 < γ < 1.
struct NegativeBinomial {
  let shape: Double

  /// log(1/γ) for a mean above 1, rounded up: all bounds grow with it.
  func logInverseGamma(mean: Double) -> Double {
    if shape == 1 { return log(mean) * (1 + 4 * ulp) }
    // The mean grows with x = log(1/γ); E[K] ≥ 1 + x/2 bounds x for η = 0 and, as the mean grows with η, for all.
    var (low, high) = (0.0, min(2 * (mean - 1), 710))
    for _ in 0..<200 where high > low.nextUp {
      let middle = low + (high - low) / 2
      if self.mean(logInverseGamma: middle) < mean { low = middle } else { high = middle }
    }
    return high * (1 + 0x1p-40) + 4 * ulp
  }

  /// E[K] = η(1 − γ)/(γ(1 − γ^η)), and (1/γ − 1)/log(1/γ) for η = 0.
  private func mean(logInverseGamma x: Double) -> Double {
    let decay = shape * x < 1e-300 ? x : -expm1(-shape * x) / shape
    return expm1(x) / decay
  }
}

extension PrivateSelection {
  /// λ, λ̂ → ∞ in Theorem 2: (2 + η)·ε.
  var pureEpsilonUpperBound: Double {
    guard let shape else { return .infinity }
    let one = base.pureEpsilonUpperBound
    return one == 0 ? 0 : ((2 + shape) * one * (1 + 4 * ulp)).nextUp
  }
}
