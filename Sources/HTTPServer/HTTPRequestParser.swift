/// Reads HTTP/1.x requests from bytes as they arrive. A value without I/O: bytes in, events out.
///
/// The input may be cut anywhere. Every byte is looked at once: a line is parsed where it lies in the input, and only
/// one that the input breaks off is copied until its end arrives, so that the cost is linear in the bytes and the
/// memory is bounded by the limits. Strict on purpose: what RFC 9112 lets a server either repair or refuse is refused,
/// because two readers that repair differently are how requests are smuggled (RFC 9112, section 11.2).
///
///     requestLine ─► fields ─┬─► complete ◄──────────── trailers
///                            ├─► fixedBody ─► complete     ▲
///                            └─► chunkSize ─► chunkData ─► chunkEnd
///                                    ▲─────────────────────┘
package struct HTTPRequestParser: Sendable {
  package struct Limits: Sendable {
    /// Request line and fields together, with their line ends; the trailers of a chunked body once more.
    package var headerBytes = 16_384
    package var fields = 100
    package var bodyBytes = 8 << 20

    package init() {}
  }

  package enum Event: Equatable, Sendable {
    case head(HTTPRequestHead)
    /// The bytes of the input at these offsets are the next of the body.
    case body(Range<Int>)
    /// The request is complete; what follows in the input belongs to the next one.
    case end
  }

  enum Phase: Sendable {
    case requestLine, fields
    case fixedBody(remaining: Int)
    case chunkSize
    case chunkData(remaining: Int)
    case chunkEnd
    case trailers
    case complete
    case failed(HTTPRefusal)
  }

  /// A line of chunk size and extensions; nothing we know of sends more than twenty bytes.
  static let chunkLineLimit = 256

  let limits: Limits
  var phase = Phase.requestLine
  /// The beginning of a line that the input so far has cut off.
  var cutLine: [UInt8] = []
  /// Bytes of head (or trailers) taken so far, those in `cutLine` included.
  var headerBytes = 0
  var fieldCount = 0
  var head = HTTPRequestHead()
  var framing = HTTPFramingFields()
  /// The authority of an absolute target; it replaces Host.
  var absoluteAuthority: String?
  var bodyBytes = 0
  var chunkExtensionBytes = 0

  package init(limits: Limits = Limits()) {
    self.limits = limits
  }

  /// Whether any byte of a request that is not yet complete has been taken.
  package var isInsideRequest: Bool {
    if case .requestLine = phase { return headerBytes > 0 }
    return true
  }

  /// The next event, or nil when all of `input` is taken and more is needed. Takes bytes from `position` on and moves
  /// it past them; call again with the same input until it returns nil.
  ///
  /// - Throws: `HTTPRefusal`, and the same one ever after: a connection whose framing is in doubt cannot go on.
  package mutating func next(_ input: borrowing Span<UInt8>, at position: inout Int) throws(HTTPRefusal) -> Event? {
    do throws(HTTPRefusal) {
      return try advance(input, at: &position)
    } catch {
      phase = .failed(error)
      throw error
    }
  }

  private mutating func advance(
    _ input: borrowing Span<UInt8>, at position: inout Int
  ) throws(HTTPRefusal) -> Event? {
    while true {
      switch phase {
      case .requestLine, .fields, .chunkSize, .chunkEnd, .trailers:
        guard let line = try takeLine(input, at: &position) else { return nil }
        let event =
          switch line {
          case .inInput(let range): try read(line: input.extracting(range))
          case .joined(let bytes): try read(line: bytes.span)
          }
        if let event { return event }
      case .fixedBody(let remaining):
        guard let range = takeBytes(input, at: &position, atMost: remaining) else { return nil }
        phase = range.count == remaining ? .complete : .fixedBody(remaining: remaining - range.count)
        return .body(range)
      case .chunkData(let remaining):
        guard let range = takeBytes(input, at: &position, atMost: remaining) else { return nil }
        phase = range.count == remaining ? .chunkEnd : .chunkData(remaining: remaining - range.count)
        return .body(range)
      case .complete:
        self = HTTPRequestParser(limits: limits)
        return .end
      case .failed(let refusal):
        throw refusal
      }
    }
  }

  // MARK: Taking bytes from the input

  private enum Line {
    case inInput(Range<Int>)
    case joined([UInt8])
  }

  /// Takes bytes up to the next line feed, which is left out of the line; nil when the input ends first.
  private mutating func takeLine(_ input: borrowing Span<UInt8>, at position: inout Int) throws(HTTPRefusal) -> Line? {
    let start = position
    var end = start
    while end < input.count, input[end] != UInt8(ascii: "\n") { end += 1 }
    let isWhole = end < input.count
    position = isWhole ? end + 1 : end
    try admit(position - start)
    if isWhole, cutLine.isEmpty { return .inInput(start..<end) }
    input.extracting(start..<end).withUnsafeBufferPointer { cutLine.append(contentsOf: $0) }
    guard isWhole else { return nil }
    defer { cutLine = [] }
    return .joined(cutLine)
  }

  /// Counts the next `count` bytes of a line against the limit of where we are, before anything is kept of them.
  private mutating func admit(_ count: Int) throws(HTTPRefusal) {
    switch phase {
    case .chunkSize:
      guard cutLine.count + count <= Self.chunkLineLimit else {
        throw .malformed("The line of a chunk size is too long.")
      }
    case .chunkEnd:
      guard cutLine.count + count <= 2 else { throw .unfinishedChunk }
    case .requestLine:
      headerBytes += count
      guard headerBytes <= limits.headerBytes else {
        throw HTTPRefusal(status: 414, detail: "The request line may have at most \(limits.headerBytes) bytes.")
      }
    default:
      headerBytes += count
      guard headerBytes <= limits.headerBytes else {
        throw HTTPRefusal(status: 431, detail: "The header may have at most \(limits.headerBytes) bytes.")
      }
    }
  }

  private func takeBytes(_ input: borrowing Span<UInt8>, at position: inout Int, atMost limit: Int) -> Range<Int>? {
    let count = min(limit, input.count - position)
    guard count > 0 else { return nil }
    defer { position += count }
    return position..<position + count
  }
}
