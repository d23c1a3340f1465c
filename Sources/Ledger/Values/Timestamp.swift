/// An instant in UTC, in whole milliseconds since 1970-01-01. The ledger reads no clock: instants come in.
public struct Timestamp: Hashable, Comparable, Sendable, CustomStringConvertible {
  public let milliseconds: Int64

  /// Clamped to the years 1970 to 9999, which is what the text form can show.
  public init(milliseconds: Int64) {
    self.milliseconds = min(max(milliseconds, 0), Self.lastMillisecond)
  }

  /// ISO 8601: `2026-11-21T18:00:00.000Z`.
  public var description: String {
    let (year, month, day) = Self.civilDate(daysSinceEpoch: milliseconds / 86_400_000)
    let inDay = milliseconds % 86_400_000
    let date = "\(Self.padded(year, 4))-\(Self.padded(month, 2))-\(Self.padded(day, 2))"
    let (hours, minutes) = (inDay / 3_600_000, inDay / 60_000 % 60)
    let (seconds, rest) = (inDay / 1000 % 60, inDay % 1000)
    return date
      + "T\(Self.padded(hours, 2)):\(Self.padded(minutes, 2)):\(Self.padded(seconds, 2)).\(Self.padded(rest, 3))Z"
  }

  /// Later by whole seconds; negative is earlier.
  public func adding(seconds: Int64) -> Timestamp {
    let (delta, overflow) = seconds.multipliedReportingOverflow(by: 1000)
    let (sum, overflows) = milliseconds.addingReportingOverflow(delta)
    guard !overflow, !overflows else { return Timestamp(milliseconds: seconds < 0 ? 0 : Self.lastMillisecond) }
    return Timestamp(milliseconds: sum)
  }

  /// Whole milliseconds from `earlier` to this.
  public func millisecondsSince(_ earlier: Timestamp) -> Int64 { milliseconds - earlier.milliseconds }

  public static func < (left: Self, right: Self) -> Bool { left.milliseconds < right.milliseconds }

  /// 9999-12-31T23:59:59.999Z
  private static let lastMillisecond: Int64 = 253_402_300_799_999

  /// The proleptic Gregorian date, counted in eras of 400 years (146,097 days) that begin on 1 March, so that the leap
  /// day is the last day of its year. Days are 0 or more.
  private static func civilDate(daysSinceEpoch days: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let shifted = days + 719_468  // days since 0000-03-01
    let era = shifted / 146_097
    let dayOfEra = shifted % 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
  }

  private static func padded(_ number: Int64, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}

/// What a change takes from the world: the time, and randomness for new ids.
public struct Moment: Sendable {
  public let now: Timestamp
  /// 128 bits from a cryptographic source, new ones at each call.
  public let randomBits: @Sendable () -> (UInt64, UInt64)

  public init(now: Timestamp, randomBits: @escaping @Sendable () -> (UInt64, UInt64)) {
    self.now = now
    self.randomBits = randomBits
  }

  func newIdentifier<Kind>() -> Identifier<Kind> { Identifier(randomBits: randomBits()) }
}
