import Glibc

/// Answers questions about a composition: plans, computes, looks at the interval, and plans again on a finer mesh if it came out
/// too wide.
struct CompositionPlanner {
  /// A law, how often it counts, and losses of it for estimates.
  struct Term {
    let law: LossLaw
    let count: Int
    let nodes: [(loss: Double, logMass: Double)]
    /// Sums are rounded: terms are sorted by this, so that their order does not matter.
    fileprivate let key: [Double]

    init(_ law: LossLaw, count: Int) {
      (self.law, self.count) = (law, count)
      nodes = law.nodes()
      let mean = nodes.reduce(0) { $0 + exp($1.logMass) * $1.loss }
      key = [Double(count), law.greatestLoss, mean, Double(nodes.count)]
    }
  }

  /// How often a plan is made, each finer than the one before.
  private static let attempts = 3
  /// The widest interval that is an answer, relative to its upper end.
  private static let greatestWidth = 0.25

  private static let contradiction = AccountingError.contradiction(
    "two loss distributions of one composition give intervals that do not meet")

  private let terms: [Term]
  /// Bounds of the probability that some loss is unbounded, from what the pairs say.
  private let infinite: (lower: Double, upper: Double)
  /// Upper bound of all finite losses together.
  private let greatestLoss: Double
  private let total: Double

  init(_ terms: [Term], unboundedMass: Double) {
    self.terms = terms.sorted { $0.key.lexicographicallyPrecedes($1.key) }
    total = self.terms.reduce(0.0) { $0 + Double($1.count) }
    var (logKept, greatest) = (0.0, 0.0)
    for term in self.terms {
      logKept += Double(term.count) * log1p(-min(1, term.law.infiniteMass))
      let cost = term.law.greatestLoss
      greatest += cost == 0 ? 0 : cost * Double(term.count) * (1 + (cost > 0 ? 4 : -4) * ulp)
    }
    let mass = -expm1(logKept)
    let error = 8 * ulp * Double(terms.count + 1) * (mass > 0 ? 1 : 0)
    infinite = (max(0, mass * (1 - error)), min(1, mass * (1 + error) + unboundedMass))
    greatestLoss = max(0, greatest) * (1 + 4 * ulp * Double(terms.count))
  }

  func epsilon(
    delta: Double, tolerance: Double, absolute: Double
  ) throws(AccountingError) -> (lower: Double, upper: Double) {
    if infinite.lower > delta { return (.infinity, .infinity) }
    if delta >= 1 { return (0, 0) }
    if greatestLoss == 0 { return (0, infinite.upper <= delta ? 0 : .infinity) }
    let least = greatestLoss * (1 - 32 * ulp * Double(terms.count + 1))
    if delta == 0 { return (least, infinite.upper == 0 ? greatestLoss : .infinity) }
    let cap = infinite.upper <= delta ? greatestLoss : .infinity
    let finiteDelta = delta - infinite.upper > 0 ? delta - infinite.upper : delta - infinite.lower
    guard finiteDelta > 0 else { return (0, cap) }
    var found = (lower: 0.0, upper: cap)
    var target = SaddlePoint.Target.delta(finiteDelta)
    var fineness = 1.0
    for _ in 0..<CompositionPlanner.attempts {
      let saddle = saddlePoint(target, tolerance: tolerance, delta: finiteDelta)
      let scale = max(saddle.epsilon, min(found.upper, found.lower * 1.5))
      let wanted = max(tolerance * scale, min(absolute, 1e-3 * absolute))
      let curve = try self.curve(saddle, width: wanted, slack: absolute, fineness: fineness, delta: finiteDelta)
      let bracket = curve.epsilon(delta)
      found = (max(found.lower, bracket.lower), min(found.upper, bracket.upper))
      guard found.lower <= found.upper else { throw CompositionPlanner.contradiction }
      let width = found.upper - found.lower
      if found.upper == .infinity && cap == .infinity && infinite.upper > delta { return found }
      if width <= max(tolerance * found.upper, absolute) { return found }
      fineness *= max(0.1, min(0.6, 0.8 * (max(tolerance * found.lower, absolute) / width).squareRoot()))
      if found.lower > 0 && found.upper < .infinity { target = .epsilon((found.lower + found.upper) / 2) }
    }
    // Certified all the same, and better than nothing while it tells the order of magnitude.
    if found.upper - found.lower <= CompositionPlanner.greatestWidth * found.upper { return found }
    throw .notCertified(
      reason: "the interval that the loss distribution leaves after several refinements is wider than asked for",
      alternative: "ask for rdp")
  }

