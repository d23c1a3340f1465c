import Glibc

/// Reads a CSV table of a label and numbers, declared categories or a text, row by row.
struct CSVTable: ExampleReader {
  private var reader: CSVReader
  private let file: String
  private let hasNames: Bool
  private let targets: TargetDeclaration
  private let scale: Double
  private let classNumbers: [String: Int]
  /// What each column gives; nil for the label's.
  private let columns: [ColumnReader?]
  private let labelColumn: Int
  /// Whether the reader stands on a row of data, since a table without a header is measured by its first row.
  private var isOnFirstRow: Bool

  let shape: [Int]
  let targetCount = 1

  init(_ stream: ByteStream, source: DatasetSource) throws {
    guard let layout = source.table else {
      throw DatasetError(.inconsistent, file: source.features, "A CSV table needs its label column named.")
    }
    file = stream.file
    hasNames = layout.classNames != nil
    targets = try TargetDeclaration(source)
    scale = source.scale
    classNumbers = try Self.numbers(of: layout.classNames, classCount: source.classCount, file: file)
    reader = try CSVReader(stream)
    guard try reader.next() else {
      throw DatasetError(.truncated, file: file, at: .byte(0), "It is empty.")
    }
    labelColumn = try Self.labelColumn(layout, in: reader, file: file)
    isOnFirstRow = !layout.hasHeader
    guard reader.fieldCount >= 2 else {
      throw DatasetError(.malformed, file: file, at: .row(1), "A table has a label and at least one feature.")
    }
    let declared = try ColumnReader.columns(layout, in: reader, except: labelColumn, file: file)
    var columns: [ColumnReader?] = declared
    columns.insert(nil, at: labelColumn)
    self.columns = columns
    shape = [declared.reduce(0) { $0 + $1.featureCount }]
    guard shape[0] >= 1 else {
      throw DatasetError(.inconsistent, file: file, "Every column but the label is ignored: there is no feature.")
    }
  }

  mutating func next(features: inout [Float], targets: inout [Float]) throws -> Bool {
    if isOnFirstRow {
      isOnFirstRow = false
    } else if try !reader.next() {
      return false
    }
    guard reader.fieldCount == columns.count else {
      throw DatasetError(
        .malformed, file: file, at: .row(reader.row),
        "It has \(reader.fieldCount) fields and row 1 has \(columns.count)."
      )
    }
    for (index, column) in columns.enumerated() {
      guard let column else { continue }
      if let fault = column.append(reader.field(index), scale: scale, to: &features) {
        throw invalid(index, fault)
      }
    }
    targets.append(try target())
    return true
  }

  // MARK: Fields

  private func target() throws -> Float {
    if hasNames {
      guard let label = classNumbers[reader.text(labelColumn)] else {
        throw invalid(labelColumn, "\(quoted(labelColumn)) is none of the declared classes.")
      }
      return Float(label)
    }
    guard let number = Self.number(reader.field(labelColumn)) else {
      throw invalid(labelColumn, "The label \(quoted(labelColumn)) is not a finite number.")
    }
    do {
      return try targets.target(number).get()
    } catch {
      throw invalid(labelColumn, "The label \(error.description)")
    }
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

  private static func numbers(of names: [String]?, classCount: Int?, file: String) throws -> [String: Int] {
    guard let names else { return [:] }
    guard let classCount else {
      throw DatasetError(.inconsistent, file: file, "Class names need classes, and the targets are numbers of a range.")
    }
    let numbers = Dictionary(zip(names, 0...), uniquingKeysWith: { first, _ in first })
    guard names.count == classCount, numbers.count == classCount else {
      throw DatasetError(
        .inconsistent, file: file, "\(classCount) classes need as many different names; \(numbers.count) are given.")
    }
    return numbers
  }
}
