import Glibc

/// E_P[e^{bx}] − 1 and its derivatives by b at one b = α − 1, for the privacy loss x of one mechanism under P: the excess
/// I(b) = e^{b·D_{1+b}} − 1, and E_P[x·e^{bx}], E_P[x²·e^{bx}], E_P[x⁶·e^{bx}].
struct LossMoments: Sendable {
  var excess = 0.0
  var first = 0.0
  var second = 0.0
  var sixth = 0.0
}

/// The moments of a Poisson-sampled Gaussian at evenly spaced b over a quarter of an octave, and a proved upper bound between.
///
/// **Between two knots** the excess is bounded by the polynomial of degree 5 that has its value and first two derivatives at
/// both. The remainder of that (Hermite) interpolation is I⁽⁶⁾(ξ)/720·(b − b₀)³(b − b₁)³, and I⁽⁶⁾ = E_P[x⁶·e^{bx}] ≥ 0: it is
/// never positive, so the polynomial lies on or above I. As I⁽⁶⁾ is convex, the loss is at most max I⁽⁶⁾·(h/2)⁶/720 with the larger
/// of the two ends.
///
/// **At the knots** the integrals are sums over the nodes of `PoissonGaussianProfile`. Nodes with b·|x| ≤ 1 on the whole block are
/// taken together as a power series in b, so that e^{bx} − 1 − bx loses no digits. For the others b·|x| > 1/2, where it
/// cancels at most elevenfold, and e^{bx} is carried from knot to knot by one multiplication: a block costs two exponentials
/// a node.
///
/// Rounding: a product for each interval, each with an error of an ulp, times eleven, and the sums' own margin from the profile.
struct MomentBlock: Sendable {
  /// The block's lower end and the distance between knots.
  let start: Double
  let width: Double
  /// Moments at `start`, `start` + `width`, … up to the block's upper end.
  private(set) var knots: [LossMoments]
  /// Bound on the relative error of every moment.
  let margin: Double

  /// The numbers of intervals that a block may have, as powers of two.
  private static let splits = 1...6
  /// The logarithm of powers that never count: the excess is at least b·D_1, and q ≥ 1e-60.
  private static let negligible = -650.0
  /// The loss of interpolation that is aimed at, of the excess.
  private static let aim = 1e-10

  /// The ends of block i: 2ʲ·(1 + k/4) and 2ʲ·(1 + (k + 1)/4), with i = 4j + k and 0 ≤ k < 4.
  static func range(index: Int) -> (start: Double, end: Double) {
    let quarter = index & 3
    let power = Double(sign: .plus, exponent: index >> 2, significand: 0.25)
    return (power * Double(4 + quarter), power * Double(5 + quarter))
  }

  /// How many intervals make the loss small at the block's upper end, where it is largest.
  /// - Returns: `nil` where the block reaches orders without quadrature, or powers out of the range of numbers.
  static func intervals(of profile: inout PoissonGaussianProfile, index: Int) -> Int? {
    let (start, end) = range(index: index)
    // The largest power is about e^{b(b+1)/2σ²}·qᵇ⁺¹; not to make thousands of nodes only to see that it is too large.
    let peak =
      (end + 1) * (end / (2 * profile.noiseMultiplier * profile.noiseMultiplier) + log(profile.samplingProbability))
    guard profile.usesQuadrature(order: 1 + end), peak < 600 else { return nil }
    let (count, _) = profile.prepareNodes(order: 1 + end)
    var (excess, sixth) = (end * profile.klDivergence, 0.0)
    for node in profile.nodes[..<count] {
      let (low, high) = (node.logWeight + start * node.logRatio, node.logWeight + end * node.logRatio)
      // A power must neither overflow nor begin as 0 and come to count.
      guard high < 600, low > -700 || high < negligible else { return nil }
      let (power, square) = (exp(high), node.logRatio * node.logRatio)
      excess += power - node.weight * (1 + end * node.logRatio)
      sixth += power * square * square * square
    }
    for split in splits.dropLast() {
      let halfWidth = (end - start) / Double(2 << split)
      if pow(halfWidth, 6) / 720 * sixth <= aim * excess { return 1 << split }
    }
    return 1 << splits.upperBound
  }

  /// - Parameters:
  ///   - index: of a block for which `intervals(of:index:)` exist.
  ///   - intervals: the number of equal parts.
  init(_ profile: inout PoissonGaussianProfile, index: Int, intervals: Int) {
    let end: Double
    (start, end) = MomentBlock.range(index: index)
    width = (end - start) / Double(intervals)
    let (count, sumMargin) = profile.prepareNodes(order: 1 + end)
    margin = sumMargin + 12 * ulp * Double(intervals + 16)
    var series = PowerSeries()
    var powers = PowerNodes(capacity: count, start: start, width: width)
    for node in profile.nodes[..<count] {
      if end * abs(node.logRatio) <= 1 {
        series.add(node)
      } else if max(node.logWeight, node.logWeight + end * node.logRatio) > MomentBlock.negligible {
        powers.add(node)
      }
    }
    let expansion = SeriesExpansion(series)
    let divergence = profile.klDivergence
    knots = []
    knots.reserveCapacity(intervals + 1)
    for knot in 0...intervals {
      let b = start + Double(knot) * width
      var moments = powers.moments(at: b, isFirst: knot == 0)
      expansion.addMoments(at: b, to: &moments)
      moments.excess += b * divergence
      moments.first += divergence
      knots.append(moments)
    }
  }

