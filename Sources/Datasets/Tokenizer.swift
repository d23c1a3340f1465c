/// How a text becomes token ids. Neither way looks at other texts, so that there is no vocabulary to learn from private
/// data. Id 0 is padding.
public enum Tokenizer: Hashable, Sendable, Codable {
  /// A byte is a token: its value + 1.
  case bytes
  /// A word is a token: a run of ASCII letters, digits, apostrophes and bytes of other alphabets, in lower case where
  /// ASCII has one. Its id is 1 + (FNV-1a hash mod (vocabularySize − 1)), so that words may share one ("the hashing
  /// trick": Weinberger et al., ICML 2009, arXiv:0902.2206).
  case hashedWords(vocabularySize: Int)

  /// Ids lie in 0 ..< this.
  public var vocabularySize: Int {
    switch self {
    case .bytes: 257
    case .hashedWords(let size): size
    }
  }

  /// float32 holds the ids exactly.
  public static let vocabularyLimit = 1 << 24

  /// Appends exactly `length` ids: those of the beginning of `text`, then padding.
  func append(_ text: some Sequence<UInt8>, length: Int, to features: inout [Float]) {
    let end = features.count + length
    switch self {
    case .bytes:
      for byte in text.prefix(length) { features.append(Float(byte) + 1) }
    case .hashedWords(let size):
      var hash = FNV1a()
      for byte in text where features.count < end {
        if let letter = Self.lowercasedLetter(byte) {
          hash.add(letter)
        } else if let word = hash.finish() {
          features.append(Self.identifier(word, size))
        }
      }
      if features.count < end, let word = hash.finish() { features.append(Self.identifier(word, size)) }
    }
    while features.count < end { features.append(0) }
  }

  private static func identifier(_ hash: UInt64, _ size: Int) -> Float { Float(1 + hash % UInt64(size - 1)) }

  /// Nil for what separates words.
  private static func lowercasedLetter(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "\'"), 0x80...: byte
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte + 32
    default: nil
    }
  }
}

/// The hash of Fowler, Noll and Vo, variant 1a, of 64 bits (RFC 9923).
private struct FNV1a {
  private static let basis: UInt64 = 0xCBF2_9CE4_8422_2325
  private var hash = basis
  private var isEmpty = true

  mutating func add(_ byte: UInt8) {
    hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
    isEmpty = false
  }

  /// The hash of the bytes since the last call; nil if there were none.
  mutating func finish() -> UInt64? {
    defer { self = FNV1a() }
    return isEmpty ? nil : hash
  }
}

/// Texts as token ids of one length.
public struct TokenLayout: Hashable, Sendable, Codable {
  public var tokenizer: Tokenizer
  /// Ids of one example: longer texts are cut, shorter ones padded with 0.
  public var length: Int

  public init(tokenizer: Tokenizer, length: Int) {
    self.tokenizer = tokenizer
    self.length = length
  }

  /// - Throws: `DatasetError` for a declaration that makes no sense.
  func check(file: String) throws {
    guard 1...Self.lengthLimit ~= length else {
      throw DatasetError(.inconsistent, file: file, "A text of \(length) tokens; it takes 1 to \(Self.lengthLimit).")
    }
    guard 2...Tokenizer.vocabularyLimit ~= tokenizer.vocabularySize else {
      throw DatasetError(
        .inconsistent, file: file,
        "A vocabulary of \(tokenizer.vocabularySize); it takes 2 to \(Tokenizer.vocabularyLimit).")
    }
  }

  static let lengthLimit = 1 << 20
}
