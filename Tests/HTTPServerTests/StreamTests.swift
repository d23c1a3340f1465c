import HTTPServer
import Synchronization
import Testing

private let get = "GET / HTTP/1.1\r\nHost: h\r\n\r\n"

@Suite("Streamed answers")
struct StreamTests {
  /// A stream that sends each of `events` and then ends.
  private func stream(of events: AsyncStream<String>) -> HTTPServer.Handler {
    { _ in
      HTTPResponse(
        status: 200, headers: ["Content-Type": "text/event-stream"],
        body: .stream { writer in
          for await event in events { try await writer.write("data: \(event)\n\n") }
        })
    }
  }

  @Test("events arrive one by one, and the connection goes on after the last")
  func events() async throws {
    let (events, source) = AsyncStream<String>.makeStream()
    try await withServer(handler: stream(of: events)) { _, port in
      let client = try RawClient(port: port, sending: get)
      let head = try await client.receive(until: "\r\n\r\n")
      #expect(head.contains("Transfer-Encoding: chunked\r\n"))
      // Each is awaited before the next is made: nothing is held back.
      for event in ["one", "two", "three"] {
        source.yield(event)
        let chunk = "data: \(event)\n\n"
        #expect(try await client.receive(until: "\n\n\r\n") == "\(String(chunk.utf8.count, radix: 16))\r\n\(chunk)\r\n")
      }
      source.finish()
      #expect(try await client.receive(until: "0\r\n\r\n") == "0\r\n\r\n")
      try await client.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n")
      client.finishSending()
      let answers = try RawResponse.all(in: await client.receiveAll(), heads: [0])
      #expect(answers.map(\.status) == [200])
    }
  }

  @Test("HTTP/1.0 gets the bare bytes and the end of the connection")
  func oldVersion() async throws {
    let (events, source) = AsyncStream<String>.makeStream()
    source.yield("a")
    source.finish()
    try await withServer(handler: stream(of: events)) { _, port in
      let client = try RawClient(port: port, sending: "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
      let answer = try RawResponse.all(in: await client.receiveAll())
      #expect(answer.map(\.text) == ["data: a\n\n"])
      #expect(answer.first?.fields["transfer-encoding"] == nil)
    }
  }

  @Test("a client that goes away ends the stream's task, though nothing is being written")
  func disconnect() async throws {
    let (started, ended) = (Gate(), Gate())
    let handler: HTTPServer.Handler = { _ in
      HTTPResponse(
        status: 200,
        body: .stream { writer in
          try await writer.write("hello")
          started.open()
          await Gate().pass()
          ended.open()
        })
    }
    try await withServer(handler: handler) { _, port in
      var client: RawClient? = try RawClient(port: port, sending: get)
      await started.pass()
      _ = try await client?.receive(until: "hello")
      client = nil
      await ended.pass()
    }
  }

  @Test("writing to a client that has gone fails")
  func writeAfterDisconnect() async throws {
    let (started, gone, failed) = (Gate(), Gate(), Gate())
    let handler: HTTPServer.Handler = { _ in
      HTTPResponse(
        status: 200,
        body: .stream { writer in
          try await writer.write("hello")
          started.open()
          await gone.pass()
          do {
            while true { try await writer.write("more") }
          } catch {
            failed.open()
            throw error
          }
        })
    }
    try await withServer(handler: handler) { _, port in
      var client: RawClient? = try RawClient(port: port, sending: get)
      await started.pass()
      _ = try await client?.receive(until: "hello")
      client = nil
      gone.open()
      await failed.pass()
    }
  }

  @Test("a client that does not read slows the writer down")
  func backpressure() async throws {
    let written = Atomic(0)
    let (full, done) = (Gate(), Gate())
    let piece = [UInt8](repeating: 120, count: 1 << 16)
    let pieces = 256
    let handler: HTTPServer.Handler = { _ in
      HTTPResponse(
        status: 200,
        body: .stream { writer in
          for _ in 0..<pieces {
            try await writer.write(piece)
            written.add(1, ordering: .relaxed)
            full.open()
          }
          done.open()
        })
    }
    try await withServer(handler: handler) { _, port in
      let client = try RawClient(receiveBufferBytes: 4096)
      try client.connect(port: port)
      try await client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
      await full.pass()
      // Other connections are served a hundred times over while the writer is stuck: it had every chance to go on.
      for _ in 0..<100 {
        let other = try RawClient(port: port, sending: "GET / HTTP/9.0\r\n\r\n")
        #expect(try RawResponse.all(in: await other.receiveAll()).map(\.status) == [505])
      }
      #expect(written.load(ordering: .relaxed) < pieces / 2)
      let answers = try RawResponse.all(in: await client.receiveAll())
      #expect(answers.map(\.body.count) == [pieces * piece.count])
      await done.pass()
    }
  }

  @Test("a stream that throws is cut, and does not look whole")
  func failure() async throws {
    struct Broken: Error {}
    let handler: HTTPServer.Handler = { _ in
      HTTPResponse(
        status: 200,
        body: .stream { writer in
          try await writer.write("half")
          throw Broken()
        })
    }
    try await withServer(handler: handler) { _, port in
      let client = try RawClient(port: port, sending: get)
      // Either the reset itself is seen or the bytes before it; the last chunk never is.
      let bytes: [UInt8]
      do { bytes = try await client.receiveAll() } catch { return }
      #expect(!String(decoding: bytes, as: UTF8.self).contains("0\r\n\r\n"))
    }
  }
}

@Suite("Shutting down")
struct ShutdownTests {
  //   client               handler            server
  //   GET /                waits at the gate
  //   (another is idle)
  //                                           shutdown begins: idle one closed, connecting refused
  //                        gate opens
  //   gets its answer,
  //   and Connection: close
  //                                           shutdown returns
  @Test("what has begun is finished, what is idle is closed, nobody new is let in")
  func drain() async throws {
    let (entered, gate) = (Gate(), Gate())
    let handler: HTTPServer.Handler = { request in
      guard request.path == "/slow" else { return await echo(request) }
      entered.open()
      await gate.pass()
      return await echo(request)
    }
    try await withServer({ $0.eventLoopCount = 2 }, handler: handler) { server, port in
      let idle = try RawClient(port: port, sending: get)
      _ = try await idle.receive(until: "GET / 0")
      let busy = try RawClient(port: port, sending: "GET /slow HTTP/1.1\r\nHost: h\r\n\r\n")
      await entered.pass()
      async let down: Void = server.shutdown(grace: noDeadline)
      #expect(try await idle.receiveAll().isEmpty)
      #expect(throws: RawClient.Failure.self) { try RawClient(port: port) }
      gate.open()
      let answers = try RawResponse.all(in: await busy.receiveAll())
      #expect(answers.map(\.text) == ["GET /slow 0"])
      #expect(answers.first?.fields["connection"] == "close")
      await down
      #expect(server.statistics.openConnections == 0)
      // Once more is harmless.
      await server.shutdown(grace: .zero)
    }
  }

