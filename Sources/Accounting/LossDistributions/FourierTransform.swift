import Glibc

/// The discrete Fourier transform of N = 2ⁿ complex numbers, real and imaginary parts apart.
///
/// `forward` decimates in frequency and leaves the spectrum in bit-reversed order; `inverse` decimates in time and expects
/// it so. Nothing is ever permuted: what is done to spectra in between is done to each frequency alone, or to a frequency and
/// its negative, which `forEachConjugatePair` knows how to find. Two stages are done at once (radix 4).
///
/// Rounding: every output is a sum of all inputs times numbers of modulus 1, each of which went through n stages. A stage costs at
/// most one addition and one multiplication by a root of unity that is itself rounded (N. J. Higham, Accuracy and Stability of
/// Numerical Algorithms, 2nd ed., section 24.1): less than 8 units of roundoff. Hence |error| ≤ `error`·Σ|inputs| for each output.
struct FourierTransform {
  let size: Int
  /// Bound on the error of one output, relative to the sum of the moduli of the inputs.
  let error: Double
  /// For each stage of four, from the longest: w^j, w^2j, w^3j for j < m, w = exp(−2πi/4m), real parts before imaginary ones.
  private let roots: [Double]

  /// - Parameter size: a power of two, at least 4.
  init(size: Int) {
    precondition(size >= 4 && size & (size - 1) == 0, "sizes are powers of two")
    self.size = size
    error = 4 * ulp * Double(size.trailingZeroBitCount)
    roots = FourierTransform.roots(size)
  }

  /// Replaces the numbers by their sums with exp(−2πi jk/N), in bit-reversed order.
  func forward(_ re: UnsafeMutablePointer<Double>, _ im: UnsafeMutablePointer<Double>) {
    roots.withUnsafeBufferPointer { table in
      guard var root = table.baseAddress else { return }
      var quarter = size / 4
      while quarter >= 1 {
        for start in stride(from: 0, to: size, by: 4 * quarter) {
          Block(re + start, im + start, root, quarter).forward()
        }
        root += 6 * quarter
        quarter /= 4
      }
      if size.trailingZeroBitCount % 2 == 1 { pairs(re, im) }
    }
  }

  /// Replaces a spectrum in bit-reversed order by its sums with exp(+2πi jk/N): N times the inverse of `forward`.
  func inverse(_ re: UnsafeMutablePointer<Double>, _ im: UnsafeMutablePointer<Double>) {
    roots.withUnsafeBufferPointer { table in
      guard let first = table.baseAddress else { return }
      let isOdd = size.trailingZeroBitCount % 2 == 1
      if isOdd { pairs(re, im) }
      var root = first + table.count
      var quarter = isOdd ? 2 : 1
      while 4 * quarter <= size {
        root -= 6 * quarter
        for start in stride(from: 0, to: size, by: 4 * quarter) {
          Block(re + start, im + start, root, quarter).inverse()
        }
        quarter *= 4
      }
    }
  }

  /// Calls `body` with the places of each frequency and of its negative; frequencies 0 and N/2 are their own.
  @inline(__always)
  func forEachConjugatePair(_ body: (_ place: Int, _ mirror: Int) -> Void) {
    body(0, 0)
    body(1, 1)
    var block = 2
    while block < size {
      // Places block ..< 2·block hold the odd multiples of N/(2·block), in bit-reversed order: negation reverses them.
      for offset in 0..<block / 2 { body(block + offset, 2 * block - 1 - offset) }
      block *= 2
    }
  }

  /// The last stage of an odd number of them: sums and differences of neighbours.
  private func pairs(_ re: UnsafeMutablePointer<Double>, _ im: UnsafeMutablePointer<Double>) {
    for place in stride(from: 0, to: size, by: 2) {
      (re[place], re[place + 1]) = (re[place] + re[place + 1], re[place] - re[place + 1])
      (im[place], im[place + 1]) = (im[place] + im[place + 1], im[place] - im[place + 1])
    }
  }

