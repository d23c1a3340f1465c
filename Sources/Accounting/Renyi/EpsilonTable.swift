import Glibc

/// ε of one composition at many numbers of repetitions and many δ, from one table of its Rényi curve.
///
/// With K(b) = b·D_{1+b} of one repetition, ε after T of them is the least of (T·K(b) − c(b))/b over b = α − 1, where c(b) =
/// log δ + (1 + b)·log(1 + b) − b·log b (`RenyiConversion`, fact 1). Its derivative vanishes where
///
///     T = (b·c′ − c)/(b·K′ − K) = (log(1/δ) − log(1 + b))/(b·K′(b) − K(b)),
///
/// which falls as b grows, because K is convex and K(0) = 0. So the table, which has K and K′ at its knots, knows the T that each
/// knot is best for, and the best b for any other T lies between two knots. Interpolating it costs no validity: the ε
/// returned is the bound at that very b, with K from `MomentBlock`'s proved bound. An error of η in log b costs about η²/2 of ε.
struct EpsilonTable {
  private var profiles: [(profile: PoissonGaussianProfile, count: Int)] = []
  private var gaussians: [(noiseMultiplier: Double, count: Int)] = []
  /// Upper bounds of the divergence of one repetition at `nearlyOne` and at order 2.
  private let divergenceNearOne: Double
  private let divergenceAtTwo: Double

  /// Consecutive blocks of b, from `firstBlock` on (`MomentBlock.range`).
  private var blocks: [Block] = []
  private var firstBlock = 0
  /// The ends of all intervals of the blocks, increasing.
  private var knots: [Knot] = []
  private var search = KnotSearch()
  /// The best order for the last question, also where its knots are too far apart for an answer.
  private(set) var hint: Double?

  private struct Block {
    /// One for each profile.
    var tables: [MomentBlock]
    /// Its lower end in `knots`.
    var firstKnot: Int
  }

  /// b from 2⁻²⁰ to 2¹⁹.
  private static let blockLimits = -80...75
  /// More parts are not worth a table each.
  private static let partLimit = 32
  /// The share of the divergence that interpolation may lose.
  private static let acceptedLoss = 1e-9
  private static let nearlyOne = 1 + OrderSearch.steps.lowerBound

  /// - Returns: `nil` for a composition with parts that have no table.
  init?(_ composition: Composition) {
    guard composition.additiveDelta == 0, !composition.groups.isEmpty,
      composition.groups.count <= EpsilonTable.partLimit
    else { return nil }
    for group in composition.groups {
      switch group.mechanism {
      case .gaussian(let noise) where noise > 1e-100 && noise < 1e100: gaussians.append((noise, group.count))
      case .poissonGaussian(let probability, let noise, false):
        let profile = PoissonGaussianProfile(samplingProbability: probability, noiseMultiplier: noise)
        profiles.append((profile, group.count))
      default: return nil
      }
    }
    var evaluator = CompositionEvaluator(composition)
    divergenceNearOne = evaluator.divergence(order: EpsilonTable.nearlyOne)
    divergenceAtTwo = evaluator.divergence(order: 2)
  }

  /// The least ε found after `repetitions` of the composition.
  /// - Returns: `nil` where the table does not reach, or not closely enough.
  mutating func epsilon(repetitions: Int, delta: Double) -> EpsilonBound? {
    hint = nil
    guard delta > 0, delta < 1, repetitions >= 1 else { return nil }
    // Fact 2 of the conversion is at its best as α → 1.
    let nearOne = Repetition.cost(of: divergenceNearOne, times: repetitions)
    if RenyiConversion.epsilonUpperBound(divergence: nearOne, order: EpsilonTable.nearlyOne, delta: delta) == 0 {
      return EpsilonBound(epsilon: 0, delta: delta, order: EpsilonTable.nearlyOne)
    }
    search.setDelta(delta, knots)
    hint = bestOrder(logRepetitions: log(Double(repetitions)))
    guard let order = hint else { return nil }
    guard let once = divergence(order: order) else { return nil }
    let divergence = Repetition.cost(of: once, times: repetitions)
    let epsilon = RenyiConversion.epsilonUpperBound(divergence: divergence, order: order, delta: delta)
    return EpsilonBound(epsilon: epsilon, delta: delta, order: order)
  }

