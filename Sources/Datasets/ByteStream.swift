import Glibc

/// The bytes of a file in order, decompressed where it is gzip (recognised by its first two bytes, RFC 1952 §2.3.1).
///
/// Memory is two fixed buffers, whatever the file claims.
final class ByteStream {
  /// For error texts.
  let file: String
  /// Bytes handed out so far.
  private(set) var offset = 0
  /// Length on the disk.
  let storedSize: Int
  let isCompressed: Bool

  private let descriptor: Int32
  private var inflater: GzipInflater?
  private var buffer: [UInt8]
  private var position = 0
  private var end = 0
  private var isAtEndOfFile = false

  private static let bufferSize = 1 << 18

  /// Opens `path`, which `DataFolders` has resolved; `file` is the name the owner knows.
  init(path: String, file: String) throws {
    self.file = file
    // Non-blocking, so that opening a named pipe cannot hang; no link in the last place, since the path is resolved.
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW)
    guard descriptor >= 0 else {
      let problem: DatasetError.Problem = errno == ENOENT ? .notFound : .unreadable
      throw DatasetError(problem, file: file, "Cannot open it: \(describe(errno)).")
    }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw DatasetError(.unreadable, file: file, "It is not an ordinary file.")
    }
    storedSize = Int(status.st_size)
    buffer = [UInt8](repeating: 0, count: Self.bufferSize)
    var magic: [UInt8] = [0, 0]
    isCompressed = pread(descriptor, &magic, 2, 0) == 2 && magic == [0x1F, 0x8B]
    if isCompressed { inflater = try GzipInflater(file: file) }
  }

  deinit {
    close(descriptor)
  }

  /// Fills `destination`, or less where the file ends; returns the number of bytes.
  func read(into destination: UnsafeMutableRawBufferPointer) throws -> Int {
    var filled = 0
    while filled < destination.count {
      if position == end {
        guard try refill() else { break }
      }
      let count = min(end - position, destination.count - filled)
      buffer.withUnsafeBytes { source in
        destination[filled..<filled + count].copyBytes(from: source[position..<position + count])
      }
      position += count
      filled += count
    }
    offset += filled
    return filled
  }

  /// The next byte, or nil at the end.
  @inline(__always)
  func readByte() throws -> UInt8? {
    if position == end {
      guard try refill() else { return nil }
    }
    let byte = buffer[position]
    position += 1
    offset += 1
    return byte
  }

  /// The next byte, which stays to be read, or nil at the end.
  func peekByte() throws -> UInt8? {
    if position == end {
      guard try refill() else { return nil }
    }
    return buffer[position]
  }

  /// Exactly `count` bytes, for headers.
  ///
  /// - Throws: `truncated` where there are fewer; `what` names them in the text.
  func readHeader(_ count: Int, _ what: String) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let start = offset
    let got = try bytes.withUnsafeMutableBytes { try read(into: $0) }
    guard got == count else {
      throw DatasetError(
        .truncated, file: file, at: .byte(start + got), "It ends within \(what), which has \(count) bytes.")
    }
    return bytes
  }

  /// Makes sure that nothing follows; in a gzip file that also checks the CRC of the last member.
  func requireEnd() throws {
    if try readByte() != nil {
      throw DatasetError(
        .trailingBytes, file: file, at: .byte(offset - 1), "It goes on after the end that its header declares.")
    }
  }

  /// Whether `count` more bytes are possible at all: a header that lies is found before memory is taken for it.
  func requirePossible(_ count: Int) throws {
    // DEFLATE compresses at most 1032:1 (zlib's technical details); a gzip member has 18 bytes of its own.
    let possible = isCompressed ? saturating(storedSize, times: 1032) : storedSize - offset
    guard count <= possible else {
      throw DatasetError(
        .truncated, file: file, at: .byte(offset),
        "Its header declares \(count) bytes of data, and \(storedSize) stored bytes cannot hold them.")
    }
  }

  private func refill() throws -> Bool {
    position = 0
    end = 0
    if isAtEndOfFile { return false }
    if let inflater {
      end = try inflater.inflate(into: &buffer) { try readStored(into: $0) }
    } else {
      end = try buffer.withUnsafeMutableBytes { try readStored(into: $0) }
    }
    if end == 0 { isAtEndOfFile = true }
    return end > 0
  }

  private func readStored(into raw: UnsafeMutableRawBufferPointer) throws -> Int {
    while true {
      let count = Glibc.read(descriptor, raw.baseAddress, raw.count)
      if count >= 0 { return count }
      guard errno == EINTR else {
        throw DatasetError(.unreadable, file: file, at: .byte(offset), "Cannot read it: \(describe(errno)).")
      }
    }
  }
}

/// The product, or `Int.max`.
func saturating(_ value: Int, times factor: Int) -> Int {
  let (product, overflow) = value.multipliedReportingOverflow(by: factor)
  return overflow ? Int.max : product
}

/// The system's words for an error number.
func describe(_ code: Int32) -> String {
  strerror(code).map { String(cString: $0) } ?? "error \(code)"
}
