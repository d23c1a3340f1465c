import Glibc

/// Where the answer is, roughly: the saddle point approximation from a few hundred losses of each law (arXiv:2208.09595).
///
/// With K(t) = log E[e^{tL}] for the sum of losses under P, δ(ε) is an integral of exp(K(t) − εt)/(t(t + 1)); at its saddle point
/// K'(t) = ε + 1/t + 1/(t + 1). No bound rests on it: it chooses tilts, meshes and windows. Losses so great that they have no share in
/// δ are left out: a log-normal tail, as sampling makes it, would otherwise draw the tilted law away from the answer.
struct SaddlePoint {
  /// The tilt λ that is used, and the one at the saddle point, which is also −d log δ/dε.
  var tilt: Double
  var slope: Double
  /// Logarithm of what a tilted mass can do to δ, relative to δ.
  var excess = 0.0
  var epsilon: Double
  var logDelta: Double
  /// log δ without the factor that is due to the width of the integrand: about Chernoff's bound.
  private var exponent: Double
  /// For each law the logarithm of the tilted mass, and the variance of the loss under the tilted law.
  var logMasses: [Double]
  var variances: [Double]

  enum Target {
    case epsilon(Double)
    case delta(Double)
  }

  /// - Parameter laws: losses with their logarithmic masses, and how often each law counts.
  init(_ laws: [(nodes: [(loss: Double, logMass: Double)], count: Double)], target: Target, greatestTilt: Double) {
    func at(_ logTilt: Double) -> SaddlePoint { SaddlePoint(laws, tilt: exp(logTilt)) }
    func first(_ isBeyond: (SaddlePoint) -> Bool) -> SaddlePoint {
      var (low, high) = (0.0, 1.0)
      let limit = log(greatestTilt)
      while !isBeyond(at(high)) && high < limit { (low, high) = (high, min(limit, 2 * high + 1)) }
      while isBeyond(at(low)) && low > -30 { (low, high) = (2 * low - 1, low) }
      while high - low > 0.005 {
        let middle = (low + high) / 2
        if isBeyond(at(middle)) { high = middle } else { low = middle }
      }
      return at(high)
    }
    switch target {
    case .epsilon(let epsilon):
      self = first { $0.epsilon >= epsilon }
      move(to: epsilon)
    case .delta(let delta):
      // Where the exponent alone reaches δ, which does not mind that the width may jump; then lower ε by what the width is worth.
      let bound = first { $0.exponent <= log(delta) && $0.epsilon >= 0 }
      let gain = max(0, bound.exponent - bound.logDelta) / bound.tilt
      let epsilon = max(0, bound.epsilon - gain)
      self = first { $0.epsilon >= epsilon }
      move(to: epsilon)
    }
  }

  /// The same tilt for another ε, which its own may have jumped over.
  private mutating func move(to epsilon: Double) {
    exponent += tilt * (self.epsilon - epsilon)
    logDelta = min(0, logDelta + tilt * (self.epsilon - epsilon))
    self.epsilon = epsilon
  }

  /// A smaller tilt where that makes the tilted law of the sum narrower, as far as the rounding of transforms allows it. Where one
  /// great loss is as likely as many small ones that add up to it, the saddle point's law is both, and very wide.
  func relaxed(
    _ laws: [(nodes: [(loss: Double, logMass: Double)], count: Double)], logDelta: Double
  ) -> SaddlePoint {
    let total = laws.reduce(0) { $0 + $1.count }
    let greatestExcess = max(3, -log(1e-12 * (total + 10)) - 8)
    var (best, leastReach) = (self, Double.infinity)
    for share in [1, 0.85, 0.7, 0.55, 0.4] {
      var candidate = share == 1 ? self : SaddlePoint(laws, tilt: share * tilt)
      let t = candidate.tilt
      let sum = zip(laws, candidate.logMasses).reduce(0) { $0 + $1.0.count * $1.1 }
      candidate.excess = max(0, sum - t * epsilon - t * log1p(1 / t) - log1p(t) - logDelta) + 1
      let variance = zip(laws, candidate.variances).reduce(0) { $0 + $1.0.count * $1.1 }
      let reach = (variance * (20 + candidate.excess)).squareRoot()
      guard share == 1 || candidate.excess < greatestExcess && reach < 0.5 * leastReach else { continue }
      (candidate.slope, candidate.epsilon, candidate.logDelta) = (slope, epsilon, self.logDelta)
      (best, leastReach) = (candidate, reach)
    }
    return best
  }

