import CZlib
import Glibc
import HTTPServer
import Testing

private let getA = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"

@Suite("Connections")
struct ConnectionTests {
  private func responses(
    to text: String, port: UInt16, heads: Set<Int> = []
  ) async throws -> [RawResponse] {
    let client = try RawClient(port: port)
    try await client.send(text)
    client.finishSending()
    return try RawResponse.all(in: await client.receiveAll(), heads: heads)
  }

  @Test("a connection serves one request after another until the client asks to close")
  func keepAlive() async throws {
    try await withServer { _, port in
      let client = try RawClient(port: port)
      for _ in 0..<3 {
        try await client.send(getA)
        #expect(try await client.receive(until: "GET /a 0").hasPrefix("HTTP/1.1 200 OK\r\nDate: "))
      }
      try await client.send("GET /b HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n" + getA)
      let last = try RawResponse.all(in: await client.receiveAll())
      #expect(last.map(\.text) == ["GET /b 0"])
      #expect(last.first?.fields["connection"] == "close")
    }
  }

  @Test("HTTP/1.0 closes unless it asks to stay")
  func oldVersion() async throws {
    try await withServer { _, port in
      let once = try await responses(to: "GET / HTTP/1.0\r\n\r\n" + getA, port: port)
      #expect(once.map(\.status) == [200])
      let kept = try await responses(to: "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + getA, port: port)
      #expect(kept.map(\.text) == ["GET / 0", "GET /a 0"])
      #expect(kept.first?.fields["connection"] == "keep-alive")
    }
  }

  //   client              first handler         second (immediate)
  //   GET /slow
  //   GET /fast
  //                       waits at the gate
  //   (both are sent)                           must wait its turn
  //                       gate opens, answers
  //                                             answers
  @Test("pipelined requests are answered in order though the second could be answered at once")
  func pipelining() async throws {
    let gate = Gate()
    let isImmediate: HTTPServer.ImmediateHandler = { request in
      request.path == "/fast" ? HTTPResponse(contentType: "text/plain", text: "fast") : nil
    }
    let waiting: HTTPServer.Handler = { request in
      await gate.pass()
      return await echo(request)
    }
    try await withServer(respondImmediately: isImmediate, handler: waiting) { server, port in
      let client = try RawClient(port: port)
      try await client.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\nGET /fast HTTP/1.1\r\nHost: h\r\n\r\n")
      // A second connection is served in the meantime, so the first has been read by then.
      #expect(try await responses(to: "GET /fast HTTP/1.1\r\nHost: h\r\n\r\n", port: port).map(\.text) == ["fast"])
      gate.open()
      client.finishSending()
      #expect(try RawResponse.all(in: await client.receiveAll()).map(\.text) == ["GET /slow 0", "fast"])
    }
  }

  @Test("a thousand pipelined requests come back in order, from both kinds of handler", arguments: [1, 2])
  func manyPipelined(loops: Int) async throws {
    let evenAtOnce: HTTPServer.ImmediateHandler = { request in
      request.path.hasSuffix("0") ? HTTPResponse(contentType: "text/plain", text: "GET \(request.path) 0") : nil
    }
    try await withServer({ $0.eventLoopCount = loops }, respondImmediately: evenAtOnce) { server, port in
      let text = (0..<1000).map { "GET /\($0) HTTP/1.1\r\nHost: h\r\n\r\n" }.joined()
      let texts = try await responses(to: text, port: port).map(\.text)
      #expect(texts == (0..<1000).map { "GET /\($0) 0" })
      #expect(server.statistics.requests == 1000)
    }
  }

  @Test("bodies arrive whole, by length or in chunks, in whatever pieces")
  func bodies() async throws {
    let reverse: HTTPServer.Handler = { HTTPResponse(contentType: "text/plain", bytes: $0.body.reversed()) }
    try await withServer(handler: reverse) { _, port in
      let long = [UInt8](repeating: 7, count: 300_000) + [1, 2, 3]
      let client = try RawClient(port: port)
      try await client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: \(long.count)\r\n\r\n")
      try await client.send(long)
      client.finishSending()
      let isReversed = try RawResponse.all(in: await client.receiveAll()).map(\.body) == [long.reversed()]
      #expect(isReversed)

      let chunked = try RawClient(port: port)
      try await chunked.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")
      for piece in ["3\r", "\nab", "c\r\n2;x", "=y\r\nde\r\n0\r\nT: u", "\r\n\r\n"] { try await chunked.send(piece) }
      chunked.finishSending()
      #expect(try RawResponse.all(in: await chunked.receiveAll()).map(\.text) == ["edcba"])
    }
  }

  @Test("HEAD gets GET's header and no body")
  func head() async throws {
    try await withServer { _, port in
      let answers = try await responses(to: "HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n" + getA, port: port, heads: [0])
      #expect(answers.map(\.status) == [200, 200])
      #expect(answers[0].fields["content-length"] == "9")
      #expect(answers[1].text == "GET /a 0")
    }
  }

  @Test("204 and 304 have neither body nor length")
  func noContent() async throws {
    let handler: HTTPServer.Handler = { request in
      HTTPResponse(status: request.path == "/204" ? 204 : 304, contentType: "text/plain", text: "not to be sent")
    }
    try await withServer(handler: handler) { _, port in
      let text = "GET /204 HTTP/1.1\r\nHost: h\r\n\r\nGET /304 HTTP/1.1\r\nHost: h\r\n\r\n"
      let answers = try await responses(to: text, port: port)
      #expect(answers.map(\.status) == [204, 304])
      #expect(answers.allSatisfy { $0.fields["content-length"] == nil && $0.fields["transfer-encoding"] == nil })
    }
  }

  @Test("a client that waits for 100 gets it before the body, and a final answer where the body is refused")
  func expectContinue() async throws {
    try await withServer({ $0.bodyLimitBytes = 10 }) { _, port in
      let client = try RawClient(port: port)
      let header = "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: "
      try await client.send(header + "5\r\n\r\n")
      #expect(try await client.receive(until: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
      try await client.send("hello")
      #expect(try await client.receive(until: "POST / 5").hasPrefix("HTTP/1.1 200 OK"))
      try await client.send(header + "11\r\n\r\n")
      #expect(try RawResponse.all(in: await client.receiveAll()).map(\.status) == [413])
    }
  }

  @Test("an unread body is drained, so that a client that only writes still reads its 413")
  func refusedUpload() async throws {
    try await withServer { _, port in
      let client = try RawClient(port: port)
      let head = Array("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9000000\r\n\r\n".utf8)
      try await client.send(head + [UInt8](repeating: 0, count: 9_000_000))
      let answers = try RawResponse.all(in: await client.receiveAll())
      #expect(answers.map(\.status) == [413])
      #expect(answers.first?.text.contains("\"code\":\"payload_too_large\"") == true)
    }
  }

  @Test("a header that would break the framing becomes a 500 and never reaches the wire")
  func responseSplitting() async throws {
    let handler: HTTPServer.Handler = { _ in
      HTTPResponse(status: 200, headers: ["X-Echo": "a\r\nSet-Cookie: stolen"], body: .bytes([]))
    }
    try await withServer(handler: handler) { _, port in
      let answers = try await responses(to: getA, port: port)
      #expect(answers.map(\.status) == [500])
      #expect(answers.first?.fields["set-cookie"] == nil)
    }
  }

  @Test("what the handler says about framing is not believed")
  func ownedHeaders() async throws {
    let handler: HTTPServer.Handler = { _ in
      let lies: HTTPHeaders = [
        "Content-Length": "999", "Transfer-Encoding": "chunked", "Connection": "upgrade", "Date": "never",
      ]
      return HTTPResponse(status: 200, headers: lies, contentType: "text/plain", text: "abc")
    }
    try await withServer(handler: handler) { _, port in
      let answer = try #require(try await responses(to: getA, port: port).first)
      #expect(answer.text == "abc")
      #expect(answer.fields["transfer-encoding"] == nil && answer.fields["date"] != "never")
    }
  }

  // MARK: Compression and files

  @Test("long text is sent in gzip to who accepts it; strong entity tags, images and small bodies are left alone")
  func compression() async throws {
    let long = String(repeating: "{\"epsilon\": 1.25}\n", count: 500)
    let handler: HTTPServer.Handler = { request in
      switch request.path {
      case "/small": HTTPResponse(contentType: "application/json", text: "{}")
      case "/image": HTTPResponse(contentType: "image/png", text: long)
      case "/strong": HTTPResponse(headers: ["ETag": "\"1\""], contentType: "application/json", text: long)
      case "/weak": HTTPResponse(headers: ["ETag": "W/\"1\""], contentType: "application/json", text: long)
      default: HTTPResponse(contentType: "application/problem+json; charset=utf-8", text: long)
      }
    }
    try await withServer(respondImmediately: { _ in nil }, handler: handler) { _, port in
      for (path, isPacked) in [("/", true), ("/weak", true), ("/small", false), ("/image", false), ("/strong", false)] {
        let request = "GET \(path) HTTP/1.1\r\nHost: h\r\nAccept-Encoding: br, gzip\r\n\r\n"
        let answer = try #require(try await responses(to: request, port: port).first)
        #expect(answer.fields["content-encoding"] == (isPacked ? "gzip" : nil), "\(path)")
        #expect(answer.fields["vary"] == (isPacked ? "Accept-Encoding" : nil), "\(path)")
        if isPacked { #expect(try gunzip(answer.body) == Array(long.utf8)) }
      }
      let plain = try #require(try await responses(to: getA, port: port).first)
      #expect(plain.text == long)
      #expect(plain.fields["vary"] == "Accept-Encoding")
    }
  }

  private func gunzip(_ bytes: [UInt8]) throws -> [UInt8] {
    let inflater = try #require(zlib_inflater_create())
    defer { zlib_inflater_free(inflater) }
    var output = [UInt8](repeating: 0, count: 1 << 20)
    var (consumed, produced) = (0, 0)
    let status = zlib_inflater_run(inflater, bytes, bytes.count, &consumed, &output, output.count, &produced)
    #expect(status == zlib_inflate_member_end)
    #expect(consumed == bytes.count)
    return Array(output[..<produced])
  }

  @Test("files whole, in ranges, and past their end")
  func files() async throws {
    let contents = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
    let path = try temporaryFile(contents)
    defer { unlink(path) }
    let handler: HTTPServer.Handler = { request in
      do throws(HTTPFile.OpenError) {
        let file = try HTTPFile(path: path)
        return .file(file, contentType: "application/octet-stream", headers: ["ETag": "\"v1\""], for: request)
      } catch {
        return HTTPResponse(status: 500, contentType: "text/plain", text: "errno \(error.code)")
      }
    }
    let last = contents.count - 1
    let table: [(range: String, status: Int, part: Range<Int>)] = [
      ("", 200, 0..<contents.count), ("bytes=0-0", 206, 0..<1), ("bytes=100-199", 206, 100..<200),
      ("bytes=2999990-", 206, 2_999_990..<contents.count), ("bytes=-5", 206, last - 4..<contents.count),
      ("bytes=0-99999999999999999999", 206, 0..<contents.count), ("bytes=3000000-", 416, 0..<0),
      ("bytes=-0", 416, 0..<0), ("bytes=5-4", 200, 0..<contents.count), ("bytes=0-1,3-4", 200, 0..<contents.count),
      ("lines=1-2", 200, 0..<contents.count), ("bytes=a-b", 200, 0..<contents.count),
    ]
    try await withServer(handler: handler) { _, port in
      for row in table {
        let field = row.range.isEmpty ? "" : "Range: \(row.range)\r\n"
        let answer = try #require(
          try await responses(to: "GET / HTTP/1.1\r\nHost: h\r\n\(field)\r\n", port: port).first)
        #expect(answer.status == row.status, "\(row.range)")
        // Compared apart: a failure should not print megabytes.
        let isRight = row.status == 416 || answer.body == Array(contents[row.part])
        #expect(isRight, "\(row.range)")
        if row.status == 206 {
          let expected = "bytes \(row.part.lowerBound)-\(row.part.upperBound - 1)/\(contents.count)"
          #expect(answer.fields["content-range"] == expected)
        }
      }
      let stale = "GET / HTTP/1.1\r\nHost: h\r\nRange: bytes=0-0\r\nIf-Range: \"v0\"\r\n\r\n"
      #expect(try await responses(to: stale, port: port).map(\.status) == [200])
    }
  }

  @Test("what is no regular file does not open")
  func noFile() {
    for (path, code) in [("/nonexistent/file", ENOENT), ("/tmp", EISDIR), ("/dev/null", EINVAL)] {
      let error = #expect(throws: HTTPFile.OpenError.self) { try HTTPFile(path: path) }
      #expect(error?.code == code, "\(path)")
    }
  }

  private func temporaryFile(_ bytes: [UInt8]) throws -> String {
    var template = Array("/tmp/http-file-XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    guard descriptor >= 0 else { throw RawClient.Failure("mkstemp") }
    defer { close(descriptor) }
    guard write(descriptor, bytes, bytes.count) == bytes.count else { throw RawClient.Failure("write") }
    return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
