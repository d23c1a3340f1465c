import Glibc
import HTTPServer
import Testing

@Suite("Request parser")
struct RequestParserTests {
  private func head(_ text: String) throws -> HTTPRequestHead {
    let reading = ParserReading([Array(text.utf8)[...]], limits: .init())
    guard case .head(let head)? = reading.items.first else { throw try #require(reading.refusal) }
    return head
  }

  @Test("fields keep their order and spelling, values lose the blanks around them")
  func fields() throws {
    let head = try head(
      "PUT /a?b=c HTTP/1.1\r\nHost: h\r\nX-One:  1 \r\nx-one: 2\r\nEmpty:\r\nContent-Length: 3\r\n\r\n")
    #expect(head.method == "PUT")
    #expect(head.target == "/a?b=c")
    #expect(head.headers.fields.map(\.name) == ["Host", "X-One", "x-one", "Empty", "Content-Length"])
    #expect(head.headers.values("X-ONE") == ["1", "2"])
    #expect(head.headers["empty"] == "")
    #expect(head.framing == .length(3))
  }

  @Test("an absolute target is brought into origin form and its authority replaces Host")
  func absoluteTarget() throws {
    let head = try head("GET http://real:81/p?q HTTP/1.1\r\nHost: other\r\n\r\n")
    #expect(head.target == "/p?q")
    #expect(head.headers.values("Host") == ["real:81"])
    let bare = try self.head("GET https://real?q HTTP/1.1\r\nHost: other\r\n\r\n")
    #expect(bare.target == "/?q")
  }

  @Test(
    "who keeps the connection",
    arguments: [
      ("HTTP/1.1", "X: y", true), ("HTTP/1.1", "Connection: close", false), ("HTTP/1.1", "Connection: x, CLOSE", false),
      ("HTTP/1.1", "Connection: keep-alive\r\nConnection: close", false), ("HTTP/1.0", "X: y", false),
      ("HTTP/1.0", "Connection: Keep-Alive", true), ("HTTP/1.0", "Connection: keep-alive, close", false),
    ])
  func keepsAlive(version: String, field: String, expected: Bool) throws {
    #expect(try head("GET / \(version)\r\nHost: a\r\n\(field)\r\n\r\n").keepsAlive == expected)
  }

  @Test("a header line of 100 KB is refused after 16 KB, and costs little however it arrives")
  func longLine() {
    let line = Array(("GET / HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "a", count: 100_000)).utf8)
    for size in [1, 7, 1460, 16_384, 100_000] {
      var parser = HTTPRequestParser()
      var taken = 0
      let start = threadSeconds()
      do throws(HTTPRefusal) {
        for begin in stride(from: 0, to: line.count, by: size) {
          let piece = Array(line[begin..<min(begin + size, line.count)])
          var position = 0
          _ = try parser.next(piece.span, at: &position)
          taken += piece.count
        }
        Issue.record("pieces of \(size): not refused")
      } catch {
        #expect(error.status == 431)
        #expect(taken <= 16_384)
      }
      // Quadratic parsing of such a line takes seconds of processor time; this takes well under a millisecond.
      #expect(threadSeconds() - start < 0.05, "pieces of \(size)")
    }
  }

  /// Processor time of this thread: other work on the machine does not count.
  private func threadSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  @Test("a refused connection stays refused")
  func staysRefused() {
    var parser = HTTPRequestParser()
    for input in ["GET / HTTP/1.1\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"] {
      var position = 0
      let bytes = Array(input.utf8)
      #expect(throws: HTTPRefusal.self) { try parser.next(bytes.span, at: &position) }
    }
  }
}

@Suite("Request and answer helpers")
struct HTTPHelperTests {
  private func request(_ target: String, _ headers: HTTPHeaders = [:]) -> HTTPRequest {
    HTTPRequest(method: "GET", target: target, headers: headers)
  }

  @Test("paths are decoded segment by segment")
  func segments() throws {
    #expect(try request("/").pathSegments() == [])
    #expect(try request("/v1/jobs/").pathSegments() == ["v1", "jobs"])
    #expect(try request("/a%20b/c%2Fd/%C3%A9+?x").pathSegments() == ["a b", "c/d", "é+"])
  }

  @Test(
    "bad paths are refused",
    arguments: [
      ("/%", PercentDecodingError.badEscape), ("/%1", .badEscape), ("/%zz", .badEscape), ("/%%41", .badEscape),
      ("/a%00", .nul), ("/%FF", .invalidUTF8), ("/%C0%AF", .invalidUTF8), ("/%ED%A0%80", .invalidUTF8),
      ("/../etc", .dotOrEmptySegment), ("/a/%2e%2E/b", .dotOrEmptySegment), ("/a//b", .dotOrEmptySegment),
      ("//", .dotOrEmptySegment),
    ])
  func badSegments(target: String, expected: PercentDecodingError) {
    #expect(throws: expected) { try request(target).pathSegments() }
  }

  @Test("queries")
  func queries() throws {
    let items = try request("/x?a=1&b=c%3Dd+e&&flag&=v&a=2=3").queryItems()
    #expect(items.map(\.name) == ["a", "b", "flag", "", "a"])
    #expect(items.map(\.value) == ["1", "c=d e", "", "v", "2=3"])
    #expect(try request("/x").queryItems().isEmpty)
    #expect(throws: PercentDecodingError.badEscape) { try request("/x?a=%G0").queryItems() }
    #expect(throws: PercentDecodingError.nul) { try request("/x?%00").queryItems() }
  }

  @Test(
    "who accepts gzip",
    arguments: [
      ("gzip", true), ("deflate, GZIP;q=0.5", true), ("x-gzip", true), ("*", true), ("", false), ("identity", false),
      ("gzip;q=0", false), ("gzip; q=0.000, *", false), ("*;q=0", false), ("br", false),
    ])
  func gzip(field: String, expected: Bool) {
    #expect(acceptsGzip(["Accept-Encoding": field]) == expected)
  }

  @Test(
    "dates are those of RFC 9110",
    arguments: [(784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT")])
  func dates(seconds: Int, expected: String) {
    #expect(httpDate(unixSeconds: seconds) == expected)
  }
}
