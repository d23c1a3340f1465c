import COpenSSL

/// The secret key of all randomness of one attempt at a job: 256 bits for AES-256-CTR.
///
/// A key is used by one attempt only. A run that resumes from a checkpoint draws a new one, because replaying a step with
/// the noise of an earlier try on other data, or on another sample, would let the two outputs be subtracted and the noise
/// cancel. The bytes are never written anywhere, and erased when the last reference goes.
package final class AttemptKey {
  package static let size = Int(openssl_aes256_key_size)
  private let bytes: UnsafeMutablePointer<UInt8>

  /// A fresh key from the operating system's entropy, by OpenSSL's CSPRNG.
  package init() throws(RandomnessError) {
    bytes = .allocate(capacity: Self.size)
    // Initialised first, so that the deinitialiser may run whatever happens next.
    bytes.initialize(repeating: 0, count: Self.size)
    guard openssl_random(bytes, Self.size) else { throw .noEntropy }
  }

  /// A key that is known, so that a run can be replayed. Whoever offers this to users must do so for public data only:
  /// noise that can be computed again protects nobody.
  package init(known: [UInt8]) {
    precondition(known.count == Self.size, "an AES-256 key has 32 bytes")
    bytes = .allocate(capacity: Self.size)
    bytes.initialize(from: known, count: Self.size)
  }

  deinit {
    openssl_erase(bytes, Self.size)
    bytes.deallocate()
  }

  func withBytes<Result>(_ body: (UnsafePointer<UInt8>) -> Result) -> Result { body(bytes) }
}

/// Randomness could not be had. Training must stop: a step without its noise is not private.
public enum RandomnessError: Error, Equatable, Sendable {
  /// The system's entropy source failed.
  case noEntropy
  /// OpenSSL could not set up or run AES-256-CTR (out of memory, or forbidden by its provider).
  case cipherUnavailable
}
