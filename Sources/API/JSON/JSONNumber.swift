/// A number as it was written, together with what it means. `1`, `1.0` and `1e0` mean the same: which of them a client
/// wrote never changes an answer.
public struct JSONNumber: Sendable, Equatable {
  /// As written, cut short where it is longer than anyone would write.
  public let text: String
  /// The nearest double; nil where there is none: NaN, the infinities, what overflows to one, and what is not zero but
  /// underflows to it (a tiny spend must not vanish).
  public let double: Double?
  /// The exact value where it is an integer that fits in 64 bits, however it was written.
  public let integer: Int?

  /// The exact decimal expansion of any double has at most 767 significant digits and 1,075 places, so a longer number
  /// says nothing that a shorter one could not; it is refused rather than read.
  static let longestText = 1_100

  /// - Parameter text: a number by the grammar of RFC 8259, section 6, or `NaN`, `Infinity`, `-Infinity`.
  init(text: String) {
    guard text.utf8.count <= Self.longestText else {
      self.init(text: String(text.prefix(40)) + "…", double: nil, integer: nil)
      return
    }
    let decimal = Decimal(text)
    let nearest = Double(text) ?? .nan
    let underflows = nearest == 0 && !decimal.digits.isEmpty
    self.init(
      text: text, double: nearest.isFinite && !underflows ? nearest : nil,
      integer: nearest.isFinite ? decimal.integer : nil)
  }

  private init(text: String, double: Double?, integer: Int?) {
    self.text = text
    self.double = double
    self.integer = integer
  }

  /// Why there is no double; for messages.
  var whyNoDouble: String {
    if text.hasSuffix("…") { return "has more than \(Self.longestText) characters" }
    guard text.utf8.allSatisfy({ $0 != UInt8(ascii: "N") && $0 != UInt8(ascii: "I") }) else { return "is not a number" }
    return Double(text) == 0 ? "is too small to be told from zero" : "is too large for a 64-bit floating-point number"
  }

  /// ±digits · 10^exponent, without zeros at either end of the digits (none at all for zero).
  private struct Decimal {
    var isNegative = false
    var digits: [UInt8] = []
    var exponent = 0

    init(_ text: String) {
      var fractionDigits = 0
      var inFraction = false
      var bytes = text.utf8[...]
      if bytes.first == UInt8(ascii: "-") {
        isNegative = true
        bytes.removeFirst()
      }
      while let byte = bytes.first, byte | 0x20 != UInt8(ascii: "e") {
        bytes.removeFirst()
        if byte == UInt8(ascii: ".") {
          inFraction = true
        } else {
          if !digits.isEmpty || byte != UInt8(ascii: "0") { digits.append(byte) }
          if inFraction { fractionDigits += 1 }
        }
      }
      // An exponent that does not fit makes the number zero or no double at all; clamping it changes neither.
      let written = bytes.isEmpty ? 0 : Self.clampedInteger(bytes.dropFirst())
      exponent = written - fractionDigits
      while digits.last == UInt8(ascii: "0") {
        digits.removeLast()
        exponent += 1
      }
    }

    private static func clampedInteger(_ text: Substring.UTF8View) -> Int {
      let isNegative = text.first == UInt8(ascii: "-")
      var magnitude = 0
      for byte in text where byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") {
        magnitude = min(magnitude * 10 + Int(byte - UInt8(ascii: "0")), 1_000_000)
      }
      return isNegative ? -magnitude : magnitude
    }

    var integer: Int? {
      guard !digits.isEmpty else { return 0 }
      guard exponent >= 0, digits.count + exponent <= 19 else { return nil }
      var value = 0
      for digit in digits + Array(repeating: UInt8(ascii: "0"), count: exponent) {
        let (shifted, overflow) = value.multipliedReportingOverflow(by: 10)
        let step = Int(digit - UInt8(ascii: "0"))
        let (next, carried) =
          isNegative ? shifted.subtractingReportingOverflow(step) : shifted.addingReportingOverflow(step)
        if overflow || carried { return nil }
        value = next
      }
      return value
    }
  }
}
