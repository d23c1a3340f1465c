/// Sensitivity of a dense lower triangular strategy; see `MatrixSensitivity`.
///
/// Participations are enumerated where they are few. Otherwise, with rᵢ the greatest Σ_{j ∈ π} |G_ij| over participations π ∋ i,
/// Σ_{i,j ∈ π} |G_ij| ≤ Σ_{i ∈ π} rᵢ (in the manner of arXiv:2306.08153), and both maxima are dynamic programmes over
/// the steps.
struct DenseSensitivity {
  private let gram: [[Double]]
  private let scale: Double
  private let size: Int
  private let separation: Int
  private let participations: Int

  /// Participations enumerated at most.
  private static let enumerationLimit = 100_000.0
  /// Operations of the dynamic programmes that respect the number of participations.
  private static let workLimit = 3e8

  init(rows: [[Double]], maxParticipation: Int, minSeparation: Int) {
    size = rows.count
    separation = min(minSeparation, max(size, 1))
    participations = min(maxParticipation, max(0, size - 1) / separation + 1)
    let scale = rows.lazy.flatMap { $0 }.reduce(0.0) { max($0, $1.magnitude) }
    self.scale = scale
    gram = scale > 0 ? Self.gram(of: rows.map { $0.map { $0 / scale } }) : []
  }

  /// CᵀC, from sums over rows so that memory is read in order.
  private static func gram(of rows: [[Double]]) -> [[Double]] {
    var gram = rows.map { [Double](repeating: 0, count: $0.count) }
    for (index, row) in rows.enumerated() {
      for i in 0...index where row[i] != 0 {
        for j in 0...i { gram[i][j] += row[i] * row[j] }
      }
    }
    for i in gram.indices {
      for j in (i + 1)..<max(gram.count, i + 1) { gram[i][j] = gram[j][i] }
    }
    return gram
  }

  var bounds: SensitivityBounds {
    guard scale > 0 else { return .exactly(0) }
    let largestNorm = gram.indices.reduce(0.0) { max($0, gram[$1][$1]) }
    // |error of G_ij| ≤ n·ulp·√(G_ii·G_jj); it stays relative to G_ij only without cancellation.
    let isNonNegative = gram.allSatisfy { $0.allSatisfy { $0 >= 0 } }
    let k = Double(participations)
    let error = (Double(size) + k + 64) * ulp * (isNonNegative ? 1 : k * k)
    if participations == 1 { return .exact(squared: largestNorm, relativeError: error).scaled(by: scale) }
    if isOrthogonal {
      let sum = greatestSum(of: gram.indices.map { gram[$0][$0] })
      return .exact(squared: sum, relativeError: error).scaled(by: scale)
    }
    if patternCount <= Self.enumerationLimit {
      let best = enumerate()
      if best.lower == best.upper { return .exact(squared: best.upper, relativeError: error).scaled(by: scale) }
      return interval(lower: max(best.lower, largestNorm), upper: best.upper, error: error)
    }
    let upper = greatestSum(of: gram.indices.map { greatestRow($0) })
    return interval(lower: max(regularLowerBound, largestNorm), upper: upper, error: error)
  }

  private func interval(lower: Double, upper: Double, error: Double) -> SensitivityBounds {
    let low = max(0, lower * (1 - error))
    return SensitivityBounds.within(squared: low...max(low, upper * (1 + error))).scaled(by: scale)
  }

  private var isOrthogonal: Bool {
    gram.indices.allSatisfy { i in i < separation || gram[i][...(i - separation)].allSatisfy { $0 == 0 } }
  }

  /// The number of participations with at least one step.
  private var patternCount: Double {
    var ways = [Double](repeating: 1, count: size)  // of exactly m, by their last step
    var total = Double(size)
    for _ in 1..<participations {
      var next = [Double](repeating: 0, count: size)
      var sum = 0.0
      for step in separation..<max(size, separation) {
        sum += ways[step - separation]
        next[step] = sum
      }
      total += next.reduce(0, +)
      ways = next
      if total > Self.enumerationLimit { break }
    }
    return total
  }

  /// The greatest Σ |G_ij| over all participations, and the greatest that equal vectors reach.
  private func enumerate() -> (lower: Double, upper: Double) {
    var best = (lower: 0.0, upper: 0.0)
    var chosen: [Int] = []
    func extend(from start: Int, signed: Double, absolute: Double) {
      best.lower = max(best.lower, signed)
      best.upper = max(best.upper, absolute)
      guard chosen.count < participations else { return }
      for step in start..<max(size, start) {
        let cross = chosen.reduce(0.0) { $0 + gram[step][$1] }
        let magnitude = chosen.reduce(0.0) { $0 + gram[step][$1].magnitude }
        chosen.append(step)
        extend(
          from: step + separation, signed: signed + gram[step][step] + 2 * cross,
          absolute: absolute + gram[step][step] + 2 * magnitude)
        chosen.removeLast()
      }
    }
    extend(from: 0, signed: 0, absolute: 0)
    return best
  }

  /// The greatest Σ of non-negative weights over a participation.
  private func greatestSum(of weights: [Double]) -> Double {
    prefixSums(of: weights, participations: participations).last?.last ?? 0
  }

  /// best[m][s]: the greatest sum of at most m weights among the first s.
  private func prefixSums(of weights: [Double], participations: Int) -> [[Double]] {
    var best = [[Double](repeating: 0, count: weights.count + 1)]
    for _ in 0..<participations {
      var row = [Double](repeating: 0, count: weights.count + 1)
      for step in weights.indices {
        let before = best[best.count - 1][max(0, step + 1 - separation)]
        row[step + 1] = max(row[step], before + weights[step])
      }
      best.append(row)
    }
    return best
  }

  /// Upper bound of Σ_{j ∈ π} |G_ij| over participations π ∋ i.
  private func greatestRow(_ i: Int) -> Double {
    let weights = gram[i].map(\.magnitude)
    let left = Array(weights[..<max(0, i - separation + 1)])
    let right = Array(weights[min(size, i + separation)...])
    let others = participations - 1
    if Double(others) * Double(size) * Double(size) > Self.workLimit {
      // Without the limit on their number the sums can only be greater.
      return weights[i] + unlimitedSum(of: left) + unlimitedSum(of: right)
    }
    let before = prefixSums(of: left, participations: others)
    let after = prefixSums(of: right.reversed(), participations: others)
    let best = (0...others).reduce(0.0) { max($0, (before[$1].last ?? 0) + (after[others - $1].last ?? 0)) }
    return weights[i] + best
  }

  private func unlimitedSum(of weights: [Double]) -> Double {
    var best = [0.0]
    for step in weights.indices { best.append(max(best[step], best[max(0, step + 1 - separation)] + weights[step])) }
    return best[weights.count]
  }

  /// What participation at every b-th step yields, for the best first step.
  private var regularLowerBound: Double {
    (0..<min(separation, size)).reduce(0.0) { best, first in
      let steps = stride(from: first, to: size, by: separation).prefix(participations)
      let signed = steps.reduce(0.0) { sum, i in steps.reduce(sum) { $0 + gram[i][$1] } }
      return max(best, signed, steps.reduce(0.0) { $0 + gram[$1][$1] })
    }
  }
}
