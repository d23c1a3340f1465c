import HTTPServer
import Testing

/// What the parser makes of an input that arrives in `pieces`: events, with neighbouring pieces of body joined.
struct ParserReading: Equatable {
  enum Item: Equatable {
    case head(HTTPRequestHead)
    case body([UInt8])
    case end
  }

  var items: [Item] = []
  var refusal: HTTPRefusal?

  /// 200 for each whole request, and the status of the refusal.
  var statuses: [Int] { items.filter { $0 == .end }.map { _ in 200 } + (refusal.map { [$0.status] } ?? []) }

  init(_ pieces: [ArraySlice<UInt8>], limits: HTTPRequestParser.Limits) {
    var parser = HTTPRequestParser(limits: limits)
    for piece in pieces {
      let bytes = Array(piece)
      var position = 0
      do throws(HTTPRefusal) {
        while let event = try parser.next(bytes.span, at: &position) {
          switch event {
          case .head(let head): items.append(.head(head))
          case .end: items.append(.end)
          case .body(let range): appendBody(bytes[range])
          }
        }
      } catch {
        refusal = error
        return
      }
    }
  }

  private mutating func appendBody(_ bytes: ArraySlice<UInt8>) {
    if case .body(let before)? = items.last {
      items[items.count - 1] = .body(before + bytes)
    } else {
      items.append(.body(Array(bytes)))
    }
  }
}

@Suite("Hostile requests")
struct HostileRequestTests {
  static let limits = {
    var limits = HTTPRequestParser.Limits()
    limits.bodyBytes = HostileRequest.bodyLimitBytes
    return limits
  }()

  @Test("the parser reads them alike wherever they are cut", arguments: HostileRequest.all)
  func parser(_ row: HostileRequest) {
    let bytes = row.bytes[...]
    let whole = ParserReading([bytes], limits: Self.limits)
    #expect(whole.statuses == row.statuses)
    #expect(ParserReading(bytes.indices.map { bytes[$0...$0] }, limits: Self.limits) == whole)
    // Long rows repeat themselves: a stride through them meets every kind of place.
    for cut in stride(from: 1, to: bytes.count, by: bytes.count > 2000 ? 997 : 1) {
      let reading = ParserReading([bytes[..<cut], bytes[cut...]], limits: Self.limits)
      #expect(reading == whole, "cut at \(cut)")
    }
  }

  @Test("a live server answers each as it must, and closes")
  func server() async throws {
    try await withServer({ $0.bodyLimitBytes = HostileRequest.bodyLimitBytes }) { _, port in
      for row in HostileRequest.all {
        let client = try RawClient(port: port)
        try await client.send(row.bytes)
        // A refusal must close the connection by itself; otherwise our end of input does.
        if row.statuses.last == 200 { client.finishSending() }
        let responses = try RawResponse.all(in: await client.receiveAll())
        #expect(responses.map(\.status) == row.statuses, "\(row.name)")
        guard let last = responses.last, last.status >= 400 else { continue }
        #expect(last.fields["connection"] == "close", "\(row.name)")
        #expect(last.fields["content-type"] == "application/problem+json", "\(row.name)")
        #expect(last.text.contains("\"status\":\(last.status)"), "\(row.name)")
      }
    }
  }

  @Test("the table is as long as it should be")
  func size() {
    #expect(HostileRequest.all.count >= 150)
    #expect(Set(HostileRequest.all.map(\.name)).count == HostileRequest.all.count)
  }
}