  private static func roots(_ size: Int) -> [Double] {
    let cosines = quarterWave(size)
    // cos(2πk/N) for 0 ≤ k < N from a quarter of a wave.
    func cosine(_ k: Int) -> Double {
      let half = size / 2
      let folded = k <= half ? k : size - k
      return folded <= size / 4 ? cosines[folded] : -cosines[half - folded]
    }
    func sine(_ k: Int) -> Double { cosine(k >= size / 4 ? k - size / 4 : k + size - size / 4) }
    var roots: [Double] = []
    roots.reserveCapacity(2 * size)
    var quarter = size / 4
    while quarter >= 1 {
      let step = size / (4 * quarter)
      for power in 1...3 {
        for j in 0..<quarter { roots.append(cosine(power * j * step)) }
        for j in 0..<quarter { roots.append(-sine(power * j * step)) }
      }
      quarter /= 4
    }
    return roots
  }

  /// cos(2πk/N) for 0 ≤ k ≤ N/4, each from an angle of at most π/4.
  private static func quarterWave(_ size: Int) -> [Double] {
    let quarter = size / 4
    var wave = [Double](repeating: 0, count: quarter + 1)
    for k in 0...quarter / 2 {
      let angle = 2 * Double.pi * Double(k) / Double(size)
      wave[k] = cos(angle)
      wave[quarter - k] = sin(angle)
    }
    if quarter == 1 { (wave[0], wave[1]) = (1, 0) }
    return wave
  }
}

/// The butterflies of four that share a block of 4·quarter numbers a, b, c, d: their sums s₀ = a + b + c + d,
/// s₁ = a − ib − c + id, s₂ = a − b + c − d, s₃ = a + ib − c − id go to the quarters in the order 0, 2, 1, 3.
private struct Block {
  let re: UnsafeMutablePointer<Double>
  let im: UnsafeMutablePointer<Double>
  let root: UnsafePointer<Double>
  let quarter: Int

  init(
    _ re: UnsafeMutablePointer<Double>, _ im: UnsafeMutablePointer<Double>, _ root: UnsafePointer<Double>,
    _ quarter: Int
  ) {
    (self.re, self.im, self.root, self.quarter) = (re, im, root, quarter)
  }

  @inline(__always)
  func forward() {
    switch quarter {
    case 1: forwardOnce()
    case 2: forward(at: 0, SIMD2<Double>.self)
    default: for j in stride(from: 0, to: quarter, by: 4) { forward(at: j, SIMD4<Double>.self) }
    }
  }

  @inline(__always)
  func inverse() {
    switch quarter {
    case 1: inverseOnce()
    case 2: inverse(at: 0, SIMD2<Double>.self)
    default: for j in stride(from: 0, to: quarter, by: 4) { inverse(at: j, SIMD4<Double>.self) }
    }
  }

  @inline(__always)
  private func forward<V: SIMD>(at j: Int, _: V.Type) where V.Scalar == Double {
    let (a, b, c, d) = (Complex<V>(self, 0, j), Complex<V>(self, 1, j), Complex<V>(self, 2, j), Complex<V>(self, 3, j))
    let (even, odd, difference, turned) = (a + c, b + d, a - c, (b - d).timesMinusI)
    (even + odd).store(self, 0, j)
    ((even - odd) * Complex<V>(rootOf: self, 2, j)).store(self, 1, j)
    ((difference + turned) * Complex<V>(rootOf: self, 1, j)).store(self, 2, j)
    ((difference - turned) * Complex<V>(rootOf: self, 3, j)).store(self, 3, j)
  }

