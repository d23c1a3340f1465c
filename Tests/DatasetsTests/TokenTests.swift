import Datasets
import Testing

@Suite struct TokenTests {
  private func tokens(_ files: [(String, [UInt8])], labels: String? = nil, vocabulary: Int? = 10, classes: Int? = nil)
    throws -> Examples
  {
    let folder = try Folder()
    for (name, bytes) in files { try folder.write(name, bytes) }
    let source = DatasetSource(
      format: .tokenIDs, features: "x", labels: labels, classCount: classes, declaredVocabularySize: vocabulary)
    let examples = try folder.loader.load(source)
    let description = try folder.loader.describe(source)
    #expect(description.shape == examples.shape && description.targetCount == examples.targetCount)
    #expect(description.classCount == examples.classCount)
    return examples
  }

  @Test func withoutLabelsTheTargetsAreTheTokensOnePlaceOn() throws {
    let examples = try tokens([("x", npy("<i4", shape: "(2, 3)", littleEndian([1, 2, 3, 4, 5, 6] as [Int32])))])
    #expect(examples.shape == [2])
    #expect(examples.features == [1, 2, 4, 5])
    #expect(examples.targets == [2, 3, 5, 6])
    #expect(examples.targetCount == 2)
    #expect(examples.classCount == 10)
    #expect(examples.vocabularySize == 10)
  }

  @Test func labelsAreForExamplesOrForEachPlace() throws {
    let x = idx(dimensions: [2, 3], [1, 2, 3, 4, 5, 6])
    let one = try tokens([("x", x), ("y", idx(dimensions: [2], [1, 0]))], labels: "y", classes: 2)
    #expect(one.shape == [3] && one.targets == [1, 0] && one.targetCount == 1)
    let each = npy("<i4", shape: "(2, 3)", littleEndian([1, 0, -1, 1, 1, 1] as [Int32]))
    let many = try tokens([("x", x), ("y", each)], labels: "y", classes: 2)
    #expect(many.targets == [1, 0, -1, 1, 1, 1] && many.targetCount == 3)
  }

  @Test func whatIsNoTokenIsAnError() throws {
    let x = idx(dimensions: [1, 3], [1, 2, 10])
    #expect(try failure { try tokens([("x", x)]) }?.location == .byte(14))
    #expect(try failure { try tokens([("x", x)], vocabulary: nil) }?.problem == .inconsistent)
    #expect(try failure { try tokens([("x", idx(dimensions: [3], [1, 2, 3]))]) }?.problem == .malformed)
    #expect(try failure { try tokens([("x", idx(dimensions: [3, 1], [1, 2, 3]))]) }?.problem == .malformed)
    #expect(try failure { try tokens([("x", x)], classes: 2) }?.problem == .inconsistent)
    let floats = npy("<f4", shape: "(1, 2)", littleEndian([1, 2] as [Float]))
    #expect(try failure { try tokens([("x", floats)]) }?.problem == .malformed)
    #expect(
      try failure {
        try tokens(
          [("x", idx(dimensions: [1, 2], [1, 2])), ("y", idx(dimensions: [2], [0, 1]))], labels: "y", classes: 2)
      }?.problem == .inconsistent)
  }

  private func text(_ text: String, _ unit: TextLayout.Unit, length: Int) throws -> Examples {
    let folder = try Folder()
    try folder.write("t", Array(text.utf8))
    return try folder.loader.load(
      DatasetSource(format: .text, features: "t", labels: nil, text: TextLayout(unit: unit, length: length)))
  }

  @Test func aTextIsCutIntoWindowsThatShareAByte() throws {
    let examples = try text("abcdefg\n", .windows, length: 3)
    func ids(_ text: String) -> [Float] { text.utf8.map { Float($0) + 1 } }
    #expect(examples.features == ids("abc") + ids("def"))
    #expect(examples.targets == ids("bcd") + ids("efg"))
    #expect(examples.vocabularySize == 257 && examples.classCount == 257 && examples.targetCount == 3)
    #expect(try failure { try text("abc", .windows, length: 3) }?.problem == .truncated)
  }

  @Test func aTextIsCutIntoLinesThatArePadded() throws {
    let examples = try text("ab\r\n\nx\nabcdefgh\nyz", .lines, length: 3)
    func ids(_ text: String) -> [Float] { text.utf8.map { Float($0) + 1 } }
    #expect(examples.features == ids("a") + [0, 0] + ids("abc") + ids("y") + [0, 0])
    #expect(examples.targets == ids("b") + [-1, -1] + ids("bcd") + ids("z") + [-1, -1])
  }
}
