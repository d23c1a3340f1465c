import Foundation
import GRDB
import Glibc
import Ledger

/// The ledger in one SQLite file, which several processes may have open: readers work on a snapshot beside the one
/// writer (WAL), and writers queue for the file's lock.
///
/// A write transaction takes the lock before its first read (BEGIN IMMEDIATE), so what a rule has seen is what it
/// changes, and is on the disk when it returns (synchronous = FULL; GRDB's own default for WAL, NORMAL, may lose the
/// last commits at a power cut).
public final class SQLiteStore: Store {
  private let pool: DatabasePool

  /// Opens the ledger at `path`, and makes it where there is none (mode 0600).
  ///
  /// Throws `LedgerError.unavailable` where the file cannot be opened, is no ledger, or was written by a newer version.
  /// - Parameter busyTimeoutSeconds: how long a write waits for other processes.
  public init(path: String, busyTimeoutSeconds: Double = 30) throws {
    var configuration = Configuration()
    configuration.label = "ledger"
    configuration.foreignKeysEnabled = true
    configuration.busyMode = .timeout(busyTimeoutSeconds)
    configuration.maximumReaderCount = 4
    try Self.createPrivateFile(at: path)
    pool = try Self.mapped {
      let pool = try DatabasePool(path: path, configuration: configuration)
      try pool.writeWithoutTransaction { database in
        // After the pool has set WAL mode, which sets NORMAL.
        try database.execute(sql: "PRAGMA synchronous = FULL")
        try Schema.migrate(database)
      }
      return pool
    }
  }

  public func read<Value>(_ body: (any ReadTransaction) throws -> Value) throws -> Value {
    try Self.mapped { try pool.read { try body(SQLiteTransaction(database: $0)) } }
  }

  public func write<Value>(_ body: (any WriteTransaction) throws -> Value) throws -> Value {
    try Self.mapped {
      try pool.writeWithoutTransaction { database in
        var value: Value?
        try database.inTransaction(.immediate) {
          value = try body(SQLiteTransaction(database: database))
          return .commit
        }
        guard let value else { throw LedgerError.unavailable(reason: "the transaction gave no value") }
        return value
      }
    }
  }

  public func checkHealth() throws {
    try Self.mapped {
      try pool.writeWithoutTransaction { database in
        try database.inTransaction(.immediate) {
          try database.execute(sql: "UPDATE health SET beats = beats + 1 WHERE id = 1")
          return .commit
        }
      }
    }
  }

  /// SQLite's `PRAGMA synchronous` of the connection that writes: 2 is FULL.
  package func synchronousMode() throws -> Int? {
    try Self.mapped { try pool.writeWithoutTransaction { try Int.fetchOne($0, sql: "PRAGMA synchronous") } }
  }

  /// Lets the file grow no further than to so many pages, as a full disk would; for tests.
  package func limitSize(toPages pages: Int) throws {
    try Self.mapped {
      try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA max_page_count = \(pages)") }
    }
  }

  /// Closes the file. Calls that follow throw.
  public func close() throws {
    try Self.mapped { try pool.close() }
  }

  /// The ledger tells who trained what on whom: nobody but its owner reads it. SQLite gives its side files the mode of
  /// the main file.
  private static func createPrivateFile(at path: String) throws {
    let descriptor = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw LedgerError.unavailable(reason: "cannot open \(path): \(String(cString: strerror(errno)))")
    }
    Glibc.close(descriptor)
  }

  /// SQLite's failures in the ledger's words: what cannot be recorded is `unavailable`, what contradicts the schema is
  /// `corrupt`. Everything else passes.
  private static func mapped<Value>(_ body: () throws -> Value) throws -> Value {
    do {
      return try body()
    } catch let error as DatabaseError {
      let reason = "SQLite \(error.extendedResultCode.rawValue): \(error.message ?? "no message")"
      switch error.resultCode {
      case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_CONSTRAINT, .SQLITE_MISMATCH, .SQLITE_ERROR:
        throw LedgerError.corrupt(location: "ledger file", detail: reason)
      default:
        throw LedgerError.unavailable(reason: reason)
      }
    } catch let error as Schema.UnknownVersion {
      throw LedgerError.unavailable(
        reason: "the ledger has schema \(error.version), this program knows up to \(error.known)")
    }
  }
}
