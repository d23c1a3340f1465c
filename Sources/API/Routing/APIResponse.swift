/// An answer: status, header fields, and either bytes in memory or a file to be sent from disk.
public struct APIResponse: Sendable, Equatable {
  public var status: Int
  /// Without `Date`, `Content-Length` and `Connection`, which belong to whoever frames the message.
  public var headers: [Header]
  public var body: Body

  public struct Header: Sendable, Equatable {
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  public enum Body: Sendable, Equatable {
    case bytes([UInt8])
    /// A file of the service's own data folder (an artifact), which may be served in ranges.
    case file(path: String)
  }

  public init(status: Int, headers: [Header] = [], body: Body = .bytes([])) {
    self.status = status
    self.headers = headers
    self.body = body
  }

  /// A JSON answer.
  public init(status: Int = 200, headers: [Header] = [], json: JSONValue) {
    self.init(
      status: status, headers: [Header("Content-Type", "application/json")] + headers,
      body: .bytes(json.bytes + [0x0A]))
  }

  /// The value of the first header field of this name, whatever its case.
  public func header(_ name: String) -> String? {
    headers.first { $0.name.lowercased() == name.lowercased() }?.value
  }
}