  private init(_ laws: [(nodes: [(loss: Double, logMass: Double)], count: Double)], tilt t: Double) {
    var (sum, slope, curvature) = (0.0, 0.0, 0.0)
    (logMasses, variances) = ([], [])
    for law in laws {
      let (logMass, mean, variance) = SaddlePoint.moments(law.nodes, t)
      logMasses.append(logMass)
      variances.append(variance)
      sum += law.count * logMass
      slope += law.count * mean
      curvature += law.count * variance
    }
    (tilt, self.slope) = (t, t)
    epsilon = slope - 1 / t - 1 / (t + 1)
    let width = curvature + 1 / (t * t) + 1 / ((t + 1) * (t + 1))
    exponent = sum - epsilon * t - log(t) - log1p(t)
    logDelta = min(0, exponent - log(2 * Double.pi * width) / 2)
  }

  /// The place around which a law's tilted mass is concentrated: near the median, the mean of e⁻ˡ over what lies within the
  /// reach of one grid point. A law whose bulk is narrower than the mesh must have a grid point in its midst.
  static func bulk(_ nodes: [(loss: Double, logMass: Double)], tilt: Double, mesh: Double) -> Double {
    let greatest = nodes.reduce(-Double.infinity) { max($0, $1.logMass + tilt * $1.loss) }
    let weighted = nodes.map { (loss: $0.loss, mass: exp($0.logMass + tilt * $0.loss - greatest)) }
      .sorted { $0.loss < $1.loss }
    let half = weighted.reduce(0) { $0 + $1.mass } / 2
    var sum = 0.0
    var centre =
      weighted.first {
        sum += $0.mass; return sum >= half
      }?.loss ?? 0
    for _ in 0..<4 {
      var (mass, moment) = (0.0, 0.0)
      for node in weighted where abs(node.loss - centre) < 0.7 * mesh {
        mass += node.mass
        moment += node.mass * expm1(centre - node.loss)
      }
      if mass > 0 { centre -= log1p(moment / mass) }
    }
    return centre
  }

  /// Leaves out the greatest losses, up to a mass.
  static func truncated(
    _ nodes: [(loss: Double, logMass: Double)], mass: Double
  ) -> [(loss: Double, logMass: Double)] {
    var (sum, kept) = (0.0, nodes.sorted { $0.loss < $1.loss })
    while let last = kept.last, kept.count > 1 {
      sum += exp(last.logMass)
      if sum > mass { break }
      kept.removeLast()
    }
    return kept
  }

  /// A lower estimate of δ(ε): that of one loss alone.
  static func delta(_ nodes: [(loss: Double, logMass: Double)], epsilon: Double) -> Double {
    nodes.reduce(0) { $0 + ($1.loss > epsilon ? exp($1.logMass) * -expm1(epsilon - $1.loss) : 0) }
  }

  /// The logarithm of the tilted mass, and mean and variance under it.
  private static func moments(
    _ nodes: [(loss: Double, logMass: Double)], _ t: Double
  ) -> (logMass: Double, mean: Double, variance: Double) {
    var greatest = -Double.infinity
    for node in nodes { greatest = max(greatest, node.logMass + t * node.loss) }
    var (mass, first, second) = (0.0, 0.0, 0.0)
    for node in nodes {
      let exponent = node.logMass + t * node.loss - greatest
      if exponent < -45 { continue }
      let weight = exp(exponent)
      mass += weight
      first += weight * node.loss
      second += weight * node.loss * node.loss
    }
    guard mass > 0 else { return (-.infinity, 0, 0) }
    let mean = first / mass
    return (greatest + log(mass), mean, max(0, second / mass - mean * mean))
  }
}
