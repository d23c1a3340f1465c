import Glibc

/// Answers questions about a composition: plans, computes, looks at the interval, and plans again on a finer mesh if it came out
/// too wide.
struct CompositionPlanner {
  private let laws: [LossLaw]
  private let counts: [Int]
  private let nodes: [[(loss: Double, logMass: Double)]]
  /// Bounds of the probability that some loss is unbounded, from what the pairs say.
  private let infinite: (lower: Double, upper: Double)
  /// Upper bound of all finite losses together.
  private let greatestLoss: Double
  private let total: Double

  init(laws: [LossLaw], counts: [Int], unboundedMass: Double) {
    (self.laws, self.counts) = (laws, counts)
    nodes = laws.map { $0.nodes() }
    total = counts.reduce(0.0) { $0 + Double($1) }
    var (logKept, greatest) = (0.0, 0.0)
    for (law, count) in zip(laws, counts) {
      logKept += Double(count) * log1p(-min(1, law.infiniteMass))
      let cost = law.greatestLoss
      greatest += cost == 0 ? 0 : cost * Double(count) * (1 + (cost > 0 ? 4 : -4) * ulp)
    }
    let mass = -expm1(logKept)
    let error = 8 * ulp * Double(laws.count + 1) * (mass > 0 ? 1 : 0)
    infinite = (max(0, mass * (1 - error)), min(1, mass * (1 + error) + unboundedMass))
    greatestLoss = max(0, greatest) * (1 + 4 * ulp * Double(laws.count))
  }

  func epsilon(
    delta: Double, tolerance: Double, absolute: Double
  ) throws(AccountingError) -> (lower: Double, upper: Double) {
    if infinite.lower > delta { return (.infinity, .infinity) }
    if delta >= 1 { return (0, 0) }
    if greatestLoss == 0 { return (0, infinite.upper <= delta ? 0 : .infinity) }
    let least = greatestLoss * (1 - 32 * ulp * Double(laws.count + 1))
    if delta == 0 { return (least, infinite.upper == 0 ? greatestLoss : .infinity) }
    let cap = infinite.upper <= delta ? greatestLoss : .infinity
    let finiteDelta = delta - infinite.upper > 0 ? delta - infinite.upper : delta - infinite.lower
    guard finiteDelta > 0 else { return (0, cap) }
    var found = (lower: 0.0, upper: cap)
    var target = SaddlePoint.Target.delta(finiteDelta)
    var fineness = 1.0
    for _ in 0..<3 {
      let saddle = saddlePoint(target, tolerance: tolerance)
      let scale = max(saddle.epsilon, min(found.upper, found.lower * 1.5))
      let wanted = max(tolerance * scale, min(absolute, 1e-3 * absolute))
      let curve = try self.curve(saddle, width: wanted, slack: absolute, fineness: fineness, delta: finiteDelta)
      let bracket = curve.epsilon(delta)
      found = (max(found.lower, bracket.lower), min(found.upper, bracket.upper))
      let width = found.upper - found.lower
      if found.upper == .infinity && cap == .infinity && infinite.upper > delta { return found }
      if width <= max(tolerance * found.upper, absolute) { return found }
      fineness *= max(0.1, min(0.6, 0.8 * (max(tolerance * found.lower, absolute) / width).squareRoot()))
      if found.lower > 0 && found.upper < .infinity { target = .epsilon((found.lower + found.upper) / 2) }
    }
    throw .notCertified(
      reason: "the loss distribution gives \(found.lower) ≤ epsilon ≤ \(found.upper), which is wider than asked for",
      alternative: "ask for a wider interval, or the renyi accountant")
  }

  func delta(epsilon: Double, tolerance: Double) throws(AccountingError) -> (lower: Double, upper: Double) {
    if epsilon >= greatestLoss { return infinite }
    var found = (lower: infinite.lower, upper: 1.0)
    var fineness = 1.0
    for _ in 0..<3 {
      let saddle = saddlePoint(.epsilon(epsilon), tolerance: tolerance)
      let scale = min(1 / saddle.tilt, deviation(saddle))
      let estimate = exp(saddle.logDelta)
      let curve = try self.curve(
        saddle, width: tolerance * scale, slack: 0, fineness: fineness, delta: max(estimate, found.lower))
      let bracket = curve.delta(epsilon)
      found = (max(found.lower, bracket.lower), min(found.upper, bracket.upper))
      let width = found.upper - found.lower
      if width <= max(tolerance * found.upper, .leastNormalMagnitude) { return found }
      fineness *= max(0.1, min(0.6, 0.8 * (tolerance * found.upper / width).squareRoot()))
    }
    throw .notCertified(
      reason: "the loss distribution gives \(found.lower) ≤ delta ≤ \(found.upper), which is wider than asked for",
      alternative: "ask for a wider interval, or the renyi accountant")
  }

