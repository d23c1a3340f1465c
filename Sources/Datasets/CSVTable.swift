import Glibc

/// Reads a CSV table of numbers and a label, row by row.
struct CSVTable {
  private var reader: CSVReader
  private let file: String
  private let layout: TableLayout
  private let classCount: Int
  private let scale: Double
  private let classNumbers: [String: Int]
  /// Where the label stands, and how many columns there are.
  private let labelColumn: Int
  private let columnCount: Int
  /// Whether the reader stands on a row of data, since a table without a header is measured by its first row.
  private var isOnFirstRow: Bool

  /// Features of one example.
  var featureCount: Int { columnCount - 1 }

  init(_ stream: ByteStream, source: DatasetSource) throws {
    guard let layout = source.table else {
      throw DatasetError(.inconsistent, file: source.features, "A CSV table needs its label column named.")
    }
    file = stream.file
    self.layout = layout
    classCount = source.classCount
    scale = source.scale
    classNumbers = try Self.numbers(of: layout.classNames, classCount: source.classCount, file: file)
    reader = try CSVReader(stream)
    guard try reader.next() else {
      throw DatasetError(.truncated, file: file, at: .byte(0), "It is empty.")
    }
    columnCount = reader.fieldCount
    labelColumn = try Self.labelColumn(layout, in: reader, file: file)
    isOnFirstRow = !layout.hasHeader
    guard columnCount >= 2 else {
      throw DatasetError(.malformed, file: file, at: .row(1), "A table has a label and at least one feature.")
    }
    if let ranges = layout.ranges {
      try Self.check(ranges, featureCount: columnCount - 1, file: file)
    }
  }

  /// Appends the next row's features and label; false at the end of the file.
  mutating func next(features: inout [Float], labels: inout [Int32]) throws -> Bool {
    if isOnFirstRow {
      isOnFirstRow = false
    } else if try !reader.next() {
      return false
    }
    guard reader.fieldCount == columnCount else {
      throw DatasetError(
        .malformed, file: file, at: .row(reader.row), "It has \(reader.fieldCount) fields and row 1 has \(columnCount)."
      )
    }
    for column in 0..<columnCount where column != labelColumn {
      features.append(try feature(column))
    }
    labels.append(try label())
    return true
  }

  // MARK: Fields

  private func feature(_ column: Int) throws -> Float {
    guard let number = Self.number(reader.field(column)) else {
      throw invalid(column, "\(quoted(column)) is not a finite number.")
    }
    let index = column < labelColumn ? column : column - 1
    var value = number
    if let range = layout.ranges?[index] {
      guard range.lower <= number, number <= range.upper else {
        throw invalid(column, "\(number) is outside the declared range [\(range.lower), \(range.upper)].")
      }
      value = (number - range.lower) / (range.upper - range.lower)
    }
    let scaled = Float(value * scale)
    guard scaled.isFinite else { throw invalid(column, "\(number) is too large for float32.") }
    return scaled
  }

  private func label() throws -> Int32 {
    if layout.classNames != nil {
      guard let label = classNumbers[reader.text(labelColumn)] else {
        throw invalid(labelColumn, "\(quoted(labelColumn)) is none of the declared classes.")
      }
      return Int32(label)
    }
    guard let number = Self.number(reader.field(labelColumn)), number.rounded() == number, number >= 0,
      number < Double(classCount)
    else {
      throw invalid(labelColumn, "The label \(quoted(labelColumn)) is no whole number in 0 ..< \(classCount).")
    }
    return Int32(number)
  }

  /// A decimal number; nil for anything else, and for what overflows a double. Words like `nan`, and hexadecimal
  /// numbers, are not decimal numbers.
  static func number(_ field: ArraySlice<UInt8>) -> Double? {
    let isDecimal = field.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "e"), UInt8(ascii: "E"):
        true
      default: false
      }
    }
    guard isDecimal, !field.isEmpty, field.count <= 400 else { return nil }
    let number: Double? = withUnsafeTemporaryAllocation(of: CChar.self, capacity: field.count + 1) { text in
      for (index, byte) in field.enumerated() { text[index] = CChar(bitPattern: byte) }
      text[field.count] = 0
      guard let start = UnsafePointer(text.baseAddress) else { return nil }
      var end: UnsafeMutablePointer<CChar>?
      let value = strtod(start, &end)
      return end == UnsafeMutablePointer(mutating: start) + field.count ? value : nil
    }
    guard let number, number.isFinite else { return nil }
    return number
  }

  private func quoted(_ column: Int) -> String {
    "\"\(reader.text(column).prefix(40))\""
  }

  private func invalid(_ column: Int, _ detail: String) -> DatasetError {
    DatasetError(.valueOutOfRange, file: file, at: .cell(row: reader.row, column: column + 1), detail)
  }

  // MARK: Layout

  private static func labelColumn(_ layout: TableLayout, in reader: CSVReader, file: String) throws -> Int {
    let count = reader.fieldCount
    switch layout.label {
    case .index(let index):
      guard -count <= index, index < count else {
        throw DatasetError(
          .inconsistent, file: file, at: .row(1), "There is no label column \(index): it has \(count) columns.")
      }
      return index < 0 ? index + count : index
    case .name(let name):
      guard layout.hasHeader else {
        throw DatasetError(
          .inconsistent, file: file, "A table without a header names its label column by a number, not \"\(name)\".")
      }
      let found = (0..<count).filter { reader.text($0) == name }
      guard found.count == 1, let column = found.first else {
        throw DatasetError(
          .inconsistent, file: file, at: .row(1), "\(found.count) columns are named \"\(name)\"; one has to be.")
      }
      return column
    }
  }

  private static func numbers(of names: [String]?, classCount: Int, file: String) throws -> [String: Int] {
    guard let names else { return [:] }
    let numbers = Dictionary(zip(names, 0...), uniquingKeysWith: { first, _ in first })
    guard names.count == classCount, numbers.count == classCount else {
      throw DatasetError(
        .inconsistent, file: file, "\(classCount) classes need as many different names; \(numbers.count) are given.")
    }
    return numbers
  }

  private static func check(_ ranges: [FeatureRange], featureCount: Int, file: String) throws {
    guard ranges.count == featureCount else {
      throw DatasetError(
        .inconsistent, file: file, "\(featureCount) feature columns need as many ranges; \(ranges.count) are given.")
    }
    for (index, range) in ranges.enumerated() {
      guard range.lower < range.upper, (range.upper - range.lower).isFinite else {
        throw DatasetError(
          .inconsistent, file: file,
          "Range \(index), [\(range.lower), \(range.upper)], needs a lower bound below its upper one.")
      }
    }
  }
}
