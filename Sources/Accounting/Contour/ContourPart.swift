import Glibc

/// One mechanism of a composition, as the contour integral sees it.
struct ContourPart: Sendable {
  private enum Law: Sendable {
    /// N(μ, 1) against N(0, 1): log E[e^{tL}] = μ²t(t + 1)/2.
    case gaussian(squaredShift: Double)
    /// Laplace noise; the largest loss is 1/b.
    case laplace(largestLoss: Double)
    case nodes(LossNodes)
  }

  private var law: Law
  /// How often it runs.
  let count: Double
  /// Probability under P of an infinite loss, in one run.
  let infiniteMass: Double

  /// `nil` where the pair has no form that the integral can use.
  init?(_ pair: LossPair, count: Int) {
    self.count = Double(count)
    var infiniteMass = 0.0
    switch pair {
    case .laplace(let scale), .reversed(.laplace(let scale)): law = .laplace(largestLoss: 1 / scale)
    case .discrete(let atoms):
      law = .nodes(LossNodes(atoms: atoms))
      for atom in atoms where atom.q == 0 { infiniteMass += atom.p }
    case .reversed(.discrete(let atoms)):
      law = .nodes(LossNodes(atoms: atoms.map { LossAtom(p: $0.q, q: $0.p) }))
      for atom in atoms where atom.p == 0 { infiniteMass += atom.q }
    default:
      guard let shift = ShiftPair(pair) else { return nil }
      if shift.numerator.means.count == 1, shift.denominator.means.count == 1 {
        law = .gaussian(squaredShift: shift.spread * shift.spread)
      } else {
        law = .nodes(LossNodes(shift, frequency: 0, tilt: 64, logPrecision: ContourPart.surveyPrecision))
      }
    }
    self.infiniteMass = infiniteMass
  }

  /// −log of the quadrature error while the line is chosen; nothing that is certified rests on it but for `surveySlack`.
  private static let surveyPrecision = 30.0
  /// The most turns, nodes times frequencies, of one integral: some tenths of a second.
  static let workLimit = 6e7
  /// Bound on the error of `cumulants(tilt:).value`, in one run.
  static let surveySlack = 1e-12

  var isSmooth: Bool {
    switch law {
    case .gaussian: true
    case .laplace: false
    case .nodes(let nodes): nodes.pair != nil
    }
  }

  /// Nodes found necessary so far.
  var nodeCount: Int {
    if case .nodes(let nodes) = law { nodes.losses.count } else { 1 }
  }

  /// Upper bound of the loss, in one run.
  var largestLoss: Double {
    switch law {
    case .gaussian: .infinity
    case .laplace(let largest): largest
    case .nodes(let nodes): nodes.pair?.largestLoss ?? nodes.losses.last ?? -.infinity
    }
  }

  /// Cumulants of one run, or `nil` where too many nodes would be needed. The law may be of mass below 1.
  mutating func cumulants(tilt: Double) -> LossCumulants? {
    switch law {
    case .gaussian(let square):
      return LossCumulants(value: square * tilt * (tilt + 1) / 2, first: square * (tilt + 0.5), second: square)
    case .laplace(let loss): return ContourPart.laplaceCumulants(loss, tilt)
    case .nodes(var nodes):
      if let pair = nodes.pair, tilt > nodes.tiltLimit {
        nodes = LossNodes(pair, frequency: 0, tilt: 8 * tilt, logPrecision: ContourPart.surveyPrecision)
      }
      guard nodes.cover(tilt: tilt) else { return nil }
      law = .nodes(nodes)
      return nodes.cumulants(tilt: tilt)
    }
  }

  /// E[e^{tL}] = ((1 + t)e^{tl} + t·e^{−(1+t)l})/(1 + 2t), l the largest loss.
  private static func laplaceCumulants(_ loss: Double, _ tilt: Double) -> LossCumulants {
    let fall = exp(-(1 + 2 * tilt) * loss)
    let total = (1 + tilt) + tilt * fall
    let first = (1 + loss * (1 + tilt)) + fall * (1 - loss * tilt)
    let second = (2 * loss + loss * loss * (1 + tilt)) + fall * (-2 * loss + loss * loss * tilt)
    let mean = first / total - 2 / (1 + 2 * tilt)
    let variance = second / total - (first / total) * (first / total) + 4 / ((1 + 2 * tilt) * (1 + 2 * tilt))
    return LossCumulants(
      value: tilt * loss + log(total / (1 + 2 * tilt)), first: mean, second: max(variance, 0))
  }

