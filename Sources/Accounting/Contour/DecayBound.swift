import Glibc

/// Upper bound of |E[e^{iuL}]| for all large u, L under a law with a density.
///
/// Where the density of L is at least λ on an interval of length w, the law is a mixture that holds λw of the uniform law there. Level
/// sets of a lower bound of the density give nested intervals; with masses mⱼ and lengths wⱼ
///
///     |E e^{iuL}| ≤ 1 − Σ mⱼ(1 − |sinc(uwⱼ/2)|),    sup over u ≥ U of |sinc| ≤ max(sinc(y), 0.2173) for y = Uw/2 < π, else 1/y.
///
/// **Density.** L(z) has density f = g/L', g the (tilted) density of z. Means of P lie in [0, R], of Q in [−R, 0], of posterior mean m,
/// variance V and third cumulant κ: L' = m_P − m_Q, V ≤ R|m|, |κ| ≤ R²|m|, so (log f)'' ≤ (1 + c)r²/4 + 2R², r the range of P's means.
/// Between nodes h apart log f is therefore at least the chord less h²/8 times that.
struct DecayBound: Sendable {
  /// Masses and lengths in units of the loss.
  private var levels: [(mass: Double, length: Double)] = []

  /// - Parameters:
  ///   - survey: nodes of a shift pair, covering `tilt`; without a pair there is no density, and the bound is 1.
  ///   - logMoment: log E[e^{cL}], c = `tilt`, to 1e-6.
  ///   - fineness: ratio of one level of density to the next, in (0, 1); the nearer to 1 the better and the slower.
  ///   - mesh: largest distance of two points at which the density is looked at.
  init(_ survey: LossNodes, tilt: Double, logMoment: Double, fineness: Double, mesh: Double) {
    var finer = survey.step > mesh ? survey.refined(to: mesh) : survey
    guard finer?.cover(tilt: tilt) == true, let nodes = finer, let pair = nodes.pair, nodes.losses.count > 2 else {
      return
    }
    let range = pair.largestMean - pair.numerator.means[0]
    let curvature = (1 + tilt) * range * range / 4 + 2 * pair.spread * pair.spread
    let slack = log(nodes.step) + logMoment + curvature * nodes.step * nodes.step / 8 + 1e-5
    let logDensities = nodes.losses.indices.map { index in
      nodes.slopes[index] > 0
        ? nodes.logWeights[index] + tilt * nodes.losses[index] - log(nodes.slopes[index]) - slack : -.infinity
    }
    collect(nodes.losses, logDensities, fineness)
  }

  /// Level sets around the highest cell.
  private mutating func collect(_ losses: [Double], _ logDensities: [Double], _ fineness: Double) {
    let cells = losses.count - 1
    let densities = (0..<cells).map { exp(min(logDensities[$0], logDensities[$0 + 1])) }
    guard let highest = densities.indices.max(by: { densities[$0] < densities[$1] }), densities[highest] > 0,
      densities[highest].isFinite
    else { return }
    var (left, right) = (highest, highest)
    var threshold = densities[highest]
    // Far below the peak there may be a long tail, which holds the variance.
    while threshold > densities[highest] * 1e-9 {
      let next = threshold * fineness
      while left > 0, densities[left - 1] >= threshold { left -= 1 }
      while right < cells - 1, densities[right + 1] >= threshold { right += 1 }
      let length = losses[right + 1] - losses[left]
      levels.append(((threshold - next) * length, length))
      threshold = next
    }
  }

  /// log of the bound for every frequency of at least `frequency` > 0.
  func logBound(from frequency: Double) -> Double {
    var lost = 0.0
    for level in levels {
      let y = frequency * level.length / 2
      let loss =
        if y < 0.01 { y * y / 6 * (1 - y * y / 20) } else if y < Double.pi { 1 - max(sin(y) / y, 0.2173) } else {
          1 - min(1 / y, 0.2173)
        }
      lost += level.mass * loss
    }
    return log1p(-min(lost * (1 - 1e-9), 1 - 1e-6))
  }
}
