import Glibc

/// The law of the loss of one pair as weighted points: trapezoidal nodes of a `ShiftPair`, or the atoms of a discrete one.
///
/// **Quadrature.** P(z) is Σ wᵢφ(z − aᵢ) and φ(z + iv − a) = φ(z − a)·e^{v²/2}·e^{−iv(z−a)}, so on the line Im z = v the modulus of
/// P^{1+t}Q^{−t}, t = c + iu, c ≥ 0, is at most its value at Re z for u = 0 times exp(v²/2 + |u|vR)/cos(v·r/2)ᶜ: the terms of P lie in
/// a sector, those of Q (of means r apart) in one of half-angle v·r/2, and the argument of P/Q is at most vR, R the spread of all
/// means. The integrand is analytic while v times either range of means is below π. By Trefethen and Weideman (SIAM Review 56,
/// 2014, Theorem 5.1) the trapezoidal rule with step h errs by at most 2/(e^{2πv/h} − 1) times the integral of that modulus, hence
/// by τ·E_P[e^{cL}] with τ = 2·exp(v²/2 + |u|vR − c·log cos(vr/2))/(e^{2πv/h} − 1). `step` makes τ what is asked for.
///
/// **Tails.** The derivative of log(P^{1+c}Q^{−c}) is at most (1 + c)·max a − c·min b − z, and at least the same with the other
/// extremes: beyond these points it falls at least like a Gaussian, so A further out at most 2Φ(−A) of the mass is lost.
struct LossNodes: Sendable {
  /// log(dP/dQ), increasing.
  private(set) var losses: [Double] = []
  /// log of the node's share of P.
  private(set) var logWeights: [Double] = []
  /// dL/dz; empty for atoms.
  private(set) var slopes: [Double] = []
  let pair: ShiftPair?
  /// h in units of the Gaussians' standard deviation; 0 for atoms.
  let step: Double
  /// Largest Re t that the step serves.
  let tiltLimit: Double
  private let width: Double
  private var indices: Range<Int> = 0..<0

  /// Nodes of a shift pair, none yet.
  /// - Parameters:
  ///   - frequency: largest |Im t| that the nodes must serve, ≥ 0.
  ///   - tilt: largest Re t, ≥ 0.
  ///   - logPrecision: −log τ, ≥ 20.
  init(_ pair: ShiftPair, frequency: Double, tilt: Double, logPrecision: Double) {
    self.pair = pair
    tiltLimit = tilt
    step = LossNodes.step(pair, frequency: frequency, tilt: tilt, logPrecision: logPrecision)
    width = (2 * (logPrecision + 2)).squareRoot()
  }

  /// The same law on a mesh that is finer, at most `step`.
  func refined(to step: Double) -> LossNodes? {
    guard let pair, step < self.step else { return self }
    var finer = LossNodes(pair, step: step, tiltLimit: tiltLimit, width: 6)
    return finer.cover(tilt: 0) ? finer : nil
  }

  private init(_ pair: ShiftPair, step: Double, tiltLimit: Double, width: Double) {
    self.pair = pair
    self.step = step
    self.tiltLimit = tiltLimit
    self.width = width
  }

  /// The finite losses of a discrete pair.
  init(atoms: [LossAtom]) {
    pair = nil
    tiltLimit = .infinity
    step = 0
    width = 0
    let finite = atoms.filter { $0.p > 0 && $0.q > 0 }.map { (loss: log($0.p / $0.q), logWeight: log($0.p)) }
    for atom in finite.sorted(by: { $0.loss < $1.loss }) {
      losses.append(atom.loss)
      logWeights.append(atom.logWeight)
    }
  }

  /// The most nodes of one pair.
  static let limit = 12_000

  /// Adds the nodes that carry the law tilted by e^{tL}, 0 ≤ t ≤ `tilt`.
  /// - Returns: false where they would be more than `limit`.
  mutating func cover(tilt: Double) -> Bool {
    guard let pair else { return true }
    let low = -tilt * (pair.denominator.means.last ?? 0) + (1 + tilt) * pair.numerator.means[0] - width
    let high = rightEdge(pair, tilt)
    // At tilt 0 the law is P itself.
    let (first, last) = (min(low, pair.numerator.means[0] - width) / step, high / step)
    guard first > -1e9, last < 1e9, last - first < Double(LossNodes.limit) else { return false }
    let needed = Int(first.rounded(.down))..<(Int(last.rounded(.up)) + 1)
    if indices.isEmpty {
      append(pair, needed)
      indices = needed
    } else {
      if needed.upperBound > indices.upperBound { append(pair, indices.upperBound..<needed.upperBound) }
      if needed.lowerBound < indices.lowerBound { prepend(pair, needed.lowerBound..<indices.lowerBound) }
      indices = min(indices.lowerBound, needed.lowerBound)..<max(indices.upperBound, needed.upperBound)
    }
    return true
  }