  /// How |E e^{iuL}| falls under the law tilted by `tilt`, as a bound for all runs together.
  /// - Parameter runs: how often all mechanisms run; with few runs the bound must be close.
  func decay(tilt: Double, logMoment: Double, runs: Double) -> (Double) -> Double {
    switch law {
    case .gaussian(let square): return { [count] in -count * square * $0 * $0 / 2 }
    case .laplace: return { _ in 0 }
    case .nodes(let nodes):
      guard nodes.pair != nil else { return { _ in 0 } }
      let bound = DecayBound(
        nodes, tilt: tilt, logMoment: logMoment, fineness: runs < 64 ? 0.93 : 0.75, mesh: runs < 64 ? 0.03 : .infinity)
      return { [count] in count * bound.logBound(from: $0) }
    }
  }

  /// Adds count·log(E[e^{(c+iu)L}]/E[e^{cL}]) at u = Δ, 2Δ, … to `ratios`.
  /// - Returns: count·log E[e^{cL}] and the bound on its error; `nil` where too many nodes would be needed.
  func accumulate(
    into ratios: inout [LogRatio], tilt: Double, step: Double
  ) -> (logMoment: Double, error: Double)? {
    switch law {
    case .gaussian(let square):
      addGaussian(square, into: &ratios, tilt, step)
      let logMoment = count * square * tilt * (tilt + 1) / 2
      return (logMoment, 8 * ulp * logMoment)
    case .laplace(let loss): return addLaplace(loss, into: &ratios, tilt, step)
    case .nodes(let survey): return addNodes(survey, into: &ratios, tilt, step)
    }
  }

  private func addGaussian(_ square: Double, into ratios: inout [LogRatio], _ tilt: Double, _ step: Double) {
    for index in ratios.indices {
      let u = step * Double(index + 1)
      let (real, imaginary) = (-count * square * u * u / 2, count * square * u * (tilt + 0.5))
      ratios[index].add(LogRatio(real: real, imaginary: imaginary, error: 8 * ulp * (abs(real) + abs(imaginary))))
    }
  }

  private func addLaplace(
    _ loss: Double, into ratios: inout [LogRatio], _ tilt: Double, _ step: Double
  ) -> (logMoment: Double, error: Double) {
    let fall = exp(-(1 + 2 * tilt) * loss)
    let scale = (1 + tilt + tilt * fall) / (1 + 2 * tilt)
    for index in ratios.indices {
      let u = step * Double(index + 1)
      // Relative to e^{tl} and to `scale`: ((1 + t) + t·fall·e^{−2iul})/(1 + 2t), then the turn e^{iul}.
      let turn = (real: fall * cos(2 * u * loss), imaginary: -fall * sin(2 * u * loss))
      let above = (
        real: 1 + tilt + tilt * turn.real - u * turn.imaginary, imaginary: u + tilt * turn.imaginary + u * turn.real
      )
      let below = (real: (1 + 2 * tilt) * scale, imaginary: 2 * u * scale)
      let square = below.real * below.real + below.imaginary * below.imaginary
      let quotient = (
        real: (above.real * below.real + above.imaginary * below.imaginary) / square,
        imaginary: (above.imaginary * below.real - above.real * below.imaginary) / square
      )
      var ratio = LogRatio(
        real: quotient.real - 1, imaginary: quotient.imaginary, absoluteError: 32 * ulp)
      ratio.imaginary += u * loss
      ratio.error += 4 * ulp * u * loss
      ratios[index].add(ratio, times: count)
    }
    let logMoment = count * (tilt * loss + log(scale))
    return (logMoment, 16 * ulp * count * (tilt * loss + 1))
  }

  private func addNodes(
    _ survey: LossNodes, into ratios: inout [LogRatio], _ tilt: Double, _ step: Double
  ) -> (logMoment: Double, error: Double)? {
    // Errors of one run are multiplied by the number of runs.
    let logPrecision = 42 + log(count)
    var nodes = survey
    if let pair = survey.pair {
      nodes = LossNodes(
        pair, frequency: step * Double(ratios.count), tilt: tilt, logPrecision: logPrecision)
      guard nodes.cover(tilt: tilt) else { return nil }
    }
    guard !nodes.losses.isEmpty, Double(nodes.losses.count) * Double(ratios.count) < ContourPart.workLimit else {
      return nil
    }
    let law = TiltedLaw(nodes, tilt: tilt, quadratureError: exp(-logPrecision))
    law.logRatios(step: step, count: ratios.count) { ratios[$0 - 1].add($1, times: count) }
    return (count * law.logMoment, count * law.logMomentError + 2 * ulp * abs(count * law.logMoment))
  }
}

extension LogRatio {
  static let one = LogRatio(real: 0, imaginary: 0, error: 0)

  mutating func add(_ other: LogRatio, times count: Double = 1) {
    real += count * other.real
    imaginary += count * other.imaginary
    error += count * other.error + ulp * (abs(real) + abs(imaginary))
  }
}
