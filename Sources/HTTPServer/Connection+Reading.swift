// From bytes to requests.

extension Connection {
  /// One read. More may be waiting: then the loop comes back after the other connections had their turn.
  func receive() {
    switch transport.receive(into: loop.scratch) {
    case .wouldBlock: return
    case .failed: close()
    case .finished: handlePeerFinished()
    case .bytes(let count):
      let bytes = UnsafeBufferPointer(
        start: loop.scratch.assumingMemoryBound(to: UInt8.self).baseAddress, count: count)
      take(bytes)
    }
  }

  private func take(_ bytes: UnsafeBufferPointer<UInt8>) {
    switch phase {
    case .receiving where inputPosition == input.count:
      var position = 0
      parse(bytes.span, at: &position)
      // What a refused or finishing connection sends on is of no interest.
      if case .finishing = phase { return }
      input.append(contentsOf: bytes[position...])
    case .receiving, .handling, .streaming:
      input.append(contentsOf: bytes)
    case .finishing, .lingering:
      discardedBytes += bytes.count
      if discardedBytes > Self.lingerLimitBytes { return close() }
      if case .lingering = phase { readDeadline = min(loop.now + Self.lingerTimeout, lingerEnd) }
    case .closed:
      return
    }
  }

  /// The peer will send no more; it may still read (RFC 9112, section 9.6), so an answer under way is finished first.
  private func handlePeerFinished() {
    peerHasFinished = true
    switch phase {
    case .receiving:
      // Kept input is parsed first; see `parseKeptInput()`.
      if inputPosition == input.count { finishAfterOutput() }
    case .streaming, .lingering: close()
    case .handling, .finishing, .closed: break
    }
  }

  /// Ends a connection that waits for no request any more, once its answers are sent.
  func finishAfterOutput() {
    if output.isEmpty { close() } else { phase = .finishing }
  }

  /// Parses what came while an answer was under way; false when there is nothing (more) to do.
  func parseKeptInput() -> Bool {
    guard case .receiving = phase, output.byteCount < Self.outputLimitBytes else { return false }
    guard inputPosition < input.count else {
      guard peerHasFinished else { return false }
      finishAfterOutput()
      return true
    }
    let kept = input
    var position = inputPosition
    parse(kept.span, at: &position)
    inputPosition = position
    if position == input.count { (input, inputPosition) = ([], 0) }
    return true
  }

  /// Takes requests from `bytes` until they are used up, or an answer has to be awaited or sent first.
  private func parse(_ bytes: Span<UInt8>, at position: inout Int) {
    do throws(HTTPRefusal) {
      while case .receiving = phase, output.byteCount < Self.outputLimitBytes,
        let event = try parser.next(bytes, at: &position)
      {
        switch event {
        case .head(let head): beginBody(of: head, moreIsHere: position < bytes.count)
        case .body(let range): try append(bytes.extracting(range))
        case .end: dispatch()
        }
      }
      if case .receiving = phase, awaiting == .nextRequest, parser.isInsideRequest {
        awaiting = .header
        readDeadline = loop.now + loop.configuration.headerTimeout.milliseconds
      }
    } catch {
      refuse(error)
    }
  }

  private func beginBody(of head: HTTPRequestHead, moreIsHere: Bool) {
    self.head = head
    context = ResponseContext(
      isHead: head.method == "HEAD", minorVersion: head.minorVersion, keepsAlive: head.keepsAlive)
    guard head.framing != .length(0) else { return }
    awaiting = .body
    readDeadline = loop.now + loop.configuration.bodyTimeout.milliseconds
    // RFC 9110, section 10.1.1: 100 may be left out where the body has begun to arrive.
    if head.expectsContinue, !moreIsHere { output.append(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)) }
  }

  private func append(_ bytes: Span<UInt8>) throws(HTTPRefusal) {
    guard loop.bufferedBodyBytes + bytes.count <= loop.configuration.bufferedBodyLimitBytes else {
      throw HTTPRefusal(status: 503, detail: "Too many request bodies are being received. Try again shortly.")
    }
    loop.bufferedBodyBytes += bytes.count
    heldBodyBytes += bytes.count
    bytes.withUnsafeBufferPointer { body.append(contentsOf: $0) }
  }

  private func dispatch() {
    guard let head else { preconditionFailure("a request ended that had not begun") }
    let request = HTTPRequest(
      method: head.method, target: head.target, headers: head.headers, body: body, peer: peer)
    self.head = nil
    readDeadline = .max
    loop.counters.requests.increment()
    if let response = loop.respondImmediately(request) { return answer(response.compressed(for: request)) }
    let (handler, mailbox, token) = (loop.handler, loop.mailbox, token)
    phase = .handling(
      Task {
        // Compressed here and not on the loop, which has other connections to serve.
        let response = await handler(request).compressed(for: request)
        mailbox.post(.answer(connection: token, response))
      })
  }
}
