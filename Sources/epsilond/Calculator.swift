import API
import ArgumentParser
import Datasets
import Foundation
import Ledger

/// The REST API's calculators, asked within this process: the same request, the same answer, no server.
enum Calculator {
  /// Prints the answer as JSON (or the text of one of its fields). A refusal goes to standard error, with exit status 1.
  static func answer(_ path: String, _ fields: JSONFields, textOf field: String? = nil) throws {
    let router = APIRouter(context: try ProcessContext.calculators())
    try Output.print(
      router.handle(APIRequest(method: "POST", path: path, body: fields.json.bytes)), textOf: field)
  }
}

enum Output {
  /// Prints a successful answer, indented, or throws with the problem on standard error.
  static func print(_ response: APIResponse, textOf field: String? = nil) throws {
    guard case .bytes(let bytes) = response.body else { throw CommandError("the answer is a file") }
    let body = Data(bytes)
    guard (200..<300).contains(response.status) else {
      FileHandle.standardError.write(try indented(body))
      throw ExitCode.failure
    }
    if let field {
      let object = try JSONSerialization.jsonObject(with: body) as? [String: Any]
      guard let text = object?[field] as? String else { throw CommandError("the answer has no \(field)") }
      Swift.print(text, terminator: text.hasSuffix("\n") ? "" : "\n")
    } else {
      FileHandle.standardOutput.write(try indented(body))
    }
  }

  /// White space only: numbers keep the digits they have.
  private static func indented(_ body: Data) throws -> Data {
    var (out, depth, inString, escaped) = (Data(), 0, false, false)
    func newline() { out.append(10); out.append(contentsOf: repeatElement(32, count: depth * 2)) }
    for byte in body where inString || byte != 10 {
      if inString {
        out.append(byte)
        (inString, escaped) = (escaped || byte != UInt8(ascii: "\""), !escaped && byte == UInt8(ascii: "\\"))
        continue
      }
      switch byte {
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        out.append(byte)
        depth += 1
        newline()
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        depth -= 1
        newline()
        out.append(byte)
      case UInt8(ascii: ","):
        out.append(byte)
        newline()
      case UInt8(ascii: ":"): out.append(contentsOf: [byte, 32])
      default:
        inString = byte == UInt8(ascii: "\"")
        out.append(byte)
      }
    }
    out.append(10)
    return out
  }
}

/// What operations need from this process: its clock, its randomness, its folders.
enum ProcessContext {
  static let now: @Sendable () -> Timestamp = {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
  }

  /// The system's generator draws from getrandom(2).
  static let randomBits: @Sendable () -> (UInt64, UInt64) = {
    var generator = SystemRandomNumberGenerator()
    return (generator.next(), generator.next())
  }

  /// For the calculators, which keep nothing.
  static func calculators() throws -> APIContext {
    APIContext(
      store: NoLedger(), now: now, randomBits: randomBits, dataFolders: try DataFolders([]),
      artifactFolder: "/nonexistent",
      version: Epsilond.version, reportFailure: report)
  }

  static func full(_ directory: DataDirectory, store: any Store, dataFolders: [String]) throws -> APIContext {
    APIContext(
      store: store, now: now, randomBits: randomBits,
      dataFolders: try DataFolders([directory.datasets.path] + dataFolders),
      artifactFolder: directory.artifacts.path, version: Epsilond.version, reportFailure: report)
  }

  private static let report: @Sendable (any Error, APIRequest) -> Void = { error, request in
    FileHandle.standardError.write(Data("epsilond: \(request.method) \(request.path): \(error)\n".utf8))
  }
}

/// The store of a process that has no ledger: everything asked of it is refused.
private struct NoLedger: Store {
  private func refusal() -> LedgerError { .unavailable(reason: "this command keeps no ledger") }

  func read<Value>(_ body: (any ReadTransaction) throws -> Value) throws -> Value { throw refusal() }
  func write<Value>(_ body: (any WriteTransaction) throws -> Value) throws -> Value { throw refusal() }
  func checkHealth() throws { throw refusal() }
}
