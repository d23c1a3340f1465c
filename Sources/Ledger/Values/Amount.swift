/// Amounts in the ledger are whole numbers, so that sums are exact, do not depend on order, and a tiny spend does not
/// vanish beside a large one as it would in doubles.
///
/// A Rényi divergence is counted in units of 2⁻⁴⁰ nat (9·10⁻¹³; `Int64` holds 8.4 million nats), a δ in units of 2⁻⁶²
/// (2·10⁻¹⁹; 1 is 2⁶²). Both are powers of two: scaling a double by them is exact, so the only rounding is the last
/// one, away from zero for what is spent and towards zero for what is allowed.
public enum Amount {
  /// One nat of Rényi divergence.
  public static let unitsPerNat = 0x1p40
  /// A δ of 1.
  public static let unitsPerDelta = 0x1p62

  /// The least number of units that is ≥ `value · scale`, or nil where that is no finite number from 0 on that fits.
  package static func roundedUp(_ value: Double, scale: Double) -> Int64? {
    let scaled = value * scale
    guard scaled >= 0, scaled.isFinite else { return nil }
    // A positive value that underflows in the product would be a spend of nothing.
    if value > 0, scaled == 0 { return 1 }
    return Int64(exactly: scaled.rounded(.up))
  }

  /// The greatest number of units that is ≤ `value · scale`; 0 for what is negative or no number, `Int64.max` beyond.
  package static func roundedDown(_ value: Double, scale: Double) -> Int64 {
    let scaled = value * scale
    guard scaled > 0 else { return 0 }
    return Int64(exactly: scaled.rounded(.down)) ?? .max
  }

  /// ceil(part · amount / whole) for 0 ≤ part ≤ whole, whole > 0, amount ≥ 0: what the first `part` of `whole` equal
  /// steps cost. The product is taken at full width and cannot overflow.
  package static func share(of amount: Int64, part: Int, whole: Int) -> Int64 {
    precondition(part >= 0 && part <= whole && whole > 0 && amount >= 0, "a share is a part of a whole")
    let product = UInt64(part).multipliedFullWidth(by: UInt64(amount))
    let (quotient, remainder) = UInt64(whole).dividingFullWidth(product)
    return Int64(quotient) + (remainder > 0 ? 1 : 0)
  }

  /// Nats, rounded up: no less than the units stand for.
  package static func nats(_ units: Int64) -> Double {
    let nats = Double(units)
    return (Int64(exactly: nats).map { $0 < units } ?? false ? nats.nextUp : nats) / unitsPerNat
  }

  /// A δ, rounded up: no less than the units stand for.
  package static func delta(_ units: Int64) -> Double {
    let delta = Double(units)
    return (Int64(exactly: delta).map { $0 < units } ?? false ? delta.nextUp : delta) / unitsPerDelta
  }

  /// A δ, rounded down: no more than the units stand for.
  package static func deltaRoundedDown(_ units: Int64) -> Double {
    let delta = Double(units)
    return (Int64(exactly: delta).map { $0 > units } ?? true ? delta.nextDown : delta) / unitsPerDelta
  }
}
