import Datasets
import Ledger

/// What operations need from the world around them.
public struct APIContext: Sendable {
  public var store: any Store
  /// The clock.
  public var now: @Sendable () -> Timestamp
  /// 128 bits from a cryptographic source, new ones at each call.
  public var randomBits: @Sendable () -> (UInt64, UInt64)
  /// Where the files of datasets may lie.
  public var dataFolders: DataFolders
  /// The artifacts of a job are files in the folder of its id in here.
  public var artifactFolder: String
  /// Of this program.
  public var version: String
  /// Told of every error that the client sees only as "the service failed".
  public var reportFailure: @Sendable (any Error, APIRequest) -> Void

  public init(
    store: any Store, now: @escaping @Sendable () -> Timestamp,
    randomBits: @escaping @Sendable () -> (UInt64, UInt64), dataFolders: DataFolders, artifactFolder: String,
    version: String, reportFailure: @escaping @Sendable (any Error, APIRequest) -> Void
  ) {
    self.store = store
    self.now = now
    self.randomBits = randomBits
    self.dataFolders = dataFolders
    self.artifactFolder = artifactFolder
    self.version = version
    self.reportFailure = reportFailure
  }

  func read<Value>(_ body: (LedgerReader) throws -> Value) throws -> Value {
    try store.read { try body(LedgerReader($0)) }
  }

  func write<Value>(_ body: (LedgerWriter) throws -> Value) throws -> Value {
    try store.write { try body(LedgerWriter($0, at: Moment(now: now(), randomBits: randomBits))) }
  }
}
