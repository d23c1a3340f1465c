import Glibc

/// A system call on a file failed.
public struct FileError: Error, Hashable, Sendable, CustomStringConvertible {
  public let operation: String
  public let path: String
  /// The value of `errno`.
  public let code: Int32
  public var description: String { "\(operation) “\(path)”: \(String(cString: strerror(code)))" }
}

extension Safetensors {
  /// Reads and checks a file.
  /// - Parameter byteLimit: a larger file is refused before it is read.
  /// - Throws: `FileError`, `SafetensorsError`.
  public init(path: String, byteLimit: Int = 4 << 30) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError(operation: "open", path: path, code: errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw FileError(operation: "stat", path: path, code: errno) }
    guard status.st_size <= byteLimit else { throw FileError(operation: "read", path: path, code: EFBIG) }
    let bytes = try [UInt8](unsafeUninitializedCapacity: Int(status.st_size)) { buffer, count in
      while count < buffer.count {
        let got = read(descriptor, buffer.baseAddress! + count, buffer.count - count)
        if got < 0 && errno == EINTR { continue }
        guard got >= 0 else { throw FileError(operation: "read", path: path, code: errno) }
        if got == 0 { break }
        count += got
      }
    }
    try self.init(bytes)
  }

  /// Writes a file so that a crash at any moment leaves the old file or the new one, whole: a new file beside it (mode
  /// 0600), fsync, rename, fsync of the folder.
  /// - Throws: `FileError`; the file beside it is then removed.
  public static func write(_ bytes: [UInt8], toPath path: String) throws(FileError) {
    let staged = path + ".partial"
    let descriptor = open(staged, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw FileError(operation: "create", path: staged, code: errno) }
    do throws(FileError) {
      defer { close(descriptor) }
      try writeAll(bytes, to: descriptor, path: staged)
      guard fsync(descriptor) == 0 else { throw FileError(operation: "fsync", path: staged, code: errno) }
    } catch {
      unlink(staged)
      throw error
    }
    guard rename(staged, path) == 0 else {
      let code = errno
      unlink(staged)
      throw FileError(operation: "rename", path: path, code: code)
    }
    try synchronizeFolder(of: path)
  }

  private static func writeAll(_ bytes: [UInt8], to descriptor: Int32, path: String) throws(FileError) {
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress! + written, bytes.count - written) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw FileError(operation: "write", path: path, code: errno) }
      written += count
    }
  }

  /// A rename is durable only once the folder is.
  private static func synchronizeFolder(of path: String) throws(FileError) {
    let folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileError(operation: "open", path: folder, code: errno) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw FileError(operation: "fsync", path: folder, code: errno) }
  }
}