  @inline(__always)
  private func inverse<V: SIMD>(at j: Int, _: V.Type) where V.Scalar == Double {
    let s0 = Complex<V>(self, 0, j)
    let s2 = Complex<V>(self, 1, j).timesConjugate(of: Complex<V>(rootOf: self, 2, j))
    let s1 = Complex<V>(self, 2, j).timesConjugate(of: Complex<V>(rootOf: self, 1, j))
    let s3 = Complex<V>(self, 3, j).timesConjugate(of: Complex<V>(rootOf: self, 3, j))
    let (even, odd, difference, turned) = (s0 + s2, s1 + s3, s0 - s2, (s1 - s3).timesMinusI)
    (even + odd).store(self, 0, j)
    (difference - turned).store(self, 1, j)
    (even - odd).store(self, 2, j)
    (difference + turned).store(self, 3, j)
  }

  @inline(__always)
  private func forwardOnce() {
    let (even, odd) = ((re[0] + re[2], im[0] + im[2]), (re[1] + re[3], im[1] + im[3]))
    let (difference, turned) = ((re[0] - re[2], im[0] - im[2]), (im[1] - im[3], re[3] - re[1]))
    (re[0], im[0]) = (even.0 + odd.0, even.1 + odd.1)
    (re[1], im[1]) = (even.0 - odd.0, even.1 - odd.1)
    (re[2], im[2]) = (difference.0 + turned.0, difference.1 + turned.1)
    (re[3], im[3]) = (difference.0 - turned.0, difference.1 - turned.1)
  }

  @inline(__always)
  private func inverseOnce() {
    let (even, odd) = ((re[0] + re[1], im[0] + im[1]), (re[2] + re[3], im[2] + im[3]))
    let (difference, turned) = ((re[0] - re[1], im[0] - im[1]), (im[2] - im[3], re[3] - re[2]))
    (re[0], im[0]) = (even.0 + odd.0, even.1 + odd.1)
    (re[1], im[1]) = (difference.0 - turned.0, difference.1 - turned.1)
    (re[2], im[2]) = (even.0 - odd.0, even.1 - odd.1)
    (re[3], im[3]) = (difference.0 + turned.0, difference.1 + turned.1)
  }
}

/// As many complex numbers as `V` has lanes.
private struct Complex<V: SIMD> where V.Scalar == Double {
  let re: V
  let im: V

  @inline(__always)
  init(_ re: V, _ im: V) { (self.re, self.im) = (re, im) }

  /// Those from place `j` of a quarter of a block.
  @inline(__always)
  init(_ block: Block, _ index: Int, _ j: Int) {
    re = UnsafeRawPointer(block.re + index * block.quarter + j).loadUnaligned(as: V.self)
    im = UnsafeRawPointer(block.im + index * block.quarter + j).loadUnaligned(as: V.self)
  }

  /// w^(power·j) and on.
  @inline(__always)
  init(rootOf block: Block, _ power: Int, _ j: Int) {
    let first = block.root + 2 * (power - 1) * block.quarter + j
    re = UnsafeRawPointer(first).loadUnaligned(as: V.self)
    im = UnsafeRawPointer(first + block.quarter).loadUnaligned(as: V.self)
  }

  @inline(__always)
  func store(_ block: Block, _ index: Int, _ j: Int) {
    UnsafeMutableRawPointer(block.re + index * block.quarter + j).storeBytes(of: re, as: V.self)
    UnsafeMutableRawPointer(block.im + index * block.quarter + j).storeBytes(of: im, as: V.self)
  }

  @inline(__always)
  static func + (a: Self, b: Self) -> Self { Self(a.re + b.re, a.im + b.im) }

  @inline(__always)
  static func - (a: Self, b: Self) -> Self { Self(a.re - b.re, a.im - b.im) }

  @inline(__always)
  static func * (a: Self, b: Self) -> Self { Self(a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re) }

  @inline(__always)
  func timesConjugate(of b: Self) -> Self { Self(re * b.re + im * b.im, im * b.re - re * b.im) }

  @inline(__always)
  var timesMinusI: Self { Self(im, -re) }
}
