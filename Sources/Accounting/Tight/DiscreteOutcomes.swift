import Glibc

/// A pair of distributions by its outcomes, before it is rounded to one side.
struct DiscreteOutcomes {
  /// Probabilities under P and Q, each within `relativeError`.
  var atoms: [LossAtom]
  var relativeError = 8 * ulp

  /// A pair that dominates: ∫(P − gQ)₊ grows with P and falls with Q, outcome by outcome.
  var dominating: LossPair { rounded(p: 1, q: -1) }
  /// A pair that is dominated.
  var dominated: LossPair { rounded(p: -1, q: 1) }

  /// Q against P.
  var reversed: DiscreteOutcomes {
    DiscreteOutcomes(atoms: atoms.map { LossAtom(p: $0.q, q: $0.p) }, relativeError: relativeError)
  }

  private func rounded(p: Double, q: Double) -> LossPair {
    .discrete(
      atoms.map {
        LossAtom(p: moved($0.p, direction: p), q: moved($0.q, direction: q))
      })
  }

  /// Underflowed probabilities move too: what is dominated must not have an outcome that is impossible by rounding alone.
  private func moved(_ value: Double, direction: Double) -> Double {
    if value == 1 && atoms.count == 1 { return 1 }
    let raised = value * (1 + direction * relativeError)
    return min(1, max(0, direction > 0 ? raised.nextUp : raised.nextDown))
  }
}

extension DiscreteOutcomes {
  /// The largest number of outcomes of a pair.
  static let limit = 8_192

  /// The worst ε-differentially private mechanism, randomized response with two answers.
  static func pure(epsilon: Double) -> DiscreteOutcomes {
    let decay = exp(-epsilon)
    let (likely, unlikely) = (1 / (1 + decay), decay / (1 + decay))
    return DiscreteOutcomes(atoms: [LossAtom(p: likely, q: unlikely), LossAtom(p: unlikely, q: likely)])
  }

  /// k-ary randomized response with noise parameter p; against another record or against the special one, whose report is
  /// uniform. Outcomes of equal loss are taken together.
  static func randomizedResponse(noiseParameter p: Double, buckets: Int, replaceOne: Bool) -> DiscreteOutcomes {
    let k = Double(buckets)
    let (likely, unlikely) = (1 - p + p / k, p / k)
    if buckets == 1 || p == 1 { return DiscreteOutcomes(atoms: [LossAtom(p: 1, q: 1)]) }
    guard replaceOne else {
      return DiscreteOutcomes(atoms: [
        LossAtom(p: likely, q: 1 / k), LossAtom(p: (1 - 1 / k) * p, q: 1 - 1 / k),
      ])
    }
    var atoms = [LossAtom(p: likely, q: unlikely), LossAtom(p: unlikely, q: likely)]
    if buckets > 2, p > 0 { atoms.append(LossAtom(p: (k - 2) * unlikely, q: (k - 2) * unlikely)) }
    return DiscreteOutcomes(atoms: atoms)
  }

  /// A mechanism of bounded range ε (see `BoundedRangeDivergence`). Over the upper end t, H(e^s) is greatest at t = (ε + s)/2, where it
  /// is (1 − y)²/(1 − e^{−ε}), y = e^{(s−ε)/2}. Chords of it at yᵢ = e^{−ε + iε/n} make a dominating pair with
  /// p = 2yᵢ·τ/(1 − e^{−ε}), τ = tanh(ε/2n), and half of that at both ends; q follows from q = p·e^{−s}.
  static func boundedRange(epsilon: Double) -> DiscreteOutcomes {
    let count = 4_096
    let factor = tanh(epsilon / Double(2 * count)) / -expm1(-epsilon)
    let atoms = (0...count).map { index in
      let logY = -epsilon * (Double(count - index) / Double(count))
      let share = index == 0 || index == count ? factor : 2 * factor
      return LossAtom(p: share * exp(logY), q: share * exp(-epsilon - logY))
    }
    return DiscreteOutcomes(atoms: atoms, relativeError: 8 * ulp * (2 + epsilon))
  }

