import API
import ArgumentParser
import Datasets
import Foundation
import HTTPServer
import Ledger

/// A refusal that is shown as one line.
struct CommandError: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }

  /// Any error as the line that whoever typed the command should read. What is already made for that (the parser's errors
  /// with their usage, exit codes) passes as it is.
  static func shown(_ error: any Error) -> any Error {
    switch error {
    case LedgerError.unavailable(let reason): CommandError("the ledger is not to be had: \(reason)")
    case LedgerError.corrupt(let location, let detail): CommandError("the ledger is damaged at \(location): \(detail)")
    // The rest of them say the same here as over HTTP.
    case let error as LedgerError: CommandError(Problem(error).detail)
    case let error as HTTPServerStartError: CommandError("\(error)")
    case let error as DatasetError: CommandError("\(error)")
    case let error as CocoaError: CommandError(fileFailure(error))
    default: error
    }
  }

  /// Foundation prints its errors as a dictionary; the path and the system's own words are in it.
  private static func fileFailure(_ error: CocoaError) -> String {
    let path = error.filePath ?? error.url?.path
    let cause = (error.underlying as? POSIXError).map { String(cString: strerror($0.code.rawValue)) }
    return [path, cause ?? error.localizedDescription].compactMap(\.self).joined(separator: ": ")
  }
}
