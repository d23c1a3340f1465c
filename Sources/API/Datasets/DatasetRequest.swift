import Datasets
import Ledger

/// The body of `POST /v1/datasets`.
struct DatasetRequest {
  private let name: String
  private let source: DatasetSource
  private let unit: String
  private let split: String?
  private let isPublic: Bool

  init(_ body: JSONNode) throws {
    let errors = FieldErrors()
    guard let fields = FieldReader(body, errors: errors) else { throw errors.problem }
    let name = fields.text("name")
    let source = Self.source(fields)
    let unit = fields.optionalText("unit", length: 1...64) ?? "example"
    let split = fields.optionalText("split", length: 1...64)
    let isPublic = fields.optionalFlag("public") ?? false
    fields.finish()
    guard let name, let source, errors.isEmpty else { throw errors.problem }
    self.name = name
    self.source = source
    self.unit = unit
    self.split = split
    self.isPublic = isPublic
  }

  private static func source(_ fields: FieldReader) -> DatasetSource? {
    let formats = choices(DatasetFormat.self).map { (word: $0.word, value: Optional($0.value)) }
    // Formats of the contract that this version cannot read yet are named, so that nobody hunts for a typing mistake.
    let format = fields.choice("format", formats + [("cifar_binary", nil), ("token_ids", nil)])
    let files = fields.list("files", count: 1...1)
    let features = files?.first.flatMap { fields.text(at: $0, name: "files", length: 1...1_000) }
    let classes = fields.integer("classes", 2...DatasetLoader.classLimit)
    let scale = fields.optionalNumber("scale", .above(0)) ?? 1
    fields.know("labels", "header", "class_names", "ranges")
    guard let format else { return nil }
    guard let format else {
      fields.add("format", "This format is not read yet; convert to idx, csv or npy.")
      return nil
    }
    var labels: String?
    var table: TableLayout?
    if format == .csv {
      table = self.table(fields)
    } else {
      labels = fields.text("labels", length: 1...1_000)
      for name in ["header", "class_names", "ranges"] {
        fields.refuse(name, because: "it describes the columns of a CSV file.")
      }
    }
    guard let features, let classes else { return nil }
    return DatasetSource(
      format: format, features: features, labels: labels, classCount: classes, table: table, scale: scale)
  }

  /// The columns of a CSV file; `labels` names one of them, or gives its number.
  private static func table(_ fields: FieldReader) -> TableLayout? {
    let hasHeader = fields.optionalFlag("header") ?? true
    let names = fields.optionalList("class_names", count: 2...DatasetLoader.classLimit)?
      .compactMap { fields.text(at: $0, name: "class_names", length: 1...200) }
    let ranges = fields.optionalList("ranges", count: 1...1_000_000)?.compactMap { range($0, fields) }
    guard let label = label(fields) else { return nil }
    return TableLayout(hasHeader: hasHeader, label: label, classNames: names, ranges: ranges)
  }

  private static func label(_ fields: FieldReader) -> LabelColumn? {
    guard let node = fields.requiredNode("labels") else { return nil }
    if case .number = node.content {
      return fields.optionalInteger("labels", -1_000_000...1_000_000).map { .index($0) }
    }
    return fields.optionalText("labels").map { .name($0) }
  }

  /// `[lower, upper]`.
  private static func range(_ element: (node: JSONNode, pointer: JSONPointer), _ fields: FieldReader) -> FeatureRange? {
    guard case .array(let bounds) = element.node.content, bounds.count == 2,
      case .number(let lower) = bounds[0].content, case .number(let upper) = bounds[1].content,
      let lower = lower.double, let upper = upper.double, lower < upper
    else {
      fields.errors.add(element.pointer, "A range is [lower, upper] with lower below upper.")
      return nil
    }
    return FeatureRange(lower: lower, upper: upper)
  }

  /// Reads the headers of the files (of a table, all of it).
  func inspect(_ folders: DataFolders) throws -> DatasetDescription {
    do {
      return try DatasetLoader(folders: folders).describe(source)
    } catch let error as DatasetError {
      throw Problem(error, at: error.file == source.labels ? "/labels" : "/files/0")
    }
  }

  /// Throws a `Problem` where these examples are registered under another name.
  func requireNoOtherName(for draft: DatasetDraft, _ reader: LedgerReader, _ folders: DataFolders) throws {
    try RegisteredFiles(reader: reader, folders: folders).requireNoOtherName(for: draft, source)
  }

  func draft(_ found: DatasetDescription, in folders: DataFolders) throws -> DatasetDraft {
    try DatasetRegistration(source: source, shape: found.shape, split: split)
      .draft(name: name, isPublic: isPublic, unit: unit, size: found.exampleCount, in: folders)
  }
}
