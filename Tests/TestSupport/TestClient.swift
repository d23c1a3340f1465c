import Foundation
import Glibc

/// A blocking HTTP/1.1 client over one keep-alive connection, which shows what was on the wire.
///
/// It connects when it first has something to send: a server rightly closes a connection on which nothing is asked for some
/// seconds, and on a loaded machine any time may pass between two lines of a test.
public final class TestClient {
  public enum Failure: Error {
    case connect(Int32)
    case closed
    /// Nothing came within the time limit of the socket.
    case silent
    case notHTTP(String)
  }

  public struct Response {
    public var status: Int
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]

    public subscript(name: String) -> String? {
      headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    public var text: String { String(decoding: body, as: UTF8.self) }

    /// The body as JSON; `.null` where it is none.
    public var json: JSON { JSON(body) }
  }

  private let descriptor: Int32
  private let port: UInt16
  private var isConnected = false
  private var buffer: [UInt8] = []

  public init(port: UInt16) throws {
    self.port = port
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw Failure.connect(errno) }
    var timeout = timeval(tv_sec: 900, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    var flag: Int32 = 1
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &flag, socklen_t(MemoryLayout<Int32>.size))
  }

  deinit {
    close(descriptor)
  }

  private func connectOnce() throws {
    guard !isConnected else { return }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else { throw Failure.connect(errno) }
    isConnected = true
  }

  /// Sends a request and reads its whole answer. A body without a `Content-Type` among `headers` is sent as JSON.
  public func send(
    _ method: String, _ path: String, _ headers: [(String, String)] = [], body: [UInt8]? = nil
  ) throws -> Response {
    try write(method, path, headers, body: body)
    return try readAnswer(hasBody: method != "HEAD")
  }

  /// Reads a whole answer, to a request that `write` sent.
  public func readAnswer(hasBody: Bool = true) throws -> Response {
    let (status, fields) = try readHead()
    let response = Response(status: status, headers: fields, body: [])
    if !hasBody || status == 204 || status == 304 { return response }
    if response["Transfer-Encoding"] != nil {
      var body: [UInt8] = []
      while let chunk = try readChunk() { body += chunk }
      return Response(status: status, headers: fields, body: body)
    }
    return Response(status: status, headers: fields, body: try readBody(Int(response["Content-Length"] ?? "0") ?? 0))
  }

  public func get(_ path: String, _ headers: [(String, String)] = []) throws -> Response {
    try send("GET", path, headers)
  }

  public func post(_ path: String, _ json: String, _ headers: [(String, String)] = []) throws -> Response {
    try send("POST", path, headers, body: Array(json.utf8))
  }

  public func write(_ method: String, _ path: String, _ headers: [(String, String)], body: [UInt8]?) throws {
    var head = "\(method) \(path) HTTP/1.1\r\n"
    if !headers.contains(where: { $0.0 == "Host" }) { head += "Host: 127.0.0.1\r\n" }
    for (name, value) in headers { head += "\(name): \(value)\r\n" }
    if let body {
      head += "Content-Length: \(body.count)\r\n"
      if !headers.contains(where: { $0.0 == "Content-Type" }) { head += "Content-Type: application/json\r\n" }
    }
    try send(raw: head + "\r\n", body: body ?? [])
  }

  /// Sends bytes as they are.
  public func send(raw head: String, body: [UInt8] = []) throws {
    var rest = ArraySlice(Array(head.utf8) + body)
    try connectOnce()
    while !rest.isEmpty {
      let sent = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      // The server may refuse a body before it has read it all: its answer is then there to be read.
      guard sent > 0 else { return }
      rest = rest.dropFirst(sent)
    }
  }

  public func readHead() throws -> (status: Int, headers: [(name: String, value: String)]) {
    let line = try readLine()
    let parts = line.split(separator: " ")
    guard parts.count >= 2, parts[0] == "HTTP/1.1", let status = Int(parts[1]) else { throw Failure.notHTTP(line) }
    var headers: [(name: String, value: String)] = []
    while true {
      let field = try readLine()
      if field.isEmpty { return (status, headers) }
      let parts = field.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
      headers.append((parts[0], parts.count > 1 ? parts[1] : ""))
    }
  }

  /// The next chunk of a chunked body; nil at its end.
  public func readChunk() throws -> [UInt8]? {
    let count = try Int(readLine(), radix: 16) ?? 0
    let chunk = try readBody(count)
    _ = try readLine()
    return count == 0 ? nil : chunk
  }

  private func readLine() throws -> String {
    while true {
      if let end = buffer.firstIndex(of: 0x0A) {
        let line = buffer[..<end]
        buffer.removeFirst(end + 1)
        return String(decoding: line.last == 0x0D ? line.dropLast() : line, as: UTF8.self)
      }
      try fill()
    }
  }

  public func readBody(_ count: Int) throws -> [UInt8] {
    while buffer.count < count { try fill() }
    let bytes = Array(buffer.prefix(count))
    buffer.removeFirst(count)
    return bytes
  }

  /// Reads whatever else comes, until the server closes the connection; false where it stays silent instead.
  public func isClosedAfterRest() throws -> Bool {
    do {
      while true { try fill() }
    } catch Failure.closed {
      return true
    } catch Failure.silent {
      return false
    }
  }

  private func fill() throws {
    var chunk = [UInt8](repeating: 0, count: 65_536)
    let count = recv(descriptor, &chunk, chunk.count, 0)
    guard count > 0 else { throw count < 0 && errno == EAGAIN ? Failure.silent : Failure.closed }
    buffer += chunk[..<count]
  }
}
