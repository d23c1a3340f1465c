import COpenSSL

/// Random words addressed by what they are for: AES-256-CTR under an attempt's key, its counter laid out so that no two
/// uses ever share a keystream byte.
///
/// ```
/// byte    0        1 … 7            8 … 11        12 … 15
///       stream   step (56 bits)   block (32)    AES blocks within (32, from 0)
/// ```
///
/// All numbers are big-endian, and the cipher counts up in the last field. A block may thus be up to 2³² AES blocks
/// (64 GiB) long before it could run into the next; `fill` refuses longer ones. Being addressed, not consumed in order,
/// the words do not depend on how many threads draw them.
///
/// Not safe to share between threads: each lane of work has its own, made from the same key.
package final class Keystream {
  /// What the words are for. The raw values are part of the counter and never reused for another purpose.
  package enum Stream: UInt8 {
    case noise = 1
    case inclusion = 2
    case inclusionTie = 3
    case initialization = 4
    case dropout = 5
    case clippedCount = 6
    case microbatch = 7
  }

  /// Where a run of words begins.
  package struct Position: Hashable, Sendable {
    package var stream: Stream
    package var step: Int
    package var block: Int

    package init(_ stream: Stream, step: Int, block: Int) {
      precondition(step >= 0 && step < 1 << 56 && block >= 0 && block < 1 << 32, "the counter has no room for this")
      self.stream = stream
      self.step = step
      self.block = block
    }

    /// The AES counter block of the first word, 16 bytes.
    package var counter: (UInt64, UInt64) {
      ((UInt64(stream.rawValue) << 56 | UInt64(step)).bigEndian, (UInt64(block) << 32).bigEndian)
    }
  }

  private let generator: OpaquePointer
  private let single: UnsafeMutableBufferPointer<UInt64>

  package init(key: AttemptKey) throws(RandomnessError) {
    guard let generator = key.withBytes({ openssl_aes256_ctr_create($0) }) else { throw .cipherUnavailable }
    self.generator = generator
    single = .allocate(capacity: 1)
    single.initialize(repeating: 0)
  }

  deinit {
    openssl_aes256_ctr_free(generator)
    single.deallocate()
  }

  /// Fills `words` with the first of the keystream at `position`.
  package func fill(_ words: UnsafeMutableRawBufferPointer, at position: Position) throws(RandomnessError) {
    precondition(words.count < 1 << 36, "a block of keystream is at most 2³² AES blocks long")
    guard let first = words.baseAddress else { return }
    let isFilled = withUnsafeBytes(of: position.counter) { counter in
      openssl_aes256_ctr_keystream(
        generator, counter.baseAddress!.assumingMemoryBound(to: UInt8.self), first, words.count)
    }
    guard isFilled else { throw .cipherUnavailable }
  }

  /// The first word at `position`.
  package func word(at position: Position) throws(RandomnessError) -> UInt64 {
    try fill(UnsafeMutableRawBufferPointer(single), at: position)
    return single[0]
  }
}
