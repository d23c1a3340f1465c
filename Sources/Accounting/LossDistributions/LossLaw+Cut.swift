import Glibc

extension LossLaw {
  /// P's mass of infinite loss.
  var infiniteMass: Double { atoms.reduce(0) { $0 + ($1.loss == .infinity ? $1.p : 0) } }

  /// Upper bound of the finite losses; `infinity` where there is none.
  var greatestLoss: Double {
    let atom = atoms.last { $0.loss.isFinite && $0.p > 0 }
    let losses = parts.map(\.greatestLoss) + (atom.map { [$0.loss + $0.lossError] } ?? [])
    return losses.max() ?? 0
  }

  /// The distance of which the distances of all finite losses are multiples, within rounding; `nil` where there are smooth
  /// parts only, or no such distance that is worth a grid.
  var latticeSpacing: Double? {
    let losses = atoms.filter { $0.loss.isFinite && $0.p > 0 }.map(\.loss)
    guard let first = losses.first, let last = losses.last, last > first else { return nil }
    let spacing = zip(losses.dropFirst(), losses).map(-).filter { $0 > 0 }.min() ?? 0
    guard spacing > 0, (last - first) / spacing < 1e5 else { return nil }
    let isLattice = losses.allSatisfy { loss in
      let place = (loss - first) / spacing
      return abs(place - place.rounded()) < 1e-10 * max(1, place)
    }
    return isLattice ? spacing : nil
  }

  /// What a cell of the grid costs, in units of the simplest law.
  var positionCost: Double { parts.reduce(1) { max($0, $1.positionCost) } }

  /// A few hundred losses with their logarithmic masses.
  func nodes() -> [(loss: Double, logMass: Double)] {
    let points = atoms.filter { $0.loss.isFinite && $0.p > 0 }.map { (loss: $0.loss, logMass: log($0.p)) }
    return parts.reduce(points) { $0 + $1.nodes().map { ($0.loss, log($0.p)) } }
  }

  /// What need be on a grid.
  /// - Parameters:
  ///   - greatMass: the mass under P that may lie above.
  ///   - smallMass: the tilted mass, times e^{−`logScale`}, that may lie below.
  /// - Returns: `nil` where numbers are too small to tell.
  func cut(greatMass: Double, smallMass: Double, tilt: Double, logScale: Double) -> GridMeasure.Cut? {
    let share = Double(parts.count + 1)
    func allowedBelow(_ loss: Double) -> Double {
      let exponent = logScale - tilt * loss
      return smallMass / share * (exponent < 700 ? exp(exponent) : .greatestFiniteMagnitude)
    }
    var (lower, upper) = (Double.infinity, -Double.infinity)
    for part in parts {
      guard let high = part.cut(.above, allowed: { _ in greatMass / share }),
        let low = part.cut(.below, allowed: allowedBelow)
      else { return nil }
      (lower, upper) = (min(lower, low, high), max(upper, low, high))
    }
    let finite = atoms.filter { $0.loss.isFinite && $0.p > 0 }
    var mass = 0.0
    if let top = finite.last(where: {
      mass += $0.p + $0.massError; return mass > greatMass / share
    }) {
      upper = max(upper, top.loss)
      lower = min(lower, top.loss)
    }
    // What is left out will be put at the lowest point of the grid, so it is that point's tilt which counts.
    mass = 0
    var bottom = finite.first?.loss
    for (atom, next) in zip(finite, finite.dropFirst()) {
      mass += atom.p + atom.massError
      guard mass <= allowedBelow(next.loss) else { break }
      bottom = next.loss
    }
    if let bottom {
      lower = min(lower, bottom)
      upper = max(upper, bottom)
    }
    guard lower <= upper, max(abs(lower), abs(upper)) < 600 else { return nil }
    return GridMeasure.Cut(lower: lower, upper: upper)
  }
}
