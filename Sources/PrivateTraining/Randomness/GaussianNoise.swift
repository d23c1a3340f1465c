import CKernels

/// The Gaussian noise of DP-SGD, block by block of the parameter vector.
///
/// Float64 Box–Muller on the words of a `Keystream`, scaled by the standard deviation and rounded to float32 once
/// (`noise.h` has the map and its accuracy). Step and block address the words, so every step and every block has noise of
/// its own, and the noise of a step does not depend on the number of threads.
///
/// The guarantee is that of ideal arithmetic: float32 values of a Gaussian are not the Gaussian of the theorem
/// (Mironov, CCS 2012, doi:10.1145/2382196.2382264), and reports say so.
package final class GaussianNoise {
  /// Values in a block. Its keystream (16 KiB) and its noise (8 KiB) stay in the first-level cache.
  package static let blockSize = 2048

  private let keystream: Keystream
  private let words: UnsafeMutableBufferPointer<UInt64>

  package init(key: AttemptKey) throws(RandomnessError) {
    keystream = try Keystream(key: key)
    words = .allocate(capacity: Self.blockSize)
    words.initialize(repeating: 0)
  }

  deinit { words.deallocate() }

  /// Writes the `blockSize` noise values of a block: those for parameters `block`·`blockSize` and on. The last block of
  /// a parameter vector uses as many as it needs.
  ///
  /// - Parameter standardDeviation: of each value, ≥ 0 and finite.
  package func draw(
    step: Int, block: Int, standardDeviation: Double, into noise: UnsafeMutableBufferPointer<Float>
  ) throws(RandomnessError) {
    precondition(standardDeviation >= 0 && standardDeviation.isFinite, "a standard deviation is finite and ≥ 0")
    try fillWords(step: step, block: block)
    precondition(noise.count == Self.blockSize, "a block of noise has its fixed size")
    noise_box_muller(words.baseAddress!, Self.blockSize / 2, standardDeviation, noise.baseAddress!)
  }

  /// The same values by the C library's functions and before rounding: what tests hold `draw` to.
  package func drawReference(
    step: Int, block: Int, standardDeviation: Double, into noise: UnsafeMutableBufferPointer<Double>
  ) throws(RandomnessError) {
    try fillWords(step: step, block: block)
    precondition(noise.count == Self.blockSize, "a block of noise has its fixed size")
    noise_box_muller_reference(words.baseAddress!, Self.blockSize / 2, standardDeviation, noise.baseAddress!)
  }

  private func fillWords(step: Int, block: Int) throws(RandomnessError) {
    try keystream.fill(UnsafeMutableRawBufferPointer(words), at: .init(.noise, step: step, block: block))
  }
}
