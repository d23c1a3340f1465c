import Glibc

/// Where the answer is, roughly: the saddle point approximation from a few hundred losses of each law (arXiv:2208.09595).
///
/// With K(t) = log E[e^{tL}] for the sum of losses under P, δ(ε) is an integral of exp(K(t) − εt)/(t(t + 1)); at its saddle point
/// K'(t) = ε + 1/t + 1/(t + 1). No bound rests on it: it chooses tilts, meshes and windows. Losses so great that they have no share in
/// δ are left out: a log-normal tail, as sampling makes it, would otherwise draw the tilted law away from the answer.
struct SaddlePoint {
  /// The tilt λ.
  var tilt: Double
  var epsilon: Double
  var logDelta: Double
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
    func isBeyond(_ point: SaddlePoint) -> Bool {
      switch target {
      case .epsilon(let epsilon): point.epsilon >= epsilon
      case .delta(let delta): point.logDelta <= log(delta) && point.epsilon >= 0
      }
    }
    var (low, high) = (0.0, 1.0)
    let limit = log(greatestTilt)
    while !isBeyond(at(high)) && high < limit { (low, high) = (high, min(limit, 2 * high + 1)) }
    while isBeyond(at(low)) && low > -30 { (low, high) = (2 * low - 1, low) }
    while high - low > 0.02 {
      let middle = (low + high) / 2
      if isBeyond(at(middle)) { high = middle } else { low = middle }
    }
    self = at(high)
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
    tilt = t
    epsilon = slope - 1 / t - 1 / (t + 1)
    let width = curvature + 1 / (t * t) + 1 / ((t + 1) * (t + 1))
    logDelta = min(0, sum - epsilon * t - log(t) - log1p(t) - log(2 * Double.pi * width) / 2)
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
