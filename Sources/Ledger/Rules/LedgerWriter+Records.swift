extension LedgerWriter {
  /// Registers a dataset. Throws `invalid`, and `alreadyExists` where the name is taken: a dataset whose files change
  /// is another dataset, since the budget of the first protects the people in both.
  @discardableResult
  public func registerDataset(_ draft: DatasetDraft) throws -> Dataset {
    try Self.checkText(draft.name, field: "name")
    try Self.checkText(draft.format, field: "format", maximumBytes: 64)
    try Self.checkText(draft.unit, field: "unit", maximumBytes: 64)
    if let size = draft.size, size < 1 {
      throw LedgerError.invalid(field: "size", detail: "must be at least 1")
    }
    if try transaction.dataset(named: draft.name) != nil {
      throw LedgerError.alreadyExists(kind: "dataset", id: draft.name)
    }
    if let root = try transaction.rootBudget(ofDataset: draft.name), root.unit != draft.unit {
      throw LedgerError.invalid(field: "unit", detail: "the dataset's budget protects each \(root.unit)")
    }
    let dataset = Dataset(
      id: moment.newIdentifier(), name: draft.name, format: draft.format, isPublic: draft.isPublic, unit: draft.unit,
      size: draft.size, digest: draft.digest, description: draft.description, created: now, version: 1)
    try transaction.insert(dataset)
    return dataset
  }

  /// What to do with a request that carries an `Idempotency-Key`.
  public enum IdempotentStart: Hashable, Sendable {
    /// Answer it, then call `finishIdempotent`; best in this same transaction.
    case fresh
    /// Give this answer again.
    case replay(IdempotencyRecord.Answer)
  }

  /// Looks a key up, and marks it as in progress where it is new.
  ///
  /// Throws `idempotencyKeyReused` where it came with another request before, `idempotencyInProgress` while the first
  /// is being answered. A first request that was never finished (the process died) had no effect, as effect and answer
  /// are one transaction; after `abandonedAfterSeconds` its key is free again.
  public func beginIdempotent(
    scope: String, key: String, requestDigest: Digest, abandonedAfterSeconds: Int64 = 120
  ) throws -> IdempotentStart {
    try Self.checkText(key, field: "Idempotency-Key", maximumBytes: 255)
    if let record = try transaction.idempotencyRecord(scope: scope, key: key) {
      guard record.requestDigest == requestDigest else { throw LedgerError.idempotencyKeyReused }
      if let answer = record.answer { return .replay(answer) }
      guard record.started.adding(seconds: abandonedAfterSeconds) <= now else {
        throw LedgerError.idempotencyInProgress
      }
      try transaction.deleteIdempotencyRecord(scope: scope, key: key)
    }
    try transaction.insert(
      IdempotencyRecord(scope: scope, key: key, requestDigest: requestDigest, started: now, answer: nil))
    return .fresh
  }

  /// Stores the answer for as long as the ledger lives. Throws `stateConflict` where the key was not begun, or is
  /// finished.
  public func finishIdempotent(scope: String, key: String, answer: IdempotencyRecord.Answer) throws {
    guard var record = try transaction.idempotencyRecord(scope: scope, key: key), record.answer == nil else {
      throw LedgerError.stateConflict(detail: "no request with this idempotency key is being answered")
    }
    record.answer = answer
    try transaction.update(record)
  }

  /// Frees a key whose request failed without effect, so that it may be tried again.
  public func abandonIdempotent(scope: String, key: String) throws {
    guard let record = try transaction.idempotencyRecord(scope: scope, key: key), record.answer == nil else { return }
    try transaction.deleteIdempotencyRecord(scope: scope, key: key)
  }

  /// Creates a token. The secret (128 random bits or more) is the caller's to draw and to show once.
  @discardableResult
  public func createToken(
    name: String, role: APIToken.Role, secretDigest: Digest, expires: Timestamp? = nil
  ) throws -> APIToken {
    try Self.checkText(name, field: "name")
    let token = APIToken(
      id: moment.newIdentifier(), name: name, role: role, secretDigest: secretDigest, created: now, expires: expires,
      revoked: nil)
    try transaction.insert(token)
    return token
  }

  /// Revokes a token for ever; repeating is harmless. Throws `notFound`.
  public func revokeToken(_ id: TokenID) throws {
    guard var token = try transaction.token(id) else { throw LedgerError.notFound(kind: "token", id: id.text) }
    guard token.revoked == nil else { return }
    token.revoked = now
    try transaction.update(token)
  }
}
