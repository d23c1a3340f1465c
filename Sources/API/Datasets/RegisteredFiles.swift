import Datasets
import Ledger

/// The files behind the datasets that are registered. The budget of a private dataset protects the people in its files:
/// under a second name they would have a second budget beside it, or none where that one is said to be public.
///
/// Examples are the same where they share a file by its real path, or all files have the same content. An edited copy is
/// another dataset to this check; whose data it holds is for its owner to know.
struct RegisteredFiles {
  let reader: LedgerReader
  let folders: DataFolders

  /// Throws a `Problem` (409) where the examples of `source` are registered under another name than the draft's, unless
  /// they are public under both.
  func requireNoOtherName(for draft: DatasetDraft, _ source: DatasetSource) throws {
    let files = Set(try source.exampleFiles.map { try folders.resolve($0) })
    var after: DatasetID?
    while true {
      let datasets = try reader.transaction.datasets(Page(limit: 1_000, after: after))
      for other in datasets where other.name != draft.name && !(draft.isPublic && other.isPublic) {
        let isSameContent = draft.digest != nil && other.digest == draft.digest
        guard try isSameContent || !realPaths(of: DatasetRegistration(of: other)).isDisjoint(with: files) else {
          continue
        }
        throw Problem(
          .stateConflict,
          "\(source.features) is registered as \(other.name), which is \(other.isPublic ? "public" : "private"): a second "
            + "name would \(draft.isPublic || other.isPublic ? "publish it" : "have a second budget for the same people"). "
            + "Use that dataset.")
      }
      guard datasets.count == 1_000, let last = datasets.last else { return }
      after = last.id
    }
  }

  /// Without files that are not there any more.
  private func realPaths(of registration: DatasetRegistration) -> Set<String> {
    var paths: Set<String> = []
    for file in registration.source.exampleFiles {
      do {
        paths.insert(try folders.resolve(file))
      } catch {
        continue
      }
    }
    return paths
  }
}
