import Ledger

extension Timestamp {
  /// `2026-01-31T12:00:00Z`, with a fraction of a second where wanted. Only UTC: another offset would say the same
  /// instant in a second spelling.
  init?(iso8601 text: String) {
    let bytes = Array(text.utf8)
    guard (20...24).contains(bytes.count), bytes[bytes.count - 1] == UInt8(ascii: "Z") else { return nil }
    for (place, byte) in [(4, "-"), (7, "-"), (10, "T"), (13, ":"), (16, ":")] {
      guard bytes[place] == byte.utf8.first else { return nil }
    }
    let fields = [0..<4, 5..<7, 8..<10, 11..<13, 14..<16, 17..<19].map { Self.number(bytes[$0]) }
    guard let year = fields[0], let month = fields[1], let day = fields[2], let hour = fields[3],
      let minute = fields[4], let second = fields[5], let fraction = Self.milliseconds(bytes[19..<bytes.count - 1])
    else { return nil }
    guard year >= 1970, (1...12).contains(month), hour < 24, minute < 60, second < 60,
      (1...Self.days(inMonth: month, of: year)).contains(day)
    else { return nil }
    let seconds = ((Self.daysSinceEpoch(year, month, day) * 24 + hour) * 60 + minute) * 60 + second
    self.init(milliseconds: Int64(seconds) * 1_000 + Int64(fraction))
  }

  private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
    digits.reduce(0) { value, digit in
      guard let value, digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { return nil }
      return value * 10 + Int(digit - UInt8(ascii: "0"))
    }
  }

  /// Of `` or `.5` or `.123`.
  private static func milliseconds(_ text: ArraySlice<UInt8>) -> Int? {
    guard let point = text.first else { return 0 }
    let digits = text.dropFirst()
    guard point == UInt8(ascii: "."), !digits.isEmpty, let number = number(digits) else { return nil }
    return [100, 10, 1][digits.count - 1] * number
  }

  private static func isLeap(_ year: Int) -> Bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
  }

  private static func days(inMonth month: Int, of year: Int) -> Int {
    month == 2 ? (isLeap(year) ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
  }

  /// From 1970-01-01 by whole years (leap days of the years before), then months, then days.
  private static func daysSinceEpoch(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let leapYearsBefore = { (year: Int) in (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400 }
    let years = (year - 1970) * 365 + leapYearsBefore(year) - leapYearsBefore(1970)
    let months = (1..<month).reduce(0) { $0 + days(inMonth: $1, of: year) }
    return years + months + day - 1
  }
}
