/// A request as the operations see it: framing, limits and authentication lie behind it, sockets are out of sight.
public struct APIRequest: Sendable {
  /// Upper case, as on the wire. `HEAD` is answered as `GET`; whoever writes the answer leaves its body out.
  public var method: String
  /// The path as on the wire (percent-encoded, without the query), with or without `/v1`.
  public var path: String
  /// What stands after `?`, undecoded; empty without one.
  public var query: String
  /// Names in lower case. Of the same field sent twice the server has joined the values or refused the request.
  public var headers: [String: String]
  public var body: [UInt8]
  /// Who asks, for the ledger's entries and to keep the idempotency keys of different callers apart.
  public var caller: String

  public init(
    method: String, path: String, query: String = "", headers: [String: String] = [:], body: [UInt8] = [],
    caller: String = "anonymous"
  ) {
    self.method = method
    self.path = path
    self.query = query
    self.headers = headers
    self.body = body
    self.caller = caller
  }
}
