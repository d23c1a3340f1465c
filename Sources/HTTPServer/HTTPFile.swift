import Glibc

/// An open file, or a range of it, to be sent as a body. Closes its descriptor when the last reference goes.
public final class HTTPFile: Sendable {
  /// The file could not be opened; `code` is an `errno`.
  public struct OpenError: Error, Equatable {
    public let code: Int32
  }

  let descriptor: Int32
  /// Bytes in the whole file when it was opened.
  public let size: Int64

  /// Opens a regular file for reading.
  ///
  /// - Throws: `OpenError` with the system's code; `EISDIR` or `EINVAL` for what is no regular file.
  public init(path: String) throws(OpenError) {
    // Without O_NONBLOCK, opening a FIFO would wait for a writer that may never come.
    let opened = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard opened >= 0 else { throw OpenError(code: errno) }
    var status = stat()
    guard fstat(opened, &status) == 0 else {
      let code = errno
      close(opened)
      throw OpenError(code: code)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      close(opened)
      throw OpenError(code: status.st_mode & S_IFMT == S_IFDIR ? EISDIR : EINVAL)
    }
    descriptor = opened
    size = Int64(status.st_size)
  }

  deinit {
    close(descriptor)
  }
}
