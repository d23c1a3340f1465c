import Foundation

/// Reference data that tests compare against: the shared folder beside the checkout where it is there (it may hold more
/// rows than the copy), otherwise the copy in `Tests/Golden`.
public enum Golden {
  public static func url(_ path: String) -> URL {
    let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let checkout = tests.deletingLastPathComponent()
    let shared = checkout.appendingPathComponent("../shared/golden/\(path)").standardizedFileURL
    if FileManager.default.fileExists(atPath: shared.path) { return shared }
    return tests.appendingPathComponent("Golden/\(path)")
  }
}
