import API

/// Who asks, once that is known.
struct Caller: Sendable, Equatable {
  /// The token's id, or `anonymous` or `local` where none is needed. Goes into the ledger's entries and the log, and keeps the
  /// idempotency keys of different callers apart.
  let name: String

  static let anonymous = Caller(name: "anonymous")
  /// Whoever can reach a service that runs without authentication.
  static let local = Caller(name: "local")
}
