import Foundation

/// ISO 8601 in UTC with milliseconds, for log lines.
enum Timestamp {
  static func text(_ date: Date) -> String {
    date.formatted(
      .iso8601.year().month().day().time(includingFractionalSeconds: true).timeZone(separator: .omitted))
  }
}
