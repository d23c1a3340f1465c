import Glibc

/// Two measures on one grid between which the law of a loss lies, with what is not on the grid as explicit errors.
///
/// "Between" is meant for compositions: replacing the law by the upper one cannot make any δ smaller, by the lower one
/// not larger (`CellMasses`). Masses are tilted (`LossGrid`). Everything that was left out or misjudged is bounded by its tilted
/// mass: there are an upper measure of which `upper` misses at most `missing`, and a lower one that `lower` exceeds by at
/// most `excess`. Measures are multilinear under composition, so with masses mᵢ and errors eᵢ the error of the product is
/// at most Π(mᵢ + eᵢ) − Πmᵢ; and a tilted mass e adds at most e·max w to a δ, w being the weight of a loss in it (`LossCurve`).
struct GridMeasure: Sendable {
  /// The grid point of the first masses.
  var start: Int
  var upper: [Double]
  var lower: [Double]
  var missing = 0.0
  var excess = 0.0
  /// The loss of grid point 0.
  var offset: Double
  /// κ of `LossGrid`.
  var logScale: Double
  /// Bound on the relative error of the factors exp(λl − κ).
  var scaleError: Double
  /// Bound on the error of the losses themselves.
  var lossError: Double
  /// Of the measure of one law: upper bound of the mass under P, not tilted, of finite losses above the grid.
  var beyond = 0.0

  var count: Int { upper.count }
}

extension GridMeasure {
  /// What a law was cut off at.
  struct Cut {
    /// The least and greatest losses that are on the grid.
    var lower: Double
    var upper: Double
  }

  /// The chords and the tangents of a law.
  /// - Parameters:
  ///   - offset: of the grid; losses that are meant to lie on it do.
  ///   - logScale: κ, roughly the logarithm of the tilted mass; the upper measure is then given the mass 1.
  init(law: LossLaw, grid: LossGrid, offset: Double, cut: Cut, logScale: Double) {
    let first = Int(((cut.lower - offset) / grid.mesh + 1e-9).rounded(.down))
    let last = max(first + 1, Int(((cut.upper - offset) / grid.mesh - 1e-9).rounded(.up)))
    var sorter = CellSorter(grid: grid, offset: offset, first: first, last: last, logScale: logScale)
    let extent = max(abs(cut.lower), abs(cut.upper))
    for part in law.parts { sorter.add(part, extent: extent) }
    for atom in law.atoms where atom.loss.isFinite && atom.p > 0 {
      if atom.loss <= cut.upper { sorter.add(atom) } else { sorter.beyond += atom.p + atom.massError }
    }
    let cells = sorter.sorted()
    upper = cells.chords(first: first, count: last - first + 2, grid: grid)
    upper[0] += sorter.belowMass
    lower = cells.merges(first: first, count: last - first + 2, grid: grid)
    start = first
    self.offset = offset
    beyond = sorter.beyond
    missing = sorter.massError * (1 + 1e-9)
    excess = missing
    self.logScale = logScale
    scaleError = 4 * ulp * (2 + grid.tilt * extent + abs(logScale))
    lossError = sorter.lossError + 4 * ulp * (extent + abs(offset))
    normalize()
  }

  /// Gives the upper measure the mass 1, and counts the rounding of sums and products so far.
  private mutating func normalize() {
    let sum = upper.reduce(0, +)
    for index in upper.indices {
      upper[index] /= sum
      lower[index] /= sum
    }
    missing = missing / sum + 32 * ulp
    excess = excess / sum + 32 * ulp
    logScale += log(sum)
    scaleError += 4 * ulp * (1 + abs(logScale))
  }

  /// The same law on a grid of `ratio` times the mesh: chords and tangents of a discrete law, which involve no differences.
  func coarsened(by ratio: Int, grid: LossGrid) -> GridMeasure {
    let mesh = grid.mesh
    let coarse = LossGrid(mesh: mesh * Double(ratio), tilt: grid.tilt)
    // Of a mass in place r of a cell: its tilt at the cell's left end, and the share of the right end.
    let tilts = (0..<ratio).map { exp(-grid.tilt * mesh * Double($0)) }
    let shares = (0..<ratio).map { expm1(-mesh * Double($0)) / expm1(-coarse.mesh) }
    let phase = bulk(reach: ratio) % ratio
    let first = -1
    let cellCount = (count - 1 + ratio - phase) / ratio + 1
    func cells(_ points: [Double]) -> CellMasses {
      var cells = CellMasses()
      cells.reserveCapacity(points.count)
      for index in points.indices where points[index] > 0 {
        let place = index + ratio - phase
        let mass = points[index] * tilts[place % ratio]
        let right = mass * shares[place % ratio]
        cells.append(
          cell: first + place / ratio, mass: mass, rightUpper: min(mass, right * (1 + 8 * ulp)),
          rightLower: right * (1 - 8 * ulp))
      }
      return cells
    }
    var result = self
    result.start = first
    result.offset = offset + mesh * Double(start + phase)
    result.upper = cells(upper).chords(first: first, count: cellCount + 1, grid: coarse)
    result.lower = cells(lower).merges(first: first, count: cellCount + 1, grid: coarse)
    result.scaleError += 8 * ulp * (1 + grid.tilt * coarse.mesh)
    // What was missed or in excess before still is, at its old place: only rounding is new.
    result.missing += 32 * ulp
    result.excess += 32 * ulp
    result.lossError +=
      4 * ulp * (coarse.mesh * Double(cellCount) + mesh * abs(Double(start + phase)) + abs(result.offset))
    return result
  }

