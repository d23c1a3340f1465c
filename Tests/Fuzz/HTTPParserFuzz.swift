// A libFuzzer target for the request parser. `make fuzz` builds and runs it, with nothing but the parser's own files:
//
//   swiftc -O -swift-version 6 -parse-as-library -package-name epsilond -sanitize=fuzzer,address -use-ld=lld \
//     Sources/HTTPServer/HTTP{Grammar,Headers,Refusal,RequestHead,RequestParser,RequestParser+Lines}.swift \
//     Tests/Fuzz/HTTPParserFuzz.swift -o .build/fuzz-http
//   SWIFT_BACKTRACE=enable=no .build/fuzz-http -dict=Tests/Fuzz/http.dict -max_len=2048 -max_total_time=120 \
//     .build/fuzz-http-corpus
//
// Laws: no input crashes it; cutting an input anywhere gives the same events; nothing exceeds the limits; a refused
// connection stays refused.

/// Small limits, so that short inputs reach them.
private let limits = {
  var limits = HTTPRequestParser.Limits()
  limits.headerBytes = 256
  limits.fields = 6
  limits.bodyBytes = 64
  return limits
}()

/// What a whole input means: events with neighbouring pieces of body joined, and the refusal at the end if any.
private struct Reading: Equatable {
  enum Item: Equatable {
    case head(HTTPRequestHead)
    case body([UInt8])
    case end
  }

  var items: [Item] = []
  var refusal: HTTPRefusal?

  mutating func append(_ event: HTTPRequestParser.Event, of input: [UInt8]) {
    switch event {
    case .head(let head): items.append(.head(head))
    case .end: items.append(.end)
    case .body(let range):
      if case .body(let before)? = items.last {
        items[items.count - 1] = .body(before + input[range])
      } else {
        items.append(.body(Array(input[range])))
      }
    }
  }
}

private func read(_ pieces: [[UInt8]]) -> Reading {
  var parser = HTTPRequestParser(limits: limits)
  var reading = Reading()
  for piece in pieces {
    var position = 0
    do throws(HTTPRefusal) {
      while let event = try parser.next(piece.span, at: &position) {
        reading.append(event, of: piece)
      }
      precondition(position == piece.count, "the parser left bytes behind")
    } catch {
      precondition(reading.refusal == nil || reading.refusal == error, "a refusal changed")
      reading.refusal = error
    }
  }
  return reading
}

private func checkLimits(_ reading: Reading) {
  for item in reading.items {
    switch item {
    case .head(let head):
      let bytes = head.headers.fields.reduce(0) { $0 + $1.name.utf8.count }
      precondition(bytes + head.target.utf8.count <= limits.headerBytes)
      // An absolute target's authority becomes the Host field, which HTTP/1.0 need not have sent besides.
      precondition(head.headers.fields.count(where: { $0.name != "Host" }) <= limits.fields)
      if case .length(let length) = head.framing { precondition(length <= limits.bodyBytes) }
    case .body(let bytes):
      precondition(bytes.count <= limits.bodyBytes)
    case .end:
      break
    }
  }
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzHTTPParser(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = Array(UnsafeBufferPointer(start: start, count: count))
  let whole = read([input])
  checkLimits(whole)
  precondition(whole == read(input.map { [$0] }), "byte by byte reads differently")
  // One cut an input, at a place the input itself chooses: the fuzzer explores the others.
  let cut = input.isEmpty ? 0 : input.reduce(0) { ($0 &* 31 &+ Int($1)) & 0xFFFF } % (input.count + 1)
  precondition(whole == read([Array(input[..<cut]), Array(input[cut...])]), "a cut at \(cut) reads differently")
  return 0
}
