import Glibc

/// Losses offset + h·i for integers i, and the exponential tilt by which masses on them are weighted: a mass p at the loss l
/// is held as p·exp(λl − κ). With λ near the saddle point of the answer all of the numbers that matter are of a similar size, and
/// a δ of 10⁻³⁰ keeps as many digits as one of 10⁻³.
struct LossGrid: Sendable {
  /// h > 0.
  var mesh: Double
  /// λ ≥ 0.
  var tilt: Double

  /// 1 − e⁻ʰ: the distance of neighbours on the scale x = e⁻ˡ, relative to the left one.
  var step: Double { -expm1(-mesh) }
}

/// Masses sorted into the cells [offset + h·c, offset + h·(c + 1)) of a grid. Each entry stands for outcomes of one cell of
/// which three numbers are known: their mass under P, and bounds of the share of it that goes to the right end of the cell when
/// mass under P and mass under Q are both preserved,
///
///     right = (p − m·eˡ)/(1 − e⁻ʰ),    0 ≤ right ≤ p,
///
/// l being the cell's left end and m the mass under Q. All three are tilted by the factor of the left end.
struct CellMasses {
  var cells: [Int] = []
  var masses: [Double] = []
  /// Upper and lower bounds of the share of the right end.
  var rightUpper: [Double] = []
  var rightLower: [Double] = []

  mutating func append(cell: Int, mass: Double, rightUpper upper: Double, rightLower lower: Double) {
    cells.append(cell)
    masses.append(mass)
    rightUpper.append(upper)
    rightLower.append(lower)
  }

  mutating func reserveCapacity(_ count: Int) {
    cells.reserveCapacity(count)
    masses.reserveCapacity(count)
    rightUpper.reserveCapacity(count)
    rightLower.reserveCapacity(count)
  }
}

extension CellMasses {
  /// The chords of the hockey-stick curve: every mass goes to both ends of its cell, so that the masses under P and under Q are
  /// kept.
  ///
  /// This dominates (arXiv:2207.04380). For each ε the δ of a composition is, as a function of one of its laws, the
  /// integral of φ(e⁻ˡ) over that law under P, where φ(x) = ∫(1 − e^{ε−s}x)₊ dν(s) is convex and does not increase, ν being the
  /// law of the sum of all other losses (a measure; it need not be normalised). By convexity φ(x) is at most the chord's
  /// value, whose integral over the cell is what the two ends get. And mass that is moved to the right, as by rounding
  /// `right` up, can only add, since φ does not increase.
  ///
  /// - Returns: tilted masses on `first` and the following grid points.
  func chords(first: Int, count: Int, grid: LossGrid) -> [Double] {
    var points = [Double](repeating: 0, count: count)
    let factor = exp(grid.tilt * grid.mesh)
    for index in cells.indices {
      let place = cells[index] - first
      points[place] += masses[index] - rightUpper[index]
      points[place + 1] += rightUpper[index] * factor
    }
    return points
  }

  /// Tangents of the hockey-stick curve: masses on both sides of a grid point are merged onto it where their mean e⁻ˡ is at
  /// least that of the point.
  ///
  /// This is dominated: by Jensen's inequality for the φ of `chords` a merged mass counts at most what its parts did, and moving it
  /// to a smaller loss only takes away. Going up through the grid, each point takes what the points before it left below it, and
  /// as much from above, nearest first, as puts the mean of e⁻ˡ right. That is the construction by tangents: the line through a
  /// point of the lower curve touches the true curve where the point's share from above ends. What cannot be balanced, at the
  /// upper end, moves down to the point below. Going down instead, it is the lower end that loses. Both are done, and the one
  /// that keeps more tilted mass is returned: E[e^{λL}] is itself one of the φ, so it is at most the true one.
  ///
  /// Which entries a point takes, and in what order, is a matter of width only: the inequality holds for any choice. `rightLower`
  /// understates how far the parts from above pull and overstates what those from below need.
  ///
  /// - Returns: tilted masses on `first` and the following grid points.
  func merges(first: Int, count: Int, grid: LossGrid) -> [Double] {
    var upward = Merger(masses: self, first: first, count: count, grid: grid)
    var downward = upward
    upward.goUp()
    downward.goDown()
    return upward.mass >= downward.mass ? upward.points : downward.points
  }
}
