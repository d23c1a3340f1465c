import Datasets

extension DatasetSource {
  /// Reads a source from the fields of a request, each of which belongs to some formats and is refused with others.
  ///
  /// Nil where something is missing or wrong; `fields.errors` then says what.
  init?(_ fields: FieldReader) {
    let format = fields.choice("format", choices(DatasetFormat.self))
    let fileCount = format == .cifarBinary ? 1...64 : 1...1
    let files = (fields.list("files", count: fileCount) ?? [])
      .compactMap { fields.text(at: $0, name: "files", length: 1...1_000) }
    let scale = fields.optionalNumber("scale", .above(0)) ?? 1
    fields.know("labels", "classes", "target_range", "vocabulary_size", "length", "examples")
    fields.know("header", "class_names", "ranges", "columns")
    guard let format else { return nil }
    for (name, formats, what) in Self.belongings where fields.has(name) && !formats.contains(format) {
      fields.refuse(name, because: what)
    }
    var labels: String?
    var table: TableLayout?
    var text: TextLayout?
    switch format {
    case .idx, .npy: labels = fields.text("labels", length: 1...1_000)
    case .tokenIDs: labels = fields.optionalText("labels", length: 1...1_000)
    case .csv: table = TableLayout(fields)
    case .text: text = TextLayout(fields)
    case .cifarBinary: break
    }
    let vocabularySize =
      format == .tokenIDs ? fields.integer("vocabulary_size", 2...Tokenizer.vocabularyLimit) : nil
    let predictsTokens = format == .text || format == .tokenIDs && !fields.has("labels")
    let targets = predictsTokens ? Targets() : Targets(fields)
    guard let features = files.first, let targets else { return nil }
    self.init(
      format: format, features: features, moreFiles: files.count > 1 ? Array(files.dropFirst()) : nil, labels: labels,
      classCount: targets.classCount, targetRange: targets.range, table: table, text: text,
      declaredVocabularySize: vocabularySize, scale: scale)
  }

  /// What each field describes, and the formats that have such a thing.
  private static let belongings: [(String, [DatasetFormat], String)] = [
    ("header", [.csv], "it describes the columns of a CSV file."),
    ("class_names", [.csv], "it describes the columns of a CSV file."),
    ("ranges", [.csv], "it describes the columns of a CSV file."),
    ("columns", [.csv], "it describes the columns of a CSV file."),
    ("length", [.text], "it is the length of a text's examples; a text column of a CSV file has its own."),
    ("examples", [.text], "it says how a text is cut into examples."),
    ("vocabulary_size", [.tokenIDs], "it is the number of token ids; a text column of a CSV file has its own."),
    ("labels", [.idx, .npy, .csv, .tokenIDs], "the labels of this format are in its files."),
    ("classes", [.idx, .npy, .csv, .tokenIDs, .cifarBinary], "what is predicted of a text is its own bytes."),
    ("target_range", [.idx, .npy, .csv, .tokenIDs], "targets of this format are classes."),
  ]

  private struct Targets {
    var classCount: Int?
    var range: FeatureRange?

    init() {}

    /// Exactly one of `classes` and `target_range`.
    init?(_ fields: FieldReader) {
      if fields.has("target_range") {
        fields.refuse("classes", because: "targets of a range are numbers, not classes.")
        range = fields.node("target_range").flatMap {
          FeatureRange($0, at: fields.pointer.member("target_range"), fields.errors)
        }
        if range == nil { return nil }
      } else {
        classCount = fields.integer("classes", 2...DatasetLoader.classLimit)
        if classCount == nil { return nil }
      }
    }
  }
}

extension TextLayout {
  fileprivate init?(_ fields: FieldReader) {
    let unit = fields.optionalChoice("examples", choices(Unit.self)) ?? .windows
    guard let length = fields.integer("length", 1...1 << 20) else { return nil }
    self.init(unit: unit, length: length)
  }
}

