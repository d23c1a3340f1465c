import Glibc

/// The two passes of `CellMasses.merges`.
///
/// An entry of the cell c with mass p and right share r has, against a grid point i ≤ c, the credit Σ(xᵢp − m), and against i > c
/// the debit Σ(m − xᵢp). In units of xᵢ(1 − e⁻ʰ), with d = |i − c|·h, they are
///
///     credit = p·(1 − e⁻ᵈ)/(1 − e⁻ʰ) + r·e⁻ᵈ,    debit = p·(eᵈ − 1)/(1 − e⁻ʰ) − r·eᵈ.
///
/// All masses that meet at a point carry its tilt.
struct Merger {
  private let masses: CellMasses
  private let first: Int
  private let grid: LossGrid
  private let step: Double
  private let rise: Double
  private let tiltRise: Double
  private(set) var points: [Double]
  /// The entry to be taken next, and how much of it is left.
  private var next = 0
  private var left = 1.0
  /// How many entries may still be looked at in vain: the pass stays linear.
  private var patience: Int

  init(masses: CellMasses, first: Int, count: Int, grid: LossGrid) {
    (self.masses, self.first, self.grid) = (masses, first, grid)
    step = grid.step
    rise = exp(grid.mesh)
    tiltRise = exp(grid.tilt * grid.mesh)
    points = [Double](repeating: 0, count: count)
    patience = 8 * masses.cells.count + 64
  }

  var mass: Double { points.reduce(0, +) }

  mutating func goUp() {
    let cells = masses.cells
    guard var point = cells.first else { return }
    while next < cells.count {
      // With nothing pending from below, the points up to the next entry's cell stay empty.
      point = max(point, cells[next])
      var (mass, debit) = takePending(below: point)
      let (pending, before) = (mass, (next, left))
      if settle(&mass, debit, at: point) {
        points[point - first] += mass
      } else {
        patience -= next - before.0
        (next, left) = before
        points[point - 1 - first] += pending / tiltRise
      }
      point += 1
    }
  }

  /// Everything left in the cell below `point`: its mass and its debit.
  private mutating func takePending(below point: Int) -> (mass: Double, debit: Double) {
    var (mass, debit) = (0.0, 0.0)
    while next < masses.cells.count && masses.cells[next] < point {
      let share = left * tiltRise
      mass += share * masses.masses[next]
      debit += share * rise * (masses.masses[next] - masses.rightLower[next])
      (next, left) = (next + 1, 1)
    }
    return (mass, debit * (1 + 8 * ulp))
  }

  /// Whether the next entry lies on the point itself: then it needs nothing and gives nothing.
  private func isOnGrid(_ point: Int) -> Bool {
    next < masses.cells.count && masses.cells[next] == point && masses.rightUpper[next] == 0
  }

  /// Adds what lies above `point`, from the nearest on, until the debit is gone.
  /// - Returns: false where there is not enough, or where it takes too long to find.
  private mutating func settle(_ mass: inout Double, _ owed: Double, at point: Int) -> Bool {
    var debit = owed
    let limit = min(masses.cells.count, next + max(0, patience))
    while debit > 0 || isOnGrid(point) {
      guard next < limit else { return false }
      let distance = Double(masses.cells[next] - point) * grid.mesh
      let tilted = distance == 0 ? left : left * exp(-grid.tilt * distance)
      let (whole, right) = (tilted * masses.masses[next], tilted * masses.rightLower[next])
      let credit = distance == 0 ? right : whole * -expm1(-distance) / step + right * exp(-distance)
      let safe = credit * (1 - 16 * ulp)
      if safe <= debit {
        mass += whole
        debit = max(0, debit - safe) * (1 + 2 * ulp)
        (next, left) = (next + 1, 1)
      } else {
        let fraction = debit / safe
        mass += fraction * whole
        left -= left * fraction
        debit = 0
      }
    }
    return true
  }

  mutating func goDown() {
    let cells = masses.cells
    next = cells.count - 1
    guard var point = cells.last else { return }
    while next >= 0 {
      point = min(point, cells[next])
      // Everything left above the point: it stays there even if there is nothing to balance it with, at a smaller loss.
      var (mass, credit) = (0.0, 0.0)
      while next >= 0 && cells[next] == point {
        mass += left * masses.masses[next]
        credit += left * masses.rightLower[next]
        (next, left) = (next - 1, 1)
      }
      spend(credit * (1 - 8 * ulp), &mass, at: point)
      points[point - first] += mass
      point -= 1
    }
  }

  /// Adds what lies below `point`, from the nearest on, as far as the credit goes.
  private mutating func spend(_ available: Double, _ mass: inout Double, at point: Int) {
    var credit = available
    while credit > 0 && next >= 0 {
      let distance = Double(point - masses.cells[next]) * grid.mesh
      let isNeighbor = masses.cells[next] == point - 1
      let tilted = left * (isNeighbor ? tiltRise : exp(grid.tilt * distance))
      let (whole, right) = (tilted * masses.masses[next], tilted * masses.rightLower[next])
      let debit = isNeighbor ? rise * (whole - right) : whole * expm1(distance) / step - right * exp(distance)
      let safe = max(0, debit) + 16 * ulp * (whole / step) * expm1(distance)
      if safe <= credit {
        mass += whole
        credit -= safe * (1 + 2 * ulp)
        (next, left) = (next - 1, 1)
      } else {
        let fraction = credit / safe
        mass += fraction * whole
        left -= left * fraction
        credit = 0
      }
    }
  }
}
