/// Which examples of a sample are averaged before they are clipped, as in TF Privacy's `num_microbatches`.
///
/// Each example falls into one of a public number of microbatches, by a keyed hash of the step's and its own number. So
/// adding or removing an example changes the one microbatch that it falls into and no other. Dealing out the sample in its
/// order would not do: every example behind the new one would move on, and with them all microbatches.
///
/// A microbatch adds its members' mean gradient, clipped to C. With one member more the mean may turn round: the sum moves by
/// at most 2C, and that is what is to be accounted.
package final class MicrobatchAssignment {
  package let count: Int
  private let keystream: Keystream

  /// - Parameter count: of microbatches, ≥ 1.
  package init(key: AttemptKey, count: Int) throws(RandomnessError) {
    precondition(count >= 1, "an example needs a microbatch to fall into")
    self.count = count
    keystream = try Keystream(key: key)
  }

  /// In 0..<count; even to 2⁻⁶⁴ · count.
  package func microbatch(of example: Int32, step: Int) throws(RandomnessError) -> Int {
    let word = try keystream.word(at: .init(.microbatch, step: step, block: Int(example)))
    return Int(word.multipliedFullWidth(by: UInt64(count)).high)
  }

  /// The sample's examples by microbatch, those without a member left out; within one in the sample's order.
  package func groups(of sample: [Int32], step: Int) throws(RandomnessError) -> [[Int32]] {
    var groups = [[Int32]](repeating: [], count: count)
    for example in sample { groups[try microbatch(of: example, step: step)].append(example) }
    return groups.filter { !$0.isEmpty }
  }
}