  /// Upper bound of the excess at b in the block, and how much of it may be loss.
  func excessUpperBound(at b: Double) -> (value: Double, loss: Double) {
    let position = min(Double(knots.count - 2), ((b - start) / width).rounded(.down))
    let (left, right) = (knots[Int(position)], knots[Int(position) + 1])
    let t = (b - (start + position * width)) / width
    let s = 1 - t
    // Hermite's basis of degree 5 in the form that is symmetric in t and s.
    let values =
      s * s * s * (1 + 3 * t + 6 * t * t) * left.excess + t * t * t * (1 + 3 * s + 6 * s * s) * right.excess
    let slopes = s * s * s * t * (1 + 3 * t) * left.first - t * t * t * s * (1 + 3 * s) * right.first
    let curvatures = s * s * s * t * t * left.second + t * t * t * s * s * right.second
    let polynomial = values + width * (slopes + width * curvatures / 2)
    let rounding = (margin + 16 * ulp) * (right.excess + width * (right.first + width * right.second))
    let halfWidth = width * width * width / 8
    return (polynomial + rounding, halfWidth * halfWidth / 720 * max(left.sixth, right.sixth) + rounding)
  }
}

/// Nodes whose b·x stays small, as Σ wxⁿ.
private struct PowerSeries {
  /// Σ wxⁿ for n = 2…19; the first term left out is below 2⁻⁵⁶ of the sum for b·|x| ≤ 1.
  private(set) var sums = [Double](repeating: 0, count: 18)

  mutating func add(_ node: PoissonGaussianProfile.Node) {
    var power = node.weight * node.logRatio * node.logRatio
    for index in sums.indices {
      sums[index] += power
      power *= node.logRatio
    }
  }

}

/// The power series with its coefficients: Σ sₙbⁿ/n! and its first two derivatives side by side, from n = 2.
private struct SeriesExpansion {
  private let terms: [SIMD4<Double>]
  private let sixth: Double

  init(_ series: PowerSeries) {
    var factor = 1.0  // 1/(n − 2)!
    terms = series.sums.enumerated().map { index, sum in
      let n = Double(index + 2)
      let term = SIMD4(sum * factor / (n * (n - 1)), sum * factor / (n - 1), sum * factor, 0)
      factor /= n - 1
      return term
    }
    // It only bounds a loss: e^{bx} ≤ e.
    sixth = 2.72 * series.sums[4]
  }

  func addMoments(at b: Double, to moments: inout LossMoments) {
    var sum = SIMD4<Double>.zero
    for term in terms.reversed() { sum = sum * b + term }
    moments.excess += sum[0] * b * b
    moments.first += sum[1] * b
    moments.second += sum[2]
    moments.sixth += sixth
  }
}

/// Nodes whose w·e^{bx} is carried along, four at a time.
private struct PowerNodes {
  typealias Lanes = SIMD4<Double>

  private struct Chunk {
    var ratio = Lanes.zero  // x
    var weight = Lanes.zero  // w
    var power = Lanes.zero  // w·e^{bx}
    var growth = Lanes(repeating: 1)  // e^{hx}
  }

  private var chunks: [Chunk] = []
  private var lane = 4
  private let start: Double
  private let width: Double

  init(capacity: Int, start: Double, width: Double) {
    self.start = start
    self.width = width
    chunks.reserveCapacity(capacity / 4 + 1)
  }

  mutating func add(_ node: PoissonGaussianProfile.Node) {
    if lane == 4 {
      chunks.append(Chunk())
      lane = 0
    }
    let last = chunks.count - 1
    chunks[last].ratio[lane] = node.logRatio
    chunks[last].weight[lane] = node.weight
    chunks[last].power[lane] = exp(node.logWeight + start * node.logRatio)
    chunks[last].growth[lane] = exp(width * node.logRatio)
    lane += 1
  }

  /// The sums at b; every call but the first moves on by one width.
  mutating func moments(at b: Double, isFirst: Bool) -> LossMoments {
    var (excess, first, second, sixth) = (Lanes.zero, Lanes.zero, Lanes.zero, Lanes.zero)
    chunks.withUnsafeMutableBufferPointer { chunks in
      for index in chunks.indices {
        if !isFirst { chunks[index].power *= chunks[index].growth }
        let chunk = chunks[index]
        let rise = chunk.power - chunk.weight
        let square = chunk.ratio * chunk.ratio
        let curvature = square * chunk.power
        excess += rise - b * (chunk.weight * chunk.ratio)
        first += chunk.ratio * rise
        second += curvature
        sixth += square * square * curvature
      }
    }
    return LossMoments(excess: excess.sum(), first: first.sum(), second: second.sum(), sixth: sixth.sum())
  }
}
