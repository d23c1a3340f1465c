import Glibc

/// The folders that data may come from. A path that leads out of them, by `..`, by a symbolic link or as an absolute
/// path, is refused.
public struct DataFolders: Hashable, Sendable {
  /// Resolved, without symbolic links.
  public let roots: [String]

  /// - Parameter roots: existing folders. The folders of known datasets need not be among them.
  /// - Throws: `DatasetError` for one that is not there.
  public init(_ roots: [String]) throws(DatasetError) {
    var resolved: [String] = []
    for root in roots {
      guard let path = Self.realPath(root) else {
        throw DatasetError(.notFound, file: root, "This data folder does not exist or may not be entered.")
      }
      resolved.append(path)
    }
    for folder in KnownDataset.folders {
      if let path = Self.realPath(folder) { resolved.append(path) }
    }
    self.roots = resolved
  }

  /// The real path of `path`, which is absolute or below the first root that has it.
  ///
  /// - Throws: `DatasetError` with `outsideDataFolders` or `notFound`. Whether a file exists outside the folders makes
  ///   no difference to the answer.
  public func resolve(_ path: String) throws(DatasetError) -> String {
    guard !path.isEmpty, path.utf8.count < Int(PATH_MAX), !path.utf8.contains(0) else {
      throw DatasetError(.notFound, file: path, "A path has 1 to \(PATH_MAX - 1) bytes, and none of them is zero.")
    }
    let candidates = path.hasPrefix("/") ? [path] : roots.map { $0 + "/" + path }
    for candidate in candidates {
      guard let real = Self.realPath(candidate) else { continue }
      if roots.contains(where: { real.hasPrefix($0 == "/" ? "/" : $0 + "/") }) { return real }
    }
    if path.hasPrefix("/") || path.split(separator: "/").contains("..") {
      throw DatasetError(
        .outsideDataFolders, file: path, "Not a file below the server's data folders: give a path relative to one.")
    }
    throw DatasetError(.notFound, file: path, "There is no such file below the server's data folders.")
  }

  private static func realPath(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }
}
