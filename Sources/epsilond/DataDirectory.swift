import Foundation

/// What lies where below `--data-dir`. Everything in it may be derived from private data, so nobody else may read it.
///
/// ```
/// data-dir/
///   ledger.sqlite        budgets, entries, jobs, tokens (with -wal and -shm beside it)
///   datasets/            files that may be registered as datasets
///   checkpoints/JOB/     staged and committed checkpoints of jobs that run
///   artifacts/JOB/       what ended jobs left
/// ```
struct DataDirectory {
  let url: URL

  var ledger: String { url.appendingPathComponent("ledger.sqlite").path }
  var datasets: URL { url.appendingPathComponent("datasets", isDirectory: true) }
  var checkpoints: URL { url.appendingPathComponent("checkpoints", isDirectory: true) }
  var artifacts: URL { url.appendingPathComponent("artifacts", isDirectory: true) }

  /// Makes the folders that are missing, readable by their owner only.
  init(creating path: String) throws {
    url = URL(fileURLWithPath: path, isDirectory: true).standardizedFileURL
    for folder in [url, datasets, checkpoints, artifacts] {
      try FileManager.default.createDirectory(
        at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }
  }

  /// One that must be there already, with a ledger in it.
  init(existing path: String) throws {
    url = URL(fileURLWithPath: path, isDirectory: true).standardizedFileURL
    guard FileManager.default.fileExists(atPath: ledger) else {
      throw CommandError("there is no ledger in \(url.path): name the --data-dir that `epsilond serve` was given")
    }
  }
}
