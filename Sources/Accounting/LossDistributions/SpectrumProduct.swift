import Glibc

/// The product of powers of the spectra of measures; upper and lower measures go through one transform together, as the
/// real and imaginary parts of its input.
///
/// Rounding. Let γ be the transform's error per unit of Σ|inputs| and S the sum of both measures' masses. Each value F of
/// a spectrum is then known to d = γS + 4 ulp, and with R = Π max(|Fᵢ|, 1/2)^Tᵢ the product of powers is known to
///
///     Π(|Fᵢ| + dᵢ)^Tᵢ − Π|Fᵢ|^Tᵢ ≤ R·(Π(1 + 2dᵢ)^Tᵢ − 1)
///
/// plus the rounding of the powers by repeated squaring, at most 4 ulp of R for each of the T = ΣTᵢ factors. The sum of the errors of all
/// N outputs of the inverse is at most the sum over the spectrum of these errors and of 2γ|G|.
struct SpectrumProduct {
  private let transform: FourierTransform
  /// The products for each frequency and its negative together, in the order of `forEachConjugatePair`.
  private var upperRe: [Double]
  private var upperIm: [Double]
  private var lowerRe: [Double]
  private var lowerIm: [Double]
  /// R².
  private var squaredBound: [Double]
  /// log Π(1 + 2dᵢ)^Tᵢ.
  private var logError = 0.0
  private var factors = 0.0
  private var re: [Double]
  private var im: [Double]

  init(size: Int) {
    transform = FourierTransform(size: size)
    let pairs = size / 2 + 4
    upperRe = [Double](repeating: 1, count: pairs)
    lowerRe = upperRe
    squaredBound = upperRe
    upperIm = [Double](repeating: 0, count: pairs)
    lowerIm = upperIm
    re = [Double](repeating: 0, count: size)
    im = re
  }

  mutating func multiply(by measure: GridMeasure, power: Int) {
    let size = transform.size
    for index in 0..<size { (re[index], im[index]) = (0, 0) }
    var mass = 0.0
    // A measure longer than the window wraps around, as its sums do.
    for index in 0..<measure.count {
      re[index & (size - 1)] += measure.upper[index]
      im[index & (size - 1)] += measure.lower[index]
      mass += measure.upper[index] + measure.lower[index]
    }
    transform.forward(&re, &im)
    multiply(power)
    logError += Double(power) * log1p(2 * (transform.error * mass + 4 * ulp))
    factors += Double(power) + 1
  }

  /// Takes the two spectra apart and multiplies their powers into the products.
  private mutating func multiply(_ power: Int) {
    let pairs = transform.size / 2 + 4
    withUnsafeTemporaryAllocation(of: Double.self, capacity: 4 * pairs) { scratch in
      guard let base = scratch.baseAddress else { return }
      base.initialize(repeating: 0, count: 4 * pairs)
      takeApart(into: base, pairs)
      for index in stride(from: 0, to: pairs, by: 4) {
        let upper = Powers(base + index, base + pairs + index)
        let lower = Powers(base + 2 * pairs + index, base + 3 * pairs + index)
        upper.raised(to: power).multiply(into: &upperRe, &upperIm, at: index)
        lower.raised(to: power).multiply(into: &lowerRe, &lowerIm, at: index)
        let modulus = upper.squaredModulus.replacing(
          with: lower.squaredModulus, where: lower.squaredModulus .> upper.squaredModulus)
        let bound = Powers.raised(modulus.replacing(with: 0.25, where: modulus .< 0.25), to: power)
        for lane in 0..<4 { squaredBound[index + lane] *= bound[lane] }
      }
    }
  }

  /// Of Z = F + iG with F and G the spectra of real sequences, F = (Z(k) + Z̄(−k))/2 and G = (Z(k) − Z̄(−k))/2i.
  private func takeApart(into base: UnsafeMutablePointer<Double>, _ pairs: Int) {
    var place = base
    transform.forEachConjugatePair { k, mirror in
      place[0] = (re[k] + re[mirror]) / 2
      place[pairs] = (im[k] - im[mirror]) / 2
      place[2 * pairs] = (im[k] + im[mirror]) / 2
      place[3 * pairs] = (re[mirror] - re[k]) / 2
      place += 1
    }
  }

  /// The masses of `count` ≤ N points from `first` on, counted from the sum of the measures' first points. Negative ones,
  /// which are rounding errors, are 0.
  mutating func points(from first: Int, count: Int) -> (upper: [Double], lower: [Double]) {
    let size = transform.size
    var index = 0
    transform.forEachConjugatePair { k, mirror in
      let (a, b, c, d) = (upperRe[index], upperIm[index], lowerRe[index], lowerIm[index])
      (re[k], im[k]) = (a - d, b + c)
      (re[mirror], im[mirror]) = (a + d, c - b)
      index += 1
    }
    // Frequencies 0 and N/2 are their own negatives, and real.
    for k in 0..<2 { (re[k], im[k]) = (upperRe[k], lowerRe[k]) }
    transform.inverse(&re, &im)
    let (scale, mask) = (1 / Double(size), size - 1)
    return (
      (0..<count).map { max(0, re[(first + $0) & mask] * scale) },
      (0..<count).map { max(0, im[(first + $0) & mask] * scale) }
    )
  }

  /// Bound on the sum of the errors of all points of one measure.
  func error(total: Double) -> Double {
    var sum = 0.0
    for index in 0..<transform.size / 2 + 1 { sum += squaredBound[index].squareRoot() }
    return 2 * sum * (expm1(logError) + 4 * ulp * factors + 2 * transform.error) * (1 + 1e-9)
  }
}

/// Four complex numbers that are raised to one power.
private struct Powers {
  var re: SIMD4<Double>
  var im: SIMD4<Double>

  @inline(__always)
  init(_ re: UnsafePointer<Double>, _ im: UnsafePointer<Double>) {
    self.re = UnsafeRawPointer(re).loadUnaligned(as: SIMD4<Double>.self)
    self.im = UnsafeRawPointer(im).loadUnaligned(as: SIMD4<Double>.self)
  }

  @inline(__always)
  init(_ re: SIMD4<Double>, _ im: SIMD4<Double>) { (self.re, self.im) = (re, im) }

  @inline(__always)
  var squaredModulus: SIMD4<Double> { re * re + im * im }

  @inline(__always)
  static func * (a: Powers, b: Powers) -> Powers { Powers(a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re) }

  @inline(__always)
  func raised(to power: Int) -> Powers {
    var (result, square, rest) = (self, self, power - 1)
    while rest > 0 {
      if rest & 1 == 1 { result = result * square }
      rest >>= 1
      if rest > 0 { square = square * square }
    }
    return result
  }

  @inline(__always)
  static func raised(_ base: SIMD4<Double>, to power: Int) -> SIMD4<Double> {
    var (result, square, rest) = (base, base, power - 1)
    while rest > 0 {
      if rest & 1 == 1 { result *= square }
      rest >>= 1
      if rest > 0 { square *= square }
    }
    return result
  }

  @inline(__always)
  func multiply(into re: inout [Double], _ im: inout [Double], at index: Int) {
    for lane in 0..<4 {
      let (a, b) = (re[index + lane], im[index + lane])
      re[index + lane] = a * self.re[lane] - b * self.im[lane]
      im[index + lane] = a * self.im[lane] + b * self.re[lane]
    }
  }
}