  func delta(epsilon: Double, tolerance: Double) throws(AccountingError) -> (lower: Double, upper: Double) {
    if epsilon >= greatestLoss { return infinite }
    var found = (lower: infinite.lower, upper: 1.0)
    var fineness = 1.0
    var least = terms.reduce(0.0) { max($0, SaddlePoint.delta($1.nodes, epsilon: epsilon)) }
    for _ in 0..<CompositionPlanner.attempts {
      let rough = saddlePoint(.epsilon(epsilon), tolerance: tolerance, delta: least)
      least = max(least, 1e-3 * exp(rough.logDelta), found.lower)
      let saddle = saddlePoint(.epsilon(epsilon), tolerance: tolerance, delta: least)
      let estimate = exp(saddle.logDelta)
      let curve = try self.curve(
        saddle, width: tolerance / saddle.slope, slack: 0, fineness: fineness, delta: max(estimate, least))
      let bracket = curve.delta(epsilon)
      found = (max(found.lower, bracket.lower), min(found.upper, bracket.upper))
      guard found.lower <= found.upper else { throw CompositionPlanner.contradiction }
      let width = found.upper - found.lower
      if width <= max(tolerance * found.upper, .leastNormalMagnitude) { return found }
      fineness *= max(0.1, min(0.6, 0.8 * (tolerance * found.upper / width).squareRoot()))
    }
    if found.upper - found.lower <= CompositionPlanner.greatestWidth * found.upper { return found }
    throw .notCertified(
      reason: "the interval that the loss distribution leaves after several refinements is wider than asked for",
      alternative: "ask for rdp")
  }

  /// - Parameter delta: the answer or what it is at least.
  private func saddlePoint(_ target: SaddlePoint.Target, tolerance: Double, delta: Double) -> SaddlePoint {
    // Beyond that a tilt sees no further than the tolerance, at the end of bounded losses.
    let greatestTilt = greatestLoss < .infinity ? 30 / (tolerance * greatestLoss) : 1e15
    let kept = terms.map { (SaddlePoint.truncated($0.nodes, mass: 1e-3 * delta / total), Double($0.count)) }
    return SaddlePoint(kept, target: target, greatestTilt: max(1, greatestTilt))
      .relaxed(kept, logDelta: log(delta))
  }

  /// Plans and computes the curve around the saddle point.
  /// - Parameters:
  ///   - width: wanted in ε; `slack` is taken instead where the plan for it would be too large.
  private func curve(
    _ saddle: SaddlePoint, width: Double, slack: Double, fineness: Double, delta: Double
  ) throws(AccountingError) -> LossCurve {
    // What is cut off may cost a twentieth of the width, which is worth λ·width relative to δ; a tilted mass counts
    // e^excess times.
    let worth = saddle.slope * width
    let share = min(1e-3, max(1e-11, 5e-2 * fineness * worth))
    let relative = min(1e-4, max(1e-13, 1e-2 * fineness * fineness * min(1, worth) * exp(-saddle.excess)))
    var outlines: [CompositionPlan.Outline] = []
    for (index, term) in terms.enumerated() {
      guard
        let cut = term.law.cut(
          greatMass: share * delta / total, smallMass: relative / total, tilt: saddle.tilt,
          logScale: saddle.logMasses[index])
      else { throw CompositionPlan.tooLarge }
      outlines.append(
        CompositionPlan.Outline(
          law: term.law, nodes: term.nodes, count: Double(term.count), variance: saddle.variances[index], cut: cut))
    }
    // Rounding alone: errors of masses of some 10⁻¹³ and of losses of some units in the last place, for each of the losses.
    let extent = outlines.reduce(0.0) { max($0, abs($1.cut.lower), abs($1.cut.upper)) }
    let certain = max(width, slack)
    guard total * 2e-13 < max(saddle.slope * certain, 1e-6), total * 32 * ulp * extent < certain else {
      throw CompositionPlan.tooLarge
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
    for (index, term) in terms.enumerated() {
      let measure = GridMeasure(
        law: term.law, grid: plan.grid, offset: plan.offsets[index], cut: plan.cuts[index],
        logScale: plan.logMasses[index])
      logKept += Double(term.count) * log1p(-min(1, measure.beyond))
      measures.append(measure)
    }
    let beyond = -expm1(logKept) * (1 + 1e-9)
    let everything = (lower: infinite.lower, upper: min(1, infinite.upper + beyond))
    guard plan.blocks > 1 else {
      let all = zip(measures, terms).map { GridComposer.Term(measure: $0, count: $1.count) }
      let sum = try GridComposer(all, grid: plan.grid, outside: plan.outside).compose()
      return LossCurve(sum, grid: plan.grid, infinite: everything)
    }
    // Blocks of losses on the fine grid; what does not divide makes a block of its own.
    var blocks: [GridComposer.Term] = []
    for (count, part) in [(plan.blocks, { $0 / plan.blocks }), (1, { $0 % plan.blocks })] as [(Int, (Int) -> Int)] {
      let block = zip(measures, terms).map { GridComposer.Term(measure: $0, count: part($1.count)) }
        .filter { $0.count > 0 }
      guard !block.isEmpty else { continue }
      let sum = try GridComposer(block, grid: plan.grid, outside: plan.outside / Double(plan.blocks + 1)).compose()
      blocks.append(GridComposer.Term(measure: sum.coarsened(by: plan.ratio, grid: plan.grid), count: count))
    }
    let coarse = LossGrid(mesh: plan.grid.mesh * Double(plan.ratio), tilt: plan.grid.tilt)
    return LossCurve(
      try GridComposer(blocks, grid: coarse, outside: plan.outside).compose(), grid: coarse, infinite: everything)
  }
}
