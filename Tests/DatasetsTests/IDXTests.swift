import Datasets
import Testing

@Suite struct IDXTests {
  let images = idx(dimensions: [2, 2, 3], [0, 51, 102, 153, 204, 255, 1, 2, 3, 4, 5, 6])
  let labels = idx(dimensions: [2], [2, 0])

  @Test(arguments: [false, true])
  func pixelsAreScaledByAPublicConstant(isCompressed: Bool) throws {
    let folder = try Folder()
    try folder.write("x", isCompressed ? gzip(images) : images)
    try folder.write("y", isCompressed ? gzip(labels) : labels)
    let source = arrays(.idx, scale: 1.0 / 255)
    let examples = try folder.loader.load(source)
    #expect(examples.shape == [2, 3])
    #expect(examples.targets == [2, 0])
    #expect(examples.features.prefix(6) == [0, 0.2, 0.4, 0.6, 0.8, 1])
    #expect(examples.features.suffix(6) == [1, 2, 3, 4, 5, 6].map { Float($0 / 255.0) })
    #expect(
      try folder.loader.describe(source) == DatasetDescription(exampleCount: 2, shape: [2, 3], classCount: 3))
  }

  @Test func aFileOfSeveralGzipMembersIsOneStream() throws {
    let folder = try Folder()
    try folder.write("x", gzip(Array(images[..<9])) + gzip(Array(images[9...])))
    try folder.write("y", labels)
    #expect(try folder.loader.load(arrays(.idx)).features.count == 12)
  }

  @Test func everyElementTypeIsReadBigEndian() throws {
    let folder = try Folder()
    try folder.write("y", idx(dimensions: [2], [0, 1]))
    let cases: [(UInt8, [UInt8], [Float])] = [
      (0x09, [0xFF, 0x7F], [-1, 127]), (0x0B, [0xFF, 0xFE, 0x01, 0x00], [-2, 256]),
      (0x0C, [0, 1, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF], [65_536, -1]), (0x0D, [0x3F, 0x80, 0, 0, 0xC0, 0, 0, 0], [1, -2]),
      (0x0E, [0x3F, 0xF8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], [1.5, 0]),
    ]
    for (type, bytes, values) in cases {
      try folder.write("x", idx(type: type, dimensions: [2, 1], bytes))
      #expect(try folder.loader.load(arrays(.idx)).features == values, "type \(type)")
    }
  }

  struct Case: Sendable {
    let images: [UInt8]
    let problem: DatasetError.Problem
    let location: DatasetError.Location
  }

  static let lies: [Case] = [
    Case(images: [], problem: .truncated, location: .byte(0)),
    Case(images: [1, 0, 8, 1], problem: .malformed, location: .byte(0)),
    Case(images: idx(type: 7, dimensions: [2, 1], [0, 0]), problem: .malformed, location: .byte(2)),
    Case(images: [0, 0, 8, 0], problem: .malformed, location: .byte(3)),
    Case(images: [0, 0, 8, 9], problem: .malformed, location: .byte(3)),
    Case(images: idx(dimensions: [2, 2], [0, 0, 0]), problem: .truncated, location: .byte(12)),
    Case(images: idx(dimensions: [2, 2], [0, 0, 0, 0, 9]), problem: .trailingBytes, location: .byte(16)),
    Case(images: idx(dimensions: [3, 1], [0, 0, 0]), problem: .inconsistent, location: .file),
    Case(images: idx(dimensions: [2, 0], []), problem: .malformed, location: .file),
    Case(images: idx(dimensions: [2, 1 << 31, 1 << 31, 4], []), problem: .malformed, location: .byte(4)),
    Case(images: idx(dimensions: [2, 1 << 31], [0, 0]), problem: .tooLarge, location: .file),
    Case(
      images: idx(type: 0x0D, dimensions: [2, 1], [0, 0, 0, 0, 0x7F, 0xC0, 0, 0]), problem: .valueOutOfRange,
      location: .byte(16)),
    Case(
      images: idx(type: 0x0E, dimensions: [2, 1], [0x7F, 0xE0] + Array(repeating: 0, count: 14)),
      problem: .valueOutOfRange, location: .byte(12)),
  ]

  @Test(arguments: lies.indices)
  func aLyingFileIsNamedWithItsByte(row: Int) throws {
    let folder = try Folder()
    let lie = Self.lies[row]
    try folder.write("x", lie.images)
    try folder.write("y", labels)
    let error = try #require(try failure { try folder.loader.load(arrays(.idx)) })
    #expect(error.problem == lie.problem, "\(error)")
    #expect(error.location == lie.location, "\(error)")
  }

  @Test func aLabelThatIsNoClassIsNamedWithItsByte() throws {
    let folder = try Folder()
    try folder.write("x", images)
    try folder.write("y", idx(dimensions: [2], [0, 3]))
    let error = try #require(try failure { try folder.loader.load(arrays(.idx)) })
    #expect(error.problem == .valueOutOfRange)
    #expect(error.location == .byte(9))
    #expect(error.file == "y")
  }

  @Test func labelsAreOneDimensionOfIntegers() throws {
    let folder = try Folder()
    try folder.write("x", images)
    for labels in [idx(dimensions: [2, 1], [0, 0]), idx(type: 0x0D, dimensions: [2], Array(repeating: 0, count: 8))] {
      try folder.write("y", labels)
      #expect(try failure { try folder.loader.load(arrays(.idx)) }?.problem == .malformed)
    }
  }
}
