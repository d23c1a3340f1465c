import Foundation

/// Files that survive a power cut once a function here has returned.
enum DurableFile {
  /// The world failing, with the path and the system's words.
  struct Failure: Error, CustomStringConvertible {
    let description: String

    init(_ action: String, _ path: String) {
      let code = errno
      description = "\(action) \(path): \(String(cString: strerror(code)))"
    }
  }

  /// Writes a new file, readable by its owner only, over whatever has its name.
  static func write(_ bytes: [UInt8], to url: URL) throws {
    let path = url.path
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw Failure("cannot create", path) }
    defer { close(descriptor) }
    try bytes.withUnsafeBytes { buffer in
      var rest = buffer[...]
      while !rest.isEmpty {
        let count = Foundation.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { throw Failure("cannot write", path) }
        rest = rest.dropFirst(count)
      }
    }
    guard fsync(descriptor) == 0 else { throw Failure("cannot flush", path) }
    try flushFolder(of: url)
  }

  /// Gives a file its final name, in one step.
  static func rename(_ old: URL, to new: URL) throws {
    guard Foundation.rename(old.path, new.path) == 0 else { throw Failure("cannot rename", old.path) }
    try flushFolder(of: new)
  }

  /// Makes a folder that only its owner may enter, and those above it; one that is there stays.
  static func makeFolder(_ url: URL) throws {
    try FileManager.default.createDirectory(
      at: url, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
  }

  /// A name in a folder is durable once the folder is.
  private static func flushFolder(of url: URL) throws {
    let path = url.deletingLastPathComponent().path
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Failure("cannot open", path) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw Failure("cannot flush", path) }
  }
}
