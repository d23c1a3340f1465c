import CLinux
import Glibc
import Synchronization

/// One thread that accepts, reads, parses, writes and keeps deadlines for its connections.
///
/// `@unchecked Sendable`: the stored `var`s belong to the loop's thread and are touched by no other once `start()` has
/// returned. Others reach the loop through its mailbox, and through `ending`, which has a lock.
final class EventLoop: @unchecked Sendable {
  static let mailboxToken: UInt64 = 0
  static let listenerToken: UInt64 = 1
  private static let firstConnectionToken: UInt64 = 2

  let configuration: HTTPServerConfiguration
  let respondImmediately: HTTPServer.ImmediateHandler
  let handler: HTTPServer.Handler
  let counters: HTTPServerCounters
  let mailbox: Mailbox
  private let epoll: Int32

  /// Set on the loop that accepts, with the loops it deals connections out to (itself among them).
  var acceptor: Acceptor?
  var connections: [UInt64: Connection] = [:]
  /// Connections past the limit that are being told so.
  var refusedConnectionCount = 0
  /// Bytes of request bodies held by all connections of this loop.
  var bufferedBodyBytes = 0
  private var nextToken = firstConnectionToken
  private var deadlines = DeadlineHeap()
  private(set) var now: Milliseconds = 0
  private var dateLine = DateLine()
  private(set) var isDraining = false
  private var drainDeadline = Milliseconds.max
  /// Room for one read or one piece of a file; what is to be kept is copied out of it at once.
  let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 65_536, alignment: 64)

  private struct Ending {
    var hasEnded = false
    var waiters: [CheckedContinuation<Void, Never>] = []
  }
  private let ending = Mutex(Ending())

  init(
    configuration: HTTPServerConfiguration, respondImmediately: @escaping HTTPServer.ImmediateHandler,
    handler: @escaping HTTPServer.Handler, counters: HTTPServerCounters
  ) throws(HTTPServerStartError) {
    self.configuration = configuration
    self.respondImmediately = respondImmediately
    self.handler = handler
    self.counters = counters
    mailbox = try Mailbox()
    epoll = clinux_epoll_create()
    guard epoll >= 0 else { throw HTTPServerStartError(step: .eventLoop, code: -epoll) }
    try watch(mailbox.descriptor, clinux_readable, token: Self.mailboxToken)
  }

  deinit {
    scratch.deallocate()
    if epoll >= 0 { close(epoll) }
  }

  // MARK: Descriptors and deadlines

  func watch(_ descriptor: Int32, _ events: UInt32, token: UInt64) throws(HTTPServerStartError) {
    let result = clinux_epoll_add(epoll, descriptor, events, token)
    guard result >= 0 else { throw HTTPServerStartError(step: .eventLoop, code: -result) }
  }

  func change(_ descriptor: Int32, to events: UInt32, token: UInt64) {
    let result = clinux_epoll_modify(epoll, descriptor, events, token)
    precondition(result >= 0, "epoll_ctl of a watched descriptor failed: \(-result)")
  }

  func schedule(_ token: UInt64, at time: Milliseconds) {
    deadlines.insert(.init(time: time, token: token))
  }

  func date() -> [UInt8] {
    dateLine.line()
  }

  func takeToken() -> UInt64 {
    defer { nextToken += 1 }
    return nextToken
  }

  // MARK: The loop

  /// Starts the thread, which runs until it has drained.
  func start() throws(HTTPServerStartError) {
    var thread = pthread_t()
    let loop = Unmanaged.passRetained(self)
    let code = pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        Unmanaged<EventLoop>.fromOpaque(argument).takeRetainedValue().run()
        return nil
      }, loop.toOpaque())
    guard code == 0 else {
      loop.release()
      throw HTTPServerStartError(step: .eventLoop, code: code)
    }
    pthread_detach(thread)
  }

  private func run() {
    // Signals are for the threads that expect them.
    var all = sigset_t()
    sigfillset(&all)
    pthread_sigmask(SIG_BLOCK, &all, nil)
    var events = [clinux_event](repeating: clinux_event(), count: 128)
    readClock()
    while !(isDraining && (connections.isEmpty || now >= drainDeadline)) {
      let count = clinux_epoll_wait(epoll, &events, Int32(events.count), timeoutUntilNextDeadline())
      precondition(count >= 0, "epoll_wait failed: \(-count)")
      readClock()
      for index in 0..<Int(count) { handle(events[index]) }
      while let entry = deadlines.popEntry(dueAt: now) { handle(entry) }
    }
    end()
  }

  private func readClock() {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    now = Milliseconds(time.tv_sec) * 1000 + Milliseconds(time.tv_nsec) / 1_000_000
  }

  private func timeoutUntilNextDeadline() -> Int32 {
    let next = min(deadlines.earliest ?? .max, drainDeadline)
    // The clock is cut to whole milliseconds: one more, or the loop would wake just too early and spin.
    return next == .max ? -1 : Int32(clamping: max(0, next - now + 1))
  }

  private func handle(_ event: clinux_event) {
    switch event.token {
    case Self.mailboxToken: for message in mailbox.takeAll() { handle(message) }
    case Self.listenerToken: acceptPending()
    // An earlier event of this round may have closed the connection.
    case let token: connections[token]?.handle(events: event.events)
    }
  }

  private func handle(_ entry: DeadlineHeap.Entry) {
    switch entry.token {
    case Self.listenerToken: resumeAccepting()
    case let token: connections[token]?.handleScheduledTime(entry.time)
    }
  }

  private func handle(_ message: LoopMessage) {
    switch message {
    case .adopt(let descriptor, let peer, let isPastLimit):
      adopt(descriptor, peer, isPastLimit: isPastLimit)
    case .answer(let token, let response):
      connections[token]?.handleAnswer(response)
    case .chunk(let token, let bytes, let writer):
      guard let connection = connections[token] else { return message.discard() }
      connection.handleChunk(bytes, writer)
    case .streamEnded(let token, let isWhole):
      connections[token]?.handleStreamEnd(isWhole: isWhole)
    case .drain(let grace):
      drain(grace: grace)
    }
  }

  // MARK: Ending

  private func drain(grace: Milliseconds) {
    drainDeadline = min(drainDeadline, now + grace)
    guard !isDraining else { return }
    isDraining = true
    closeListener()
    for connection in Array(connections.values) { connection.beginDraining() }
  }

  private func end() {
    closeListener()
    for connection in Array(connections.values) { connection.close() }
    mailbox.closeAndDiscard()
    let waiters = ending.withLock { ending in
      defer { ending.waiters = [] }
      ending.hasEnded = true
      return ending.waiters
    }
    for waiter in waiters { waiter.resume() }
  }

  /// Returns when the loop has ended.
  func waitForEnd() async {
    await withCheckedContinuation { waiter in
      let hasEnded = ending.withLock { ending in
        if !ending.hasEnded { ending.waiters.append(waiter) }
        return ending.hasEnded
      }
      if hasEnded { waiter.resume() }
    }
  }
}
