import API
import ArgumentParser
import Foundation
import NeuralNetworks
import Planning
import Tensors

/// Milliseconds a training step, private and not, on synthetic data, in the words of the scripts that measure other
/// frameworks: one JSON object a line for each workload, batch size and mode.
struct BenchTraining: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Milliseconds a training step, private and not private.",
    discussion: "A step is forward, backward, clipping, noise and update on a batch in memory. Each line comes from a "
      + "process of its own, so that its peak memory is its own.")

  @Option(
    parsing: .upToNextOption, help: "\(BenchWorkload.allCases.map(\.rawValue).joined(separator: ", ")); default: all.")
  var workload: [BenchWorkload] = []
  @Option(help: "Examples a step; default: each workload's usual ones.")
  var batch: Int?
  @Flag(help: "Measure the private step only.")
  var `private` = false
  @Flag(help: "Measure the step without privacy only.")
  var nonprivate = false
  @OptionGroup var options: BenchOptions

  func validate() throws {
    guard batch.map({ (1...65_536).contains($0) }) ?? true else {
      throw ValidationError("--batch is from 1 to 65536")
    }
  }

  func run() throws {
    let wantsBoth = `private` == nonprivate
    let modes: [BenchMode] =
      (wantsBoth || nonprivate ? [.nonprivate] : []) + (wantsBoth || `private` ? [.private(options.method)] : [])
    var cells: [BenchCell] = []
    for workload in workload.isEmpty ? BenchWorkload.allCases : workload {
      for batch in batch.map({ [$0] }) ?? workload.defaultBatches {
        cells += modes.map { BenchCell(workload: workload, batch: batch, mode: $0) }
      }
    }
    let settings = BenchSettings(threads: options.threadCount, seconds: options.seconds, backend: options.backend)
    if cells.count == 1 {
      try WorkerEnvironment.ensure(threads: settings.threads)
      print(try cells[0].measure(settings).line(ratio: nil))
      return
    }
    var baseline: (cell: BenchCell, milliseconds: Double)?
    for cell in cells {
      let result = try cell.measureInAProcess(settings)
      let base = baseline.flatMap { $0.cell.workload == cell.workload && $0.cell.batch == cell.batch ? $0 : nil }
      print(result.line(ratio: base.map { result.milliseconds / $0.milliseconds }))
      if cell.mode == .nonprivate { baseline = (cell, result.milliseconds) }
    }
  }
}

/// How a step is measured.
struct BenchOptions: ParsableArguments {
  @Option(help: "Threads; by default as many as there are cores.")
  var threads: Int?
  @Option(help: "Seconds to measure each.")
  var seconds = 4.0
  @Option(help: "onednn or reference.")
  var backend = BackendKind.oneDNN
  @Option(
    help: "How the private step forms gradients: \(TrainingMethod.allCases.map(\.rawValue).joined(separator: ", ")).")
  var method = TrainingMethod.auto

  var threadCount: Int { threads ?? ProcessInfo.processInfo.activeProcessorCount }

  func validate() throws {
    guard seconds > 0, seconds <= 600 else { throw ValidationError("--seconds is above 0 and at most 600") }
    guard threads.map({ (1...256).contains($0) }) ?? true else { throw ValidationError("--threads is from 1 to 256") }
  }
}

extension BackendKind: ExpressibleByArgument {}
extension TrainingMethod: ExpressibleByArgument {}
