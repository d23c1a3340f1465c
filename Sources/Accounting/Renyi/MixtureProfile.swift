import Glibc

/// The excess I(α) = ∫_{z ≥ z₀} Q·(rᵅ − 1 − α(r − 1)) dz, r = P/Q, of two mixtures of unit Gaussians P and Q on the real line. Over the
/// whole line (z₀ = −∞) the Rényi divergence is log(1 + I)/(α − 1).
///
/// As in `PoissonGaussianProfile` the integrand is the sum of two non-negative parts, Q·b(x eˣ − eˣ + 1) + P·(e^{bx} − 1 − bx) with
/// x = log r and b = α − 1, and the nodes serve every order. r − 1 is computed as Σ dᵢ·expm1(uᵢ)/Σ qᵢ·e^{uᵢ}, where
/// uᵢ = mᵢz − mᵢ²/2 and dᵢ = pᵢ − qᵢ add up to 0, so that common parts cancel before they are rounded.
///
/// **Quadrature.** Panels of half-width w with 20 Gauss–Legendre nodes each. Let S be the range of all means, R that of the means
/// of Q, and y = 1.875w the height of the ellipse of `GaussLegendreRule`. On it the modulus of P, divided by a Gaussian, is at most
/// its value at the real part, and that of Q at least cos(yR) of its own; neither has a zero for yS < π/2. With yS ≤ 1 and α(yR)² ≤ 2
/// moduli grow by less than a factor of e⁴, near r = 1 as |r − 1|² ≤ (r_real − 1)² + 4·(…)sin²(yS/2), which the quadratic
/// growth of the integrand there outweighs by integration. With ρ^{−40} < 1e-24 the error is far below 2⁻⁴⁰ of the integral, which
/// the result is raised by. Cutting off 9.5 from the outermost peaks loses less than e⁻⁴⁰.
struct MixtureProfile {
  private let parts: [Part]
  private let start: Double
  private let range: Double
  private let denominatorRange: Double
  /// The largest slope that log r can have, and the largest mean.
  private let steepness: Double
  private let largestMean: Double
  /// Nodes by the level of refinement, of panels of half-width 2^{−level}/4.
  private var levels: [Int: Level] = [:]

  private struct Part {
    var mean: Double
    var numerator: Double
    var denominator: Double
  }

  private struct Node {
    var logRatio: Double  // x = log r
    var logWeight: Double  // log(weight·P)
    var weight: Double  // weight·P
  }

  private struct Level {
    var halfWidth: Double
    var panels = 0
    var nodes: [Node] = []
    var klDivergence = 0.0
  }

  /// Evaluations of components that one level may take.
  static let workLimit = 6e5
  private static let tailWidth = 9.5

  /// - Parameters:
  ///   - p, q: weights add up to 1; means are finite.
  ///   - start: z₀, where r ≥ 1, or −∞.
  init(p: GaussianMixture, q: GaussianMixture, from start: Double = -.infinity) {
    var table: [Double: (p: Double, q: Double)] = [:]
    for (mean, weight) in zip(p.means, p.weights) { table[mean, default: (0, 0)].p += weight }
    for (mean, weight) in zip(q.means, q.weights) { table[mean, default: (0, 0)].q += weight }
    parts = table.map { Part(mean: $0.key, numerator: $0.value.p, denominator: $0.value.q) }
      .sorted { $0.mean < $1.mean }
    let (least, most) = (parts[0].mean, parts[parts.count - 1].mean)
    largestMean = most
    range = most - least
    denominatorRange = (q.means.max() ?? 0) - (q.means.min() ?? 0)
    steepness = max(0, (p.means.max() ?? 0) - (q.means.min() ?? 0))
    self.start = max(start, least - Self.tailWidth)
  }

  /// log I(α), rounded up; `nil` where the nodes would be too many.
  mutating func logExcess(order: Double) -> Double? {
    guard let index = level(order: order) else { return nil }
    var level = levels[index] ?? Level(halfWidth: 0.25 * exp2(-Double(index)))
    let end = endpoint(order: order)
    let panels = Int(((end - start) / (2 * level.halfWidth)).rounded(.up))
    if panels > level.panels {
      extend(&level, to: panels)
      levels[index] = level
    }
    return sum(of: level, count: panels * GaussLegendreRule.twenty.nodes.count, order: order, end: end)
  }

  private func endpoint(order: Double) -> Double { order * steepness + largestMean + Self.tailWidth }

  /// How fine the panels must be for the order; `nil` where there would be too many.
  private func level(order: Double) -> Int? {
    let halfWidth = min(0.25, 0.53 / range, 0.75 / (denominatorRange * order.squareRoot()))
    let index = max(0, (-log2(halfWidth * 4)).rounded(.up))
    let nodes = 10 * (endpoint(order: order) - start) / (0.25 * exp2(-index))
    guard nodes * Double(parts.count) <= Self.workLimit, nodes.isFinite else { return nil }
    return Int(index)
  }

