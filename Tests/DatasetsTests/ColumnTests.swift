import Datasets
import Testing

@Suite struct ColumnTests {
  private func load(_ text: String, _ columns: [FeatureColumn], label: LabelColumn = .name("y")) throws -> Examples {
    let folder = try Folder()
    try folder.write("t", Array(text.utf8))
    let source = DatasetSource(
      format: .csv, features: "t", labels: nil, classCount: 2, table: TableLayout(label: label, columns: columns))
    let examples = try folder.loader.load(source)
    let description = try folder.loader.describe(source)
    #expect(description.exampleCount == examples.count)
    #expect(description.shape == examples.shape)
    #expect(description.vocabularySize == examples.vocabularySize)
    return examples
  }

  @Test func numbersAndCategoriesBecomeFeaturesInTheOrderOfTheColumns() throws {
    let columns = [
      FeatureColumn(name: "age", .number(range: FeatureRange(lower: 10, upper: 90), isClamped: true)),
      FeatureColumn(name: "work", .category(values: ["State", "Private"], hasOther: true)),
      FeatureColumn(name: "id", .ignored),
      FeatureColumn(name: "x", .number(range: nil, isClamped: false)),
    ]
    let examples = try load("age,work,y,id,x\n50, Private,1,7,2\n95,?,0,oh,-1\n3,State,0,,0\n", columns)
    #expect(examples.shape == [5])
    #expect(examples.features == [0.5, 0, 1, 0, 2, 1, 0, 0, 1, -1, 0, 1, 0, 0, 0])
    #expect(examples.targets == [1, 0, 0])
  }

  @Test func wordsAreHashedAndBytesCounted() throws {
    let words = FeatureColumn(
      name: "text", .text(TokenLayout(tokenizer: .hashedWords(vocabularySize: 1_000), length: 4)))
    let ignored = FeatureColumn(name: "source", .ignored)
    let text = "text,y,source\n\"The film, the FILM!\",1,a\nIt's,0,b\n\"\",0,c\na b c d e f,1,d\n"
    let examples = try load(text, [words, ignored])
    let rows = (0..<4).map { Array(examples.features[$0 * 4..<$0 * 4 + 4]) }
    #expect(examples.vocabularySize == 1_000)
    #expect(rows[0][0] == rows[0][2] && rows[0][1] == rows[0][3] && rows[0][0] != rows[0][1])
    #expect(rows[1][0] > 0 && Array(rows[1].dropFirst()) == [0, 0, 0])
    #expect(rows[2] == [0, 0, 0, 0])
    #expect(rows[3].allSatisfy { $0 > 0 })
    // RFC 9923's vector for "a": the hash is 0xaf63dc4c8601ec8c.
    #expect(rows[3][0] == Float(1 + 0xaf63_dc4c_8601_ec8c % (999 as UInt64)))

    let bytes = FeatureColumn(name: "text", .text(TokenLayout(tokenizer: .bytes, length: 3)))
    #expect(try load("text,y,source\nab,1,q\nabcd,0,r\n", [bytes, ignored]).features == [98, 99, 0, 98, 99, 100])
  }

  static let faults: [(String, [FeatureColumn], DatasetError.Problem)] = [
    ("a,y\n1,0\n", [], .inconsistent),
    ("a,y\n1,0\n", [FeatureColumn(name: "b", .number(range: nil, isClamped: false))], .inconsistent),
    ("a,y\n1,0\n", [FeatureColumn(.ignored)], .inconsistent),
    ("a,y\nz,0\n", [FeatureColumn(.category(values: ["x", "w"], hasOther: false))], .valueOutOfRange),
    ("a,y\nx,0\n", [FeatureColumn(.category(values: ["x", "x"], hasOther: false))], .inconsistent),
    ("a,y\nx,0\n", [FeatureColumn(.text(TokenLayout(tokenizer: .bytes, length: 0)))], .inconsistent),
    (
      "a,b,y\nx,1,0\n",
      [
        FeatureColumn(.text(TokenLayout(tokenizer: .bytes, length: 2))),
        FeatureColumn(.number(range: nil, isClamped: false)),
      ], .inconsistent
    ),
    (
      "a,y\n9,0\n", [FeatureColumn(.number(range: FeatureRange(lower: 0, upper: 1), isClamped: false))],
      .valueOutOfRange
    ),
    (
      "a,y\nnan,0\n", [FeatureColumn(.number(range: FeatureRange(lower: 0, upper: 1), isClamped: true))],
      .valueOutOfRange
    ),
  ]

  @Test(arguments: faults.indices)
  func whatWasNotDeclaredIsAnError(index: Int) throws {
    let (text, columns, problem) = Self.faults[index]
    #expect(try failure { try load(text, columns) }?.problem == problem)
  }

  @Test func targetsMayBeNumbersOfARange() throws {
    let folder = try Folder()
    try folder.write("t", Array("a,y\n1,10\n2,15\n".utf8))
    var source = DatasetSource(
      format: .csv, features: "t", labels: nil, targetRange: FeatureRange(lower: 10, upper: 20),
      table: TableLayout(label: .name("y")))
    let examples = try folder.loader.load(source)
    #expect(examples.targets == [0, 0.5])
    #expect(examples.classCount == nil)
    source.targetRange = FeatureRange(lower: 12, upper: 20)
    #expect(try failure { try folder.loader.load(source) }?.location == .cell(row: 2, column: 2))
    source.classCount = 2
    #expect(try failure { try folder.loader.load(source) }?.problem == .inconsistent)
  }
}
