import API
import Foundation
import NeuralNetworks
import Planning
import PrivateTraining
import Tensors

/// How steps are measured.
struct BenchSettings {
  let threads: Int
  let seconds: Double
  let backend: BackendKind
}

/// One measurement: a network, a batch size, a mode.
struct BenchCell: Hashable {
  let workload: BenchWorkload
  let batch: Int
  let mode: BenchMode

  /// Measures in this process, whose numeric environment must be set (`WorkerEnvironment`).
  func measure(_ settings: BenchSettings) throws -> BenchResult {
    let before = try ProcessMemory.residentKilobytes()
    let step = try BenchStep(
      workload, batch: batch, mode: mode, threads: settings.threads, backend: settings.backend)
    for _ in 0..<3 { try step.run() }
    let timings = try Timings(budget: .seconds(settings.seconds), limit: 2_000) { try step.run() }
    // The clocks of the parts cost time in small steps, so they are not in the figures above.
    let rounds = min(max(timings.seconds.count / 4, 3), 50)
    let start = step.parts
    for _ in 0..<rounds { try step.run(isTimed: true) }
    let parts = zip(step.parts, start).map { part, start in
      (part.name, (part.seconds - start.seconds) / Double(rounds) * 1e3)
    }
    return BenchResult([
      "workload": .string(workload.rawValue), "framework": "epsilond", "mode": .string(mode.name),
      "batch": .integer(batch), "ms_per_step": .number(timings.median * 1e3),
      "samples_per_s": .number(Double(batch) / timings.median),
      "peak_rss_mb": .number(try ProcessMemory.peakKilobytes() / 1024), "rss_before_mb": .number(before / 1024),
      "min_ms": .number(timings.least * 1e3), "steps": .integer(timings.seconds.count),
      "threads": .integer(settings.threads), "backend": .string(settings.backend.rawValue),
      "params": .integer(step.network.parameterCount),
      "parts_ms": .object(parts.map { .init($0.0, .number($0.1)) }),
      "memory_bytes": .object(step.memory.map { .init($0.name, .integer($0.bytes)) }),
      "plan": .array(step.engine.plan.map { .string($0.description) }),
    ])
  }

  /// Measures in a new process, whose peak memory is then this cell's alone.
  func measureInAProcess(_ settings: BenchSettings) throws -> BenchResult {
    let process = Process(), output = Pipe()
    process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments = ["bench", "train"] + arguments(settings)
    process.standardOutput = output
    try process.run()
    let bytes = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw CommandError("\(workload.rawValue), \(mode.name), batch \(batch): the measuring process failed")
    }
    return try BenchResult(line: Array(bytes))
  }

  private func arguments(_ settings: BenchSettings) -> [String] {
    let common = [
      "--workload", workload.rawValue, "--batch", String(batch), "--threads", String(settings.threads), "--seconds",
      String(settings.seconds), "--backend", settings.backend.rawValue,
    ]
    return switch mode {
    case .nonprivate: common + ["--nonprivate"]
    case .private(let method): common + ["--private", "--method", method.rawValue]
    }
  }
}

/// What was measured, as the line that is printed.
struct BenchResult {
  private let value: JSONValue

  init(_ value: JSONValue) { self.value = value }

  /// Reads a line of another process.
  /// - Throws: `JSONSyntaxError`.
  init(line: [UInt8]) throws { value = try JSONScanner.scan(line).value }

  var milliseconds: Double { number("ms_per_step") ?? .nan }

  /// The number at a path of members; nil if there is none.
  func number(_ path: String...) -> Double? {
    switch path.reduce(value, { $0?[$1] }) {
    case .integer(let number): Double(number)
    case .number(let number): number
    default: nil
    }
  }

  /// With the time over that of the step without privacy.
  func line(ratio: Double?) -> String {
    guard case .object(var members) = value else { preconditionFailure("a result is an object") }
    members.append(.init("ratio", JSONValue(ratio)))
    return String(decoding: JSONValue.object(members).bytes, as: UTF8.self)
  }

  var json: JSONValue { value }
}