  /// The place around which the mass is concentrated, as `SaddlePoint.bulk`.
  private func bulk(reach: Int) -> Int {
    let half = upper.reduce(0, +) / 2
    var sum = 0.0
    var centre =
      upper.firstIndex {
        sum += $0; return sum >= half
      } ?? 0
    for _ in 0..<4 {
      let around = max(0, centre - (7 * reach) / 10)...min(count - 1, centre + (7 * reach) / 10)
      var (mass, moment) = (0.0, 0.0)
      for index in around {
        mass += upper[index]
        moment += upper[index] * Double(index - centre)
      }
      if mass > 0 { centre += Int((moment / mass).rounded()) }
    }
    return centre
  }
}

/// Sorts the outcomes of a law into cells, in the order of their losses.
private struct CellSorter {
  let grid: LossGrid
  let offset: Double
  let first: Int
  let last: Int
  let logScale: Double
  /// Tilted bound on the errors of the masses.
  var massError = 0.0
  var lossError = 0.0
  /// Tilted mass below the grid, at its lowest point.
  var belowMass = 0.0
  /// Mass under P above the grid.
  var beyond = 0.0
  private var cells = CellMasses()
  private var sources = 0

  init(grid: LossGrid, offset: Double, first: Int, last: Int, logScale: Double) {
    (self.grid, self.offset, self.first, self.last, self.logScale) = (grid, offset, first, last, logScale)
  }

  private func loss(_ cell: Int) -> Double { offset + grid.mesh * Double(cell) }

  private func tilt(_ cell: Int) -> Double { exp(grid.tilt * loss(cell) - logScale) }

  /// Each cell is halved, and each half is one entry: so the tangents touch nearly where they should.
  mutating func add(_ part: SmoothPart, extent: Double) {
    sources += 1
    let error = part.lossError(loss: extent + grid.mesh)
    lossError = max(lossError, error)
    cells.reserveCapacity(2 * (last - first))
    let ends = part.isIncreasing ? part.bounds : (part.bounds.upper, part.bounds.lower)
    var before = part.tails(at: part.position(of: loss(first)))
    let below = part.mass(part.tails(at: ends.0), before)
    belowMass += (below.p + below.pError) * tilt(first)
    // The left half's greatest share of the right end: 1/(1 + e^{−h/2}).
    let half = 1 / (1 + exp(-grid.mesh / 2))
    for cell in first..<last {
      let (left, factor) = (loss(cell), tilt(cell))
      let (ratio, relativeError) = (exp(left), 4 * ulp + 2 * error)
      for isRight in [false, true] {
        let after = part.tails(at: part.position(of: isRight ? loss(cell + 1) : left + grid.mesh / 2))
        let mass = part.mass(before, after)
        before = after
        guard mass.p > 0 else { continue }
        massError += (mass.pError + 4 * ulp * mass.p) * factor
        let other = mass.q * ratio
        let right = (mass.p - other) / grid.step
        let rightError = (mass.pError + mass.qError * ratio + relativeError * (mass.p + other)) / grid.step
        let (least, most) = isRight ? (half * mass.p, mass.p) : (0, half * mass.p)
        let upper = min(most, max(least, right + rightError))
        let lower = max(least * (1 - 4 * ulp), min(most, right - rightError))
        cells.append(
          cell: cell, mass: mass.p * factor, rightUpper: min(mass.p, upper * (1 + 4 * ulp)) * factor,
          rightLower: lower * (1 - 4 * ulp) * factor)
      }
    }
    let above = part.mass(before, part.tails(at: ends.1))
    beyond += above.p + above.pError + 1e-298
  }

  /// An atom lies where it lies in its cell; one next to a grid point is put on it.
  mutating func add(_ atom: LossLaw.Atom) {
    sources += 1
    if atom.loss < loss(first) - grid.mesh {
      belowMass += (atom.p + atom.massError) * tilt(first)
      return
    }
    lossError = max(lossError, atom.lossError)
    let place = (atom.loss - offset) / grid.mesh
    var cell = Int(place.rounded(.down))
    var distance = atom.loss - loss(cell)
    let nearest = place.rounded()
    if abs(place - nearest) < 1e-7 {
      cell = Int(nearest)
      lossError = max(lossError, atom.lossError + abs(atom.loss - loss(cell)) + 4 * ulp * abs(atom.loss))
      distance = 0
    }
    guard cell >= first else {
      belowMass += (atom.p + atom.massError) * tilt(first)
      return
    }
    let factor = tilt(cell)
    massError += (atom.massError + 4 * ulp * atom.p) * factor
    guard atom.p > 0 else { return }
    let share = min(1, max(0, -expm1(-distance) / grid.step))
    cells.append(
      cell: cell, mass: atom.p * factor, rightUpper: min(1, share * (1 + 8 * ulp)) * atom.p * factor,
      rightLower: share * (1 - 8 * ulp) * atom.p * factor)
  }

  /// The entries by cell, and within one by their share of the right end.
  func sorted() -> CellMasses {
    if sources <= 1 { return cells }
    let order = cells.cells.indices.sorted { a, b in
      if cells.cells[a] != cells.cells[b] { return cells.cells[a] < cells.cells[b] }
      return cells.rightUpper[a] * cells.masses[b] < cells.rightUpper[b] * cells.masses[a]
    }
    return CellMasses(
      cells: order.map { cells.cells[$0] }, masses: order.map { cells.masses[$0] },
      rightUpper: order.map { cells.rightUpper[$0] }, rightLower: order.map { cells.rightLower[$0] })
  }
}
