import Foundation
import Planning
import PrivateTraining
import Testing

@Suite struct LongRunTests {
  /// Resident memory, in kB.
  static func resident() throws -> Double {
    let status = try String(contentsOf: URL(fileURLWithPath: "/proc/self/statm"), encoding: .utf8)
    let pages = try #require(status.split(separator: " ").dropFirst().first.flatMap { Double($0) })
    return pages * Double(sysconf(Int32(_SC_PAGESIZE))) / 1024
  }

  /// A step that forgot 100 bytes would show: 20,000 steps take no more than 1 MB. Other tests run beside this one, so the
  /// least growth of several stretches counts.
  @Test func stepsLeaveNothingBehind() throws {
    var job = TestJob(batchSize: 4, steps: 100_000, rule: .adam(), averageDecay: 0.99)
    job.clipping = .adaptive()
    let trainer = try Trainer(
      plan: try job.plan(), publicExamples: job.randomExamples(1), execution: Execution(threads: 1))
    try trainer.run(steps: 2_000)
    var growth = Double.infinity
    for _ in 0..<3 {
      let before = try Self.resident()
      try trainer.run(steps: 20_000)
      growth = min(growth, try Self.resident() - before)
    }
    #expect(growth < 1024, "\(growth) kB in 20,000 steps")
  }
}
