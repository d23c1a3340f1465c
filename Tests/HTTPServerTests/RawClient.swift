import Foundation
import Glibc

/// A blocking socket for tests: it sends exactly the bytes it is told to. Calls that block run on threads of their own,
/// never on the cooperative pool, where they would keep handlers from running. Every wait ends after `timeoutSeconds`.
final class RawClient: Sendable {
  struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ call: String) {
      description = "\(call): \(String(cString: strerror(errno)))"
    }
  }

  static let timeoutSeconds = 900

  let descriptor: Int32

  /// Creates the socket without connecting it.
  init(receiveBufferBytes: Int32? = nil, sendTimeoutSeconds: Int = RawClient.timeoutSeconds) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw Failure("socket") }
    var timeout = timeval(tv_sec: Self.timeoutSeconds, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    timeout.tv_sec = sendTimeoutSeconds
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    if var size = receiveBufferBytes {
      setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
    }
  }

  convenience init(port: UInt16, sending text: String = "") throws {
    try self.init()
    try connect(port: port)
    try sendNow(Array(text.utf8))
  }

  deinit {
    Glibc.close(descriptor)
  }

  func connect(port: UInt16) throws {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else { throw Failure("connect") }
  }

  // MARK: Sending

  /// For what fits the socket's buffer.
  func sendNow(_ bytes: [UInt8]) throws {
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { throw Failure("send") }
      sent += count
    }
  }

  func send(_ bytes: [UInt8]) async throws {
    try await offPool { try self.sendNow(bytes) }
  }

  func send(_ text: String) async throws {
    try await send(Array(text.utf8))
  }

  func finishSending() {
    shutdown(descriptor, Int32(SHUT_WR))
  }

  // MARK: Receiving

  /// The next bytes, none at the end of the connection.
  func receiveNow() throws -> [UInt8] {
    var buffer = [UInt8](repeating: 0, count: 65_536)
    let count = recv(descriptor, &buffer, buffer.count, 0)
    guard count >= 0 else { throw Failure("recv") }
    return Array(buffer[..<count])
  }

  func receive() async throws -> [UInt8] {
    try await offPool { try self.receiveNow() }
  }

  /// Everything up to the end of the connection. A reset ends it as well: the server resets what is still sent to it some
  /// time after its last answer, and a test may be slow to read that.
  func receiveAll() async throws -> [UInt8] {
    try await offPool {
      var all: [UInt8] = []
      while true {
        do {
          let bytes = try self.receiveNow()
          if bytes.isEmpty { return all }
          all += bytes
        } catch  where errno == ECONNRESET {
          return all
        }
      }
    }
  }

  /// Receives until `text` has come, and returns all of it.
  func receive(until text: String) async throws -> String {
    try await offPool {
      var all: [UInt8] = []
      while true {
        let bytes = try self.receiveNow()
        all += bytes
        let soFar = String(decoding: all, as: UTF8.self)
        if soFar.contains(text) { return soFar }
        if bytes.isEmpty {
          errno = EPIPE
          throw Failure("waiting for \(text), got \(soFar)")
        }
      }
    }
  }

  /// Sends `byte` again and again, fifty times a second, until an answer or the end of the connection can be read.
  func trickle(_ byte: UInt8) async throws {
    try await offPool {
      var entry = pollfd(fd: self.descriptor, events: Int16(POLLIN), revents: 0)
      for _ in 0..<Self.timeoutSeconds * 50 {
        try self.sendNow([byte])
        guard poll(&entry, 1, 20) == 0 else { return }
      }
      throw Failure("the server let itself be trickled")
    }
  }

  /// Waits, without reading anything, until the other side has reset or closed the connection both ways.
  func waitForReset() async throws {
    try await offPool {
      var entry = pollfd(fd: self.descriptor, events: 0, revents: 0)
      guard poll(&entry, 1, Int32(Self.timeoutSeconds * 1000)) == 1 else { throw Failure("poll") }
    }
  }
}

/// Runs what blocks on a thread of its own: Dispatch's shared ones are few, and a test that holds one delays the
/// others.
func offPool<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
  try await withCheckedThrowingContinuation { continuation in
    Thread.detachNewThread { continuation.resume(with: Result { try work() }) }
  }
}
