import Ledger

/// Which registered dataset a name means.
struct DatasetNames {
  private let reader: LedgerReader

  init(_ reader: LedgerReader) {
    self.reader = reader
  }

  /// The dataset that a budget on `name` protects. Parts of one dataset are registered as `name/part`; where only one
  /// of them is private, a budget on `name` is a budget on that part. Otherwise the name stands as it is: a budget may
  /// protect data that only outside trainers see.
  func protected(by name: String) throws -> String {
    guard try reader.transaction.dataset(named: name) == nil else { return name }
    var parts: [String] = []
    var after: DatasetID?
    while true {
      let datasets = try reader.transaction.datasets(Page(limit: 1_000, after: after))
      parts += datasets.filter { !$0.isPublic && $0.name.hasPrefix(name + "/") }.map(\.name)
      guard datasets.count == 1_000, let last = datasets.last else { break }
      after = last.id
    }
    return parts.count == 1 ? parts[0] : name
  }
}
