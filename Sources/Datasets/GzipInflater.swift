import CZlib

/// Decompresses the members of a gzip file one after another (RFC 1952 §2.2), each checked against its CRC-32 and length.
final class GzipInflater {
  private let file: String
  private let inflater: OpaquePointer
  private var input: [UInt8]
  private var position = 0
  private var end = 0
  /// Compressed bytes before `input`.
  private var consumedBefore = 0
  private var isBetweenMembers = false

  init(file: String) throws {
    self.file = file
    guard let inflater = zlib_inflater_create() else {
      throw DatasetError(.unreadable, file: file, "There is no memory to decompress it.")
    }
    self.inflater = inflater
    input = [UInt8](repeating: 0, count: 1 << 16)
  }

  deinit {
    zlib_inflater_free(inflater)
  }

  /// Decompresses until there is some output, and returns its length; 0 at the end of the last member.
  ///
  /// - Parameter readStored: fills a buffer with the next compressed bytes; returns 0 at the end of the file.
  func inflate(
    into output: inout [UInt8], readStored: (UnsafeMutableRawBufferPointer) throws -> Int
  ) throws -> Int {
    while true {
      if position == end {
        consumedBefore += end
        position = 0
        end = try fill(readStored)
        if end == 0 {
          guard isBetweenMembers else {
            throw DatasetError(
              .truncated, file: file, at: .compressedByte(consumedBefore), "The gzip stream ends before its check sum.")
          }
          return 0
        }
      }
      if isBetweenMembers {
        try startMember()
      }
      let produced = try step(into: &output)
      if produced > 0 { return produced }
    }
  }

  private func step(into output: inout [UInt8]) throws -> Int {
    var consumed = 0
    var produced = 0
    let status = input.withUnsafeBufferPointer { source in
      output.withUnsafeMutableBufferPointer { destination -> zlib_inflate_status in
        guard let from = source.baseAddress, let to = destination.baseAddress else { return zlib_inflate_corrupt }
        return zlib_inflater_run(
          inflater, from + position, end - position, &consumed, to, destination.count, &produced)
      }
    }
    position += consumed
    switch status {
    case zlib_inflate_progress:
      guard consumed > 0 || produced > 0 else { throw corrupt() }
    case zlib_inflate_member_end:
      isBetweenMembers = true
    case zlib_inflate_out_of_memory:
      throw DatasetError(.unreadable, file: file, "There is no memory to decompress it.")
    default:
      throw corrupt()
    }
    return produced
  }

  private func startMember() throws {
    guard input[position] == 0x1F, zlib_inflater_restart(inflater) == zlib_inflate_progress else {
      throw DatasetError(
        .trailingBytes, file: file, at: .compressedByte(consumedBefore + position),
        "Something that is not gzip follows the compressed data.")
    }
    isBetweenMembers = false
  }

  private func fill(
    _ readStored: (UnsafeMutableRawBufferPointer) throws -> Int
  ) throws -> Int {
    try input.withUnsafeMutableBytes { try readStored($0) }
  }

  private func corrupt() -> DatasetError {
    DatasetError(
      .malformed, file: file, at: .compressedByte(consumedBefore + position),
      "The gzip stream is damaged: its data or its check sum does not hold.")
  }
}
