import CKernels

/// Poisson sampling as the accountant assumes it: at every step each example is in the batch with probability q,
/// independently of all others and of every other step. Nothing is shuffled, and no batch size is enforced.
///
/// Example i owns an 80-bit number U, drawn afresh at each step, and is included when U < ⌊q·2⁸⁰⌋. Almost always the 16
/// leading bits decide, so only these are drawn for everybody (2 bytes of keystream an example); on a tie the other 64
/// are drawn from the example's own block of a second stream. There is no floating-point arithmetic whose rounding
/// could tilt the probability: it is exactly the float64 q when q ≥ 2⁻²⁷, otherwise below it by less than 2⁻⁸⁰ (a smaller
/// sampling probability never costs more privacy). Geometric skips would draw fewer words, but through logarithms.
///
/// Whether example i is in a step's batch depends on the key, the step and i only, not on the number of examples.
package final class PoissonSampler {
  package let probability: Double
  package let count: Int

  private let threshold: Threshold
  private let keystream: Keystream
  private let words: UnsafeMutableBufferPointer<UInt16>
  private let places: UnsafeMutableBufferPointer<Int32>

  /// Examples whose leading bits are drawn at once.
  private static let chunkSize = 8192

  /// ⌊q·2⁸⁰⌋ as 16 leading and 64 trailing bits.
  package struct Threshold: Equatable {
    package let leading: UInt16
    package let trailing: UInt64

    /// - Parameter probability: in (0, 1).
    package init(_ probability: Double) {
      // Both scalings are by powers of two and the difference has fewer bits than q: all exact, up to the last truncation.
      let scaled = probability * 0x1p16
      leading = UInt16(scaled)
      trailing = UInt64((scaled - Double(leading)) * 0x1p64)
    }
  }

  /// - Parameters:
  ///   - probability: q in (0, 1].
  ///   - count: examples in the dataset, at most 2³¹ − 1.
  package init(key: AttemptKey, probability: Double, count: Int) throws(RandomnessError) {
    precondition(probability > 0 && probability <= 1, "a sampling probability lies in (0, 1]")
    precondition(count >= 0 && count <= Int(Int32.max), "examples are numbered by 32-bit integers")
    self.probability = probability
    self.count = count
    threshold = probability < 1 ? Threshold(probability) : Threshold(0)
    keystream = try Keystream(key: key)
    words = .allocate(capacity: Self.chunkSize)
    words.initialize(repeating: 0)
    places = .allocate(capacity: Self.chunkSize)
    places.initialize(repeating: 0)
  }

  deinit {
    words.deallocate()
    places.deallocate()
  }

  /// Puts the numbers of the examples in the batch of `step` into `batch`, in ascending order.
  ///
  /// The batch and its size are private data.
  package func draw(step: Int, into batch: inout [Int32]) throws(RandomnessError) {
    batch.removeAll(keepingCapacity: true)
    if probability == 1 {
      batch.append(contentsOf: 0..<Int32(count))
      return
    }
    for (chunk, first) in stride(from: 0, to: count, by: Self.chunkSize).enumerated() {
      let size = min(Self.chunkSize, count - first)
      try keystream.fill(UnsafeMutableRawBufferPointer(words), at: .init(.inclusion, step: step, block: chunk))
      let found = noise_collect_places(words.baseAddress!, size, threshold.leading, places.baseAddress!)
      for place in places[..<found] {
        let example = first + Int(place)
        if words[Int(place)] == threshold.leading {
          guard try tieIsIncluded(step: step, example: example) else { continue }
        }
        batch.append(Int32(example))
      }
    }
  }

  private func tieIsIncluded(step: Int, example: Int) throws(RandomnessError) -> Bool {
    try keystream.word(at: .init(.inclusionTie, step: step, block: example)) < threshold.trailing
  }
}
