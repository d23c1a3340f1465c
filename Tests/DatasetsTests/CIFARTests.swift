import Datasets
import Testing

@Suite struct CIFARTests {
  private func record(_ labels: [UInt8], _ pixel: UInt8) -> [UInt8] { labels + [UInt8](repeating: pixel, count: 3_072) }

  @Test func recordsOfSeveralFilesFollowOneAnother() throws {
    let folder = try Folder()
    try folder.write("1", record([3], 51) + record([9], 0))
    try folder.write("2", gzip(record([0], 255), blockSize: 60_000))
    let source = DatasetSource(
      format: .cifarBinary, features: "1", moreFiles: ["2"], labels: nil, classCount: 10, scale: 1.0 / 255)
    let examples = try folder.loader.load(source)
    #expect(examples.shape == [3, 32, 32])
    #expect(examples.targets == [3, 9, 0])
    #expect(examples.features.count == 3 * 3_072)
    #expect(examples.features.first == 0.2 && examples.features.last == 1)
    #expect(try folder.loader.describe(source).exampleCount == 3)
  }

  @Test func aHundredClassesHaveTwoLabels() throws {
    let folder = try Folder()
    try folder.write("x", record([19, 99], 1))
    #expect(
      try folder.loader.load(DatasetSource(format: .cifarBinary, features: "x", labels: nil, classCount: 100)).targets
        == [99])
  }

  @Test func brokenRecordsAreNamed() throws {
    let folder = try Folder()
    try folder.write("short", record([1], 0) + [1, 2, 3])
    try folder.write("label", record([1], 0) + record([10], 0))
    try folder.write("empty", [])
    func fault(_ file: String, classes: Int = 10) throws -> DatasetError? {
      try failure {
        try folder.loader.load(DatasetSource(format: .cifarBinary, features: file, labels: nil, classCount: classes))
      }
    }
    #expect(try fault("short")?.location == .byte(3_076))
    #expect(try fault("label")?.location == .byte(3_073))
    #expect(try fault("empty")?.problem == .truncated)
    #expect(try fault("short", classes: 11)?.problem == .inconsistent)
  }

  @Test func memoryIsBounded() throws {
    let folder = try Folder(memoryLimit: 2 * 3_073 * 4)
    try folder.write("x", record([1], 0) + record([2], 0))
    try folder.write("y", record([1], 0) + record([2], 0) + record([3], 0))
    func source(_ file: String) -> DatasetSource {
      DatasetSource(format: .cifarBinary, features: file, labels: nil, classCount: 10)
    }
    #expect(try folder.loader.load(source("x")).count == 2)
    #expect(try failure { try folder.loader.load(source("y")) }?.problem == .tooLarge)
  }
}
