import Glibc

/// Outcomes on the real line whose loss does not decrease along it, with the masses of intervals under P and Q.
enum OutcomeLine: Sendable {
  case gaussian(GaussianLine)
  /// What lies between the two means of Lap(d, 1) and Lap(0, 1): 0 < x < d with loss 2x − d. (The rest has losses ±d.)
  case laplace(distance: Double)

  /// Masses with bounds of their errors.
  struct Masses {
    var p = 0.0
    var q = 0.0
    var pError = 0.0
    var qError = 0.0
  }

  /// What a mass can be had from at one position: the tails on both sides.
  struct Tails {
    var low = Masses()
    var high = Masses()

    /// The masses between two positions, the larger first or not, from those tails that cancel less.
    @inline(__always)
    func between(_ other: Tails) -> Masses {
      let (left, right) = low.p + low.q <= other.low.p + other.low.q ? (self, other) : (other, self)
      let pHigh = left.high.p < right.low.p
      let qHigh = left.high.q < right.low.q
      return Masses(
        p: max(0, pHigh ? left.high.p - right.high.p : right.low.p - left.low.p),
        q: max(0, qHigh ? left.high.q - right.high.q : right.low.q - left.low.q),
        pError: pHigh ? left.high.pError + right.high.pError : right.low.pError + left.low.pError,
        qError: qHigh ? left.high.qError + right.high.qError : right.low.qError + left.low.qError)
    }
  }

  /// Positions beyond which there is nothing, or nothing that a `Double` can hold.
  var bounds: (lower: Double, upper: Double) {
    switch self {
    case .gaussian(let line): line.bounds
    case .laplace(let distance): (0, distance)
    }
  }

  /// Infimum and supremum of the losses.
  var limits: (lower: Double, upper: Double) {
    switch self {
    case .gaussian(let line): line.limits
    case .laplace(let distance): (-distance, distance)
    }
  }

  /// Densities under P and Q.
  func density(at position: Double) -> Masses {
    switch self {
    case .gaussian(let line): Masses(p: line.p.density(at: position), q: line.q.density(at: position))
    case .laplace(let distance): Masses(p: exp(position - distance) / 2, q: exp(-position) / 2)
    }
  }

  /// Whether masses and losses are within the range of numbers.
  var isRepresentable: Bool {
    switch self {
    case .gaussian(let line): line.spread <= GaussianLine.greatestSpread
    case .laplace(let distance): distance > 0 && distance <= 600
    }
  }

  /// A distance over which densities and losses are smooth.
  var scale: Double {
    switch self {
    case .gaussian(let line): 2 / max(1, line.spread / 3)
    case .laplace: 2
    }
  }

  func loss(at position: Double) -> Double {
    switch self {
    case .gaussian(let line): line.loss(at: position)
    case .laplace(let distance): 2 * position - distance
    }
  }

  /// Where the loss is `loss`; an infinite position (or an end) beyond the range of losses.
  @inline(__always)
  func position(of loss: Double) -> Double {
    switch self {
    case .gaussian(let line): line.position(of: loss)
    case .laplace(let distance): min(max(0, (loss + distance) / 2), distance)
    }
  }

  @inline(__always)
  func tails(at position: Double) -> Tails {
    switch self {
    case .gaussian(let line): line.tails(at: position)
    case .laplace(let distance): OutcomeLine.laplaceTails(at: position, distance)
    }
  }

  /// Bound on |loss(position(of: l)) − l|, for |l| ≤ `loss` and positions of at most this modulus.
  func lossError(loss: Double, position: Double) -> Double {
    switch self {
    case .gaussian(let line): line.lossError(loss: loss, position: position)
    case .laplace(let distance): 8 * ulp * (loss + distance)
    }
  }

  private static func laplaceTails(at x: Double, _ d: Double) -> Tails {
    let low = Masses(p: exp(-d) * expm1(x) / 2, q: -expm1(-x) / 2)
    let high = Masses(p: -expm1(x - d) / 2, q: exp(-x) * -expm1(x - d) / 2)
    return Tails(low: low.rounded(within: 8 * ulp), high: high.rounded(within: 8 * ulp))
  }
}

extension OutcomeLine.Masses {
  @inline(__always)
  func rounded(within relative: Double) -> Self {
    Self(p: p, q: q, pError: p * relative, qError: q * relative)
  }

  /// The masses after a step; it is linear and has no negative coefficients, so errors go the same way.
  @inline(__always)
  func after(_ step: LossStep) -> Self {
    let (p, q) = step.masses(p: p, q: q)
    let (pError, qError) = step.masses(p: pError, q: qError)
    return Self(p: p, q: q, pError: pError + 2 * ulp * p, qError: qError + 2 * ulp * q)
  }
}
