import Datasets
import Testing

@Suite struct KnownDatasetTests {
  static let isInstalled = KnownDataset.named("fashion-mnist/train") != nil

  @Test func unknownNamesAreUnknown() {
    #expect(KnownDataset.named("fashion-mnist") == nil)
    #expect(KnownDataset.named("mnist/train") == nil)
  }

  @Test(.enabled(if: isInstalled, "Debian's dataset-fashion-mnist is not installed"), arguments: ["train", "test"])
  func fashionMNISTIsAsPublished(split: String) throws {
    let dataset = try #require(KnownDataset.named("fashion-mnist/\(split)"))
    #expect(dataset.isPublic == (split == "test"))
    let loader = DatasetLoader(folders: try DataFolders([]))
    #expect(try loader.describe(dataset.source) == dataset.description)
    let examples = try loader.load(dataset.source)
    #expect(examples.count == dataset.description.exampleCount)
    var counts = [Int](repeating: 0, count: 10)
    for label in examples.targets { counts[Int(label)] += 1 }
    #expect(counts == [Int](repeating: examples.count / 10, count: 10), "the classes are balanced")
    let areScaled = examples.features.allSatisfy { 0 <= $0 && $0 <= 1 }
    #expect(areScaled)
    #expect(examples.features.contains(1))
  }
}
