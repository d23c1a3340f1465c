import Glibc

/// How a composition is computed: the tilt, the meshes, and how many losses make a block.
struct CompositionPlan {
  /// Points of the longest transform: its arrays take about 70 bytes a point.
  static let greatestSize = 1 << 21
  static let greatestNumberOfLaws = 4096
  /// Of all losses together; rounding alone makes more of them uncertain.
  static let greatestTotal = 1e10
  /// Bounds of the work: points of all transforms together, and cells of all laws, a second or two each.
  private static let greatestWork = 0x1p25
  private static let greatestCells = 0x1p22

  static let tooLarge = AccountingError.notCertified(
    reason: "the loss distribution would need more time or memory than is allowed for one request",
    alternative: "ask about fewer different mechanisms, or ask for rdp")

  let grid: LossGrid
  let cuts: [GridMeasure.Cut]
  let logMasses: [Double]
  let offsets: [Double]
  /// How many blocks there are, and the mesh of their composition in meshes of the grid; 1 and 1 for a single stage.
  let blocks: Int
  let ratio: Int
  /// The tilted mass that may lie outside a window.
  let outside: Double

  /// What is known of one law before there is a mesh.
  struct Outline {
    var law: LossLaw
    var nodes: [(loss: Double, logMass: Double)]
    var count: Double
    var variance: Double
    var cut: GridMeasure.Cut

    /// About how much one chord and tangent pair of mesh h differ in variance.
    func spread(mesh: Double, isAligned: Bool) -> Double {
      let deviation = variance.squareRoot()
      if !law.parts.isEmpty { return min(0.3 * mesh * mesh, mesh * deviation) }
      return isAligned ? 0 : min(mesh * deviation, variance)
    }
  }

  /// - Parameters:
  ///   - width: of the interval that is wanted, in ε.
  ///   - fineness: at most 1; meshes are multiplied by it.
  init(
    _ outlines: [Outline], saddle: SaddlePoint, width: Double, outside: Double, fineness: Double
  ) throws(AccountingError) {
    self.outside = outside
    cuts = outlines.map(\.cut)
    logMasses = saddle.logMasses
    let model = CostModel(
      outlines: outlines, tilt: saddle.tilt, slope: saddle.slope, width: width, outside: outside, fineness: fineness)
    guard let best = model.cheapest(), best.isAffordable(CompositionPlan.greatestWork, CompositionPlan.greatestCells)
    else { throw CompositionPlan.tooLarge }
    // Places on the grid are whole numbers, told apart by `Double`s.
    let farthest = outlines.reduce(0.0) { max($0, abs($1.cut.lower), abs($1.cut.upper)) }
    guard farthest / best.mesh < 0x1p45 else { throw CompositionPlan.tooLarge }
    grid = LossGrid(mesh: best.mesh, tilt: saddle.tilt)
    (blocks, ratio) = (best.blocks, best.ratio)
    offsets = outlines.map { outline in
      let top = outline.law.atoms.last { $0.loss.isFinite && $0.p > 0 }?.loss
      let aim = top ?? SaddlePoint.bulk(outline.nodes, tilt: saddle.tilt, mesh: best.mesh)
      return aim - best.mesh * (aim / best.mesh).rounded()
    }
  }

  /// Meshes and block sizes that meet a width, and what they cost.
  private struct CostModel {
    let outlines: [Outline]
    let tilt: Double
    let slope: Double
    let width: Double
    let outside: Double
    let fineness: Double

    struct Candidate {
      var mesh: Double
      var blocks: Int
      var ratio: Int
      /// Points of the transforms, and of the longest one; cells of the laws.
      var points: Double
      var longest: Double
      var cells: Double

      func isAffordable(_ points: Double, _ cells: Double) -> Bool {
        mesh > 0 && longest <= Double(CompositionPlan.greatestSize) && self.points <= points && self.cells <= cells
      }

      /// In units of one butterfly.
      var cost: Double { points * 16 + cells * 100 }
    }

    func cheapest() -> Candidate? {
      let most = outlines.reduce(0.0) { max($0, $1.count) }
      var best: Candidate?
      var blocks = 1.0
      while blocks == 1 || blocks * 4 <= most {
        if let candidate = candidate(blocks: blocks), best.map({ candidate.cost < $0.cost }) ?? true {
          best = candidate
        }
        blocks *= 2
      }
      return best
    }

    private func candidate(blocks: Double) -> Candidate? {
      let total = outlines.reduce(0.0) { $0 + $1.count }
      let ratio = blocks == 1 ? 1 : max(2, (total / blocks).squareRoot().rounded())
      guard blocks == 1 || ratio < 1e6 else { return nil }
      let wanted = mesh(blocks: blocks, ratio: ratio) * fineness
      let mesh = aligned(wanted)
      guard mesh > 1e-300 else { return nil }
      let variance = outlines.reduce(0.0) { $0 + $1.count * $1.variance }
      let reach = 2 * (2 * -log(outside)).squareRoot()
      let cells = outlines.reduce(0.0) { $0 + 2 * $1.law.positionCost * (($1.cut.upper - $1.cut.lower) / mesh + 1) }
      let extent = outlines.reduce(0.0) { $0 + $1.count * ($1.cut.upper - $1.cut.lower) }
      func length(_ variance: Double, _ mesh: Double) -> Double {
        min(reach * variance.squareRoot(), extent) / mesh + 64
      }
      let inner = length(variance / blocks, mesh)
      var points = inner * Double(outlines.count + (blocks == 1 ? 1 : 2))
      var longest = inner
      if blocks > 1 {
        let outer = length(variance, mesh * ratio)
        points += 3 * outer
        longest = max(longest, outer)
      }
      return Candidate(
        mesh: mesh, blocks: Int(blocks), ratio: Int(ratio), points: points, longest: longest, cells: cells)
    }

    /// The mesh whose chords and tangents make an interval of half the width. (λ + 1)/2 is what variance is worth in ε.
    private func mesh(blocks: Double, ratio: Double) -> Double {
      let allowed = width / (slope + 1)
      let isAligned = outlines.count == 1 && lattice != nil
      func spread(_ h: Double) -> Double {
        let inner = outlines.reduce(0.0) { $0 + $1.count * $1.spread(mesh: h, isAligned: isAligned) }
        return blocks == 1 ? inner : inner + (blocks + 1) * 0.3 * ratio * ratio * h * h
      }
      // Tilts of neighbouring points must not differ beyond recognition.
      var (low, high) = (-690.0, log(4 / (tilt + 1)))
      for _ in 0..<40 {
        let middle = (low + high) / 2
        if spread(exp(middle)) > allowed { high = middle } else { low = middle }
      }
      return exp(low)
    }

    /// The distance of which all finite losses of the law with atoms that counts most are multiples, apart.
    private var lattice: Double? {
      outlines.filter { $0.law.latticeSpacing != nil }.max { $0.count * $0.variance < $1.count * $1.variance }?
        .law.latticeSpacing
    }

    private func aligned(_ mesh: Double) -> Double {
      guard let lattice else { return mesh }
      let parts = (lattice / mesh).rounded(.up)
      return parts < 1e15 ? lattice / max(1, parts) : mesh
    }
  }
}
