import API
import ArgumentParser
import Foundation

/// Times the questions of `AccountingTask`, one at a time. Each is asked as a request body within this process, so the time
/// holds reading, computing and writing the answer, but no socket.
struct BenchAccounting: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "accounting", abstract: "Milliseconds for the usual questions to the accountant.")

  @Flag(help: "One JSON object a line, for programs.")
  var json = false
  @Option(parsing: .upToNextOption, help: "Only these tasks: a_rdp b_pld c_rdp c_pld …")
  var task: [String] = []

  func validate() throws {
    let known = AccountingTask.all.map(\.name)
    for name in task where !known.contains(name) {
      throw ValidationError("There is no task \(name); there are \(known.joined(separator: ", ")).")
    }
  }

  func run() throws {
    let router = APIRouter(context: try ProcessContext.calculators())
    if !json { print(Self.heading) }
    var refused = false
    for task in AccountingTask.all where self.task.isEmpty || self.task.contains(task.name) {
      do {
        let figures = try measure(task, router)
        print(json ? figures.line : figures.row)
      } catch let refusal as CommandError {
        FileHandle.standardError.write(Data("\(task.name): \(refusal)\n".utf8))
        refused = true
      }
    }
    if refused { throw ExitCode.failure }
  }

  /// - Throws: `CommandError` where the question is refused.
  private func measure(_ task: AccountingTask, _ router: APIRouter) throws -> Figures {
    let request = APIRequest(method: "POST", path: task.path, body: task.body.bytes)
    try ProcessMemory.resetPeak()
    let response = router.handle(request)
    guard case .bytes(let bytes) = response.body else { throw CommandError("the answer is a file") }
    guard response.status == 200 else { throw CommandError(String(decoding: bytes, as: UTF8.self)) }
    let timings = Timings { _ = router.handle(request) }
    let answer = task.read(try JSONScanner.scan(bytes).value)
    return Figures(task: task, answer: answer, timings: timings, peakMemory: try ProcessMemory.peakKilobytes() / 1000)
  }

  private static let heading =
    columns("task", "value", "bracket width", "median ms", "least ms", "runs", "peak MB")

  private struct Figures {
    let task: AccountingTask
    let answer: (value: Double?, width: Double?)
    let timings: Timings
    /// Of the whole process while the task ran.
    let peakMemory: Double

    var row: String {
      columns(
        task.name, answer.value.map { String(format: "%.9g", $0) } ?? "–",
        answer.width.map { String(format: "%.2e", $0) } ?? "–", String(format: "%.3f", timings.median * 1e3),
        String(format: "%.3f", timings.least * 1e3), String(timings.seconds.count), String(format: "%.1f", peakMemory))
    }

    var line: String {
      let members: JSONValue = [
        "task": .string(task.name), "path": .string(task.path), "value": JSONValue(answer.value),
        "width": JSONValue(answer.width), "ms": .number(timings.median * 1e3), "min_ms": .number(timings.least * 1e3),
        "runs": .integer(timings.seconds.count), "peak_mb": .number(peakMemory),
      ]
      return String(decoding: members.bytes, as: UTF8.self)
    }
  }

  private static func columns(_ first: String, _ others: String...) -> String {
    first.padding(toLength: 8, withPad: " ", startingAt: 0)
      + others.map { String(repeating: " ", count: max(1, 16 - $0.count)) + $0 }.joined()
  }
}
