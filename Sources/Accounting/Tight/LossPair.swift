/// Two distributions P and Q of one mechanism's output on two neighbouring datasets, in the form that the tight accountants
/// compute with. The privacy loss is L = log(dP/dQ).
indirect enum LossPair: Hashable, Sendable {
  /// P and Q are mixtures of unit Gaussians on the real line; dP/dQ must be non-decreasing.
  case gaussianMixtures(p: GaussianMixture, q: GaussianMixture)
  /// P = Lap(1/scale, 1), Q = Lap(0, 1): Laplace noise of scale b = `scale` > 0 over the sensitivity.
  case laplace(scale: Double)
  /// Finitely many outcomes. The probabilities are rounded, outward for an upper bound and inward for a lower one, so they add
  /// up to 1 only but for some units in the last place of each.
  case discrete([LossAtom])
  /// P' = (1 − q)Q + qP against Q, for 0 < q < 1: Poisson sampling, seen from the dataset that has the record.
  case sampled(LossPair, probability: Double)
  /// Q against P.
  case reversed(LossPair)
  /// The hockey-stick curve of `above` at e^ε ≥ 1 and that of `below` at e^ε < 1; both must agree at 1, and the joint curve
  /// must be convex.
  case spliced(above: LossPair, below: LossPair)
  /// One of the pairs, drawn at random and published: the hockey-stick curve is the weighted mean of theirs. Weights are
  /// positive and add up to 1.
  case branched([LossBranch])
}

/// One pair of `LossPair.branched`.
struct LossBranch: Hashable, Sendable {
  var weight: Double
  var pair: LossPair
}

/// Σ weights[i]·N(means[i], 1). Weights are positive and add up to 1; means increase.
struct GaussianMixture: Hashable, Sendable {
  var means: [Double]
  var weights: [Double]
}

/// An outcome with probabilities `p` under P and `q` under Q; p = 0 or q = 0 is allowed, not both.
struct LossAtom: Hashable, Sendable {
  var p: Double
  var q: Double
}

/// What dominates one mechanism, and what it is known to reach. Both are functions of the direction: which of the two datasets
/// holds the record. Directions of mechanisms that are composed go together.
struct MechanismPairs: Sendable {
  /// A pair whose hockey-stick curve bounds the mechanism's from above, for P on the dataset with the record …
  var removing: LossPair
  /// … and for P on the dataset without it. Equal to `removing` for symmetric relations.
  var adding: LossPair
  /// Whether neighbouring datasets exist on which the mechanism has these very pairs (all mechanisms of a composition at
  /// once). If not, `reached` holds pairs that some datasets have.
  var reached: (removing: LossPair, adding: LossPair)?
  /// Upper bound of the probability of an outcome whose loss is unbounded, beyond what the pairs hold, in [0, 1].
  var unboundedMass = 0.0
}
