/// Turns the field of one declared column into features.
struct ColumnReader {
  let featureCount: Int
  private let kind: FeatureColumn.Kind
  /// Of a category.
  private let places: [String: Int]

  /// The readers of all columns but the label's.
  ///
  /// - Throws: `DatasetError` where the layout contradicts itself or the table's first row.
  static func columns(
    _ layout: TableLayout, in reader: CSVReader, except labelColumn: Int, file: String
  ) throws -> [ColumnReader] {
    let count = reader.fieldCount - 1
    guard let declared = layout.columns else {
      if let ranges = layout.ranges, ranges.count != count {
        throw DatasetError(
          .inconsistent, file: file, "\(count) feature columns need as many ranges; \(ranges.count) are given.")
      }
      return try (0..<count).map { index in
        let range = layout.ranges?[index]
        return try ColumnReader(
          FeatureColumn(.number(range: range, isClamped: false)), what: "Range \(index)", file: file)
      }
    }
    guard layout.ranges == nil else {
      throw DatasetError(.inconsistent, file: file, "Ranges are part of the columns where these are declared.")
    }
    guard declared.count == count else {
      throw DatasetError(
        .inconsistent, file: file,
        "\(count) columns beside the label need as many declarations; \(declared.count) are given.")
    }
    let texts = declared.filter { if case .text = $0.kind { true } else { false } }
    let others = declared.filter { $0.featureCount > 0 }.count - texts.count
    guard texts.isEmpty || texts.count == 1 && others == 0 else {
      throw DatasetError(
        .inconsistent, file: file, "A text column is the only feature of its table: declare the others as ignored.")
    }
    return try declared.enumerated().map { index, column in
      let place = index < labelColumn ? index : index + 1
      if let name = column.name, !layout.hasHeader || reader.text(place) != name {
        throw DatasetError(
          .inconsistent, file: file, at: .row(1),
          "Column \(place + 1) is declared as \"\(name)\" and is "
            + (layout.hasHeader ? "\"\(reader.text(place).prefix(40))\"." : "without a name."))
      }
      return try ColumnReader(column, what: "Column \(column.name ?? "\(place + 1)")", file: file)
    }
  }

  private init(_ column: FeatureColumn, what: String, file: String) throws {
    kind = column.kind
    switch column.kind {
    case .number(let range, _):
      try range?.check(what, file: file)
      places = [:]
    case .category(let values, _):
      places = Dictionary(zip(values, 0...), uniquingKeysWith: { first, _ in first })
      guard !values.isEmpty, places.count == values.count, values.count <= CSVReader.columnLimit else {
        throw DatasetError(
          .inconsistent, file: file, "\(what) needs categories that differ; \(values.count) are given.")
      }
    case .text(let layout):
      try layout.check(file: file)
      places = [:]
    case .ignored: places = [:]
    }
    featureCount = column.featureCount
  }

  /// Appends the features of a field, or says what is wrong with it.
  func append(_ field: ArraySlice<UInt8>, scale: Double, to features: inout [Float]) -> String? {
    switch kind {
    case .ignored: return nil
    case .text(let layout):
      layout.tokenizer.append(field, length: layout.length, to: &features)
      return nil
    case .category(let values, let hasOther):
      guard let place = places[String(decoding: field, as: UTF8.self)] ?? (hasOther ? values.count : nil) else {
        return "\"\(String(decoding: field.prefix(40), as: UTF8.self))\" is none of the declared categories."
      }
      for index in 0..<featureCount { features.append(index == place ? 1 : 0) }
      return nil
    case .number(let range, let isClamped):
      guard var number = CSVTable.number(field) else {
        return "\"\(String(decoding: field.prefix(40), as: UTF8.self))\" is not a finite number."
      }
      if let range {
        if isClamped { number = min(max(number, range.lower), range.upper) }
        guard range.contains(number) else { return "\(number) is outside the declared range \(range)." }
        number = range.unit(number)
      }
      let scaled = Float(number * scale)
      guard scaled.isFinite else { return "\(number) is too large for float32." }
      features.append(scaled)
      return nil
    }
  }
}
