import API
import HTTPServer
import Ledger

/// Decides whether a request may have its route: by its bearer token (RFC 6750), or by where it comes from.
package struct Authenticator: Sendable {
  let store: any Store
  let isDisabled: Bool
  let now: @Sendable () -> Timestamp

  /// A secret is 128 random bits or more in text; nothing longer than this is worth hashing.
  private static let longestSecret = 512

  /// Reads the store: call it on a thread that may wait.
  ///
  /// - Throws: a `Problem` (401 without a valid token, 403 where its role is not enough), or what the store throws.
  func authorize(_ request: HTTPRequest, for route: Route) throws -> Caller {
    if isDisabled {
      guard HostCheck.isLoopback(request) else { throw Self.foreignHost }
      return .local
    }
    switch route.access {
    case .open: return .anonymous
    case .calculate where request.peer.isLoopback: return .anonymous
    case .calculate, .read, .ask, .spend, .govern, .audit: break
    }
    let token = try validToken(of: request)
    guard let role = Role(rawValue: token.role.rawValue), route.access.allows(role) else {
      throw Problem(
        .policyDenied,
        "The token \(token.id) has the role \(token.role.rawValue), which does not allow \(route.method) \(route.path)."
      )
    }
    return Caller(name: token.id.text)
  }

  private func validToken(of request: HTTPRequest) throws -> APIToken {
    let fields = request.headers.values("Authorization")
    guard let field = fields.first else {
      throw Self.unauthorized("Send Authorization: Bearer <token>; epsilond token create makes one.", error: nil)
    }
    let parts = field.split(separator: " ", maxSplits: 1)
    guard fields.count == 1, parts.count == 2, parts[0].lowercased() == "bearer",
      parts[1].utf8.count <= Self.longestSecret
    else { throw Self.unauthorized("Authorization must be: Bearer <token>.", error: "invalid_request") }
    let digest = try Digest(of: Array(parts[1].utf8))
    let token = try store.read { try LedgerReader($0).validToken(secretDigest: digest, at: now()) }
    // The store has found the row by an index whose timing tells at most something about a digest, never about the
    // secret; the comparison that decides takes the same time wherever the bytes differ.
    guard let token, Self.areEqual(token.secretDigest.bytes, digest.bytes) else {
      throw Self.unauthorized("This token is unknown, revoked or expired.", error: "invalid_token")
    }
    return token
  }

  package static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
  }

  private static func unauthorized(_ detail: String, error: String?) -> Problem {
    let challenge = "Bearer realm=\"epsilond\"" + (error.map { ", error=\"\($0)\"" } ?? "")
    return Problem(.unauthorized, detail, headers: [.init("WWW-Authenticate", challenge)])
  }

  private static let foreignHost = Problem(
    .policyDenied,
    "Without authentication only this machine's own names are answered: ask for localhost or 127.0.0.1.")
}
