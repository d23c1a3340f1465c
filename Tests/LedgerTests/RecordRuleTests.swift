import Ledger
import LedgerTesting
import Testing

@Suite struct RecordRuleTests {
  private let store = MemoryStore()
  private let moments = CountingMoments()

  @Test func anIdempotencyKeyIsAnsweredOnce() throws {
    let (request, other) = (try Digest(ofText: "request"), try Digest(ofText: "other"))
    let answer = IdempotencyRecord.Answer(status: 201, headers: "{}", body: [1, 2])
    let scope = "anonymous POST /v1/jobs"
    #expect(try begin(scope, "k", request, at: 0) == .fresh)
    #expect(throws: LedgerError.idempotencyInProgress) { try begin(scope, "k", request, at: 119) }
    #expect(throws: LedgerError.idempotencyKeyReused) { try begin(scope, "k", other, at: 119) }
    // Nobody finished it: it had no effect, and may be tried again.
    #expect(try begin(scope, "k", request, at: 120) == .fresh)
    try write(at: 121) { try $0.finishIdempotent(scope: scope, key: "k", answer: answer) }
    #expect(try begin(scope, "k", request, at: 1_000_000_000) == .replay(answer))
    #expect(throws: LedgerError.idempotencyKeyReused) { try begin(scope, "k", other, at: 1_000_000_000) }
    #expect(try begin("another scope", "k", other, at: 1) == .fresh)
    #expect(throws: LedgerError.self) {
      try write(at: 122) { try $0.finishIdempotent(scope: scope, key: "k", answer: answer) }
    }
    // An answer is not given up.
    try write(at: 123) { try $0.abandonIdempotent(scope: scope, key: "k") }
    #expect(try begin(scope, "k", request, at: 124) == .replay(answer))
  }

  @Test func tokensEnd() throws {
    let digest = try Digest(ofText: "secret")
    let expires = moments.at(seconds: 100).now
    let token = try write(at: 0) {
      try $0.createToken(name: "ci", role: .trainer, secretDigest: digest, expires: expires)
    }
    #expect(try valid(digest, at: 99) == token.id)
    #expect(try valid(digest, at: 100) == nil)
    #expect(try valid(Digest(ofText: "guess"), at: 1) == nil)
    try write(at: 50) { try $0.revokeToken(token.id) }
    try write(at: 60) { try $0.revokeToken(token.id) }
    #expect(try valid(digest, at: 70) == nil)
  }

  @Test(arguments: ["", "a\nb", "a\u{0}", String(repeating: "x", count: 201)])
  func namesAreBounded(_ name: String) {
    #expect(throws: LedgerError.self) {
      try write(at: 0) {
        try $0.registerDataset(
          DatasetDraft(
            name: name, format: "csv", isPublic: true, unit: "example", size: nil, digest: nil, description: "{}"))
      }
    }
  }

  @Test func idsAreTypedAndPlain() throws {
    let id: BudgetID = Identifier(randomBits: (.max, 0))
    #expect(BudgetID(id.text) == id && id.text.hasPrefix("bud_") && id.text.utf8.count == 30)
    #expect(JobID(id.text) == nil)
    for text in ["bud_", "bud", "bud_A", "bud_a b", "bud_" + String(repeating: "a", count: 65), "bud_é"] {
      #expect(BudgetID(text) == nil, "\(text)")
    }
  }

  @Test func timesAreWritten() {
    #expect(Timestamp(milliseconds: 0).description == "1970-01-01T00:00:00.000Z")
    #expect(Timestamp(milliseconds: 951_782_400_000).description == "2000-02-29T00:00:00.000Z")
    #expect(Timestamp(milliseconds: 1_795_284_245_678).description == "2026-11-21T18:04:05.678Z")
    #expect(Timestamp(milliseconds: .max).description == "9999-12-31T23:59:59.999Z")
    #expect(Timestamp(milliseconds: .min).description == "1970-01-01T00:00:00.000Z")
    #expect(Timestamp(milliseconds: 5).adding(seconds: .max).description == "9999-12-31T23:59:59.999Z")
  }

  private func begin(
    _ scope: String, _ key: String, _ digest: Digest, at seconds: Int64
  ) throws -> LedgerWriter.IdempotentStart {
    try write(at: seconds) { try $0.beginIdempotent(scope: scope, key: key, requestDigest: digest) }
  }

  private func valid(_ digest: Digest, at seconds: Int64) throws -> TokenID? {
    try store.read { try LedgerReader($0).validToken(secretDigest: digest, at: moments.at(seconds: seconds).now) }?.id
  }

  @discardableResult
  private func write<Value>(at seconds: Int64, _ body: (LedgerWriter) throws -> Value) throws -> Value {
    try store.write { try body(LedgerWriter($0, at: moments.at(seconds: seconds))) }
  }
}
