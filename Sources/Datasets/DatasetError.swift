/// Why a file cannot be used as data, and where in it.
///
/// The text may quote what stands in the file, and the file may be private: it is for the operator's log and for whoever
/// registers the data, never for the users of a job. They get `problem`'s name.
public struct DatasetError: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Problem: String, Hashable, Sendable {
    /// There is no such file.
    case notFound = "not_found"
    /// The path leaves the data folders.
    case outsideDataFolders = "outside_data_folders"
    /// The file is there and cannot be opened or read, or is no ordinary file.
    case unreadable
    /// The bytes are not of the format.
    case malformed
    /// The file ends before what its header promises.
    case truncated
    /// The file goes on after what its header promises.
    case trailingBytes = "trailing_bytes"
    /// A label that is no class, or a feature that is no finite number.
    case valueOutOfRange = "value_out_of_range"
    /// Two files, or a file and its registration, contradict each other.
    case inconsistent
    /// It would need more memory than it may have.
    case tooLarge = "too_large"
  }

  /// Where in the file. Bytes are counted from 0 in the file's content, which for a compressed file is the decompressed
  /// one; rows and columns from 1.
  public enum Location: Hashable, Sendable {
    case file
    case byte(Int)
    /// A byte of a gzip file as it lies on the disk.
    case compressedByte(Int)
    case row(Int)
    case cell(row: Int, column: Int)
  }

  public let problem: Problem
  /// As it was registered, below a data folder.
  public let file: String
  public let location: Location
  /// What was found and what was expected.
  public let detail: String

  public init(_ problem: Problem, file: String, at location: Location = .file, _ detail: String) {
    self.problem = problem
    self.file = file
    self.location = location
    self.detail = detail
  }

  public var description: String {
    switch location {
    case .file: "\(file): \(detail)"
    case .byte(let offset): "\(file), byte \(offset): \(detail)"
    case .compressedByte(let offset): "\(file), compressed byte \(offset): \(detail)"
    case .row(let row): "\(file), row \(row): \(detail)"
    case .cell(let row, let column): "\(file), row \(row), column \(column): \(detail)"
    }
  }
}