  /// The best order, as far as the table knows it. A knot's 1 + b is exact, so 1 + b does not leave the interval of b.
  private mutating func bestOrder(logRepetitions: Double) -> Double? {
    if knots.isEmpty, !addFirstBlock(logRepetitions) { return nil }
    while true {
      switch search.step(logRepetitions: logRepetitions, knots) {
      case .between(let b): return 1 + b
      case .beyond(let end):
        let index = end == .above ? firstBlock + blocks.count : firstBlock - 1
        guard addBlock(index, at: end) else { return nil }
      }
    }
  }

  /// Upper bound of the divergence of one repetition at the order that the search has just found; `nil` where its knots are
  /// too far apart.
  private func divergence(order: Double) -> Double? {
    let (b, position) = (order - 1, search.position)
    let block = blocks.lastIndex { $0.firstKnot <= position } ?? 0
    var sum = 0.0
    for gaussian in gaussians {
      let one = GaussianDivergence.upperBound(noiseMultiplier: gaussian.noiseMultiplier, order: order)
      sum = (sum + Repetition.cost(of: one, times: gaussian.count)).nextUp
    }
    for index in profiles.indices {
      let (excess, loss) = blocks[block].tables[index].excessUpperBound(at: b)
      let one = log1p(excess) / b * (1 + 4 * ulp)
      // By concavity a loss in the excess costs at most loss/(1 + excess) of its logarithm, roughly.
      guard loss <= EpsilonTable.acceptedLoss * one * b * (1 + excess) else { return nil }
      sum = (sum + Repetition.cost(of: one, times: profiles[index].count)).nextUp
    }
    return sum
  }
}

extension EpsilonTable {
  fileprivate enum End {
    case below, above
  }

  /// Were the divergence ρα, the best b would be about √(log(1/δ)/Tρ); where it grows faster, the best b is less.
  private mutating func addFirstBlock(_ logRepetitions: Double) -> Bool {
    let rho = max(divergenceAtTwo / 2, .leastNormalMagnitude)
    let exponent = 2 * (log2(search.negativeLogDelta / rho) - logRepetitions / log(2))
    let limits = EpsilonTable.blockLimits
    let guess = Int(max(Double(limits.lowerBound), min(Double(limits.upperBound), exponent.rounded(.down))))
    return stride(from: guess, through: limits.lowerBound, by: -1).contains { addBlock($0, at: .above) }
  }

  /// - Returns: whether the block lies within the limits and its moments can be had.
  private mutating func addBlock(_ index: Int, at end: End) -> Bool {
    guard EpsilonTable.blockLimits.contains(index) else { return false }
    var intervals = 1
    for part in profiles.indices {
      guard let needed = MomentBlock.intervals(of: &profiles[part].profile, index: index) else { return false }
      intervals = max(intervals, needed)
    }
    let tables = profiles.indices.map {
      MomentBlock(&profiles[$0].profile, index: index, intervals: intervals)
    }
    let new = newKnots(index: index, intervals: intervals, tables)
    if blocks.isEmpty {
      (firstBlock, blocks, knots) = (index, [Block(tables: tables, firstKnot: 0)], new)
      search.measure(knots)
    } else if end == .above {
      blocks.append(Block(tables: tables, firstKnot: knots.count - 1))
      knots += new.dropFirst()
      search.append(new.dropFirst())
    } else {
      for index in blocks.indices { blocks[index].firstKnot += intervals }
      blocks.insert(Block(tables: tables, firstKnot: 0), at: 0)
      knots.insert(contentsOf: new.dropLast(), at: 0)
      firstBlock = index
      search.prepend(new.dropLast())
    }
    return true
  }

