// From answers to bytes.

extension Connection {
  // MARK: What handlers hand back

  func handleAnswer(_ response: HTTPResponse) {
    guard case .handling = phase else { return }
    answer(response)
    proceed()
  }

  func handleChunk(_ bytes: [UInt8], _ writer: CheckedContinuation<Bool, Never>) {
    guard case .streaming = phase else { return writer.resume(returning: false) }
    // A chunk of no bytes would be the end of the body.
    if !bytes.isEmpty {
      if isChunkedStream {
        var chunk = Array((String(bytes.count, radix: 16) + "\r\n").utf8)
        chunk.append(contentsOf: bytes)
        chunk.append(contentsOf: "\r\n".utf8)
        output.append(chunk)
      } else {
        output.append(bytes)
      }
    }
    waitingWriters.append(writer)
    proceed()
  }

  func handleStreamEnd(isWhole: Bool) {
    guard case .streaming = phase else { return }
    guard isWhole else { return abort() }
    if isChunkedStream { output.append(Array("0\r\n\r\n".utf8)) }
    endAnswer()
    proceed()
  }

  // MARK: Answering

  /// Queues the answer to the current request. The caller goes on with `proceed()`.
  func answer(_ response: HTTPResponse) {
    var response = response
    if !response.hasSafeHeaders || !(200...599).contains(response.status) {
      response = HTTPResponse(refusal: HTTPRefusal(status: 500, detail: "The answer could not be written."))
    }
    let framing = response.framing(for: context)
    if framing == .untilClose || loop.isDraining { context.keepsAlive = false }
    var head = response.head(framing: framing, context: context, date: loop.date())
    if context.isHead || framing == .noBody {
      output.append(head)
      return endAnswer()
    }
    switch response.body {
    case .bytes(let bytes) where bytes.count <= Self.writeQuantumBytes:
      head.append(contentsOf: bytes)
      output.append(head)
      endAnswer()
    case .bytes(let bytes):
      output.append(head)
      output.append(bytes)
      endAnswer()
    case .file(let file, let range):
      output.append(head)
      output.append(file, range: range)
      endAnswer()
    case .stream(let write):
      output.append(head)
      isChunkedStream = framing == .chunked
      beginStream(write)
    }
  }

  private func beginStream(_ write: @escaping @Sendable (HTTPBodyWriter) async throws -> Void) {
    let (mailbox, token) = (loop.mailbox, token)
    let writer = HTTPBodyWriter { bytes in
      await withCheckedContinuation { mailbox.post(.chunk(connection: token, bytes, $0)) }
    }
    let task = Task {
      do {
        try await write(writer)
        mailbox.post(.streamEnded(connection: token, isWhole: true))
      } catch {
        // Whatever went wrong is the handler's to report; the client learns that the body is not whole.
        mailbox.post(.streamEnded(connection: token, isWhole: false))
      }
    }
    phase = .streaming(task)
    if loop.isDraining { task.cancel() }
  }

  private func endAnswer() {
    releaseBody()
    // A stream may have promised to keep the connection before the server began to shut down.
    guard context.keepsAlive, !loop.isDraining else {
      phase = .finishing
      return
    }
    phase = .receiving
    awaiting = .nextRequest
    readDeadline = loop.now + loop.configuration.idleTimeout.milliseconds
  }

  /// Answers what the server turns away by itself, and ends the connection: after a fault in the framing nobody can say
  /// where the next request begins.
  func refuse(_ refusal: HTTPRefusal) {
    loop.counters.refusedRequests.increment()
    context.keepsAlive = false
    context.isHead = head?.method == "HEAD"
    head = nil
    answer(HTTPResponse(refusal: refusal))
    (input, inputPosition) = ([], 0)
    readDeadline = .max
  }

  // MARK: Sending

  /// Sends as much as the socket takes; false when that ended the connection.
  func flush() -> Bool {
    if case .closed = phase { return false }
    if !output.isEmpty {
      let flushed = output.flush(to: transport, scratch: loop.scratch, sentBytes: &sentBytes)
      if case .failed = flushed {
        abort()
        return false
      }
    }
    resumeWriters()
    guard output.isEmpty else {
      // The deadline moves on only with real progress: a byte now and then must not hold an answer for ever.
      if writeDeadline == .max || sentBytes >= Self.writeQuantumBytes {
        writeDeadline = loop.now + loop.configuration.writeTimeout.milliseconds
        sentBytes = 0
      }
      return true
    }
    writeDeadline = .max
    sentBytes = 0
    if case .finishing = phase { linger() }
    if case .closed = phase { return false }
    return true
  }

  private func resumeWriters() {
    guard !waitingWriters.isEmpty, output.byteCount < Self.streamLimitBytes else { return }
    let writers = waitingWriters
    waitingWriters = []
    for writer in writers { writer.resume(returning: true) }
  }

  private func linger() {
    // The peer has finished too: there is nothing left to wait for.
    if peerHasFinished { return close() }
    transport.finishSending()
    phase = .lingering
    readDeadline = loop.now + Self.lingerTimeout
    lingerEnd = loop.now + Self.lingerLimit
  }
}
