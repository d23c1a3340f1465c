/// The format of MNIST's files: two zero bytes, the element type, the number of dimensions, each dimension as a
/// big-endian 32-bit number, then the elements in C order, big-endian (yann.lecun.com/exdb/mnist).
enum IDXFormat {
  /// Reads up to the first element.
  static func readHeader(_ stream: ByteStream) throws -> ArrayHeader {
    let magic = try stream.readHeader(4, "the magic number")
    guard magic[0] == 0, magic[1] == 0 else {
      throw DatasetError(
        .malformed, file: stream.file, at: .byte(0),
        "An IDX file begins with two zero bytes, this one with \(magic[0]) and \(magic[1]).")
    }
    guard let kind = kinds[magic[2]] else {
      throw DatasetError(
        .malformed, file: stream.file, at: .byte(2),
        "\(magic[2]) is no element type: 8, 9, 11, 12, 13 and 14 stand for u1, i1, i2, i4, f4 and f8.")
    }
    let rank = Int(magic[3])
    guard 1...ArrayHeader.rankLimit ~= rank else {
      throw DatasetError(
        .malformed, file: stream.file, at: .byte(3), "\(rank) dimensions; 1 to \(ArrayHeader.rankLimit) can be read.")
    }
    let bytes = try stream.readHeader(4 * rank, "the dimensions")
    let dimensions = (0..<rank).map { index in
      bytes[4 * index..<4 * index + 4].reduce(0) { $0 << 8 | Int($1) }
    }
    return try ArrayHeader(
      element: ElementType(kind: kind, isBigEndian: true), dimensions: dimensions, file: stream.file, offset: 4)
  }

  private static let kinds: [UInt8: ElementType.Kind] = [
    0x08: .unsigned8, 0x09: .signed8, 0x0B: .signed16, 0x0C: .signed32, 0x0D: .float32, 0x0E: .float64,
  ]
}
