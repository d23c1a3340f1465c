import CLinux
import Glibc

/// The bytes of one connection: everything that a connection asks of its socket goes through here, which is where a TLS
/// session would stand between the two. Nothing here waits and nothing raises SIGPIPE.
struct SocketTransport {
  enum Received {
    case bytes(Int)
    case wouldBlock
    /// The peer has finished sending.
    case finished
    case failed
  }

  enum Sent {
    case bytes(Int)
    case wouldBlock
    case failed
  }

  let descriptor: Int32

  /// Takes over a connected, non-blocking socket.
  init(adopting descriptor: Int32) {
    self.descriptor = descriptor
    // Without it Nagle's algorithm and the peer's delayed acknowledgement hold the second small answer back for 40 ms.
    set(IPPROTO_TCP, TCP_NODELAY, Int32(1))
  }

  private func set<Value>(_ level: some BinaryInteger, _ option: Int32, _ value: Value) {
    withUnsafeBytes(of: value) { bytes in
      // Failure means that the peer is gone already, which the next call reports.
      _ = setsockopt(descriptor, Int32(level), option, bytes.baseAddress, socklen_t(bytes.count))
    }
  }

  func receive(into buffer: UnsafeMutableRawBufferPointer) -> Received {
    while true {
      let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
      if count > 0 { return .bytes(count) }
      if count == 0 { return .finished }
      if errno == EAGAIN || errno == EWOULDBLOCK { return .wouldBlock }
      if errno != EINTR { return .failed }
    }
  }

  /// Sends both buffers, one after the other, with one call; may take only a part.
  func send(_ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer = .init(start: nil, count: 0)) -> Sent {
    withUnsafeTemporaryAllocation(of: iovec.self, capacity: 2) { vectors in
      vectors.initializeElement(at: 0, to: vector(first))
      vectors.initializeElement(at: 1, to: vector(second))
      var message = msghdr()
      message.msg_iov = vectors.baseAddress
      message.msg_iovlen = second.isEmpty ? 1 : 2
      while true {
        let count = sendmsg(descriptor, &message, Int32(MSG_NOSIGNAL))
        if count >= 0 { return .bytes(count) }
        if errno == EAGAIN || errno == EWOULDBLOCK { return .wouldBlock }
        if errno != EINTR { return .failed }
      }
    }
  }

  private func vector(_ buffer: UnsafeRawBufferPointer) -> iovec {
    iovec(iov_base: UnsafeMutableRawPointer(mutating: buffer.baseAddress), iov_len: buffer.count)
  }

  /// Tells the peer that nothing more will come; it may still send.
  func finishSending() {
    shutdown(descriptor, Int32(SHUT_WR))
  }

  func close() {
    Glibc.close(descriptor)
  }

  /// Closes with a reset, so that a body whose end is the end of the connection does not look whole.
  func abort() {
    set(SOL_SOCKET, SO_LINGER, linger(l_onoff: 1, l_linger: 0))
    close()
  }
}
