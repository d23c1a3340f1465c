import CLinux

/// One connection: its bytes, where it stands, and its deadlines. Lives on its event loop's thread.
///
///     receiving ─► handling ─┬────────────► receiving (kept alive)
///         │  ▲               ├─► streaming ─► receiving
///         │  └─ immediate ───┘       │
///         └──── refusal ─────────────┴──► finishing ─► lingering ─► closed
final class Connection {
  enum Phase {
    /// Taking bytes of a request, or waiting for one.
    case receiving
    /// A handler is at work.
    case handling(Task<Void, Never>)
    /// A task writes the body of the answer.
    case streaming(Task<Void, Never>)
    /// The last answer is being sent.
    case finishing
    /// Everything is sent and we have said so. Closing at once, with bytes of the peer unread, would send a reset and
    /// could destroy our answer before the peer has read it (RFC 9112, section 9.6).
    case lingering
    case closed
  }

  /// What the next bytes are awaited for, and so which deadline holds.
  enum Awaiting {
    case header, body, nextRequest
  }

  /// Input kept while an answer is being made or sent: what one client may have us hold.
  static let inputLimitBytes = 65_536
  /// Pipelined requests are not taken up while this much of earlier answers is unsent.
  static let outputLimitBytes = 65_536
  /// Where the writers of streams begin to wait.
  static let streamLimitBytes = 262_144
  /// What the client must take within the write deadline.
  static let writeQuantumBytes = 16_384
  /// How long the peer may be silent before a connection that lingers is closed, and how long it may linger in all.
  static let lingerTimeout: Milliseconds = 2_000
  static let lingerLimit: Milliseconds = 30_000
  /// Unread input that is thrown away for the sake of the client's reading our last answer.
  static let lingerLimitBytes = 16 << 20

  let token: UInt64
  let transport: SocketTransport
  let peer: HTTPPeer
  let isPastLimit: Bool
  unowned let loop: EventLoop

  var phase = Phase.receiving
  /// What epoll watches for.
  var interest = clinux_readable | clinux_peer_closed

  var parser: HTTPRequestParser
  /// Input that came while it could not be parsed, from `inputPosition` on.
  var input: [UInt8] = []
  var inputPosition = 0
  var peerHasFinished = false
  var head: HTTPRequestHead?
  var body: [UInt8] = []
  var heldBodyBytes = 0
  var discardedBytes = 0
  var lingerEnd = Milliseconds.max

  var output = OutputQueue()
  var context = ResponseContext()
  var isChunkedStream = false
  var waitingWriters: [CheckedContinuation<Bool, Never>] = []
  /// Bytes sent since the write deadline was last set.
  var sentBytes = 0

  var awaiting = Awaiting.header
  var readDeadline = Milliseconds.max
  var writeDeadline = Milliseconds.max
  /// The earliest time at which the loop will look at the deadlines.
  private var scheduledTime = Milliseconds.max

  init(token: UInt64, transport: SocketTransport, peer: HTTPPeer, isPastLimit: Bool, loop: EventLoop) {
    self.token = token
    self.transport = transport
    self.peer = peer
    self.isPastLimit = isPastLimit
    self.loop = loop
    var limits = HTTPRequestParser.Limits()
    limits.headerBytes = loop.configuration.headerLimitBytes
    limits.fields = loop.configuration.fieldLimit
    limits.bodyBytes = loop.configuration.bodyLimitBytes
    parser = HTTPRequestParser(limits: limits)
  }

  func begin() {
    if isPastLimit {
      refuse(HTTPRefusal(status: 503, detail: "Too many connections are open. Try again shortly."))
    } else {
      readDeadline = loop.now + loop.configuration.headerTimeout.milliseconds
    }
    proceed()
  }

  // MARK: What the loop reports

  func handle(events: UInt32) {
    if events & (clinux_error | clinux_hangup) != 0 { return close() }
    if events & clinux_peer_closed != 0, case .streaming = phase { return close() }
    if events & clinux_readable != 0 {
      receive()
    } else if events & clinux_peer_closed != 0 {
      // Reading rests, so the end of input cannot be read yet; it will be found there once reading goes on.
      watch(interest & ~clinux_peer_closed)
    }
    proceed()
  }

  /// The time has come for which this connection was scheduled, which may be before its deadline as it now stands.
  func handleScheduledTime(_ time: Milliseconds) {
    guard time == scheduledTime else { return }
    scheduledTime = .max
    if writeDeadline <= loop.now { return abort() }
    if readDeadline <= loop.now { handleReadDeadline() }
    proceed()
  }

  private func handleReadDeadline() {
    if case .receiving = phase {
      // What lies in the socket has come in time: a loop that is late itself must not blame the peer.
      receive()
      guard readDeadline <= loop.now else { return }
    }
    if case .receiving = phase, awaiting == .nextRequest, !output.isEmpty {
      // Not idle: the last answer is still being taken, under the write deadline.
      readDeadline = loop.now + loop.configuration.idleTimeout.milliseconds
      return
    }
    guard case .receiving = phase, awaiting != .nextRequest, parser.isInsideRequest else { return close() }
    let part = awaiting == .header ? "header" : "body"
    refuse(HTTPRefusal(status: 408, detail: "The \(part) of the request did not arrive in time."))
  }

  func beginDraining() {
    switch phase {
    case .receiving:
      // A request may lie in the socket already.
      receive()
      proceed()
      guard case .receiving = phase, !parser.isInsideRequest, inputPosition == input.count else { return }
      finishAfterOutput()
      proceed()
    case .streaming(let task):
      task.cancel()
    case .handling, .finishing, .lingering, .closed:
      break
    }
  }

  // MARK: Going on

  /// Sends and parses as far as both go, then tells the loop what to watch for and when to look again. Every entry from
  /// the loop ends here.
  func proceed() {
    repeat {
      guard flush() else { return }
    } while parseKeptInput()
    watch(wantedInterest)
    let deadline = min(readDeadline, writeDeadline)
    if deadline < scheduledTime {
      scheduledTime = deadline
      loop.schedule(token, at: deadline)
    }
  }

  private var wantedInterest: UInt32 {
    var wanted = interest & clinux_peer_closed
    if !output.isEmpty { wanted |= clinux_writable }
    guard !peerHasFinished else { return wanted & ~clinux_peer_closed }
    let takesInput =
      switch phase {
      case .receiving: output.byteCount < Self.outputLimitBytes
      case .handling, .streaming: input.count - inputPosition < Self.inputLimitBytes
      case .finishing, .lingering: true
      case .closed: false
      }
    return takesInput ? wanted | clinux_readable : wanted
  }

  private func watch(_ wanted: UInt32) {
    guard wanted != interest else { return }
    interest = wanted
    loop.change(transport.descriptor, to: wanted, token: token)
  }

  // MARK: Ending

  func close() {
    end { $0.close() }
  }

  /// Ends with a reset: the answer is not whole, and the peer must see that.
  func abort() {
    end { $0.abort() }
  }

  private func end(_ closing: (SocketTransport) -> Void) {
    switch phase {
    case .closed: return
    case .handling(let task), .streaming(let task): task.cancel()
    case .receiving, .finishing, .lingering: break
    }
    phase = .closed
    closing(transport)
    releaseBody()
    for writer in waitingWriters { writer.resume(returning: false) }
    waitingWriters = []
    if isPastLimit { loop.refusedConnectionCount -= 1 } else { loop.counters.openConnections.decrement() }
    loop.connections[token] = nil
  }

  func releaseBody() {
    loop.bufferedBodyBytes -= heldBodyBytes
    heldBodyBytes = 0
    body = []
  }
}
