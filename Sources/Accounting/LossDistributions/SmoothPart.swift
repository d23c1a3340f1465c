import Glibc

/// A line of outcomes after the steps that a pair went through, perhaps only where the loss has one sign.
struct SmoothPart: Sendable {
  enum Sign: Sendable {
    case above, below
  }

  private let line: OutcomeLine
  /// In the order in which they were applied.
  var steps: [LossStep] = []
  private var lower: Double
  private var upper: Double

  init(_ line: OutcomeLine) {
    self.line = line
    (lower, upper) = line.bounds
  }

  /// The outcomes whose loss is above or below 0; `nil` where there are none.
  func keeping(_ sign: Sign) -> SmoothPart? {
    var part = self
    let zero = position(of: 0)
    if (sign == .above) == isIncreasing { part.lower = max(lower, zero) } else { part.upper = min(upper, zero) }
    return part.lower < part.upper ? part : nil
  }

  /// The positions that are kept.
  var bounds: (lower: Double, upper: Double) { (lower, upper) }

  var isRepresentable: Bool { line.isRepresentable && lower < upper }

  /// What finding a position costs, in units of the simplest.
  var positionCost: Double {
    if case .gaussian(let line) = line { line.positionCost } else { 1 }
  }

  var isIncreasing: Bool {
    !steps.reduce(false) { odd, step in if case .reversed = step { !odd } else { odd } }
  }

  /// Upper bound of the losses.
  var greatestLoss: Double {
    let isLow = !isIncreasing
    let position = isLow ? lower : upper
    let isWhole = position == (isLow ? line.bounds.lower : line.bounds.upper)
    let base = isWhole ? (isLow ? line.limits.lower : line.limits.upper) : line.loss(at: position)
    let loss = steps.reduce(base) { $1.loss($0) }
    return loss + 16 * ulp * Double(steps.count + 1) * abs(loss)
  }

  var pMass: Double { mass(from: lower, to: upper).p }

  func loss(at position: Double) -> Double { steps.reduce(line.loss(at: position)) { $1.loss($0) } }

  /// Where the loss is `loss`, within the positions that are kept.
  @inline(__always)
  func position(of loss: Double) -> Double {
    var original = loss
    for step in steps.reversed() { original = step.original(of: original) }
    return min(max(lower, line.position(of: original)), upper)
  }

  @inline(__always)
  func tails(at position: Double) -> OutcomeLine.Tails { line.tails(at: position) }

  /// The masses between two positions.
  @inline(__always)
  func mass(_ a: OutcomeLine.Tails, _ b: OutcomeLine.Tails) -> OutcomeLine.Masses {
    var masses = a.between(b)
    for step in steps { masses = masses.after(step) }
    return masses
  }

  func mass(from a: Double, to b: Double) -> OutcomeLine.Masses { mass(line.tails(at: a), line.tails(at: b)) }

  /// Bound on |loss(at: position(of: l)) − l| for l within ±`loss`. The steps are contractions.
  func lossError(loss: Double) -> Double {
    let original = [-loss, loss].map { end in steps.reversed().reduce(end) { $1.original(of: $0) } }
    let greatest = original.reduce(0.0) { max($0, abs(min(max($1, line.loss(at: lower)), line.loss(at: upper)))) }
    return line.lossError(loss: greatest, position: max(abs(lower), abs(upper))) + Double(steps.count) * 16 * ulp * loss
  }

  /// The loss beyond which, on the side of great losses or of small ones, lies at most the mass that `allowed` returns for
  /// it; `nil` if a `Double` cannot tell.
  func cut(_ side: Sign, allowed: (_ loss: Double) -> Double) -> Double? {
    let outer = (side == .above) == isIncreasing ? upper : lower
    let inner = outer == upper ? lower : upper
    func isBeyond(_ z: Double) -> Bool { mass(from: z, to: outer).p <= allowed(loss(at: z)) }
    if isBeyond(inner) { return loss(at: inner) }
    let atEnd = loss(at: outer)
    // Nothing is left out at the end, unless the end is only that of the numbers.
    var (near, far) = (inner, outer)
    for _ in 0..<40 {
      let middle = (near + far) / 2
      if isBeyond(middle) { far = middle } else { near = middle }
    }
    if far == outer, case .gaussian = line, line.bounds.lower == outer || line.bounds.upper == outer { return nil }
    return far == outer ? atEnd : loss(at: far)
  }

  /// Losses and their masses under P by Gauss and Legendre's rule of eight points on each piece of the line, for estimates.
  func nodes() -> [(loss: Double, p: Double)] {
    let pieces = min(400, max(2, ((upper - lower) / line.scale).rounded(.up)))
    let width = (upper - lower) / pieces
    var nodes: [(loss: Double, p: Double)] = []
    nodes.reserveCapacity(8 * Int(pieces))
    for piece in 0..<Int(pieces) {
      for (node, weight) in SmoothPart.rule {
        let position = lower + width * (Double(piece) + node)
        var masses = line.density(at: position)
        for step in steps { masses = masses.after(step) }
        let mass = masses.p * weight * width
        if mass > 1e-300 { nodes.append((loss(at: position), mass)) }
      }
    }
    return nodes
  }

  /// Nodes and weights on [0, 1].
  private static let rule: [(node: Double, weight: Double)] = {
    let half: [(node: Double, weight: Double)] = [
      (0.1834346424956498, 0.3626837833783620), (0.5255324099163290, 0.3137066458778873),
      (0.7966664774136267, 0.2223810344533745), (0.9602898564975363, 0.1012285362903763),
    ]
    return half.map { ((1 - $0.node) / 2, $0.weight / 2) } + half.map { ((1 + $0.node) / 2, $0.weight / 2) }
  }()
}
