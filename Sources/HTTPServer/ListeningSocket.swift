import CLinux
import Glibc

/// A bound, listening, non-blocking socket.
struct ListeningSocket {
  enum Accepted {
    case connection(Int32, HTTPPeer)
    /// Nobody is waiting any more.
    case none
    /// The process or the system is, or nearly is, out of descriptors or memory, as a rule; who waits stays in the queue.
    case exhausted
  }

  let descriptor: Int32
  let port: UInt16

  /// - Throws: `HTTPServerStartError`: `resolve` for an unknown host, `bind` for an address in use or not of this
  /// machine.
  init(host: String, port: UInt16) throws(HTTPServerStartError) {
    var hints = addrinfo()
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, String(port), &hints, &found)
    guard code == 0, let address = found else { throw HTTPServerStartError(step: .resolve, code: code) }
    defer { freeaddrinfo(found) }
    let opened = clinux_socket(address.pointee.ai_family)
    guard opened >= 0 else { throw HTTPServerStartError(step: .socket, code: -opened) }
    do throws(HTTPServerStartError) {
      try Self.listen(opened, at: address.pointee)
      self.port = try Self.boundPort(of: opened)
      descriptor = opened
    } catch {
      Glibc.close(opened)
      throw error
    }
  }

  private static func listen(_ descriptor: Int32, at address: addrinfo) throws(HTTPServerStartError) {
    // Lets a restart bind while old connections are in TIME_WAIT. SO_REUSEPORT is left off: with it a second server
    // would start on the same port without a word and take half of the connections.
    var enabled: Int32 = 1
    let size = socklen_t(MemoryLayout<Int32>.size)
    guard setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &enabled, size) == 0 else {
      throw HTTPServerStartError(step: .socket, code: errno)
    }
    guard bind(descriptor, address.ai_addr, address.ai_addrlen) == 0 else {
      throw HTTPServerStartError(step: .bind, code: errno)
    }
    guard Glibc.listen(descriptor, 4096) == 0 else { throw HTTPServerStartError(step: .listen, code: errno) }
  }

  private static func boundPort(of descriptor: Int32) throws(HTTPServerStartError) -> UInt16 {
    var storage = sockaddr_storage()
    let result = storage.withAddress { address, length in getsockname(descriptor, address, &length) }
    guard result == 0 else { throw HTTPServerStartError(step: .listen, code: errno) }
    return HTTPPeer(storage).port
  }

  /// Descriptors that accepting never takes: what runs our handlers opens files too. Dispatch reads `/proc` to see whether its threads
  /// are stuck, and ends the process where it cannot.
  static let spareDescriptors: Int32 = 4

  func accept() -> Accepted {
    guard hasSpareDescriptors else { return .exhausted }
    while true {
      var storage = sockaddr_storage()
      let accepted = storage.withAddress { address, length in clinux_accept(descriptor, address, &length) }
      if accepted >= 0 { return .connection(accepted, HTTPPeer(storage)) }
      switch -accepted {
      case EAGAIN: return .none
      // The connection that waited is gone; the next one may be well.
      case ECONNABORTED, EINTR: continue
      // EMFILE, ENFILE, ENOBUFS, ENOMEM; and whatever else, which trying again at once would not mend either.
      default: return .exhausted
      }
    }
  }

  /// Whether a descriptor can be taken and still leave the spare ones: the system hands out the lowest free number.
  private var hasSpareDescriptors: Bool {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return true }
    let lowest = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
    guard lowest >= 0 else { return false }
    Glibc.close(lowest)
    return rlim_t(lowest) + rlim_t(Self.spareDescriptors) < limit.rlim_cur
  }

  func close() {
    Glibc.close(descriptor)
  }
}

extension sockaddr_storage {
  fileprivate mutating func withAddress(
    _ body: (UnsafeMutablePointer<sockaddr>, inout socklen_t) -> Int32
  ) -> Int32 {
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    return withUnsafeMutablePointer(to: &self) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, &length) }
    }
  }
}

extension HTTPPeer {
  /// The address in its numeric spelling; `unknown` for a family other than IPv4 and IPv6.
  init(_ storage: sockaddr_storage) {
    var storage = storage
    var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
    let port: UInt16? = withUnsafePointer(to: &storage) { pointer in
      switch Int32(pointer.pointee.ss_family) {
      case AF_INET:
        pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { address in
          var bytes = address.pointee.sin_addr
          inet_ntop(AF_INET, &bytes, &text, socklen_t(text.count))
          return UInt16(bigEndian: address.pointee.sin_port)
        }
      case AF_INET6:
        pointer.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { address in
          var bytes = address.pointee.sin6_addr
          inet_ntop(AF_INET6, &bytes, &text, socklen_t(text.count))
          return UInt16(bigEndian: address.pointee.sin6_port)
        }
      default: nil
      }
    }
    guard let port else {
      self = .unknown
      return
    }
    let length = text.firstIndex(of: 0) ?? text.count
    self.init(address: String(decoding: text[..<length].map(UInt8.init(bitPattern:)), as: UTF8.self), port: port)
  }
}