extension TableLayout {
  /// The columns of a CSV file; `labels` names one of them, or gives its number.
  fileprivate init?(_ fields: FieldReader) {
    let hasHeader = fields.optionalFlag("header") ?? true
    let names = fields.optionalList("class_names", count: 2...DatasetLoader.classLimit)?
      .compactMap { fields.text(at: $0, name: "class_names", length: 1...200) }
    let ranges = fields.optionalList("ranges", count: 1...1_000_000)?
      .compactMap { FeatureRange($0.node, at: $0.pointer, fields.errors) }
    let columns = fields.optionalList("columns", count: 1...1_000_000)?
      .compactMap { FeatureColumn($0.node, at: $0.pointer, fields.errors) }
    if columns != nil { fields.refuse("ranges", because: "each of the columns has its own range.") }
    guard let label = Self.label(fields) else { return nil }
    self.init(hasHeader: hasHeader, label: label, classNames: names, ranges: ranges, columns: columns)
  }

  private static func label(_ fields: FieldReader) -> LabelColumn? {
    guard let node = fields.requiredNode("labels") else { return nil }
    if case .number = node.content {
      return fields.optionalInteger("labels", -1_000_000...1_000_000).map { .index($0) }
    }
    return fields.optionalText("labels").map { .name($0) }
  }
}

extension FeatureRange {
  /// `[lower, upper]`.
  fileprivate init?(_ node: JSONNode, at pointer: JSONPointer, _ errors: FieldErrors) {
    guard case .array(let bounds) = node.content, bounds.count == 2,
      case .number(let lower) = bounds[0].content, case .number(let upper) = bounds[1].content,
      let lower = lower.double, let upper = upper.double, lower < upper
    else {
      errors.add(pointer, "A range is [lower, upper] with lower below upper.")
      return nil
    }
    self.init(lower: lower, upper: upper)
  }
}

extension FeatureColumn {
  /// `{"name", "type": number, category, text or ignored, …}`.
  fileprivate init?(_ node: JSONNode, at pointer: JSONPointer, _ errors: FieldErrors) {
    guard let fields = FieldReader(node, at: pointer, errors: errors) else { return nil }
    let name = fields.optionalText("name")
    let type = fields.choice("type", choices(TypeName.self))
    fields.know("range", "clamp", "values", "other", "tokenizer", "vocabulary_size", "length")
    defer { fields.finish() }
    guard let type else { return nil }
    for (field, owner) in Self.owners where owner != type {
      fields.refuse(field, because: "it belongs to columns of type \(owner.rawValue).")
    }
    switch type {
    case .ignored: self.init(name: name, .ignored)
    case .number:
      let range = fields.node("range").flatMap { FeatureRange($0, at: pointer.member("range"), errors) }
      let isClamped = fields.optionalFlag("clamp") ?? false
      if isClamped && !fields.has("range") { fields.add("clamp", "Values are moved into a range: declare it.") }
      self.init(name: name, .number(range: range, isClamped: isClamped))
    case .category:
      let values = fields.list("values", count: 1...100_000)?
        .compactMap { fields.text(at: $0, name: "values", length: 1...1_000) }
      guard let values else { return nil }
      self.init(name: name, .category(values: values, hasOther: fields.optionalFlag("other") ?? false))
    case .text:
      guard let tokens = TokenLayout(fields) else { return nil }
      self.init(name: name, .text(tokens))
    }
  }

  private static let owners: [(String, TypeName)] = [
    ("range", .number), ("clamp", .number), ("values", .category), ("other", .category), ("tokenizer", .text),
    ("vocabulary_size", .text), ("length", .text),
  ]
}

extension TokenLayout {
  /// `tokenizer`: `words` with a `vocabulary_size`, or `bytes`; and the `length` of an example.
  fileprivate init?(_ fields: FieldReader) {
    let usesWords = fields.optionalChoice("tokenizer", [("words", true), ("bytes", false)]) ?? true
    let length = fields.integer("length", 1...1 << 20)
    guard usesWords else {
      fields.refuse("vocabulary_size", because: "bytes have a vocabulary of \(Tokenizer.bytes.vocabularySize).")
      guard let length else { return nil }
      self.init(tokenizer: .bytes, length: length)
      return
    }
    let size = fields.integer("vocabulary_size", 2...Tokenizer.vocabularyLimit)
    guard let length, let size else { return nil }
    self.init(tokenizer: .hashedWords(vocabularySize: size), length: length)
  }
}
