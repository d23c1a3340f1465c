import Datasets
import Foundation
import Testing

/// Every short file that is one cut or one flipped bit away from a good one gives a typed error or a well-formed
/// result, and never a trap.
@Suite struct HostileFileTests {
  struct Good: Sendable {
    let name: String
    let source: DatasetSource
    let features: [UInt8]
    let labels: [UInt8]?
  }

  static let goods: [Good] = {
    let images = idx(dimensions: [2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8])
    let labels = idx(dimensions: [2], [0, 2])
    let csv = "a,\"b \"\"q\"\"\",label\r\n1,2.5,0\n\"3\",-4e-1,1\n"
    return [
      Good(name: "idx", source: arrays(.idx), features: images, labels: labels),
      Good(name: "idx.gz", source: arrays(.idx), features: gzip(images), labels: gzip(labels)),
      Good(
        name: "npy", source: arrays(.npy),
        features: npy("<f4", shape: "(2, 2)", littleEndian([1, 2, 3, 4] as [Float])),
        labels: npy("<i4", shape: "(2,)", littleEndian([0, 1] as [Int32]))),
      Good(name: "csv", source: table(), features: Array(csv.utf8), labels: nil),
      Good(name: "csv.gz", source: table(), features: gzip(Array(csv.utf8)), labels: nil),
    ]
  }()

  /// Loads the files and checks what comes of it; returns the error.
  func load(_ folder: Folder, _ good: Good, features: [UInt8], labels: [UInt8]?) throws -> DatasetError? {
    try folder.write(good.source.features, features)
    if let labels { try folder.write("y", labels) }
    let described = try failure { try folder.loader.describe(good.source) }
    let error = try failure {
      let examples = try folder.loader.load(good.source)
      let areFinite = examples.features.allSatisfy { $0.isFinite }
      #expect(areFinite)
      #expect(examples.count >= 1)
      return examples
    }
    if error == nil { #expect(described == nil, "what loads can be described") }
    return error
  }

  @Test(arguments: goods.indices)
  func theGoodFileLoads(row: Int) throws {
    let good = Self.goods[row]
    #expect(try load(try Folder(), good, features: good.features, labels: good.labels) == nil)
  }

  @Test(arguments: goods.indices)
  func everyTruncationIsFound(row: Int) throws {
    let good = Self.goods[row]
    let folder = try Folder()
    for length in 0..<good.features.count {
      let error = try load(folder, good, features: Array(good.features[..<length]), labels: good.labels)
      // A table may end between two rows, after its last digit, or without its last line feed.
      if good.name != "csv" { #expect(error != nil, "\(good.name) cut to \(length) bytes") }
    }
    for length in 0..<(good.labels?.count ?? 0) {
      let labels = good.labels.map { Array($0[..<length]) }
      #expect(try load(folder, good, features: good.features, labels: labels) != nil)
    }
  }

  @Test(arguments: goods.indices)
  func everyFlippedBitIsSurvived(row: Int) throws {
    let good = Self.goods[row]
    let folder = try Folder()
    var refused = 0
    for bit in 0..<good.features.count * 8 {
      var bytes = good.features
      bytes[bit / 8] ^= 1 << (bit % 8)
      if try load(folder, good, features: bytes, labels: good.labels) != nil { refused += 1 }
    }
    #expect(refused > good.features.count, "many of them are refused")
    for bit in 0..<(good.labels?.count ?? 0) * 8 {
      let labels = good.labels.map { bytes in
        var bytes = bytes
        bytes[bit / 8] ^= 1 << (bit % 8)
        return bytes
      }
      _ = try load(folder, good, features: good.features, labels: labels)
    }
  }

  /// Flags that only describe the member (its name, time, system) may change; data and check sums may not.
  @Test func aDamagedGzipStreamIsFoundByItsCheckSum() throws {
    let folder = try Folder()
    let good = Self.goods[1]
    let headerSize = 10
    for byte in headerSize..<good.features.count {
      var bytes = good.features
      bytes[byte] ^= 0xFF
      let error = try load(folder, good, features: bytes, labels: good.labels)
      #expect(error != nil, "byte \(byte)")
    }
  }

  @Test func whatFollowsAGzipMemberIsFound() throws {
    let folder = try Folder()
    let good = Self.goods[1]
    let error = try load(folder, good, features: good.features + [0], labels: good.labels)
    #expect(error?.problem == .trailingBytes)
    #expect(error?.location == .compressedByte(good.features.count))
  }

  @Test func aHeaderThatPromisesMoreThanTheFileHoldsTakesNoMemory() throws {
    let folder = try Folder(memoryLimit: .max)
    try folder.write("y", idx(dimensions: [1], [0]))
    for bytes in [idx(dimensions: [1, 1 << 31, 1 << 20], []), gzip(idx(dimensions: [1, 1 << 31, 1 << 20], []))] {
      try folder.write("x", bytes)
      #expect(try failure { try folder.loader.load(arrays(.idx)) }?.problem == .truncated)
    }
  }
}
