/// L2 sensitivity of Cx for a lower triangular C, where one record takes part in at most k steps, at least b apart, with a
/// vector of norm at most 1 in each: the greatest ‖Σᵢ C_i xᵢ‖ over participations π, C_i the columns.
///
/// With the Gram matrix G = CᵀC, ‖Σ C_i xᵢ‖² = Σ G_ij⟨xᵢ, xⱼ⟩ ≤ Σ_{i,j ∈ π} |G_ij|, and equal vectors reach it where G is
/// non-negative on π (arXiv:2211.06530, arXiv:2306.08153). So the sensitivity is exact for non-negative C and for columns that
/// are orthogonal at distances of b and more; otherwise it is bounded from both sides.
enum MatrixSensitivity {
  /// The largest dense strategy: its Gram matrix costs n³/3 multiplications.
  static let denseLimit = 1_000
  /// Toeplitz strategies without an order that decides are treated as dense up to this many steps.
  private static let denseToeplitzLimit = 256

  static func bounds(_ strategy: MatrixStrategy, path: [PathComponent]) throws(AccountingError) -> SensitivityBounds {
    switch strategy {
    case .sensitivity(let sensitivity): return .exactly(sensitivity.magnitude)
    case .toeplitz(let coefficients, let steps, let maxParticipation, let minSeparation):
      let toeplitz = ToeplitzSensitivity(
        coefficients: coefficients, steps: steps, maxParticipation: maxParticipation, minSeparation: minSeparation)
      if toeplitz.regularIsWorst || steps > denseToeplitzLimit { return toeplitz.bounds }
      let rows = (0..<steps).map { row in
        (0..<steps).map { row >= $0 && row - $0 < coefficients.count ? coefficients[row - $0] : 0 }
      }
      return DenseSensitivity(rows: rows, maxParticipation: maxParticipation, minSeparation: minSeparation).bounds
    case .dense(let rows, let maxParticipation, let minSeparation):
      guard rows.count <= denseLimit else {
        throw .limitExceeded(path: path + [.field("strategy")], what: "the number of rows", limit: denseLimit)
      }
      return DenseSensitivity(rows: rows, maxParticipation: maxParticipation, minSeparation: minSeparation).bounds
    }
  }
}

/// Lower triangular Toeplitz strategies.
///
/// **The regular participation 0, b, 2b, … is worst** where coefficients are non-negative and non-increasing: G_ij =
/// Σ_t c_t c_{t+j−i} over t < n − j (i ≤ j) falls in j and in j − i, and the m-th participation of any pattern is at mb or
/// later and at least (m − l)b after the l-th (arXiv:2405.15913). So is it where at most b coefficients are not 0:
/// columns are orthogonal there, and earlier ones are cut off less.
struct ToeplitzSensitivity {
  /// Coefficients over the largest magnitude.
  private let column: [Double]
  private let scale: Double
  private let steps: Int
  private let separation: Int
  private let participations: Int

  private static let workLimit = 50_000_000

  init(coefficients: [Double], steps: Int, maxParticipation: Int, minSeparation: Int) {
    let scale = coefficients.reduce(0.0) { max($0, $1.magnitude) }
    self.scale = scale
    let used = (coefficients.lastIndex { $0 != 0 } ?? -1) + 1
    column = coefficients.prefix(used).map { scale > 0 ? $0 / scale : 0 }
    self.steps = steps
    separation = min(minSeparation, steps)
    participations = min(maxParticipation, (steps - 1) / separation + 1)
  }

  private var isOrthogonal: Bool { column.count <= separation || participations == 1 }
  private var isOrdered: Bool {
    column.allSatisfy { $0 >= 0 } && zip(column, column.dropFirst()).allSatisfy { $0 >= $1 }
  }
  var regularIsWorst: Bool { isOrthogonal || isOrdered }

  var bounds: SensitivityBounds {
    guard scale > 0 else { return .exactly(0) }
    let error = (2 * Double(column.count) + 64) * ulp
    if isOrthogonal {
      return .exact(squared: orthogonalSum, relativeError: error).scaled(by: scale)
    }
    let work = Double(column.count) * Double(participations)
    if isOrdered, work <= Double(Self.workLimit) {
      return .exact(squared: regularSum(of: column), relativeError: error).scaled(by: scale)
    }
    // Otherwise the least non-increasing majorant of |c| bounds G from above, entry by entry.
    var majorant = column.map(\.magnitude)
    for index in majorant.indices.dropLast().reversed() { majorant[index] = max(majorant[index], majorant[index + 1]) }
    let upper = work <= Double(Self.workLimit) ? regularSum(of: majorant) : periodicSum(of: majorant)
    // Some choice of signs reaches at least the mean over all of them, which is the sum of the squared norms.
    let low = min(Double(wholeColumns) * squaredNorm(of: column[...]) * (1 - error), upper)
    return SensitivityBounds.within(squared: low...(upper * (1 + error))).scaled(by: scale)
  }

  /// How many of the columns 0, b, 2b, … are not cut off at the last step.
  private var wholeColumns: Int { min(participations, (steps - column.count) / separation + 1) }

  private func squaredNorm(of part: ArraySlice<Double>) -> Double { part.reduce(0.0) { $0 + $1 * $1 } }

  /// Σ of the squared norms of the columns 0, b, 2b, …; at most one of them is cut off.
  private var orthogonalSum: Double {
    var sum = Double(wholeColumns) * squaredNorm(of: column[...])
    for index in wholeColumns..<participations { sum += squaredNorm(of: column.prefix(steps - index * separation)) }
    return sum
  }

  /// ‖Σⱼ C_{jb}‖² for the regular participation.
  private func regularSum(of column: [Double]) -> Double {
    let end = min(steps, (participations - 1) * separation + column.count)
    var sum = 0.0
    for time in 0..<end {
      let last = min(time / separation, participations - 1)
      var index = time - last * separation
      var value = 0.0
      while index <= time && index < column.count {
        value += column[index]
        index += separation
      }
      sum += value * value
    }
    return sum
  }

  /// Upper bound of the same: every step sees all the columns it would see after a long time.
  private func periodicSum(of column: [Double]) -> Double {
    var residues = [Double](repeating: 0, count: separation)
    for (index, coefficient) in column.enumerated() { residues[index % separation] += coefficient }
    let periods = Double(participations) + Double(column.count / separation + 1)
    return periods * squaredNorm(of: residues[...])
  }
}
