import Glibc

/// δ as a function of ε, from the two measures of a sum of losses.
///
/// A loss l of the tilted mass v adds v·w(l) to δ(ε), w(l) = e^{κ−λl}·(1 − e^{ε−l})₊, whose greatest value is
/// e^{κ−λε}·λ^λ/(1 + λ)^{1+λ}: that bounds what the errors of the measures can do. From the right, with v the mass at grid point i,
///
///     Bᵢ = Σ_{j≥i} vⱼ e^{−(λ+1)(lⱼ−lᵢ)} = vᵢ + e^{−(λ+1)h}·Bᵢ₊₁
///     Dᵢ = Σ_{j≥i} vⱼ e^{−λ(lⱼ−lᵢ)}(1 − e^{lᵢ−lⱼ}) = e^{−λh}·(Dᵢ₊₁ + (1 − e⁻ʰ)·Bᵢ₊₁)
///
/// and for ε = lᵢ − y, with grid point i the first that is not below ε, δ(ε) = e^{κ−λlᵢ}·(Dᵢ + (1 − e⁻ʸ)·Bᵢ). All terms are
/// positive: the relative error is at most a few ulp for each point.
struct LossCurve {
  private let upper: Suffixes
  private let lower: Suffixes
  private let measure: GridMeasure
  private let grid: LossGrid
  /// Bounds of the probability of an unbounded loss.
  private let infinite: (lower: Double, upper: Double)
  /// λ^λ/(1 + λ)^{1+λ}, rounded up.
  private let greatestWeight: Double
  private let relativeError: Double

  private struct Suffixes {
    var b: [Double]
    var d: [Double]

    init(_ points: [Double], _ grid: LossGrid) {
      b = points
      d = [Double](repeating: 0, count: points.count)
      let (near, far, step) = (exp(-grid.tilt * grid.mesh), exp(-(grid.tilt + 1) * grid.mesh), grid.step)
      for index in stride(from: points.count - 2, through: 0, by: -1) {
        d[index] = near * (d[index + 1] + step * b[index + 1])
        b[index] += far * b[index + 1]
      }
    }
  }

  init(_ measure: GridMeasure, grid: LossGrid, infinite: (lower: Double, upper: Double)) {
    (self.measure, self.grid, self.infinite) = (measure, grid, infinite)
    upper = Suffixes(measure.upper, grid)
    lower = Suffixes(measure.lower, grid)
    let tilt = grid.tilt
    greatestWeight = exp((tilt > 0 ? -tilt * log1p(1 / tilt) : 0) - log1p(tilt)) * (1 + 1e-9)
    relativeError = measure.scaleError + 16 * ulp * Double(measure.count) + 32 * ulp
  }

  /// The greatest loss on the grid.
  var greatestLoss: Double { loss(measure.count - 1) }

  private func loss(_ index: Int) -> Double { measure.offset + grid.mesh * Double(measure.start + index) }

  /// Bounds of δ(ε), in [0, 1].
  func delta(_ epsilon: Double) -> (lower: Double, upper: Double) {
    let shift = measure.lossError + 8 * ulp * abs(epsilon)
    let most = value(epsilon - shift, upper)
    let least = value(epsilon + shift, lower)
    let high = most.value * (1 + most.error) + most.weight * measure.missing + infinite.upper
    let low = least.value * (1 - least.error) - least.weight * measure.excess + infinite.lower
    return (max(0, low), high.isNaN ? 1 : min(1, high.nextUp))
  }

  /// The curve of one measure with its relative error, and the greatest weight of a loss.
  private func value(_ epsilon: Double, _ side: Suffixes) -> (value: Double, error: Double, weight: Double) {
    let scale = measure.logScale - grid.tilt * epsilon
    let weight = greatestWeight * exp(scale) * (1 + 8 * ulp * (1 + abs(scale)))
    let place = (epsilon - measure.offset) / grid.mesh - Double(measure.start)
    if place > Double(measure.count - 1) { return (0, 0, weight) }
    let index = place > 0 ? Int(place.rounded(.up)) : 0
    let distance = max(0, loss(index) - epsilon)
    let sum = side.d[index] - expm1(-distance) * side.b[index]
    let exponent = scale - grid.tilt * distance
    return (sum * exp(exponent), relativeError + 8 * ulp * (1 + abs(exponent) + grid.tilt * abs(epsilon)), weight)
  }

  /// Bounds of the least ε ≥ 0 with δ(ε) ≤ `delta`.
  func epsilon(_ delta: Double) -> (lower: Double, upper: Double) {
    if infinite.lower > delta { return (.infinity, .infinity) }
    let upper = infinite.upper >= delta ? Double.infinity : leastEpsilon(delta)
    return (greatestEpsilon(delta, below: upper), upper)
  }

  /// An ε that is proved to be enough, as small as the upper curve allows.
  private func leastEpsilon(_ delta: Double) -> Double {
    func isEnough(_ epsilon: Double) -> Bool { self.delta(epsilon).upper <= delta }
    if isEnough(0) { return 0 }
    var upper = max(greatestLoss, 0) + grid.mesh
    while !isEnough(upper) {
      upper *= 2
      if upper > 1e9 { return .infinity }
    }
    return halve(0, upper) { isEnough($0) }.upper
  }

  /// An ε that is proved not to be enough, as great as the lower curve allows; 0 where none is known. Far below the answer
  /// the tilt makes the error term greater than the curve, so the search steps down from above it.
  private func greatestEpsilon(_ delta: Double, below upper: Double) -> Double {
    func isTooSmall(_ epsilon: Double) -> Bool { self.delta(epsilon).lower > delta }
    var high = min(upper, max(greatestLoss, 0) + grid.mesh)
    var step = 1e-6 * high
    while high > 0 {
      let low = max(0, high - step)
      if isTooSmall(low) { return halve(low, high) { !isTooSmall($0) }.lower }
      (high, step) = (low, 2 * step)
    }
    return 0
  }

  /// Halves until a condition that fails at `lower` and holds at `upper` is known to do so close together.
  private func halve(
    _ lower: Double, _ upper: Double, _ isMet: (Double) -> Bool
  ) -> (lower: Double, upper: Double) {
    var (lower, upper) = (lower, upper)
    for _ in 0..<120 where upper - lower > 1e-12 * upper {
      let middle = (lower + upper) / 2
      if isMet(middle) { upper = middle } else { lower = middle }
    }
    return (lower, upper)
  }
}
