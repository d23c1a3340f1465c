import Foundation
import GRDB
import Ledger

/// One open transaction. The SQL of each kind of row stands in a file of its own; statements are compiled once for each
/// connection.
struct SQLiteTransaction: WriteTransaction {
  let database: Database

  /// All rows of a query.
  func rows(_ sql: String, _ arguments: StatementArguments, table: String) throws -> [RowReader] {
    let statement = try database.cachedStatement(sql: sql)
    return try Row.fetchAll(statement, arguments: arguments).map { RowReader(row: $0, table: table) }
  }

  /// The first row of a query.
  func row(_ sql: String, _ arguments: StatementArguments, table: String) throws -> RowReader? {
    let statement = try database.cachedStatement(sql: sql)
    return try Row.fetchOne(statement, arguments: arguments).map { RowReader(row: $0, table: table) }
  }

  func execute(_ sql: String, _ arguments: StatementArguments) throws {
    try database.cachedStatement(sql: sql).execute(arguments: arguments)
  }

  /// Runs a change that must meet its row.
  func executeOnOneRow(_ sql: String, _ arguments: StatementArguments, of place: String) throws {
    try execute(sql, arguments)
    guard database.changesCount == 1 else {
      throw LedgerError.corrupt(location: place, detail: "the row to be changed is not there")
    }
  }
}

extension [Int64] {
  /// As `Schema` keeps lists.
  var listText: String { map(String.init).joined(separator: ",") }
}

extension Digest {
  var data: DatabaseValue { Data(bytes).databaseValue }
}