  private func saddlePoint(_ target: SaddlePoint.Target, tolerance: Double) -> SaddlePoint {
    // Beyond that a tilt sees no further than the tolerance, at the end of bounded losses.
    let greatestTilt = greatestLoss < .infinity ? 30 / (tolerance * greatestLoss) : 1e15
    let delta =
      switch target {
      case .delta(let delta): delta
      case .epsilon(let epsilon): nodes.reduce(0.0) { max($0, SaddlePoint.delta($1, epsilon: epsilon)) }
      }
    let kept = nodes.map { SaddlePoint.truncated($0, mass: 1e-5 * delta / total) }
    return SaddlePoint(
      zip(kept, counts).map { ($0, Double($1)) }, target: target, greatestTilt: max(1, greatestTilt))
  }

  private func deviation(_ saddle: SaddlePoint) -> Double {
    zip(counts, saddle.variances).reduce(0.0) { $0 + Double($1.0) * $1.1 }.squareRoot()
  }

  /// Plans and computes the curve around the saddle point.
  /// - Parameters:
  ///   - width: wanted in ε; `slack` is taken instead where the plan for it would be too large.
  private func curve(
    _ saddle: SaddlePoint, width: Double, slack: Double, fineness: Double, delta: Double
  ) throws(AccountingError) -> LossCurve {
    // What is cut off may cost a hundredth of the width, which is worth λ·width relative to δ; a tilted mass counts for
    // about (1 + λ·deviation) times its share of δ.
    let share = min(1e-4, max(1e-11, 1e-2 * saddle.tilt * width))
    let relative = share / (1 + saddle.tilt * deviation(saddle))
    var outlines: [CompositionPlan.Outline] = []
    for (index, law) in laws.enumerated() {
      guard
        let cut = law.cut(
          greatMass: share * delta / total, smallMass: relative / total, tilt: saddle.tilt,
          logScale: saddle.logMasses[index])
      else { throw CompositionPlan.tooLarge }
      outlines.append(
        CompositionPlan.Outline(
          law: law, nodes: nodes[index], count: Double(counts[index]), variance: saddle.variances[index], cut: cut))
    }
    let plan: CompositionPlan
    do {
      plan = try CompositionPlan(outlines, saddle: saddle, width: width, outside: relative, fineness: fineness)
    } catch {
      guard slack > width else { throw error }
      plan = try CompositionPlan(outlines, saddle: saddle, width: slack / 2, outside: relative, fineness: fineness)
    }
    return try compute(plan)
  }

  private func compute(_ plan: CompositionPlan) throws(AccountingError) -> LossCurve {
    var measures: [GridMeasure] = []
    var logKept = 0.0
    for index in laws.indices {
      let measure = GridMeasure(
        law: laws[index], grid: plan.grid, offset: plan.offsets[index], cut: plan.cuts[index],
        logScale: plan.logMasses[index])
      logKept += Double(counts[index]) * log1p(-min(1, measure.beyond))
      measures.append(measure)
    }
    let beyond = -expm1(logKept) * (1 + 1e-9)
    let everything = (lower: infinite.lower, upper: min(1, infinite.upper + beyond))
    guard plan.blocks > 1 else {
      let terms = zip(measures, counts).map { GridComposer.Term(measure: $0, count: $1) }
      let sum = try GridComposer(terms, grid: plan.grid, outside: plan.outside).compose()
      return LossCurve(sum, grid: plan.grid, infinite: everything)
    }
    // Blocks of losses on the fine grid; what does not divide makes a block of its own.
    var blocks: [GridComposer.Term] = []
    for (count, part) in [(plan.blocks, { $0 / plan.blocks }), (1, { $0 % plan.blocks })] as [(Int, (Int) -> Int)] {
      let terms = zip(measures, counts).map { GridComposer.Term(measure: $0, count: part($1)) }.filter { $0.count > 0 }
      guard !terms.isEmpty else { continue }
      let sum = try GridComposer(terms, grid: plan.grid, outside: plan.outside / Double(plan.blocks + 1)).compose()
      blocks.append(GridComposer.Term(measure: sum.coarsened(by: plan.ratio, grid: plan.grid), count: count))
    }
    let coarse = LossGrid(mesh: plan.grid.mesh * Double(plan.ratio), tilt: plan.grid.tilt)
    return LossCurve(
      try GridComposer(blocks, grid: coarse, outside: plan.outside).compose(), grid: coarse, infinite: everything)
  }
}
