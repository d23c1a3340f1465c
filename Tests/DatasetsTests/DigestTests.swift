import Datasets
import Foundation
import Testing

@Suite struct DigestTests {
  /// The digest is of the content: compressing a file changes nothing, moving a byte from one file to the other does.
  @Test func bindsContentAndItsFile() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("digest-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { #expect(throws: Never.self) { try FileManager.default.removeItem(at: folder) } }
    func write(_ name: String, _ bytes: [UInt8]) throws {
      try Data(bytes).write(to: folder.appendingPathComponent(name))
    }
    try write("ab", Array("ab".utf8))
    try write("c", Array("c".utf8))
    try write("a", Array("a".utf8))
    try write("bc", Array("bc".utf8))
    // "ab" as one stored deflate block: header, block, CRC-32 0x9E83486D, length.
    try write(
      "ab.gz",
      [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255, 1, 2, 0, 253, 255, 0x61, 0x62, 0x6D, 0x48, 0x83, 0x9E, 2, 0, 0, 0])
    let loader = DatasetLoader(folders: try DataFolders([folder.path]))
    func digest(_ features: String, _ labels: String) throws -> [UInt8] {
      try loader.digest(DatasetSource(format: .idx, features: features, labels: labels, classCount: 2))
    }
    let reference = try digest("ab", "c")
    #expect(reference.count == 32)
    #expect(try digest("ab.gz", "c") == reference)
    #expect(try digest("a", "bc") != reference)
    #expect(try digest("c", "ab") != reference)
    #expect(throws: DatasetError.self) { try digest("ab", "missing") }
  }
}
