import CKernels

/// The noise on the number of gradients within the clipping norm, which adaptive clipping publishes: one draw a step, from a
/// stream of its own.
package final class CountNoise {
  private let keystream: Keystream

  package init(key: AttemptKey) throws(RandomnessError) { keystream = try Keystream(key: key) }

  /// A draw of standard deviation 1, in float64.
  package func draw(step: Int) throws(RandomnessError) -> Double {
    let radius = try keystream.word(at: .init(.clippedCount, step: step, block: 0))
    let angle = try keystream.word(at: .init(.clippedCount, step: step, block: 1))
    var variates = (0.0, 0.0)
    withUnsafeBytes(of: (radius, angle)) { words in
      withUnsafeMutableBytes(of: &variates) { variates in
        noise_box_muller_double(
          words.baseAddress!.assumingMemoryBound(to: UInt64.self), 1, 1,
          variates.baseAddress!.assumingMemoryBound(to: Double.self))
      }
    }
    return variates.0
  }
}
