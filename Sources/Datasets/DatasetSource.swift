/// Where a dataset's files lie and how to read them: what an owner registers. Everything in it is public, and nothing in
/// it is learnt from the data: classes, ranges, categories and vocabularies are declared.
public struct DatasetSource: Hashable, Sendable, Codable {
  public var format: DatasetFormat
  /// Path of the features (for CSV of the whole table, for CIFAR of features and labels), below a data folder.
  public var features: String
  /// Further files of CIFAR records, read after `features`.
  public var moreFiles: [String]?
  /// Path of the labels, below a data folder; nil where `features` holds them, and for token ids whose targets are the
  /// ids one place on.
  public var labels: String?
  /// Labels lie in 0 ..< classCount, ≥ 2; nil where `targetRange` is given. Declared, since counting them would be a
  /// look at private data.
  public var classCount: Int?
  /// The declared range of targets that are real numbers; they are mapped to 0 … 1, and one outside it is an error.
  public var targetRange: FeatureRange?
  /// Only for CSV.
  public var table: TableLayout?
  /// Only for plain text.
  public var text: TextLayout?
  /// Only for token ids: they lie in 0 ..< this.
  public var declaredVocabularySize: Int?
  /// What the stored numbers are multiplied with: a public constant, never learnt from the data. 1/255 for pixels.
  public var scale: Double

  public init(
    format: DatasetFormat, features: String, moreFiles: [String]? = nil, labels: String?, classCount: Int? = nil,
    targetRange: FeatureRange? = nil, table: TableLayout? = nil, text: TextLayout? = nil,
    declaredVocabularySize: Int? = nil, scale: Double = 1
  ) {
    self.format = format
    self.features = features
    self.moreFiles = moreFiles
    self.labels = labels
    self.classCount = classCount
    self.targetRange = targetRange
    self.table = table
    self.text = text
    self.declaredVocabularySize = declaredVocabularySize
    self.scale = scale
  }

  enum CodingKeys: String, CodingKey {
    case format, features, labels, table, text, scale
    case moreFiles = "more_files"
    case classCount = "class_count"
    case targetRange = "target_range"
    case declaredVocabularySize = "vocabulary_size"
  }

  /// All files, in the order in which they are read.
  public var files: [String] { exampleFiles + (labels.map { [$0] } ?? []) }

  /// Those with the features.
  public var exampleFiles: [String] { [features] + (moreFiles ?? []) }

  /// Whether an example's targets are its own tokens, one place on.
  public var predictsTokens: Bool { format == .text || format == .tokenIDs && labels == nil }

  /// Targets are classes in 0 ..< this: those declared, or a class for each token where tokens are predicted; nil where
  /// they are real numbers.
  public var targetClassCount: Int? { predictsTokens ? vocabularySize : classCount }

  /// Features are token ids in 0 ..< this; nil where they are numbers.
  public var vocabularySize: Int? {
    switch format {
    case .tokenIDs: declaredVocabularySize
    case .text: text?.tokenizer.vocabularySize
    case .csv: table?.textColumn?.tokenizer.vocabularySize
    case .idx, .npy, .cifarBinary: nil
    }
  }
}

/// File formats that can be read.
public enum DatasetFormat: String, Hashable, Sendable, Codable, CaseIterable {
  /// The format of MNIST: big-endian arrays behind a magic number.
  case idx
  /// RFC 4180, with a label in one column and numbers, declared categories or a text in the others.
  case csv
  /// NumPy's, versions 1 and 2.
  case npy
  /// CIFAR-10's and CIFAR-100's "binary version": records of label bytes and 3×32×32 pixels.
  case cifarBinary = "cifar_binary"
  /// Whole numbers [examples, length] in a `.npy` or IDX file.
  case tokenIDs = "token_ids"
  /// Plain text, whose bytes are predicted one from another.
  case text
}
