import Foundation
import GRDB
import Ledger

extension SQLiteTransaction {
  func dataset(named name: String) throws -> Dataset? {
    try row("SELECT * FROM datasets WHERE name = ?", [name], table: "datasets").map(dataset)
  }

  func dataset(_ id: DatasetID) throws -> Dataset? {
    try row("SELECT * FROM datasets WHERE id = ?", [id.text], table: "datasets").map(dataset)
  }

  func datasets(_ page: Page<DatasetID>) throws -> [Dataset] {
    try rows(
      """
      SELECT * FROM datasets
      WHERE ?1 IS NULL OR position > (SELECT position FROM datasets WHERE id = ?1)
      ORDER BY position LIMIT ?2
      """, [page.after?.text, page.limit], table: "datasets"
    ).map(dataset)
  }

  func insert(_ dataset: Dataset) throws {
    try execute(
      """
      INSERT INTO datasets (id, name, format, is_public, unit, size, digest, description, created, version)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """,
      [
        dataset.id.text, dataset.name, dataset.format, dataset.isPublic, dataset.unit, dataset.size,
        dataset.digest?.data, dataset.description, dataset.created.milliseconds, dataset.version,
      ])
  }

  private func dataset(_ row: RowReader) throws -> Dataset {
    try Dataset(
      id: row.identifier("id"), name: row.text("name"), format: row.text("format"), isPublic: row.bool("is_public"),
      unit: row.text("unit"), size: row.optionalInt("size"), digest: row.optionalDigest("digest"),
      description: row.text("description"), created: row.time("created"), version: row.int64("version"))
  }

  func idempotencyRecord(scope: String, key: String) throws -> IdempotencyRecord? {
    try row("SELECT * FROM idempotency WHERE scope = ? AND key = ?", [scope, key], table: "idempotency").map { row in
      let answer = try row.optionalInt("status").map { status in
        try IdempotencyRecord.Answer(status: status, headers: row.text("headers"), body: row.bytes("body"))
      }
      return try IdempotencyRecord(
        scope: scope, key: key, requestDigest: row.digest("request_digest"), started: row.time("started"),
        answer: answer)
    }
  }

  func insert(_ record: IdempotencyRecord) throws {
    try execute(
      """
      INSERT INTO idempotency (scope, key, request_digest, started, status, headers, body)
      VALUES (?, ?, ?, ?, ?, ?, ?)
      """,
      [
        record.scope, record.key, record.requestDigest.data, record.started.milliseconds, record.answer?.status,
        record.answer?.headers, record.answer.map { Data($0.body) },
      ])
  }

  func update(_ record: IdempotencyRecord) throws {
    try executeOnOneRow(
      "UPDATE idempotency SET status = ?, headers = ?, body = ? WHERE scope = ? AND key = ? AND status IS NULL",
      [
        record.answer?.status, record.answer?.headers, record.answer.map { Data($0.body) }, record.scope, record.key,
      ], of: "idempotency key \(record.key)")
  }

  func deleteIdempotencyRecord(scope: String, key: String) throws {
    try execute("DELETE FROM idempotency WHERE scope = ? AND key = ?", [scope, key])
  }

  func token(withSecretDigest digest: Digest) throws -> APIToken? {
    try row("SELECT * FROM tokens WHERE secret_digest = ?", [digest.data], table: "tokens").map(token)
  }

  func token(_ id: TokenID) throws -> APIToken? {
    try row("SELECT * FROM tokens WHERE id = ?", [id.text], table: "tokens").map(token)
  }

  func tokens(_ page: Page<TokenID>) throws -> [APIToken] {
    try rows(
      """
      SELECT * FROM tokens
      WHERE ?1 IS NULL OR position > (SELECT position FROM tokens WHERE id = ?1)
      ORDER BY position LIMIT ?2
      """, [page.after?.text, page.limit], table: "tokens"
    ).map(token)
  }

  func insert(_ token: APIToken) throws {
    try execute(
      "INSERT INTO tokens (id, name, role, secret_digest, created, expires, revoked) VALUES (?, ?, ?, ?, ?, ?, ?)",
      [
        token.id.text, token.name, token.role.rawValue, token.secretDigest.data, token.created.milliseconds,
        token.expires?.milliseconds, token.revoked?.milliseconds,
      ])
  }

  func update(_ token: APIToken) throws {
    try executeOnOneRow(
      "UPDATE tokens SET revoked = ? WHERE id = ?", [token.revoked?.milliseconds, token.id.text],
      of: "token \(token.id)")
  }

  private func token(_ row: RowReader) throws -> APIToken {
    try APIToken(
      id: row.identifier("id"), name: row.text("name"), role: row.choice("role"),
      secretDigest: row.digest("secret_digest"), created: row.time("created"), expires: row.optionalTime("expires"),
      revoked: row.optionalTime("revoked"))
  }
}