  private func extend(_ level: inout Level, to panels: Int) {
    let rule = GaussLegendreRule.twenty
    level.nodes.reserveCapacity(panels * rule.nodes.count)
    for panel in level.panels..<panels {
      let middle = start + Double(2 * panel + 1) * level.halfWidth
      for (offset, weight) in zip(rule.nodes, rule.weights) {
        let z = middle + offset * level.halfWidth
        let (logRatio, logNumerator) = logDensities(at: z)
        let logWeight = logNumerator + log(weight * level.halfWidth)
        level.nodes.append(Node(logRatio: logRatio, logWeight: logWeight, weight: exp(logWeight)))
        level.klDivergence +=
          logRatio > 0.25
          ? exp(logWeight) * (logRatio - 1) + exp(logWeight - logRatio)
          : exp(logWeight - logRatio) * Stable.entropyRemainder(logRatio)
      }
    }
    level.panels = panels
  }

  /// log(P/Q) and log P.
  private func logDensities(at z: Double) -> (logRatio: Double, logNumerator: Double) {
    let logBase = -z * z / 2 - log(2 * Double.pi) / 2
    var largest = 0.0
    for part in parts { largest = max(largest, abs(part.mean * (z - part.mean / 2))) }
    if largest < 300 {
      var (difference, numerator, denominator) = (0.0, 0.0, 0.0)
      for part in parts {
        let excess = expm1(part.mean * (z - part.mean / 2))
        difference += (part.numerator - part.denominator) * excess
        denominator += part.denominator * (1 + excess)
        numerator += part.numerator * (1 + excess)
      }
      let excess = difference / denominator
      // Where P is next to nothing the difference has lost it.
      let logRatio = excess > -0.5 ? log1p(excess) : log(numerator) - log(denominator)
      return (logRatio, logBase + log(numerator))
    }
    let logNumerator = logSum(at: z) { $0.numerator }
    return (logNumerator - logSum(at: z) { $0.denominator }, logBase + logNumerator)
  }

  /// log Σ weightᵢ·e^{uᵢ}.
  private func logSum(at z: Double, _ weight: (Part) -> Double) -> Double {
    var largest = -Double.infinity
    for part in parts where weight(part) > 0 { largest = max(largest, part.mean * (z - part.mean / 2)) }
    var sum = 0.0
    for part in parts where weight(part) > 0 {
      sum += weight(part) * exp(part.mean * (z - part.mean / 2) - largest)
    }
    return largest + log(sum)
  }

  private func sum(of level: Level, count: Int, order: Double, end: Double) -> Double {
    let b = order - 1
    let outermost = max(abs(end), abs(start)) + range
    let largestExponent = outermost * outermost / 2 + b * outermost * steepness
    let margin = ulp * (8 * largestExponent + 8 * b + 256) + 0x1p-40
    return level.nodes.withUnsafeBufferPointer { nodes in
      var largest = -Double.infinity
      for index in 0..<count { largest = max(largest, nodes[index].logWeight + b * nodes[index].logRatio) }
      var sum = 0.0
      if largest < 600 {
        for index in 0..<count {
          let node = nodes[index]
          let y = b * node.logRatio
          sum +=
            y > 1
            ? exp(node.logWeight + y) - node.weight * (1 + y)
            : node.weight * Stable.exponentialRemainder(y)
        }
        // What is too small for a number is rounded up to one.
        return log(max((b * level.klDivergence + sum) * (1 + margin), .leastNormalMagnitude))
      }
      // e^{bx} outgrows the other terms, by more than e^500 in the whole sum, which the margin covers.
      for index in 0..<count { sum += exp(nodes[index].logWeight + b * nodes[index].logRatio - largest) }
      return largest + log(sum) + 2 * margin
    }
  }
}

/// Sums and conversions of power divergences by their logarithms.
enum LogExcess {
  /// log(eᵃ + eᵇ), rounded up.
  static func sum(_ a: Double, _ b: Double) -> Double {
    let (high, low) = (max(a, b), min(a, b))
    if low == -.infinity || high == .infinity { return high }
    return (high + log1p(exp(low - high))).raised(by: 4 * ulp * (1 + abs(high)))
  }

  /// log(1 + I)/(α − 1), rounded up.
  static func divergence(logExcess: Double, order: Double) -> Double {
    let step = order - 1
    if logExcess < 40 {
      let value = log1p(exp(logExcess) * (1 + 4 * ulp * (2 + abs(logExcess)))) / step * (1 + 8 * ulp)
      return logExcess == -.infinity ? 0 : max(value, .leastNonzeroMagnitude)
    }
    return ((logExcess + exp(-logExcess)) / step).raised(by: 8 * ulp * logExcess / step)
  }

  /// log(e^{(α−1)D} − 1), rounded up.
  static func of(divergence: Double, order: Double) -> Double {
    let exponent = (order - 1) * divergence * (1 + 2 * ulp)
    if divergence == 0 { return -.infinity }
    if exponent < .leastNormalMagnitude { return log(.leastNormalMagnitude) }
    if exponent > 40 { return exponent }
    let value = log(expm1(exponent))
    return value.raised(by: 8 * ulp * (1 + abs(value)))
  }
}
