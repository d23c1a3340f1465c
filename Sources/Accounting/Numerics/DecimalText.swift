/// The shortest decimal digits that read back as the same `Double`, in the three notations that our texts need.
package struct DecimalText {
  /// The value is ±0.d₁d₂d₃… · 10^pointPosition.
  private let isNegative: Bool
  private let digits: [Character]
  private let pointPosition: Int

  /// - Parameter value: finite.
  package init(_ value: Double) {
    precondition(value.isFinite, "only finite numbers have digits")
    isNegative = value.sign == .minus
    // Swift prints the shortest digits, with an exponent or without.
    let parts = "\(value.magnitude)".split(separator: "e")
    let exponent = parts.count == 2 ? Int(parts[1]) ?? 0 : 0
    let mantissa = parts[0].split(separator: ".", omittingEmptySubsequences: false)
    let whole = Array(mantissa[0])
    let all = whole + (mantissa.count == 2 ? Array(mantissa[1]) : [])
    let leadingZeros = all.prefix { $0 == "0" }.count
    if leadingZeros == all.count {
      (digits, pointPosition) = (["0"], 1)
    } else {
      var significant = Array(all[leadingZeros...])
      while significant.last == "0" { significant.removeLast() }
      (digits, pointPosition) = (significant, whole.count - leadingZeros + exponent)
    }
  }

  /// As Python's `repr` writes a float: `1e-05`, `0.0001`, `1.0`, `1e+16`.
  package var python: String {
    if pointPosition > -4 && pointPosition <= 16 { return sign + plain(fraction: true) }
    return sign + scientific(padded: true)
  }

  /// As ECMAScript writes a number, which is what canonical JSON prescribes (RFC 8785, section 3.2.2.3): `0.00001`, `1e-7`, `1`.
  package var ecmaScript: String {
    if digits == ["0"] { return "0" }
    if pointPosition > -6 && pointPosition <= 21 { return sign + plain(fraction: false) }
    return sign + scientific(padded: false)
  }

  private var sign: String { isNegative ? "-" : "" }

  private func plain(fraction: Bool) -> String {
    if pointPosition <= 0 { return "0." + String(repeating: "0", count: -pointPosition) + String(digits) }
    if pointPosition >= digits.count {
      return String(digits) + String(repeating: "0", count: pointPosition - digits.count) + (fraction ? ".0" : "")
    }
    return String(digits[..<pointPosition]) + "." + String(digits[pointPosition...])
  }

  private func scientific(padded: Bool) -> String {
    let exponent = pointPosition - 1
    let magnitude = "\(exponent.magnitude)"
    let mantissa = digits.count == 1 ? String(digits) : "\(digits[0])." + String(digits[1...])
    return mantissa + "e" + (exponent < 0 ? "-" : "+") + (padded && magnitude.count < 2 ? "0" : "") + magnitude
  }

  /// The value rounded to three places, exactly and half to even, in at least `width` characters, as C and Python do.
  /// - Parameter value: not negative; `infinity` is written `inf`.
  package static func fixedPoint(_ value: Double, width: Int) -> String {
    let text = value.isFinite ? thousandths(value) : "inf"
    return String(repeating: " ", count: max(0, width - text.count)) + text
  }

  private static func thousandths(_ value: Double) -> String {
    // From 2⁶² on there are no places left, and the digits that tell the value apart are enough.
    guard value < 0x1p62 else { return DecimalText(value).plain(fraction: false) + ".000" }
    var whole = Int(value)
    let fraction = value - Double(whole)
    let product = fraction * 1000
    // The exact product is product + error; that can only matter where `product` itself lies half-way.
    let error = (-product).addingProduct(fraction, 1000)
    let isHalfWay = product - product.rounded(.down) == 0.5
    let rounding: FloatingPointRoundingRule =
      !isHalfWay || error == 0 ? .toNearestOrEven : error > 0 ? .up : .down
    var places = Int(product.rounded(rounding))
    if places == 1000 { (whole, places) = (whole + 1, 0) }
    return "\(whole)." + String(repeating: "0", count: 3 - "\(places)".count) + "\(places)"
  }
}