  /// Beyond z₁ = (1 + c)·max a − c·min b the law falls like a Gaussian. Left of it, where one record is rarely sampled, it may have fallen
  /// long before: the means given z grow with z, so on [x, y] the slope is at most (1 + c)·m_P(y) − c·m_Q(x) − x. While that is below
  /// −A the edge moves left; the mass beyond A further right than where this ends is at most e^{−A²} of that before it.
  private func rightEdge(_ pair: ShiftPair, _ tilt: Double) -> Double {
    let far = (1 + tilt) * pair.largestMean - tilt * pair.leastMean
    guard far > 4 * width else { return far + width }
    var edge = far
    while edge > width {
      let next = edge - max(edge / 24, 0.5)
      let above = pair.numerator.ratio(at: edge).mean
      let below = pair.denominator.ratio(at: next).mean
      guard (1 + tilt) * above - tilt * below - next < -width else { break }
      edge = next
    }
    return min(edge, far) + width
  }

  private mutating func append(_ pair: ShiftPair, _ range: Range<Int>) {
    let logStep = log(step)
    for index in range {
      let point = pair.point(at: Double(index) * step)
      losses.append(point.loss)
      logWeights.append(point.logDensity + logStep)
      slopes.append(point.slope)
    }
  }

  private mutating func prepend(_ pair: ShiftPair, _ range: Range<Int>) {
    let kept = (losses, logWeights, slopes)
    (losses, logWeights, slopes) = ([], [], [])
    append(pair, range)
    losses += kept.0
    logWeights += kept.1
    slopes += kept.2
  }

  /// The longest h found over the lines Im z = v.
  private static func step(
    _ pair: ShiftPair, frequency: Double, tilt: Double, logPrecision: Double
  ) -> Double {
    let ranges = (
      pair.largestMean - pair.numerator.means[0],
      (pair.denominator.means.last ?? 0) - pair.leastMean
    )
    let reach = min(Double.pi / max(ranges.0, ranges.1), (2 * logPrecision).squareRoot())
    var longest = 0.0
    for part in 1...32 {
      let v = reach * Double(part) / 33
      let exponent =
        v * v / 2 + frequency * v * pair.spread - tilt * log(cos(v * ranges.1 / 2)) + logPrecision + 0.7
      longest = max(longest, 2 * Double.pi * v / exponent)
    }
    return longest
  }
}

/// log E[e^{tL}] and its first two derivatives in t.
struct LossCumulants {
  var value: Double
  var first: Double
  var second: Double
}

extension LossNodes {
  /// The cumulants at real t ≥ 0; the nodes must cover it.
  func cumulants(tilt: Double) -> LossCumulants {
    var (excess, total, moment, square) = (0.0, 0.0, 0.0, 0.0)
    let largest = largestExponent(tilt: tilt)
    let isSmall = largest < 600
    for index in losses.indices {
      let weight: Double
      if isSmall {
        let growth = growth(index, tilt: tilt)
        excess += growth
        weight = growth + exp(logWeights[index])
      } else {
        weight = exp(logWeights[index] + tilt * losses[index] - largest)
      }
      total += weight
      moment += weight * losses[index]
      square += weight * losses[index] * losses[index]
    }
    let mean = moment / total
    let logTotal = pair == nil || !isSmall ? log(total) + (isSmall ? 0 : largest) : log1p(excess)
    return LossCumulants(value: logTotal, first: mean, second: max(square / total - mean * mean, 0))
  }

  /// The node's share of E[e^{tL} − 1]; log weight + tL must not overflow.
  func growth(_ index: Int, tilt: Double) -> Double {
    let exponent = tilt * losses[index]
    let weight = exp(logWeights[index])
    return exponent < 1 ? weight * expm1(exponent) : exp(logWeights[index] + exponent) - weight
  }

  /// max of log weight + tL.
  func largestExponent(tilt: Double) -> Double {
    var largest = -Double.infinity
    for index in losses.indices { largest = max(largest, logWeights[index] + tilt * losses[index]) }
    return largest
  }
}