  @Test("when the grace is over the rest is cut and its handlers are cancelled")
  func graceEnds() async throws {
    let (entered, cancelled) = (Gate(), Gate())
    let handler: HTTPServer.Handler = { request in
      entered.open()
      await Gate().pass()
      cancelled.open()
      return await echo(request)
    }
    try await withServer(handler: handler) { server, port in
      let client = try RawClient(port: port, sending: get)
      await entered.pass()
      await server.shutdown(grace: .milliseconds(50))
      #expect(try await client.receiveAll().isEmpty)
      await cancelled.pass()
    }
  }

  @Test("streams are told to end, and end whole")
  func streamsEnd() async throws {
    let handler: HTTPServer.Handler = { _ in
      HTTPResponse(
        status: 200,
        body: .stream { writer in
          try await writer.write("hello ")
          await Gate().pass()
          try await writer.write("goodbye")
        })
    }
    try await withServer(handler: handler) { server, port in
      let client = try RawClient(port: port, sending: get)
      var bytes = Array(try await client.receive(until: "hello").utf8)
      async let down: Void = server.shutdown(grace: noDeadline)
      bytes += try await client.receiveAll()
      #expect(try RawResponse.all(in: bytes).map(\.text) == ["hello goodbye"])
      await down
    }
  }

  @Test("a port in use, a host unknown, an address of another machine: start says which step failed")
  func startErrors() async throws {
    try await withServer { _, port in
      let inUse = HTTPServer(configuration: HTTPServerConfiguration(port: port), handler: echo)
      #expect(#expect(throws: HTTPServerStartError.self) { try inUse.start() }?.step == .bind)
    }
    let elsewhere = HTTPServer(configuration: HTTPServerConfiguration(host: "192.0.2.1", port: 0), handler: echo)
    let error = #expect(throws: HTTPServerStartError.self) { try elsewhere.start() }
    #expect(error?.step == .bind)
    let nowhere = HTTPServer(configuration: HTTPServerConfiguration(host: "host..invalid", port: 0), handler: echo)
    #expect(#expect(throws: HTTPServerStartError.self) { try nowhere.start() }?.step == .resolve)
  }
}
