import CLinux
import Glibc
import Synchronization

/// What other threads tell an event loop.
enum LoopMessage: Sendable {
  /// A new connection; one past the limit is adopted only to be refused.
  case adopt(descriptor: Int32, HTTPPeer, isPastLimit: Bool)
  case answer(connection: UInt64, HTTPResponse)
  case chunk(connection: UInt64, [UInt8], CheckedContinuation<Bool, Never>)
  case streamEnded(connection: UInt64, isWhole: Bool)
  case drain(grace: Milliseconds)

  /// For a loop that has ended and will not act on the message.
  func discard() {
    switch self {
    case .adopt(let descriptor, _, _): close(descriptor)
    case .chunk(_, _, let writer): writer.resume(returning: false)
    case .answer, .streamEnded, .drain: break
    }
  }
}

/// Messages to an event loop, and the eventfd that wakes it. Only the first message since the loop last looked costs a
/// system call.
final class Mailbox: Sendable {
  private struct State {
    var messages: [LoopMessage] = []
    var isClosed = false
  }

  let descriptor: Int32
  private let state = Mutex(State())

  init() throws(HTTPServerStartError) {
    descriptor = clinux_eventfd()
    guard descriptor >= 0 else { throw HTTPServerStartError(step: .eventLoop, code: -descriptor) }
  }

  deinit {
    close(descriptor)
  }

  /// Leaves a message, or discards it where the loop has ended.
  func post(_ message: LoopMessage) {
    let (isClosed, isFirst) = state.withLock { state in
      if !state.isClosed { state.messages.append(message) }
      return (state.isClosed, state.messages.count == 1)
    }
    if isClosed { return message.discard() }
    if isFirst { wake() }
  }

  private func wake() {
    var one: UInt64 = 1
    // Fails only when the counter is full, and then the loop is awake already.
    _ = write(descriptor, &one, MemoryLayout<UInt64>.size)
  }

  /// Takes all messages, and arms the eventfd again.
  func takeAll() -> [LoopMessage] {
    var count: UInt64 = 0
    _ = read(descriptor, &count, MemoryLayout<UInt64>.size)
    return state.withLock { state in
      defer { state.messages = [] }
      return state.messages
    }
  }

  /// From here on every message is discarded.
  func closeAndDiscard() {
    let left = state.withLock { state in
      defer { state.messages = [] }
      state.isClosed = true
      return state.messages
    }
    for message in left { message.discard() }
  }
}
