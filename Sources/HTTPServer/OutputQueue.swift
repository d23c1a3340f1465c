import Glibc

/// What a connection still has to send, in order. Bytes are kept; a file is read as the peer takes it.
struct OutputQueue {
  enum Flushed {
    case everything
    /// The socket takes no more for now, or this connection has had its turn.
    case blocked
    case failed
  }

  private enum Segment {
    case bytes([UInt8])
    case file(HTTPFile, Range<Int64>)
  }

  /// Bytes up to this size are joined with those before them: copying them is cheaper than a second vector or packet.
  private static let joinLimit = 16_384
  /// After this many bytes of a file it is the other connections' turn.
  private static let fileTurn = 1 << 20

  private var segments: [Segment] = []
  /// Bytes of the first segment, if it is `bytes`, that are gone.
  private var sentOfFirst = 0
  /// Bytes in memory, sent ones of the first segment included.
  private(set) var byteCount = 0

  var isEmpty: Bool { segments.isEmpty }

  mutating func append(_ bytes: [UInt8]) {
    guard !bytes.isEmpty else { return }
    byteCount += bytes.count
    if bytes.count <= Self.joinLimit, let last = segments.last, case .bytes(var joined) = last,
      joined.count <= Self.joinLimit
    {
      segments.removeLast()
      joined.append(contentsOf: bytes)
      segments.append(.bytes(joined))
    } else {
      segments.append(.bytes(bytes))
    }
  }

  mutating func append(_ file: HTTPFile, range: Range<Int64>) {
    if !range.isEmpty { segments.append(.file(file, range)) }
  }

  /// Sends what the socket takes. `scratch` is room for file contents. Adds what went out to `sentBytes`.
  mutating func flush(
    to transport: SocketTransport, scratch: UnsafeMutableRawBufferPointer, sentBytes: inout Int
  ) -> Flushed {
    var fileBytes = 0
    while let first = segments.first {
      let sent: SocketTransport.Sent
      switch first {
      case .bytes(let bytes):
        sent = sendBytes(bytes, to: transport)
      case .file(let file, let range):
        guard fileBytes < Self.fileTurn else { return .blocked }
        let wanted = min(scratch.count, Int(clamping: range.count))
        let count = pread(file.descriptor, scratch.baseAddress, wanted, Int(range.lowerBound))
        // Zero: the file has been cut short since its length was promised. Only breaking off tells the peer.
        guard count > 0 else { return .failed }
        sent = transport.send(UnsafeRawBufferPointer(rebasing: scratch[..<count]))
      }
      switch sent {
      case .failed: return .failed
      case .wouldBlock: return .blocked
      case .bytes(let count):
        sentBytes += count
        if case .file = first { fileBytes += count }
        drop(count)
      }
    }
    return .everything
  }

  /// One gathered send: the rest of the first segment and, where it is bytes too, the second.
  private func sendBytes(_ bytes: [UInt8], to transport: SocketTransport) -> SocketTransport.Sent {
    bytes.withUnsafeBytes { first in
      let rest = UnsafeRawBufferPointer(rebasing: first[sentOfFirst...])
      guard segments.count > 1, case .bytes(let following) = segments[1] else {
        return transport.send(rest)
      }
      return following.withUnsafeBytes { transport.send(rest, $0) }
    }
  }

  private mutating func drop(_ count: Int) {
    var count = count
    while count > 0, let first = segments.first {
      switch first {
      case .bytes(let bytes):
        guard sentOfFirst + count >= bytes.count else {
          sentOfFirst += count
          return
        }
        count -= bytes.count - sentOfFirst
        byteCount -= bytes.count
        sentOfFirst = 0
        segments.removeFirst()
      case .file(let file, let range):
        let rest = range.lowerBound + Int64(count)..<range.upperBound
        count = 0
        if rest.isEmpty { segments.removeFirst() } else { segments[0] = .file(file, rest) }
      }
    }
    if segments.isEmpty { segments = [] }
  }
}
