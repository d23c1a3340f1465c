import GRDB
import Ledger

/// Reads the columns of a row that anyone may have written. GRDB's own subscripts trap where a value does not fit its
/// type; these throw `LedgerError.corrupt` with the table and the column.
struct RowReader {
  let row: Row
  let table: String

  func int64(_ column: String) throws -> Int64 { try required(column, optionalInt64(column)) }
  func int(_ column: String) throws -> Int { Int(try int64(column)) }
  func double(_ column: String) throws -> Double { try required(column, optionalDouble(column)) }
  func text(_ column: String) throws -> String { try required(column, optionalText(column)) }
  func bytes(_ column: String) throws -> [UInt8] { try required(column, optionalBytes(column)) }
  func digest(_ column: String) throws -> Digest { try required(column, optionalDigest(column)) }
  func time(_ column: String) throws -> Timestamp { Timestamp(milliseconds: try int64(column)) }

  func bool(_ column: String) throws -> Bool {
    switch try int64(column) {
    case 0: false
    case 1: true
    default: throw corrupt(column)
    }
  }

  func optionalInt64(_ column: String) throws -> Int64? {
    switch try storage(column) {
    case .null: nil
    case .int64(let value): value
    default: throw corrupt(column)
    }
  }

  func optionalInt(_ column: String) throws -> Int? { try optionalInt64(column).map { Int($0) } }

  func optionalDouble(_ column: String) throws -> Double? {
    switch try storage(column) {
    case .null: nil
    case .double(let value): value
    case .int64(let value): Double(value)
    default: throw corrupt(column)
    }
  }

  func optionalText(_ column: String) throws -> String? {
    switch try storage(column) {
    case .null: nil
    case .string(let value): value
    default: throw corrupt(column)
    }
  }

  func optionalBytes(_ column: String) throws -> [UInt8]? {
    switch try storage(column) {
    case .null: nil
    case .blob(let data): Array(data)
    default: throw corrupt(column)
    }
  }

  func optionalDigest(_ column: String) throws -> Digest? {
    try optionalBytes(column).map { bytes in try required(column, Digest(bytes: bytes)) }
  }

  func optionalTime(_ column: String) throws -> Timestamp? {
    try optionalInt64(column).map(Timestamp.init(milliseconds:))
  }

  func identifier<Kind>(_ column: String) throws -> Identifier<Kind> {
    try required(column, Identifier(text(column)))
  }

  func optionalIdentifier<Kind>(_ column: String) throws -> Identifier<Kind>? {
    try optionalText(column).map { text in try required(column, Identifier(text)) }
  }

  func choice<Choice: RawRepresentable<String>>(_ column: String) throws -> Choice {
    try required(column, Choice(rawValue: text(column)))
  }

  /// A decimal list as `Schema` keeps them; canonical, so that what is hashed is what is stored.
  func int64List(_ column: String) throws -> [Int64] {
    let text = try text(column)
    let values = text.split(separator: ",", omittingEmptySubsequences: false).map { Int64($0) }
    let numbers = values.compactMap { $0 }
    guard numbers.count == values.count, numbers.map(String.init).joined(separator: ",") == text else {
      throw corrupt(column)
    }
    return numbers
  }

  func corrupt(_ column: String) -> LedgerError {
    let key = ["id", "sequence", "key", "name"].first { row.hasColumn($0) }
    let place = key.map { "\(table) \(row[$0] as DatabaseValue)" } ?? table
    return .corrupt(location: place, detail: "column \(column) holds what it cannot")
  }

  private func storage(_ column: String) throws -> DatabaseValue.Storage {
    guard row.hasColumn(column) else { throw corrupt(column) }
    let value: DatabaseValue = row[column]
    return value.storage
  }

  private func required<Value>(_ column: String, _ value: Value?) throws -> Value {
    guard let value else { throw corrupt(column) }
    return value
  }
}
