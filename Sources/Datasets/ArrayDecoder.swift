/// Reads the numbers of an array file, in blocks, into memory that was sized from its header.
enum ArrayDecoder {
  private static let blockBytes = 1 << 18

  /// The features: each number times `scale`, as float32.
  ///
  /// - Throws: `DatasetError` with the byte of the first number that is NaN, infinite, or beyond float32; or where the
  ///   data ends early or late.
  static func features(_ stream: ByteStream, header: ArrayHeader, scale: Double) throws -> [Float] {
    try stream.requirePossible(header.byteCount)
    let element = header.element
    // An image's 256 possible bytes, scaled once.
    let bytes = element.kind == .unsigned8 ? (0..<256).map { Float(Double($0) * scale) } : []
    let values = try [Float](unsafeUninitializedCapacity: header.count) { buffer, initialized in
      try forEachBlock(stream, header: header) { block, first, offset in
        let count = block.count / element.size
        if !bytes.isEmpty {
          for index in 0..<count { buffer.initializeElement(at: first + index, to: bytes[Int(block[index])]) }
        } else if let base = block.baseAddress {
          for index in 0..<count {
            let value = Float(element.number(at: base + index * element.size) * scale)
            guard value.isFinite else {
              throw DatasetError(
                .valueOutOfRange, file: stream.file, at: .byte(offset + index * element.size),
                "A feature is NaN, infinite, or too large for float32.")
            }
            buffer.initializeElement(at: first + index, to: value)
          }
        }
        initialized = first + count
      }
    }
    try stream.requireEnd()
    return values
  }

  /// Integers of a range that float32 holds exactly: labels or tokens, as `what` says.
  static func classes(
    _ stream: ByteStream, header: ArrayHeader, _ range: Range<Int>, _ what: String
  ) throws -> [Float] {
    let element = header.element
    return try targets(stream, header: header) { bytes, offset in
      let label = element.integer(at: bytes)
      guard range.lowerBound <= label, label < range.upperBound else {
        throw DatasetError(
          .valueOutOfRange, file: stream.file, at: .byte(offset),
          "\(what) \(label) is not in \(range.lowerBound) ..< \(range.upperBound).")
      }
      return Float(label)
    }
  }

  /// Numbers of a declared range, mapped to 0 … 1.
  static func numbers(
    _ stream: ByteStream, header: ArrayHeader, _ declaration: TargetDeclaration
  ) throws -> [Float] {
    let element = header.element
    return try targets(stream, header: header) { bytes, offset in
      do throws(TargetDeclaration.InvalidTarget) {
        return try declaration.target(element.number(at: bytes)).get()
      } catch {
        throw DatasetError(.valueOutOfRange, file: stream.file, at: .byte(offset), "Target \(error.description)")
      }
    }
  }

  /// - Parameter target: reads the element at an address, which stands at a byte of the file.
  private static func targets(
    _ stream: ByteStream, header: ArrayHeader, _ target: (UnsafeRawPointer, Int) throws -> Float
  ) throws -> [Float] {
    try stream.requirePossible(header.byteCount)
    let size = header.element.size
    let values = try [Float](unsafeUninitializedCapacity: header.count) { buffer, initialized in
      try forEachBlock(stream, header: header) { block, first, offset in
        guard let base = block.baseAddress else { return }
        for index in 0..<block.count / size {
          buffer.initializeElement(at: first + index, to: try target(base + index * size, offset + index * size))
          initialized = first + index + 1
        }
      }
    }
    try stream.requireEnd()
    return values
  }

  /// Calls `body` with whole elements: their bytes, the index of the first, and its byte in the file.
  private static func forEachBlock(
    _ stream: ByteStream, header: ArrayHeader, _ body: (UnsafeRawBufferPointer, Int, Int) throws -> Void
  ) throws {
    let block = UnsafeMutableRawBufferPointer.allocate(byteCount: blockBytes, alignment: 16)
    defer { block.deallocate() }
    var done = 0
    while done < header.byteCount {
      let wanted = min(blockBytes, header.byteCount - done)
      let offset = stream.offset
      let got = try stream.read(into: UnsafeMutableRawBufferPointer(rebasing: block[..<wanted]))
      guard got == wanted else {
        throw DatasetError(
          .truncated, file: stream.file, at: .byte(offset + got),
          "It ends after \(done + got) bytes of data, and its header declares \(header.byteCount).")
      }
      try body(UnsafeRawBufferPointer(rebasing: block[..<wanted]), done / header.element.size, offset)
      done += wanted
    }
  }
}
