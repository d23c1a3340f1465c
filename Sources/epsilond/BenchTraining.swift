import API
import ArgumentParser
import Datasets
import Foundation
import Planning
import PrivateTraining

/// Milliseconds a step on synthetic public data, private and not, in one run, so that their ratio means something.
struct BenchTraining: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Milliseconds a training step, private and not private.",
    discussion: "Poisson sampling and the copying of examples are part of the step.")

  enum Workload: String, CaseIterable, ExpressibleByArgument {
    case w1Logreg = "w1_logreg"
    case w2TutorialCNN = "w2_tutorial_cnn"

    var preset: ModelPreset { self == .w1Logreg ? .logisticRegression : .tutorialCNN }
    var shape: [Int] { self == .w1Logreg ? [104] : [28, 28] }
    var classCount: Int { self == .w1Logreg ? 2 : 10 }
  }

  @Option(help: "\(Workload.allCases.map(\.rawValue).joined(separator: ", ")).")
  var workload = Workload.w2TutorialCNN
  @Option(help: "Expected batch size.")
  var batch = 256
  @Flag(help: "Measure the private step only.")
  var `private` = false
  @Flag(help: "Measure the step without privacy only.")
  var nonprivate = false
  @Option(help: "Threads; by default as many as there are cores.")
  var threads: Int?
  @Option(help: "Seconds to measure each.")
  var seconds = 4.0
  @Option(help: "onednn or reference.")
  var backend = "onednn"

  func validate() throws {
    guard (1...4_096).contains(batch) else { throw ValidationError("--batch is from 1 to 4096") }
    guard seconds > 0, seconds <= 600 else { throw ValidationError("--seconds is above 0 and at most 600") }
    guard threads.map({ (1...256).contains($0) }) ?? true else { throw ValidationError("--threads is from 1 to 256") }
    guard ["onednn", "reference"].contains(backend) else { throw ValidationError("--backend is onednn or reference") }
  }

  func run() throws {
    let threads = threads ?? ProcessInfo.processInfo.activeProcessorCount
    try WorkerEnvironment.ensure(threads: threads)
    let execution = Execution(backend: backend == "onednn" ? .oneDNN : .reference, threads: threads)
    let examples = Self.syntheticExamples(of: workload, count: 60_000)
    var medians: [Bool: Double] = [:]
    for isPrivate in [false, true] where isPrivate ? !nonprivate : !`private` {
      let trainer = try Trainer(
        plan: plan(isPrivate: isPrivate), publicExamples: PublicExamples(declaredPublic: examples),
        execution: execution)
      for _ in 0..<5 { try trainer.run(steps: 1) }
      let timings = try Timings(budget: .seconds(seconds), limit: 100_000) { try trainer.run(steps: 1) }
      medians[isPrivate] = timings.median
      let ratio = isPrivate ? medians[false].map { timings.median / $0 } : nil
      print(line(timings, isPrivate: isPrivate, threads: threads, ratio: ratio))
    }
  }

  private func line(_ timings: Timings, isPrivate: Bool, threads: Int, ratio: Double?) -> String {
    let json: JSONValue = [
      "workload": .string(workload.rawValue), "mode": isPrivate ? "private" : "nonprivate", "batch": .integer(batch),
      "ms_per_step": .number(timings.median * 1e3), "min_ms": .number(timings.least * 1e3),
      "samples_per_s": .number(Double(batch) / timings.median), "peak_rss_mb": .number(Self.peakResidentMegabytes),
      "threads": .integer(threads), "backend": .string(backend), "steps": .integer(timings.seconds.count),
      "ratio": JSONValue(ratio),
    ]
    return String(decoding: json.bytes, as: UTF8.self)
  }

  private func plan(isPrivate: Bool) throws -> TrainingPlan {
    let specification = JobSpecification(
      name: "bench", budget: isPrivate ? "none: the data is synthetic" : nil, dataset: "synthetic",
      model: .preset(workload.preset),
      training: TrainingSpecification(
        batchSize: batch, steps: 1_000_000, optimizer: OptimizerSpecification(learningRate: 0.01),
        clipping: isPrivate ? ClippingSpecification(norm: 1) : nil),
      privacy: PrivacySpecification(
        noiseMultiplier: isPrivate ? 1.1 : nil, delta: isPrivate ? 1e-5 : nil, isPrivate: isPrivate))
    guard let shape = TensorShape(dimensions: workload.shape) else {
      preconditionFailure("the shapes above are shapes")
    }
    let facts = DatasetFacts(
      reference: "synthetic", exampleCount: 60_000, inputShape: shape,
      classCount: workload.classCount, isPublic: true)
    return try TrainingPlan(specification, dataset: facts)
  }

  private static func syntheticExamples(of workload: Workload, count: Int) -> Examples {
    var generator = SystemRandomNumberGenerator()
    let size = workload.shape.reduce(1, *)
    let labels = (0..<count).map { _ in Int32.random(in: 0..<Int32(workload.classCount), using: &generator) }
    // A short random tile repeated with an odd period: the values do not matter to the time, drawing them would.
    let tile = (0..<9_973).map { _ in Float.random(in: 0...1, using: &generator) }
    let features = (0..<count * size).map { tile[$0 % tile.count] }
    return Examples(features: features, shape: workload.shape, labels: labels, classCount: workload.classCount)
  }

  private static var peakResidentMegabytes: Double {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return Double(usage.ru_maxrss) / 1024
  }
}