  private func newKnots(index: Int, intervals: Int, _ tables: [MomentBlock]) -> [Knot] {
    let (start, end) = MomentBlock.range(index: index)
    return (0...intervals).map { position in
      let b = start + (end - start) / Double(intervals) * Double(position)
      var knot = Knot(b: b)
      for gaussian in gaussians {
        let precision = 1 / gaussian.noiseMultiplier / gaussian.noiseMultiplier
        knot.add(
          value: b * (b + 1) / 2 * precision, slope: (b + 0.5) * precision, curvature: precision, count: gaussian.count)
      }
      for (table, part) in zip(tables, profiles) {
        let moments = table.knots[position]
        let slope = moments.first / (1 + moments.excess)
        knot.add(
          value: log1p(moments.excess), slope: slope,
          curvature: moments.second / (1 + moments.excess) - slope * slope, count: part.count)
      }
      return knot
    }
  }
}

/// What is needed at one b to know which number of repetitions it is best for.
private struct Knot {
  let b: Double
  let logOrder: Double  // log(1 + b)
  private(set) var rest = 0.0  // b·K′ − K
  private(set) var bend = 0.0  // b²·K″

  init(b: Double) {
    self.b = b
    logOrder = log1p(b)
  }

  mutating func add(value: Double, slope: Double, curvature: Double, count: Int) {
    rest += Double(count) * (b * slope - value)
    bend += Double(count) * (b * b * curvature)
  }
}

/// Finds the interval of knots that holds the best b, starting from where it ended the last time.
private struct KnotSearch {
  /// The interval's lower end.
  private(set) var position = 0
  private(set) var negativeLogDelta = 0.0
  private var delta = 0.0
  /// For every knot log T, falling from knot to knot, and d b/d log T.
  private var best: [(logRepetitions: Double, rate: Double)] = []

  enum Step {
    case between(Double)
    case beyond(EpsilonTable.End)
  }

  mutating func setDelta(_ delta: Double, _ knots: [Knot]) {
    guard delta != self.delta else { return }
    self.delta = delta
    negativeLogDelta = -log(delta)
    measure(knots)
  }

  mutating func measure(_ knots: [Knot]) { best = knots.map(measured) }

  mutating func append(_ knots: ArraySlice<Knot>) { best += knots.map(measured) }

  mutating func prepend(_ knots: ArraySlice<Knot>) {
    best.insert(contentsOf: knots.map(measured), at: 0)
    position += knots.count
  }

  private func measured(_ knot: Knot) -> (logRepetitions: Double, rate: Double) {
    let numerator = negativeLogDelta - knot.logOrder
    // Beyond b = 1/δ − 1 no number of repetitions is small enough.
    guard numerator > 0 else { return (-.infinity, 0) }
    let logSlope = -knot.b / ((1 + knot.b) * numerator) - knot.bend / knot.rest
    return (log(numerator / knot.rest), knot.b / logSlope)
  }

  mutating func step(logRepetitions target: Double, _ knots: [Knot]) -> Step {
    while best[position].logRepetitions < target {
      if position == 0 { return .beyond(.below) }
      position -= 1
    }
    while !(best[position + 1].logRepetitions < target) {
      if position + 2 == best.count { return .beyond(.above) }
      position += 1
    }
    let (left, right) = (best[position], best[position + 1])
    let (low, high) = (knots[position].b, knots[position + 1].b)
    let distance = right.logRepetitions - left.logRepetitions
    let t = (target - left.logRepetitions) / distance
    let s = 1 - t
    // Hermite's cubic.
    let b =
      s * s * (1 + 2 * t) * low + t * t * (1 + 2 * s) * high
      + t * s * distance * (s * left.rate - t * right.rate)
    return .between(b >= low && b <= high ? b : low)
  }
}
