import Foundation
import Ledger

/// The checkpoints of one job.
///
/// ```
/// 47.a2.staged     written by attempt 2 after step 47; counts for nothing yet
/// 47.checkpoint    the committed state: its SHA-256 stands in the ledger
/// ```
/// A block is made durable in three actions: the staged file is written and flushed; the ledger commits its digest; the
/// file gets its final name. The digest in the ledger alone decides which file counts, so after a crash between any two of
/// them `recover` finds the right one, and a staged file that was never committed is deleted unread.
struct CheckpointFolder {
  let url: URL
  let job: JobID

  init(root: URL, job: JobID) {
    self.job = job
    url = root.appendingPathComponent(job.text, isDirectory: true)
  }

  /// Those that are there.
  static func all(root: URL) throws -> [CheckpointFolder] {
    guard FileManager.default.fileExists(atPath: root.path) else { return [] }
    return try FileManager.default.contentsOfDirectory(atPath: root.path)
      .compactMap { JobID($0) }.map { CheckpointFolder(root: root, job: $0) }
  }

  func create() throws {
    try DurableFile.makeFolder(url)
  }

  /// Writes the state after `step`, and returns the file.
  func stage(_ bytes: [UInt8], step: Int, attempt: Int) throws -> URL {
    let file = url.appendingPathComponent("\(step).a\(attempt).staged")
    try DurableFile.write(bytes, to: file)
    return file
  }

  /// Gives a committed state its final name, and deletes those before it.
  func reveal(_ staged: URL, step: Int) throws {
    try DurableFile.rename(staged, to: committedFile(step))
    try deleteAll { file in
      Int(file.deletingPathExtension().lastPathComponent).map { $0 < step && file.pathExtension == "checkpoint" }
        ?? false
    }
  }

  /// The state whose digest the ledger holds, under its final name whatever its name was; nil where no file has it.
  /// All other files are deleted.
  func recover(step: Int, digest: Digest) throws -> [UInt8]? {
    for file in try files() where Int(file.lastPathComponent.prefix { $0 != "." }) == step {
      let bytes = [UInt8](try Data(contentsOf: file))
      guard try Digest(of: bytes) == digest else { continue }
      let final = committedFile(step)
      if file.lastPathComponent != final.lastPathComponent { try DurableFile.rename(file, to: final) }
      try deleteAll { $0.lastPathComponent != final.lastPathComponent }
      return bytes
    }
    return nil
  }

  /// Deletes every file, for a job that has ended or has committed nothing.
  func deleteFiles() throws {
    try deleteAll { _ in true }
  }

  /// Deletes the folder too.
  func delete() throws {
    if FileManager.default.fileExists(atPath: url.path) { try FileManager.default.removeItem(at: url) }
  }

  private func committedFile(_ step: Int) -> URL {
    url.appendingPathComponent("\(step).checkpoint")
  }

  private func files() throws -> [URL] {
    try FileManager.default.contentsOfDirectory(at: url, includingPropertiesForKeys: nil)
  }

  private func deleteAll(where condition: (URL) -> Bool) throws {
    for file in try files() where condition(file) { try FileManager.default.removeItem(at: file) }
  }
}
