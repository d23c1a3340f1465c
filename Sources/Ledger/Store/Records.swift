/// A registered dataset. The ledger judges its name, unit and publicity; the rest is the caller's own text.
public struct Dataset: Hashable, Sendable {
  public let id: DatasetID
  /// Unique; budgets and jobs name it: `fashion-mnist/train`.
  public let name: String
  public let format: String
  /// Whether no one need protect it.
  public let isPublic: Bool
  /// Whom one row belongs to: `example`, `user`, …
  public let unit: String
  /// Rows, public by declaration (sampling probabilities are derived from it).
  public let size: Int?
  /// The snapshot: a digest of the files as they were registered. A dataset whose files change is another one.
  public let digest: Digest?
  /// JSON of files, labels, split, shape.
  public let description: String
  public let created: Timestamp
  public let version: Int64

  public init(
    id: DatasetID, name: String, format: String, isPublic: Bool, unit: String, size: Int?, digest: Digest?,
    description: String, created: Timestamp, version: Int64
  ) {
    self.id = id
    self.name = name
    self.format = format
    self.isPublic = isPublic
    self.unit = unit
    self.size = size
    self.digest = digest
    self.description = description
    self.created = created
    self.version = version
  }
}

/// The wish for a dataset; `LedgerWriter.registerDataset` judges it.
public struct DatasetDraft: Hashable, Sendable {
  public var name: String
  public var format: String
  public var isPublic: Bool
  public var unit: String
  public var size: Int?
  public var digest: Digest?
  public var description: String

  public init(
    name: String, format: String, isPublic: Bool, unit: String, size: Int?, digest: Digest?, description: String
  ) {
    self.name = name
    self.format = format
    self.isPublic = isPublic
    self.unit = unit
    self.size = size
    self.digest = digest
    self.description = description
  }
}

/// The memory of one `Idempotency-Key`, kept for as long as the ledger lives: a retry after a year must not charge
/// twice.
public struct IdempotencyRecord: Hashable, Sendable {
  /// Who asked and where (token and path), so that two callers may use one key.
  public let scope: String
  public let key: String
  /// Of the request's body.
  public let requestDigest: Digest
  public let started: Timestamp
  /// nil while the first request is still being answered.
  public var answer: Answer?

  /// What was answered, to be given again byte for byte.
  public struct Answer: Hashable, Sendable {
    public let status: Int
    /// JSON of the headers that matter (`Location`, `ETag`); the caller's own text.
    public let headers: String
    public let body: [UInt8]

    public init(status: Int, headers: String, body: [UInt8]) {
      self.status = status
      self.headers = headers
      self.body = body
    }
  }

  public init(scope: String, key: String, requestDigest: Digest, started: Timestamp, answer: Answer?) {
    self.scope = scope
    self.key = key
    self.requestDigest = requestDigest
    self.started = started
    self.answer = answer
  }
}

/// A bearer token; only the digest of its secret is stored.
public struct APIToken: Hashable, Sendable {
  public let id: TokenID
  public let name: String
  public let role: Role
  /// Of the secret's bytes. Secrets have 128 random bits or more, so a plain digest is not guessable.
  public let secretDigest: Digest
  public let created: Timestamp
  public let expires: Timestamp?
  public var revoked: Timestamp?

  public enum Role: String, Hashable, Sendable, CaseIterable {
    case viewer, analyst, trainer, owner, auditor, admin
  }

  public init(
    id: TokenID, name: String, role: Role, secretDigest: Digest, created: Timestamp, expires: Timestamp?,
    revoked: Timestamp?
  ) {
    self.id = id
    self.name = name
    self.role = role
    self.secretDigest = secretDigest
    self.created = created
    self.expires = expires
    self.revoked = revoked
  }
}
