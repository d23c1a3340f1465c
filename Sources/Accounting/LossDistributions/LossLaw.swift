import Glibc

/// The law of the privacy loss L = log(dP/dQ) of one `LossPair`, under P and under Q.
///
/// A pair is brought into a normal form: single losses with their masses, and smooth parts, each a monotone loss on a line. What
/// sampling and reversal do to a pair is linear in the masses and monotone in the loss:
///
///     sampled:   P' = (1 − q)Q + qP,  Q' = Q,  l' = log(1 − q + q·eˡ)
///     reversed:  P' = Q,              Q' = P,  l' = −l
///
/// and both keep the sign of the loss, so the halves of a `spliced` pair are parts that keep one sign only.
struct LossLaw: Sendable {
  /// Outcomes of one loss. A loss of −∞ has p = 0, a loss of +∞ has q = 0.
  struct Atom: Sendable {
    var loss: Double
    var p: Double
    var q: Double
    /// Bounds on the errors of `p` and of `loss`.
    var massError = 0.0
    var lossError = 0.0
  }

  /// Sorted by loss.
  private(set) var atoms: [Atom]
  private(set) var parts: [SmoothPart]

  init(_ pair: LossPair) {
    switch pair {
    case .gaussianMixtures(let p, let q) where p == q: (atoms, parts) = ([Atom(loss: 0, p: 1, q: 1)], [])
    case .gaussianMixtures(let p, let q): (atoms, parts) = ([], [SmoothPart(.gaussian(GaussianLine(p: p, q: q)))])
    case .laplace(let scale): (atoms, parts) = LossLaw.laplace(distance: 1 / scale)
    case .discrete(let outcomes): (atoms, parts) = (outcomes.compactMap(LossLaw.atom), [])
    case .sampled(let inner, let probability):
      (atoms, parts) = (LossLaw(inner).atoms, LossLaw(inner).parts)
      apply(.sampled(probability))
    case .reversed(let inner):
      (atoms, parts) = (LossLaw(inner).atoms, LossLaw(inner).parts)
      apply(.reversed)
    case .branched(let branches):
      (atoms, parts) = ([], [])
      for branch in branches {
        var law = LossLaw(branch.pair)
        law.apply(.scaled(branch.weight))
        atoms += law.atoms
        parts += law.parts
      }
    case .spliced(let above, let below): self = LossLaw(above: LossLaw(above), below: LossLaw(below))
    }
    atoms.sort { $0.loss < $1.loss }
  }

  /// Half of Lap(d, 1)'s outcomes have the greatest loss, d; the mirror image of them has the least.
  private static func laplace(distance d: Double) -> ([Atom], [SmoothPart]) {
    let far = exp(-d) / 2
    return (
      [
        Atom(loss: -d, p: far, q: 0.5, massError: 4 * ulp * far), Atom(loss: d, p: 0.5, q: far),
      ], [SmoothPart(.laplace(distance: d))]
    )
  }

  private static func atom(_ outcome: LossAtom) -> Atom? {
    let (p, q) = (outcome.p, outcome.q)
    if p == 0 && q == 0 { return nil }
    if p == 0 { return Atom(loss: -.infinity, p: 0, q: q) }
    if q == 0 { return Atom(loss: .infinity, p: p, q: 0) }
    let ratio = p / q
    // Near 1 the difference p − q is exact.
    let loss = ratio > 0.5 && ratio < 2 ? log1p((p - q) / q) : log(p) - log(q)
    return Atom(
      loss: loss, p: p, q: q, lossError: 4 * ulp * (ratio > 0.5 && ratio < 2 ? abs(loss) : abs(log(p)) + abs(log(q))))
  }

  /// Losses above 0 of one law, losses below 0 of the other, and what is missing at 0: because the curves agree at e⁰, as much
  /// is missing under P as under Q.
  private init(above: LossLaw, below: LossLaw) {
    atoms = above.atoms.filter { $0.loss > 0 } + below.atoms.filter { $0.loss < 0 }
    parts = above.parts.compactMap { $0.keeping(.above) } + below.parts.compactMap { $0.keeping(.below) }
    let rest = 1 - above.mass(of: .above) - below.mass(of: .below)
    let error = 64 * ulp
    if rest > -error {
      atoms.append(Atom(loss: 0, p: max(0, rest), q: max(0, rest), massError: error))
    }
  }

  private func mass(of sign: SmoothPart.Sign) -> Double {
    let whole = atoms.reduce(0) { $0 + ((sign == .above ? $1.loss > 0 : $1.loss < 0) ? $1.p : 0) }
    return parts.reduce(whole) { $0 + ($1.keeping(sign)?.pMass ?? 0) }
  }

  private mutating func apply(_ step: LossStep) {
    for index in parts.indices { parts[index].steps.append(step) }
    for index in atoms.indices {
      let (p, q) = step.masses(p: atoms[index].p, q: atoms[index].q)
      atoms[index].massError += 4 * ulp * p
      (atoms[index].p, atoms[index].q) = (p, q)
      atoms[index].loss = step.loss(atoms[index].loss)
      // Both maps are contractions of the loss.
      if atoms[index].loss.isFinite { atoms[index].lossError += 8 * ulp * abs(atoms[index].loss) }
    }
  }
}

/// One map of pairs and of their losses.
enum LossStep: Sendable {
  case sampled(Double)
  case reversed
  /// All masses times a weight.
  case scaled(Double)

  @inline(__always)
  func masses(p: Double, q: Double) -> (p: Double, q: Double) {
    switch self {
    case .sampled(let probability): ((1 - probability) * q + probability * p, q)
    case .reversed: (q, p)
    case .scaled(let weight): (weight * p, weight * q)
    }
  }

  /// The new loss of an outcome of loss `loss`, within 8 ulp.
  func loss(_ loss: Double) -> Double {
    switch self {
    case .reversed: -loss
    case .scaled: loss
    case .sampled(let q) where loss > 30: loss + (log(q) + log1p((1 - q) / q * exp(-loss)))
    case .sampled(let q): log1p(q * expm1(loss))
    }
  }

  /// The old loss of an outcome whose new one is `loss`; −∞ or ∞ beyond the range.
  func original(of loss: Double) -> Double {
    switch self {
    case .reversed: return -loss
    case .scaled: return loss
    case .sampled(let q) where loss > 30: return loss - log(q) + log1p(-(1 - q) * exp(-loss))
    case .sampled(let q):
      let ratio = expm1(loss) / q
      return ratio > -1 ? log1p(ratio) : -.infinity
    }
  }
}