  /// The exponential mechanism with log-ratios t and t − ε that has the greatest Kullback–Leibler divergence.
  static func boundedRangeReached(epsilon: Double) -> DiscreteOutcomes {
    let t = min(max(epsilon < 1e-3 ? epsilon / 2 + epsilon * epsilon / 24 : log(expm1(epsilon) / epsilon), 0), epsilon)
    let likely = BoundedRangeDivergence.likelyProbability(epsilon: epsilon, upperEnd: t)
    let complement = expm1(-t) / expm1(-epsilon)
    return DiscreteOutcomes(
      atoms: [
        LossAtom(p: likely * exp(t), q: likely), LossAtom(p: complement * exp(t - epsilon), q: complement),
      ], relativeError: 8 * ulp * (2 + epsilon))
  }

  /// Discrete Laplace noise P(k) ∝ e^{−|k|/b}, shifted by Δ for Q. Outcome j between 0 and Δ has the loss (Δ − 2j)/b, and the
  /// hockey-stick curve goes through H = 1 − e^{−j/b} there, as that of Laplace noise does. Where Δ is large the chords go over
  /// strides of j: with the strides m before and n after j, p = e^{−j/b}·(tanh(m/2b) + tanh(n/2b))/2.
  static func discreteLaplace(scale: Double, sensitivity: Double) -> DiscreteOutcomes {
    let count = Int(min(sensitivity, Double(limit)))
    let positions = (0...count).map { (Double($0) / Double(count) * sensitivity).rounded() }
    func half(_ stride: Double) -> Double { tanh(stride / (2 * scale)) / 2 }
    let atoms = positions.indices.map { index in
      let j = positions[index]
      let before = index > 0 ? half(j - positions[index - 1]) : 0.5
      let after = index < count ? half(positions[index + 1] - j) : 0.5
      return LossAtom(
        p: exp(-j / scale) * (before + after), q: exp(-(sensitivity - j) / scale) * (before + after))
    }
    return DiscreteOutcomes(atoms: atoms, relativeError: 8 * ulp * (2 + sensitivity / scale))
  }
}

/// Discrete Gaussian noise of parameter σ, shifted by Δ for Q.
struct DiscreteGaussianTable {
  let scale: Double
  let sensitivity: Double

  /// The outcomes −T … T are listed; beyond, P has a mass below 1e-70.
  private var halfWidth: Double { (18 * scale).rounded(.up) + 1 }

  /// Outcomes listed at most.
  private static let limit = 120_000.0

  /// `nil` where there would be too many.
  var outcomes: DiscreteOutcomes? {
    guard 2 * halfWidth <= Self.limit, scale > 1e-150 else { return nil }
    let norm = Self.normalizer(scale: scale)
    let half = Int(halfWidth)
    var atoms: [LossAtom] = []
    for index in -half...half {
      let (near, far) = (Double(index) / scale, (Double(index) - sensitivity) / scale)
      atoms.append(LossAtom(p: exp(-near * near / 2) / norm, q: exp(-far * far / 2) / norm))
    }
    let listed = atoms.reduce(0.0) { $0 + $1.q }
    // The rest of Q, where P is taken to have nothing.
    if listed < 1 { atoms.append(LossAtom(p: 0, q: 1 - listed)) }
    let largest = min((halfWidth + sensitivity) / scale, 40)
    return DiscreteOutcomes(atoms: atoms, relativeError: 4 * ulp * (32 + largest * largest))
  }

  /// Upper bound of P(|K| > T).
  static let tailMass = 1e-70

  /// Σ exp(−k²/2σ²) over all integers: by Poisson summation σ√(2π)·(1 + 2e^{−2π²σ²} + …) for σ ≥ 1.
  static func normalizer(scale: Double) -> Double {
    if scale >= 1 {
      let nome = -2 * Double.pi * Double.pi * scale * scale
      return scale * (2 * Double.pi).squareRoot() * (1 + 2 * exp(nome) + 2 * exp(4 * nome))
    }
    return (1...40).reduce(1.0) {
      let ratio = Double($1) / scale
      return $0 + 2 * exp(-ratio * ratio / 2)
    }
  }
}
