import Datasets
import Foundation
import NeuralNetworks
import Planning
import PrivateTraining
import Testing

@Suite struct CheckpointTests {
  static let job = TestJob(
    shape: .image(channels: 1, height: 8, width: 8), layers: TestJob.convolutional,
    rule: .sgd(momentum: 0.9))

  static func trainer(
    _ job: TestJob = job, key: [UInt8]? = TestJob.knownKey, from checkpoint: [UInt8]? = nil
  ) throws -> Trainer {
    try Trainer(
      plan: try job.plan(), publicExamples: job.randomExamples(1), knownKey: key, resumingFrom: checkpoint,
      execution: .repeatable)
  }

  /// Every kind of state that a run carries from step to step.
  static let jobs: [TestJob] = {
    var jobs = NoisyUpdateTests.rules.map { rule in
      var job = job
      job.rule = rule
      job.learningRate = 0.05
      return job
    }
    var other = jobs[4]
    other.schedule = ScheduleSpecification(.cosine(), warmupSteps: 3)
    other.averageDecay = 0.7
    jobs.append(other)
    other.clipping = .adaptive()
    jobs.append(other)
    other.clipping = .perParameter
    jobs.append(other)
    other.clipping = .automatic()
    jobs.append(other)
    other.clipping = .flat
    other.microbatchSize = 5
    jobs.append(other)
    other.microbatchSize = 1
    other.noiseMultiplier = nil
    jobs.append(other)
    return jobs
  }()

  /// A run that is interrupted anywhere ends where the uninterrupted one does, bit for bit, whatever it remembers.
  @Test(arguments: jobs.indices) func resumedRunIsTheSameRun(number: Int) throws {
    let job = Self.jobs[number]
    let whole = try Self.trainer(job)
    try whole.run(steps: 10)
    let end = try whole.checkpoint()
    for cut in [0, 1, 4, 9, 10] {
      let first = try Self.trainer(job)
      try first.run(steps: cut)
      let saved = try first.checkpoint()
      let second = try Self.trainer(job, from: saved)
      #expect(second.step == cut && second.clippingNorm == first.clippingNorm)
      #expect(try second.checkpoint() == saved, "nothing is lost in between")
      try second.run(steps: 10)
      #expect(second.step == 10 && second.parameters == whole.parameters && second.published == whole.published)
      #expect(try second.checkpoint() == end)
    }
  }

  /// How each layer's gradients are formed is decided by timing once, and goes with the checkpoint.
  @Test func resumedRunFormsGradientsAsTheFirstAttemptDid() throws {
    func trainer(from checkpoint: [UInt8]? = nil) throws -> Trainer {
      try Trainer(
        plan: try Self.job.plan(), publicExamples: Self.job.randomExamples(1), knownKey: TestJob.knownKey,
        resumingFrom: checkpoint)
    }
    let first = try trainer()
    try first.run(steps: 5)
    let saved = try first.checkpoint()
    let methods = try #require(try Safetensors(saved).metadata["methods"])
    // Another choice than the first attempt's, whichever that was: it is obeyed, and written again.
    let words = methods.split(separator: " ").map { $0 == "keep" ? "recompute" : String($0) }
    let other = try Self.edited(saved) { $1["methods"] = words.joined(separator: " ") }
    #expect(try trainer(from: other).checkpoint() == other)
    let second = try trainer(from: saved)
    try second.run(steps: 10)
    try first.run(steps: 10)
    #expect(try second.checkpoint() == first.checkpoint())
  }

  /// A secret key is drawn anew: two attempts from the same checkpoint take different samples and noise.
  @Test func everyAttemptHasAKeyOfItsOwn() throws {
    let first = try Self.trainer(key: nil)
    try first.run(steps: 3)
    let checkpoint = try first.checkpoint()
    let attempts = try (0..<2).map { _ in try Self.trainer(key: nil, from: checkpoint) }
    for attempt in attempts { try attempt.run(steps: 1) }
    try first.run(steps: 1)
    #expect(attempts[0].parameters != attempts[1].parameters)
    #expect(attempts[0].parameters != first.parameters)
    // The second step of a replay must not be the first of another: no parameter moved alike.
    let same = zip(attempts[0].parameters, attempts[1].parameters).count { $0 == $1 }
    #expect(same < attempts[0].parameters.count / 20)
  }

