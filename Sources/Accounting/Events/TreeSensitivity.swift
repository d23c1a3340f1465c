/// Squared L2 sensitivity of the noisy nodes of binary trees, in units of the clipping norm.
///
/// Steps are leaves; a node is released when the dyadic block of steps below it is complete. A record that takes part m times
/// below a node moves it by at most m, and by exactly m where its contributions agree, so the squared sensitivity is the
/// greatest Σ m² over all nodes that a participation allows (arXiv:2103.00039v3, Appendix D).
enum TreeSensitivity {
  static func bounds(_ schedule: TreeSchedule, path: [PathComponent]) throws(AccountingError) -> SensitivityBounds {
    switch schedule {
    case .restarts(let stepCounts):
      // A record takes part in one step of one tree: one node on each level of the highest complete subtree.
      let depth = 64 - (stepCounts.max() ?? 1).leadingZeroBitCount
      return .exact(squared: Double(depth), relativeError: 0)
    case .single(let totalSteps, let maxParticipation, let minSeparation):
      let tree = SingleTree(
        steps: totalSteps, maxParticipation: maxParticipation, separation: min(minSeparation, totalSteps) + 1)
      if let squared = tree.greatestSquaredSum() { return .exact(squared: Double(squared), relativeError: 0) }
      return .within(squared: tree.regularSquaredSum...tree.levelBound)
    }
  }
}

/// Participations x₁ < x₂ < … of one record in one tree, with xᵢ₊₁ − xᵢ ≥ `separation`.
///
/// For a block of 2ᵏ steps with m participations that yield at least v, let E(a) be the least number of steps that must pass
/// after the block before the next participation, given that a steps at its beginning are barred. Two halves join by
/// E = E_right ∘ E_left, so the whole is a dynamic programme over (k, m, v) whose entries are monotone tables over a < d.
struct SingleTree {
  let steps: Int
  let participations: Int
  let separation: Int

  init(steps: Int, maxParticipation: Int, separation: Int) {
    self.steps = steps
    self.separation = min(separation, steps)
    participations = min(maxParticipation, (steps - 1) / self.separation + 1)
  }

  /// A way to take part: what it yields and, for each number of barred steps, how many it bars afterwards (`blocked`: none).
  private struct Plan {
    var value: Int
    var barred: [Int]
  }

  private static let blocked = Int.max
  /// Operations of the dynamic programme beyond which only bounds are given.
  private static let workLimit = 30_000_000

  /// The greatest Σ m², or `nil` where finding it takes too much work.
  func greatestSquaredSum() -> Int? {
    if participations == 1 { return 64 - steps.leadingZeroBitCount }
    var work = 0
    guard let blocks = blocks(work: &work) else { return nil }
    var joined: [[Plan]] = [[Plan(value: 0, barred: Array(0..<separation))]]
    for level in blocks.indices.reversed() where steps & (1 << level) != 0 {
      guard let next = join(joined, blocks[level], nodes: false, work: &work) else { return nil }
      joined = next
    }
    return joined.lazy.flatMap { $0 }.filter { $0.barred[0] != Self.blocked }.map(\.value).max()
  }

  /// For each level up to that of the largest complete block, the plans by the number of participations.
  private func blocks(work: inout Int) -> [[[Plan]]]? {
    let top = 63 - steps.leadingZeroBitCount
    guard Double(participations) * Double(participations) * Double(separation) * Double(top + 1) <= 4e6 else {
      return nil
    }
    let idle = (0..<separation).map { max(0, $0 - 1) }
    let taken = (0..<separation).map { $0 == 0 ? separation - 1 : Self.blocked }
    var all: [[[Plan]]] = [[[Plan(value: 0, barred: idle)], [Plan(value: 1, barred: taken)]]]
    for level in 0..<top {
      guard let next = join(all[level], all[level], nodes: true, work: &work) else { return nil }
      all.append(next)
    }
    return all
  }

  /// All plans of two neighbouring blocks that none is better than; `nodes` adds the node above both.
  private func join(_ left: [[Plan]], _ right: [[Plan]], nodes: Bool, work: inout Int) -> [[Plan]]? {
    var joined: [[Plan]] = []
    for total in 0...min(participations, left.count + right.count - 2) {
      var plans: [Plan] = []
      for first in max(0, total - right.count + 1)...min(total, left.count - 1) {
        for a in left[first] {
          for b in right[total - first] {
            work += separation * (plans.count + 1)
            guard work <= Self.workLimit else { return nil }
            let barred = a.barred.map { $0 == Self.blocked ? $0 : b.barred[$0] }
            if barred[0] == Self.blocked { continue }
            Self.insert(Plan(value: a.value + b.value + (nodes ? total * total : 0), barred: barred), into: &plans)
          }
        }
      }
      if plans.isEmpty { break }
      joined.append(plans)
    }
    return joined
  }

  private static func insert(_ plan: Plan, into plans: inout [Plan]) {
    func isAtLeast(_ a: Plan, _ b: Plan) -> Bool {
      a.value >= b.value && zip(a.barred, b.barred).allSatisfy { $0 <= $1 }
    }
    if plans.contains(where: { isAtLeast($0, plan) }) { return }
    plans.removeAll { isAtLeast(plan, $0) }
    plans.append(plan)
  }

  /// Upper bound, level by level: blocks of 2ᵏ steps hold at most c = ⌈2ᵏ/d⌉ participations each, and Σ m² under Σ m = M is
  /// greatest with as many full blocks as possible.
  var levelBound: Double {
    var sum = 0.0
    for level in 0...(63 - steps.leadingZeroBitCount) {
      let size = 1 << level
      let most = min((size - 1) / separation + 1, participations)
      let full = min(participations / most, steps / size)
      let rest = full < steps / size ? min(participations - full * most, most) : 0
      sum += Double(full) * Double(most) * Double(most) + Double(rest) * Double(rest)
    }
    return sum * (1 + 128 * ulp)
  }

  /// What participations at 0, d, 2d, … yield: a lower bound. Blocks at each level hold ⌊·⌋ or ⌈·⌉ of 2ᵏ/d of them; by
  /// convexity an even spread is the least.
  var regularSquaredSum: Double {
    var sum = 0.0
    for level in 0...(63 - steps.leadingZeroBitCount) {
      let size = 1 << level
      // Complete blocks hold all participations but those in the incomplete rest of the steps.
      let held = min(participations, (steps / size * size - 1) / separation + 1)
      let span = min(steps / size, ((participations - 1) * separation) / size + 1)
      sum += max(Double(held), Double(held) * Double(held) / Double(span))
    }
    return sum * (1 - 128 * ulp)
  }
}
