import Datasets
import Foundation
import Testing

@Suite struct DataFoldersTests {
  @Test func onlyFilesBelowTheFoldersAreFound() throws {
    let outside = try Folder()
    try outside.write("secret", [1])
    let folder = try Folder()
    try folder.write("x", [1])
    let manager = FileManager.default
    try manager.createSymbolicLink(
      at: folder.url.appendingPathComponent("leak"), withDestinationURL: outside.url.appendingPathComponent("secret"))
    try manager.createSymbolicLink(
      at: folder.url.appendingPathComponent("alias"), withDestinationURL: folder.url.appendingPathComponent("x"))

    let folders = folder.loader.folders
    let real = try folders.resolve("x")
    #expect(real.hasSuffix("/\(folder.url.lastPathComponent)/x"))
    for path in ["./x", "alias", real] {
      let resolved = try folders.resolve(path)
      #expect(resolved == real)
    }

    let name = outside.url.lastPathComponent
    for path in [
      "../\(name)/secret", "leak", outside.url.appendingPathComponent("secret").path, "/etc/passwd", "/etc/none", "",
      "..", ".", "x/..", "none", "x\u{0}y", String(repeating: "a", count: 5000), folder.url.path, folder.url.path + "2",
    ] {
      let error = try failure { try folders.resolve(path) }
      #expect(error?.problem == .outsideDataFolders || error?.problem == .notFound, "\(path)")
    }
  }

  @Test func existenceOutsideTheFoldersIsNotRevealed() throws {
    let folders = try Folder().loader.folders
    let present = try failure { try folders.resolve("/etc/passwd") }
    let absent = try failure { try folders.resolve("/etc/no-such-file") }
    #expect(present?.problem == absent?.problem)
    #expect(present?.detail == absent?.detail)
  }

  @Test func aFolderOrPipeIsNoDataset() throws {
    let folder = try Folder()
    try FileManager.default.createDirectory(
      at: folder.url.appendingPathComponent("x"), withIntermediateDirectories: false)
    try folder.write("y", [0])
    #expect(try failure { try folder.loader.load(arrays(.idx)) }?.problem == .unreadable)
    #expect(mkfifo(folder.url.appendingPathComponent("t").path, 0o600) == 0)
    #expect(try failure { try folder.loader.load(table()) }?.problem == .unreadable)
  }

  @Test func aMissingRootIsAnError() {
    #expect(throws: DatasetError.self) { try DataFolders(["/no/such/folder"]) }
  }
}
