import Datasets
import Testing

@Suite struct CSVTests {
  func load(_ text: String, _ source: DatasetSource) throws -> Examples {
    let folder = try Folder()
    try folder.write("t", Array(text.utf8))
    let examples = try folder.loader.load(source)
    let description = try folder.loader.describe(source)
    #expect(description.exampleCount == examples.count)
    #expect(description.shape == examples.shape)
    return examples
  }

  @Test(arguments: [
    "a,label,b\n1,0,2.5\n-3,1,4e1\n", "a,label,b\r\n1,0,2.5\r\n-3,1,4e1", "\u{FEFF}a,label,b\n1,0,2.5\n-3,1,4e1\n",
    "\"a\",\"label\",b\n\"1\", 0 ,\"2.5\"\n-3,\"1\",\t4e1\n",
  ])
  func quotesLineEndsAndSpacesDoNotMatter(text: String) throws {
    let examples = try load(text, table())
    #expect(examples.features == [1, 2.5, -3, 40])
    #expect(examples.targets == [0, 1])
    #expect(examples.shape == [2])
  }

  @Test func quotedFieldsHoldCommasQuotesAndLineEnds() throws {
    let names = ["a,\"b\"\nc", "<=50K"]
    let examples = try load(
      "\"a,\"\"b\"\"\nc\",1\n\"<=50K\",2\n", table(header: false, label: .index(0), names: names))
    #expect(examples.targets == [0, 1])
    #expect(examples.features == [1, 2])
  }

  @Test func theLabelColumnIsFoundByNumberFromEitherEnd() throws {
    let text = "1,2,0\n3,4,1\n"
    for index in [2, -1] {
      #expect(try load(text, table(header: false, label: .index(index))).targets == [0, 1])
    }
    #expect(try load("h,g,f\n" + text, table(label: .index(-1))).features == [1, 2, 3, 4])
  }

  @Test func declaredRangesScale() throws {
    let source = table(ranges: [FeatureRange(lower: 0, upper: 10), FeatureRange(lower: -1, upper: 1)])
    #expect(try load("a,b,label\n5,0,0\n10,-1,1\n", source).features == [0.5, 0.5, 1, 0])
  }

  struct Fault: Sendable {
    let text: String
    let problem: DatasetError.Problem
    let location: DatasetError.Location
  }

  static let faults: [Fault] = [
    Fault(text: "", problem: .truncated, location: .byte(0)),
    Fault(text: "a,label\n", problem: .truncated, location: .file),
    Fault(text: "a,b\n1,0\n", problem: .inconsistent, location: .row(1)),
    Fault(text: "label,label\n1,0\n", problem: .inconsistent, location: .row(1)),
    Fault(text: "label\n0\n", problem: .malformed, location: .row(1)),
    Fault(text: "a,label\n1,0\n2\n", problem: .malformed, location: .row(3)),
    Fault(text: "a,label\n1,0\n\n2,1\n", problem: .malformed, location: .row(3)),
    Fault(text: "a,label\n1,0,2\n", problem: .malformed, location: .row(2)),
    Fault(text: "a,label\n1,0\n2,1,", problem: .malformed, location: .row(3)),
    Fault(text: "a,label\nx,0\n", problem: .valueOutOfRange, location: .cell(row: 2, column: 1)),
    Fault(text: "a,label\n,0\n", problem: .valueOutOfRange, location: .cell(row: 2, column: 1)),
    Fault(text: "a,label\nnan,0\n", problem: .valueOutOfRange, location: .cell(row: 2, column: 1)),
    Fault(text: "a,label\ninf,0\n", problem: .valueOutOfRange, location: .cell(row: 2, column: 1)),
    Fault(text: "a,label\n0x10,0\n", problem: .valueOutOfRange, location: .cell(row: 2, column: 1)),
    Fault(text: "a,label\n1e999,0\n", problem: .valueOutOfRange, location: .cell(row: 2, column: 1)),
    Fault(text: "a,label\n1e300,0\n", problem: .valueOutOfRange, location: .cell(row: 2, column: 1)),
    Fault(text: "a,label\n1.2.3,0\n", problem: .valueOutOfRange, location: .cell(row: 2, column: 1)),
    Fault(text: "a,label\n1,2\n", problem: .valueOutOfRange, location: .cell(row: 2, column: 2)),
    Fault(text: "a,label\n1,-1\n", problem: .valueOutOfRange, location: .cell(row: 2, column: 2)),
    Fault(text: "a,label\n1,0.5\n", problem: .valueOutOfRange, location: .cell(row: 2, column: 2)),
    Fault(text: "a,label\n1,\"0\n", problem: .truncated, location: .cell(row: 2, column: 2)),
    Fault(text: "a,label\n\"1\"2,0\n", problem: .malformed, location: .cell(row: 2, column: 1)),
    Fault(text: "a,label\n1\"2,0\n", problem: .malformed, location: .cell(row: 2, column: 1)),
    Fault(text: "a,label\n1\r2,0\n", problem: .malformed, location: .cell(row: 2, column: 1)),
    Fault(text: "a,label\n1,0\u{0}\n", problem: .malformed, location: .cell(row: 2, column: 2)),
  ]

  @Test(arguments: faults.indices)
  func aFaultIsNamedWithRowAndColumn(row: Int) throws {
    let fault = Self.faults[row]
    let folder = try Folder()
    try folder.write("t", Array(fault.text.utf8))
    for body in [{ _ = try folder.loader.load(table()) }, { _ = try folder.loader.describe(table()) }] {
      let error = try #require(try failure(body))
      #expect(error.problem == fault.problem, "\(error)")
      #expect(error.location == fault.location, "\(error)")
    }
  }

  @Test func aValueOutsideItsRangeIsNotClippedInSilence() throws {
    let folder = try Folder()
    try folder.write("t", Array("a,label\n11,0\n".utf8))
    let error = try failure {
      try folder.loader.load(table(ranges: [FeatureRange(lower: 0, upper: 10)]))
    }
    #expect(error?.location == .cell(row: 2, column: 1))
  }

  @Test func aTableLargerThanItsMemoryIsStopped() throws {
    let folder = try Folder(memoryLimit: 100)
    try folder.write("t", Array(("a,label\n" + String(repeating: "1,0\n", count: 1000)).utf8))
    #expect(try failure { try folder.loader.load(table()) }?.problem == .tooLarge)
  }

  @Test func layoutsThatContradictThemselvesAreRefused() throws {
    let folder = try Folder()
    try folder.write("t", Array("a,label\n1,0\n".utf8))
    for source in [
      table(header: false), table(label: .index(2)), table(label: .index(-3)), table(names: ["a"]),
      table(names: ["a", "a"]), table(ranges: []), table(ranges: [FeatureRange(lower: 1, upper: 1)]),
      table(classes: 1), DatasetSource(format: .csv, features: "t", labels: nil, classCount: 2),
    ] {
      #expect(try failure { try folder.loader.load(source) }?.problem == .inconsistent)
    }
  }
}
