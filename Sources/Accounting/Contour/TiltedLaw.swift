import Glibc

/// The law of one loss tilted by e^{cL}, as nodes and normalised weights: evaluates E[e^{(c+iu)L}]/E[e^{cL}] − 1 at u = Δ, 2Δ, 3Δ, …
struct TiltedLaw {
  /// log E[e^{cL}] …
  private(set) var logMoment = 0.0
  /// … and the bound on its error.
  private(set) var logMomentError = 0.0

  private var losses: [SIMD4<Double>] = []
  private var weights: [SIMD4<Double>] = []
  /// Bound on the relative error of a weight and of a sum over all.
  private var relativeError = 0.0
  /// Bound on quadrature and truncation errors relative to E[e^{cL}].
  private let quadratureError: Double

  /// - Parameters:
  ///   - nodes: covering `tilt`, of quadrature error at most `quadratureError` relative to E[e^{cL}].
  ///   - tilt: c ≥ 0.
  init(_ nodes: LossNodes, tilt: Double, quadratureError: Double) {
    // The step, two tails of as much, and what `select` leaves out.
    self.quadratureError = nodes.pair == nil ? 0 : 4 * quadratureError
    let largest = nodes.largestExponent(tilt: tilt)
    let kept = select(nodes, tilt: tilt, below: largest + log(quadratureError / Double(nodes.losses.count + 1)))
    let total = sum(nodes, tilt: tilt, kept: kept, largest: largest)
    let exponents = kept.map { nodes.logWeights[$0] + tilt * nodes.losses[$0] }
    fill(kept.map { nodes.losses[$0] }, exponents.map { exp($0 - total.logValue) })
    logMoment = total.logValue
    logMomentError = total.error + 2 * self.quadratureError
  }

  private func select(_ nodes: LossNodes, tilt: Double, below threshold: Double) -> [Int] {
    nodes.pair == nil
      ? Array(nodes.losses.indices)
      : nodes.losses.indices.filter { nodes.logWeights[$0] + tilt * nodes.losses[$0] > threshold }
  }

  /// log Σ weight·e^{cL}. With a shift pair the weights themselves are known to add up to 1, so the sum is 1 + Σ weight·(e^{cL} − 1): its
  /// error is relative to the losses, not to 1, and stays small when it is raised to a power of ten millions.
  private mutating func sum(
    _ nodes: LossNodes, tilt: Double, kept: [Int], largest: Double
  ) -> (logValue: Double, error: Double) {
    var magnitude = 1.0
    for index in kept {
      magnitude = max(magnitude, abs(nodes.logWeights[index]) + 2 * tilt * abs(nodes.losses[index]))
    }
    relativeError = ulp * (6 * magnitude + Double(kept.count) + 32)
    guard nodes.pair != nil, largest < 600 else {
      var total = 0.0
      for index in kept { total += exp(nodes.logWeights[index] + tilt * nodes.losses[index] - largest) }
      let logValue = largest + log(total)
      return (logValue, relativeError + 4 * ulp * (abs(logValue) + abs(largest) + 1))
    }
    var (excess, size) = (0.0, 0.0)
    // All nodes: those without weight under the tilt may hold weight without it.
    for index in nodes.losses.indices {
      let term = nodes.growth(index, tilt: tilt)
      excess += term
      size += abs(term)
    }
    let unpruned = ulp * Double(nodes.losses.count)
    let logValue = log1p(excess)
    return (logValue, (relativeError + unpruned) * size / (1 + excess) + 4 * ulp * abs(logValue))
  }

  private mutating func fill(_ values: [Double], _ shares: [Double]) {
    for start in stride(from: 0, to: values.count, by: 4) {
      var (loss, weight) = (SIMD4<Double>.zero, SIMD4<Double>.zero)
      for lane in 0..<min(4, values.count - start) {
        loss[lane] = values[start + lane]
        weight[lane] = shares[start + lane]
      }
      losses.append(loss)
      weights.append(weight)
    }
  }
}

/// log(E[e^{(c+iu)L}]/E[e^{cL}]) with a bound on the error of the complex logarithm.
struct LogRatio {
  var real: Double
  var imaginary: Double
  var error: Double
}

extension TiltedLaw {
  /// The logarithms at u = Δ, 2Δ, …, `count`·Δ.
  ///
  /// D(u) = Σ w(e^{iuL} − 1) follows from d ← d + d₁ + d·d₁ for d = e^{iuL} − 1, which loses nothing where uL is small. |D| sums are bounded
  /// by Cauchy's inequality: Σ w|d| ≤ √(Σ w|d|²) = √(−2 Re D). Each turn rounds by at most 8 units of |d| + 2|d₁|.
  func logRatios(step: Double, count: Int, body: (Int, LogRatio) -> Void) {
    let first = losses.map { loss in
      var (real, imaginary) = (SIMD4<Double>.zero, SIMD4<Double>.zero)
      for lane in 0..<4 {
        let half = sin(step * loss[lane] / 2)
        real[lane] = -2 * half * half
        imaginary[lane] = sin(step * loss[lane])
      }
      return (real: real, imaginary: imaginary)
    }
    var current = first
    var (turns, firstSpread) = (0.0, 0.0)
    for index in 1...max(count, 1) {
      var (real, imaginary) = (SIMD4<Double>.zero, SIMD4<Double>.zero)
      for position in current.indices {
        let (d, e) = (current[position], first[position])
        real += weights[position] * d.real
        imaginary += weights[position] * d.imaginary
        current[position] = (
          d.real + (e.real + (d.real * e.real - d.imaginary * e.imaginary)),
          d.imaginary + (e.imaginary + (d.real * e.imaginary + d.imaginary * e.real))
        )
      }
      let (x, y) = (real.sum(), imaginary.sum())
      let spread = (2 * max(-x, 0)).squareRoot() + 0x1p-500
      if index == 1 { firstSpread = spread }
      turns += spread + 2 * firstSpread
      let error = relativeError * spread + 8 * ulp * turns + 2 * quadratureError
      body(index, LogRatio(real: x, imaginary: y, absoluteError: error))
    }
  }
}

extension LogRatio {
  /// log(1 + D), D = x + iy known to within `absoluteError`.
  init(real x: Double, imaginary y: Double, absoluteError: Double) {
    let squaredModulus = max((1 + x) * (1 + x) + y * y, 0)
    // −log(1 − e/|1+D|) bounds the error of the logarithm; where 1 + D may be 0 its modulus is only known to be small.
    let modulus = squaredModulus.squareRoot()
    if absoluteError < modulus / 2 {
      let real = squaredModulus > 0.25 ? log1p(x * 2 + x * x + y * y) / 2 : log(modulus)
      let imaginary = atan2(y, 1 + x)
      let rounding = 4 * ulp * (abs(real) + abs(imaginary) + abs(x) + y * y)
      self.init(real: real, imaginary: imaginary, error: 2 * absoluteError / modulus + rounding)
    } else {
      self.init(real: log(modulus + absoluteError + 0x1p-1000), imaginary: 0, error: .infinity)
    }
  }
}
