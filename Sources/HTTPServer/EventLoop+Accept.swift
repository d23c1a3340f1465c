import CLinux
import Glibc

/// The listening socket and the loops that share its connections.
struct Acceptor {
  let socket: ListeningSocket
  /// Connections that may be open at once.
  let limit: Int
  /// Further ones that may be open while they are told so; those beyond are closed without a word.
  let refusedLimit: Int
  var loops: [EventLoop]
  var nextLoop = 0
}

extension EventLoop {
  /// Accepted in one go before connections get their turn again.
  private static let acceptBatch = 64
  /// How long accepting rests when descriptors are short.
  private static let acceptPause: Milliseconds = 100

  func listen(with acceptor: Acceptor) throws(HTTPServerStartError) {
    try watch(acceptor.socket.descriptor, clinux_readable, token: Self.listenerToken)
    self.acceptor = acceptor
  }

  func acceptPending() {
    for _ in 0..<Self.acceptBatch {
      guard let acceptor else { return }
      switch acceptor.socket.accept() {
      case .none:
        return
      case .exhausted:
        // The waiting connection keeps the listener readable: watching on would spin. Those that are open go on.
        counters.acceptPauses.increment()
        change(acceptor.socket.descriptor, to: 0, token: Self.listenerToken)
        schedule(Self.listenerToken, at: now + Self.acceptPause)
        return
      case .connection(let descriptor, let peer):
        dealOut(descriptor, peer, acceptor)
      }
    }
  }

  func resumeAccepting() {
    guard let acceptor else { return }
    change(acceptor.socket.descriptor, to: clinux_readable, token: Self.listenerToken)
  }

  private func dealOut(_ descriptor: Int32, _ peer: HTTPPeer, _ acceptor: Acceptor) {
    counters.acceptedConnections.increment()
    guard counters.openConnections.load(ordering: .relaxed) < acceptor.limit else {
      counters.refusedConnections.increment()
      guard refusedConnectionCount < acceptor.refusedLimit else {
        close(descriptor)
        return
      }
      return adopt(descriptor, peer, isPastLimit: true)
    }
    counters.openConnections.increment()
    let loop = acceptor.loops[acceptor.nextLoop]
    self.acceptor?.nextLoop = (acceptor.nextLoop + 1) % acceptor.loops.count
    if loop === self {
      adopt(descriptor, peer, isPastLimit: false)
    } else {
      loop.mailbox.post(.adopt(descriptor: descriptor, peer, isPastLimit: false))
    }
  }

  func adopt(_ descriptor: Int32, _ peer: HTTPPeer, isPastLimit: Bool) {
    let connection = Connection(
      token: takeToken(), transport: SocketTransport(adopting: descriptor), peer: peer, isPastLimit: isPastLimit,
      loop: self)
    if isPastLimit { refusedConnectionCount += 1 }
    do throws(HTTPServerStartError) {
      try watch(descriptor, connection.interest, token: connection.token)
    } catch {
      // The system's limit on watched descriptors; this connection cannot be served.
      connection.close()
      return
    }
    connections[connection.token] = connection
    connection.begin()
    if isDraining { connection.beginDraining() }
  }

  func closeListener() {
    guard let socket = acceptor?.socket else { return }
    // Who has connected before the listener closes is still served.
    acceptPending()
    acceptor = nil
    socket.close()
  }
}
