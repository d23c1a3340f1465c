import Glibc
import HTTPServer
import Testing

private let getA = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"

@Suite("Limits and deadlines")
struct LimitTests {
  // MARK: Deadlines

  /// For what a test lets pass: long beside the time between the two system calls that connect and ask, on any machine.
  private static let shortDeadline = Duration.seconds(3)

  @Test("fifty half-sent requests are told 408 and closed by the header deadline; a whole one is served meanwhile")
  func halfSentHeaders() async throws {
    try await withServer({ $0.headerTimeout = Self.shortDeadline }) { server, port in
      var halves: [RawClient] = []
      for _ in 0..<50 { halves.append(try RawClient(port: port, sending: "GET / HTTP/1.1\r\nHost: h\r\nX: a")) }
      let whole = try RawClient(port: port, sending: getA)
      #expect(try await whole.receive(until: "GET /a 0").hasPrefix("HTTP/1.1 200"))
      for half in halves {
        #expect(try RawResponse.all(in: await half.receiveAll()).map(\.status) == [408])
      }
      #expect(server.statistics.refusedRequests == 50)
    }
  }

  @Test("bytes that trickle in do not move the header deadline")
  func tricklingHeader() async throws {
    try await withServer({ $0.headerTimeout = Self.shortDeadline }) { _, port in
      let client = try RawClient(port: port, sending: "GET / HTTP/1.1\r\nHost: h\r\nX: ")
      try await client.trickle(UInt8(ascii: "a"))
      #expect(try RawResponse.all(in: await client.receiveAll()).map(\.status) == [408])
    }
  }

  @Test("a body that does not come, or trickles in, is told 408", arguments: [false, true])
  func halfSentBody(trickles: Bool) async throws {
    try await withServer({ $0.bodyTimeout = .milliseconds(300) }) { _, port in
      let client = try RawClient(port: port, sending: "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5000\r\n\r\nhel")
      if trickles { try await client.trickle(UInt8(ascii: "l")) }
      #expect(try RawResponse.all(in: await client.receiveAll()).map(\.status) == [408])
    }
  }

  @Test("who sends nothing is closed without a word, on connecting and between requests")
  func silence() async throws {
    try await withServer({ $0.headerTimeout = .milliseconds(200) }) { server, port in
      let client = try RawClient(port: port)
      #expect(try await client.receiveAll().isEmpty)
      #expect(server.statistics.refusedRequests == 0)
    }
    try await withServer({ $0.idleTimeout = .milliseconds(200) }) { server, port in
      let client = try RawClient(port: port, sending: getA)
      #expect(try RawResponse.all(in: await client.receiveAll()).map(\.status) == [200])
      #expect(server.statistics.refusedRequests == 0)
    }
  }

  @Test("a client that does not read is cut by the write deadline, and others are served meanwhile")
  func slowReader() async throws {
    let huge: HTTPServer.Handler = { request in
      guard request.path == "/huge" else { return await echo(request) }
      return HTTPResponse(contentType: "image/png", bytes: [UInt8](repeating: 1, count: 64 << 20))
    }
    try await withServer({ $0.writeTimeout = .milliseconds(300) }, handler: huge) { _, port in
      let slow = try RawClient(receiveBufferBytes: 4096)
      try slow.connect(port: port)
      try await slow.send("GET /huge HTTP/1.1\r\nHost: h\r\n\r\n")
      let other = try RawClient(port: port, sending: getA)
      #expect(try await other.receive(until: "GET /a 0").hasPrefix("HTTP/1.1 200"))
      try await slow.waitForReset()
    }
  }

  @Test("a client that goes on reading gets a long answer whole")
  func fastReader() async throws {
    let huge: HTTPServer.Handler = { _ in
      HTTPResponse(contentType: "image/png", bytes: [UInt8](repeating: 1, count: 32 << 20))
    }
    try await withServer(handler: huge) { _, port in
      let client = try RawClient(port: port, sending: getA)
      client.finishSending()
      #expect(try RawResponse.all(in: await client.receiveAll()).first?.body.count == 32 << 20)
    }
  }

  @Test("a client still taking its answer is not idle")
  func busyIsNotIdle() async throws {
    let huge: HTTPServer.Handler = { _ in
      HTTPResponse(contentType: "image/png", bytes: [UInt8](repeating: 1, count: 32 << 20))
    }
    let configure: (inout HTTPServerConfiguration) -> Void = {
      $0.idleTimeout = .milliseconds(100)
      $0.headerTimeout = Self.shortDeadline
    }
    try await withServer(configure, handler: huge) { _, port in
      let client = try RawClient(receiveBufferBytes: 4096)
      try client.connect(port: port)
      try client.sendNow(Array(getA.utf8))
      // The end of this one tells that many times the idle deadline has gone by.
      #expect(try await RawClient(port: port).receiveAll().isEmpty)
      let answers = try RawResponse.all(in: await client.receiveAll())
      #expect(answers.map(\.body.count) == [32 << 20])
    }
  }

  // MARK: Limits

  @Test("a connection past the limit is answered 503; when another closes there is room again")
  func connectionLimit() async throws {
    try await withServer({ $0.connectionLimit = 2 }) { server, port in
      var open: [RawClient] = []
      for _ in 0..<2 {
        open.append(try RawClient(port: port, sending: getA))
        _ = try await open[open.count - 1].receive(until: "GET /a 0")
      }
      let refused = try RawResponse.all(in: await RawClient(port: port, sending: getA).receiveAll())
      #expect(refused.map(\.status) == [503])
      #expect(refused.first?.fields["connection"] == "close")
      #expect(refused.first?.fields["retry-after"] == "1")
      #expect(server.statistics.refusedConnections == 1)
      try await open[0].send(getA)
      #expect(try await open[0].receive(until: "GET /a 0").hasPrefix("HTTP/1.1 200"))

      open.removeFirst()
      var status = 503
      // The server may hear of the new connection before it hears of the closed one.
      for _ in 0..<100 where status == 503 {
        let client = try RawClient(port: port, sending: getA)
        client.finishSending()
        status = try RawResponse.all(in: await client.receiveAll()).first?.status ?? 0
      }
      #expect(status == 200)
    }
  }

