import API
import Foundation
import Ledger

/// The service's log: one line of JSON an event, on standard error.
///
/// Lines are written by a thread of the log's own, so that a slow reader of standard error (a full pipe, a stopped
/// terminal) delays nobody. Past the bound lines are dropped and counted; the next line that fits says how many. What a
/// caller passes must hold no secret: no token, no header, no body, no query.
package final class Log: @unchecked Sendable {
  package enum Level: String, Sendable {
    case info, warning, error
  }

  private static let limit = 10_000
  private let write: @Sendable ([UInt8]) -> Void
  // Guards what stands below it; `@unchecked Sendable` rests on that.
  private let condition = NSCondition()
  private var lines: [[UInt8]] = []
  private var dropped = 0
  private var isStopped = false
  private var whenDone: CheckedContinuation<Void, Never>?
  private var isDone = false

  /// - Parameter write: where the lines go; each ends in a newline.
  package init(write: @escaping @Sendable ([UInt8]) -> Void = Log.toStandardError) {
    self.write = write
    let thread = Thread { [self] in run() }
    thread.name = "log"
    thread.start()
  }

  package func callAsFunction(_ level: Level, _ message: String, _ members: [JSONValue.Member] = []) {
    let line = JSONValue.object(
      [
        .init("time", .string(Timestamp.current.description)), .init("level", .string(level.rawValue)),
        .init("message", .string(message)),
      ] + members)
    condition.withLock {
      guard !isStopped, lines.count < Self.limit else {
        dropped += 1
        return
      }
      lines.append(line.bytes + [UInt8(ascii: "\n")])
      condition.signal()
    }
  }

  /// Ends, and returns once everything is written.
  package func stop() async {
    await withCheckedContinuation { continuation in
      let isDone = condition.withLock {
        isStopped = true
        condition.broadcast()
        if !self.isDone { whenDone = continuation }
        return self.isDone
      }
      if isDone { continuation.resume() }
    }
  }

  private func run() {
    while let batch = next() { write(batch) }
    let continuation = condition.withLock {
      isDone = true
      return whenDone
    }
    continuation?.resume()
  }

  private func next() -> [UInt8]? {
    condition.withLock {
      while lines.isEmpty {
        if isStopped { return nil }
        condition.wait()
      }
      var batch = Array(lines.joined())
      if dropped > 0 {
        batch += Array("{\"level\":\"warning\",\"message\":\"log lines dropped\",\"count\":\(dropped)}\n".utf8)
        dropped = 0
      }
      lines.removeAll(keepingCapacity: true)
      return batch
    }
  }

  /// Standard error may be a closed pipe; there is nowhere left to report that to, so the lines are let go.
  package static let toStandardError: @Sendable ([UInt8]) -> Void = { bytes in
    var rest = bytes[...]
    while !rest.isEmpty {
      let written = rest.withUnsafeBytes { Foundation.write(STDERR_FILENO, $0.baseAddress, $0.count) }
      if written < 0 && errno == EINTR { continue }
      guard written > 0 else { return }
      rest = rest.dropFirst(written)
    }
  }
}
