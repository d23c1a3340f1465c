/// A typed id: a prefix that names the kind of thing, `_`, and 26 characters (`a`–`z`, `2`–`7`) of 128 random bits.
///
/// Ids of distinct things are distinct types, so a job's id cannot be passed where a budget's is meant.
public struct Identifier<Kind: IdentifierKind>: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// As it is stored and shown: `bud_4bq3…`.
  public let text: String

  /// An id from 128 bits that the caller drew from a cryptographic source.
  public init(randomBits: (UInt64, UInt64)) {
    let alphabet = Array("abcdefghijklmnopqrstuvwxyz234567".utf8)
    var bits = UInt128(randomBits.0) << 64 | UInt128(randomBits.1)
    var characters = [UInt8](repeating: 0, count: Self.characterCount)
    for position in characters.indices.reversed() {
      characters[position] = alphabet[Int(bits & 31)]
      bits >>= 5
    }
    text = Kind.prefix + "_" + String(decoding: characters, as: UTF8.self)
  }

  /// The id that `text` spells, or nil where the prefix is another kind's, or where the rest is not 1 to 64 letters
  /// `a`–`z` or digits.
  public init?(_ text: String) {
    let start = Kind.prefix + "_"
    guard text.hasPrefix(start) else { return nil }
    let rest = text.utf8.dropFirst(start.utf8.count)
    let isPlain = rest.allSatisfy { (97...122).contains($0) || (48...57).contains($0) }
    guard (1...64).contains(rest.count), isPlain else { return nil }
    self.text = text
  }

  public var description: String { text }

  public static func < (left: Self, right: Self) -> Bool { left.text < right.text }

  /// ceil(128 / 5): base 32 without padding.
  private static var characterCount: Int { 26 }
}

/// What an `Identifier` names; only its prefix matters.
public protocol IdentifierKind: Sendable {
  static var prefix: String { get }
}

public enum BudgetKind: IdentifierKind {
  public static let prefix = "bud"
}
public enum JobKind: IdentifierKind {
  public static let prefix = "job"
}
public enum ReservationKind: IdentifierKind {
  public static let prefix = "res"
}
public enum DatasetKind: IdentifierKind {
  public static let prefix = "dat"
}
public enum TokenKind: IdentifierKind {
  public static let prefix = "tok"
}

public typealias BudgetID = Identifier<BudgetKind>
public typealias JobID = Identifier<JobKind>
public typealias ReservationID = Identifier<ReservationKind>
public typealias DatasetID = Identifier<DatasetKind>
public typealias TokenID = Identifier<TokenKind>