  @Test("who sends requests without end is not read without end while the first is being answered")
  func boundedReadAhead() async throws {
    let (entered, gate) = (Gate(), Gate())
    let waiting: HTTPServer.Handler = { request in
      entered.open()
      await gate.pass()
      return await echo(request)
    }
    try await withServer(handler: waiting) { server, port in
      let client = try RawClient(sendTimeoutSeconds: 1)
      try client.connect(port: port)
      try client.sendNow(Array(getA.utf8))
      // Only a server that does not want to read is silent from here on.
      await entered.pass()
      // The system's buffers of both sides hold some ten megabytes; what goes beyond them would have to be in the server.
      let block = Array(String(repeating: getA, count: 2000).utf8)
      await #expect(throws: RawClient.Failure.self) {
        for _ in 0..<1000 { try await client.send(block) }
      }
      #expect(server.statistics.requests == 1)
      gate.open()
      #expect(try await client.receive(until: "GET /a 0").hasPrefix("HTTP/1.1 200"))
    }
  }

  @Test("bodies under way are bounded all together")
  func bufferedBodies() async throws {
    try await withServer({ $0.bufferedBodyLimitBytes = 100_000 }) { _, port in
      let header = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 90000\r\n\r\n"
      let first = try RawClient(port: port, sending: header + String(repeating: "a", count: 80_000))
      // 100 is sent only after the server has read this far: the first body is held by then.
      let second = try RawClient(port: port, sending: header)
      try await second.send([UInt8](repeating: 0, count: 90_000))
      #expect(try RawResponse.all(in: await second.receiveAll()).map(\.status) == [503])
      try await first.send([UInt8](repeating: 0, count: 10_000))
      #expect(try await first.receive(until: "POST / 90000").hasPrefix("HTTP/1.1 200"))
      let third = try RawClient(port: port, sending: header)
      try await third.send([UInt8](repeating: 0, count: 90_000))
      #expect(try await third.receive(until: "POST / 90000").hasPrefix("HTTP/1.1 200"))
    }
  }

  @Test("two thousand idle connections leave it answering", arguments: [1, 2])
  func idleConnections(loops: Int) async throws {
    let count = min(2000, try raisedDescriptorLimit() / 2 - 300)
    try #require(count >= 100, "too few descriptors to say anything")
    try await withServer({ $0.eventLoopCount = loops }) { server, port in
      var idle: [RawClient] = []
      for _ in 0..<count { idle.append(try RawClient(port: port)) }
      let client = try RawClient(port: port)
      for _ in 0..<100 {
        try await client.send(getA)
        #expect(try await client.receive(until: "GET /a 0").hasPrefix("HTTP/1.1 200"))
      }
      #expect(server.statistics.openConnections == count + 1)
      // The idle ones are not just open: each can still ask.
      for connection in idle.shuffled().prefix(100) {
        try await connection.send(getA)
        #expect(try await connection.receive(until: "GET /a 0").hasPrefix("HTTP/1.1 200"))
      }
    }
  }

  private func raisedDescriptorLimit() throws -> Int {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
      throw RawClient.Failure("getrlimit")
    }
    limit.rlim_cur = min(limit.rlim_max, 65_536)
    guard setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else {
      throw RawClient.Failure("setrlimit")
    }
    return Int(limit.rlim_cur)
  }

  // In a process of its own, which really has no descriptor left:
  //
  //   server                         clients
  //   serves the first               first asks, is answered
  //   (limit lowered to what is open and a few)
  //                                  second connects, asks
  //   does not accept
  //   serves the first               first asks, is answered
  //   (limit raised)
  //   accepts and serves the second  second is answered
  @Test("out of descriptors it goes on answering who is connected, and accepts again when there are some")
  func outOfDescriptors() async {
    await #expect(processExitsWith: .success) {
      try await withServer { server, port in
        let (first, second) = (try RawClient(), try RawClient())
        try first.connect(port: port)
        try await first.send(getA)
        _ = try await first.receive(until: "GET /a 0")

        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var (before, none) = (rlimit(), rlimit())
        getrlimit(resource, &before)
        none.rlim_max = before.rlim_max
        // Every number below that of the next descriptor is taken: holes are filled first. The server keeps off the last few:
        // without any, what runs its handlers would end the process.
        var fillers: [Int32] = []
        repeat { fillers.append(dup(first.descriptor)) } while fillers[fillers.count - 1] < second.descriptor + 64
        none.rlim_cur = rlim_t(fillers[fillers.count - 1] + 1 + HTTPServer.spareDescriptors)
        setrlimit(resource, &none)

        try second.connect(port: port)
        try await second.send(getA)
        repeat {
          try await first.send(getA)
          #expect(try await first.receive(until: "GET /a 0").hasPrefix("HTTP/1.1 200"))
        } while server.statistics.acceptPauses == 0
        #expect(server.statistics.acceptedConnections == 1)

        setrlimit(resource, &before)
        #expect(try await second.receive(until: "GET /a 0").hasPrefix("HTTP/1.1 200"))
      }
    }
  }
}