  @Test func modelAndCheckpointCarryTorchNames() throws {
    let trainer = try Self.trainer()
    let names = ["1.weight", "1.bias", "4.weight", "7.weight", "7.bias"]  // 0 is a ZeroPad2d, 2 ReLU, 3 the pool
    let model = try Safetensors(trainer.model(metadata: ["epsilon": "2.9"]))
    #expect(model.entries.map(\.name) == names && model.metadata == ["epsilon": "2.9"])
    #expect(names.flatMap { model.floats($0)! } == trainer.parameters)
    let checkpoint = try Safetensors(try trainer.checkpoint())
    #expect(
      checkpoint.entries.map(\.name)
        == names.map { "parameter." + $0 } + names.map { "optimizer.velocity." + $0 })
    #expect(checkpoint.metadata["step"] == "0")
    #expect(checkpoint.metadata["methods"]?.split(separator: " ").count == 3)
    #expect(checkpoint.metadata.count == 4)
  }

  /// Every truncation, and every flipped bit of header and data: an error, or a state within the plan; never a trap.
  @Test func hostileBytesNeverTrap() throws {
    var job = TestJob(shape: .features(2))
    job.layers = [.dense(units: 3, activation: nil, bias: false)]
    let trainer = try Self.trainer(job)
    try trainer.run(steps: 2)
    let bytes = try trainer.checkpoint()
    for length in 0..<bytes.count {
      #expect(throws: CheckpointError.self) { _ = try Self.trainer(job, from: Array(bytes[..<length])) }
    }
    let dataStart = bytes.count - 6 * 4
    for place in bytes.indices {
      for bit in 0..<8 {
        var flipped = bytes
        flipped[place] ^= 1 << bit
        do {
          let resumed = try Self.trainer(job, from: flipped)
          #expect(resumed.step <= 10)
          // A flip in the header may only survive where it leaves the meaning alone (JSON's spaces, another step).
          #expect(place >= dataStart || resumed.parameters == trainer.parameters, "byte \(place), bit \(bit)")
        } catch is CheckpointError {
        }
      }
    }
    #expect(throws: CheckpointError.self) { _ = try Self.trainer(job, from: bytes + [0]) }
    #expect(throws: CheckpointError.self) { _ = try Self.trainer(job, from: []) }
  }

  static func edited(
    _ checkpoint: [UInt8], _ change: (inout [Safetensors.Tensor], inout [String: String]) -> Void
  ) throws -> [UInt8] {
    let file = try Safetensors(checkpoint)
    var tensors = file.entries.map {
      Safetensors.Tensor(name: $0.name, shape: $0.shape, values: file.floats($0.name)!)
    }
    var metadata = file.metadata
    change(&tensors, &metadata)
    return Safetensors.encode(tensors, metadata: metadata)
  }

  @Test func wellFormedFilesOfAnotherKindAreRefused() throws {
    let checkpoint = try Self.trainer().checkpoint()
    func refused(
      _ expected: (CheckpointError) -> Bool, _ change: (inout [Safetensors.Tensor], inout [String: String]) -> Void
    )
      throws
    {
      let bytes = try Self.edited(checkpoint, change)
      do {
        _ = try Self.trainer(from: bytes)
        Issue.record("was accepted")
      } catch let error as CheckpointError {
        #expect(expected(error), "\(error)")
      }
    }
    func metadata(_ error: CheckpointError) -> Bool { if case .metadata = error { true } else { false } }
    func tensors(_ error: CheckpointError) -> Bool { if case .tensors = error { true } else { false } }
    for step in ["-1", "11", "007", "+1", "1.0", "", "99999999999999999999", "٣", " 1"] {
      try refused(metadata) { $1["step"] = step }
    }
    try refused(metadata) { $1["step"] = nil }
    for format in ["epsilond checkpoint 1", "epsilond checkpoint 3", nil] {
      try refused(metadata) { $1["format"] = format }
    }
    for methods in ["", "keep", "keep keep ghost ghost", "keep keep wild", "keep  ghost", nil] {
      try refused(metadata) { $1["methods"] = methods }
    }
    try refused(metadata) { $1["clipping_norm"] = "1.0" }
    try refused(metadata) { $1["extra"] = "1" }
    try refused({ $0 == .otherPlan }) { $1["plan"] = nil }
    try refused({ $0 == .otherPlan }) { $1["plan"] = String(repeating: "0", count: 64) }
    try refused(tensors) { tensors, _ in tensors.removeLast() }
    try refused(tensors) { tensors, _ in tensors.append(.init(name: "parameter.8.weight", shape: [1], values: [0])) }
    try refused(tensors) { tensors, _ in tensors[0].name = "parameter.0.weight" }
    try refused(tensors) { tensors, _ in tensors[0].shape.swapAt(0, 3) }
    for hostile in [Float.nan, .infinity, -.infinity] {
      try refused(tensors) { tensors, _ in tensors[1].values[0] = hostile }
      try refused(tensors) { tensors, _ in tensors[6].values[0] = hostile }
    }
  }

  /// A checkpoint continues only the plan that wrote it: each number that enters the guarantee or the mathematics counts.
  @Test func otherPlansAreRefused() throws {
    let checkpoint = try Self.trainer().checkpoint()
    let changes: [(inout TestJob) -> Void] = [
      { $0.examples = 201 }, { $0.batchSize = 51 }, { $0.steps = 11 }, { $0.learningRate = 0.5.nextUp },
      { $0.rule = .sgd(momentum: 0.8) }, { $0.clippingNorm = 1.0.nextUp }, { $0.noiseMultiplier = 0.8.nextDown },
      { $0.noiseMultiplier = nil }, { $0.reference = "toy/other" },
      { $0.rule = .sgd(momentum: 0.9, isNesterov: true) }, { $0.weightDecay = 0.1 }, { $0.averageDecay = 0.9 },
      { $0.schedule = ScheduleSpecification(.linear()) }, { $0.clipping = .normalised }, { $0.microbatchSize = 2 },
      { $0.clipping = .automatic(gamma: 0.5) }, { $0.clipping = .perLayer },
    ]
    for change in changes {
      var job = Self.job
      change(&job)
      #expect(throws: CheckpointError.otherPlan) { _ = try Self.trainer(job, from: checkpoint) }
    }
  }
}
