import Accounting
import Datasets
import Foundation
import NeuralNetworks
import Planning
import PrivateTraining
import Tensors
import Testing

@Suite struct TrainerTests {
  /// Two separable classes of a Gaussian's halves, a third far away: learnt to over 95 % at ε below 2.
  @Test func learnsASeparableSetPrivately() throws {
    var job = TestJob(examples: 3000, shape: .features(2), batchSize: 150, steps: 200, learningRate: 1)
    job.noiseMultiplier = 1.5
    let plan = try job.plan()
    var random = TestRandom(1)
    func draw(_ count: Int) -> PublicExamples {
      var features: [Float] = [], labels: [Int32] = []
      for i in 0..<count {
        let angle = Double(i % 3) * 2 * .pi / 3
        features += [
          Float(2 * cos(angle)) + .random(in: -0.8...0.8, using: &random),
          Float(2 * sin(angle)) + .random(in: -0.8...0.8, using: &random),
        ]
        labels.append(Int32(i % 3))
      }
      return PublicExamples(declaredPublic: Examples(features: features, shape: [2], labels: labels, classCount: 3))
    }
    let training = draw(3000), test = draw(600)
    let trainer = try Trainer(plan: plan, publicExamples: training, knownKey: TestJob.knownKey, execution: .repeatable)
    #expect(try trainer.run(steps: plan.steps) == plan.steps)
    let evaluation = try trainer.evaluate(on: test)
    #expect(try #require(evaluation.accuracy) > 0.95)
    #expect(try #require(evaluation.loss) < 0.4)
    let epsilon = try #require(try plan.epsilonUpperBound(steps: trainer.step))
    #expect(epsilon > 0.5 && epsilon < 3)
  }

  /// What the run does is what the plan's event says: recovered from the parameters of a run on examples that are all
  /// alike, so that a step moves the parameters by C·|batch|/B in one direction, with noise of 1/1000 of C on top.
  /// False alarm: 1e-6 (two tests at five standard errors).
  @Test func samplingRateAndStepsAreThoseOfTheEvent() throws {
    let job = TestJob(examples: 400, batchSize: 20, steps: 300, learningRate: 1e-4, noiseMultiplier: 1e-3)
    let plan = try job.plan()
    let alike = Examples(
      features: [Float](repeating: 10, count: 400 * 12), shape: [12], labels: [Int32](repeating: 1, count: 400),
      classCount: 3)
    let trainer = try Trainer(
      plan: plan, publicExamples: PublicExamples(declaredPublic: alike), knownKey: TestJob.knownKey,
      execution: .repeatable)
    var sizes: [Double] = []
    var before = trainer.parameters
    while try trainer.run(steps: 1) == 1 {
      let moved = norm(difference(trainer.parameters, before)) * 20 / 1e-4 / (1 - ClippingFactors.margin)
      before = trainer.parameters
      #expect(abs(moved - moved.rounded()) < 0.05, "a whole number of clipped gradients")
      sizes.append(moved.rounded())
    }
    guard case .selfComposed(.poissonSampled(let q, .gaussian(let multiplier)), let count) = plan.event else {
      Issue.record("the event is not a repeated sampled Gaussian")
      return
    }
    #expect(sizes.count == count && trainer.isFinished && trainer.step == count)
    #expect(multiplier == 1e-3)
    let mean = sizes.reduce(0, +) / Double(count), variance = 400 * q * (1 - q)
    #expect(abs(mean - 400 * q) < alarm * (variance / Double(count)).squareRoot())
    let spread = sizes.reduce(0) { $0 + ($1 - 400 * q) * ($1 - 400 * q) } / variance
    #expect(abs(spread - Double(count)) < alarm * (2 * Double(count)).squareRoot())
    #expect(Set(sizes).count > 5, "batch sizes vary")
  }

  /// With gradients of zero a step is its noise: in every coordinate the event's multiplier times the sensitivity, over the
  /// public denominator, independent from step to step, whatever the clipping. False alarm: 1e-6 (three tests at five
  /// standard errors) for each.
  @Test(arguments: [
    (0.8, 1.0, ClippingSpecification.Mode.flat, 1), (2.5, 0.01, .flat, 1), (0.5, 40, .automatic(), 1),
    (0.7, 3, .normalised, 1), (1.1, 0.3, .perLayer, 1), (1.1, 0.3, .perParameter, 1), (1.3, 2, .flat, 8),
    (0.9, 5, .adaptive(AdaptiveClippingSpecification(learningRate: 1e-3)), 1),
  ])
  func noiseHasTheStandardDeviationOfTheEvent(
    multiplier: Double, clippingNorm: Double, clipping: ClippingSpecification.Mode, microbatchSize: Int
  ) throws {
    var job = TestJob(steps: 400, learningRate: 1, noiseMultiplier: multiplier)
    (job.clippingNorm, job.clipping, job.microbatchSize) = (clippingNorm, clipping, microbatchSize)
    job.layers = [.dense(units: 3, activation: nil, bias: false)]
    let zeros = Examples(
      features: [Float](repeating: 0, count: 200 * 12), shape: [12], labels: [Int32](repeating: 0, count: 200),
      classCount: 3)
    let plan = try job.plan()
    let trainer = try Trainer(
      plan: plan, publicExamples: PublicExamples(declaredPublic: zeros), knownKey: TestJob.knownKey,
      execution: .repeatable)
    let accounted = try #require(Self.gradientNoiseMultiplier(of: plan.stepEvent))
    #expect(plan.event == .selfComposed(event: plan.stepEvent, count: 400))
    var noise: [[Double]] = []
    var before = trainer.parameters
    while true {
      let norm = try #require(trainer.clippingNorm)
      guard try trainer.run(steps: 1) == 1 else { break }
      let sensitivity = (microbatchSize > 1 ? 2 : 1) * norm
      let denominator = Double(microbatchSize > 1 ? 50 / microbatchSize + 1 : 50)
      noise.append(
        difference(before, trainer.parameters).map { Double($0) * denominator / (accounted * sensitivity) })
      before = trainer.parameters
    }
    let values = noise.flatMap { $0 }
    let n = Double(values.count)
    #expect(values.count == 400 * 36)
    #expect(abs(values.reduce(0, +)) < alarm * n.squareRoot())
    #expect(abs(values.reduce(0) { $0 + $1 * $1 } - n) < alarm * (2 * n).squareRoot())
    #expect(correlationAlarm(Array(noise.dropLast().joined()), Array(noise.dropFirst().joined())) < alarm)
  }

  /// Of the Gaussian on the sum of gradients, which comes first where there are several.
  static func gradientNoiseMultiplier(of event: PrivacyEvent) -> Double? {
    switch event {
    case .poissonSampled(_, .gaussian(let multiplier)): multiplier
    case .poissonSampled(_, .composed(let events)): events.first.flatMap { gradientNoiseMultiplier(of: $0) }
    case .gaussian(let multiplier): multiplier
    default: nil
    }
  }

  /// Adaptive clipping publishes the count with the noise of its event: recovered from the norms of a run whose gradients
  /// are all within the norm, or all beyond it, with the samples known from the key. And the norm goes where it should.
  /// False alarm: 1e-6 (two tests at five standard errors) for each.
  @Test(arguments: [true, false]) func theCountIsPublishedWithTheNoiseOfTheEvent(areWithin: Bool) throws {
    var job = TestJob(steps: 500, learningRate: 1e-9, noiseMultiplier: 1)
    job.clippingNorm = 0.01
    job.clipping = .adaptive(
      AdaptiveClippingSpecification(targetQuantile: 0.4, learningRate: 1e-3, countStandardDeviation: 7))
    let features = [Float](repeating: areWithin ? 1e-4 : 0.5, count: 200 * 12)
    job.layers = [.dense(units: 3, activation: nil, bias: false)]
    let examples = Examples(
      features: features, shape: [12], labels: (0..<200).map { Int32($0 % 3) }, classCount: 3)
    let plan = try job.plan()
    guard case .poissonSampled(_, .composed(let releases)) = plan.stepEvent else {
      Issue.record("a step has two releases")
      return
    }
    // One example moves the count by ½.
    #expect(releases == [.gaussian(noiseMultiplier: 1), .gaussian(noiseMultiplier: 7 / 0.5)])
    let trainer = try Trainer(
      plan: plan, publicExamples: PublicExamples(declaredPublic: examples), knownKey: TestJob.knownKey,
      execution: .repeatable)
    let sampler = try PoissonSampler(
      key: AttemptKey(known: TestJob.knownKey), probability: plan.sampling.probability, count: 200)
    var noise: [Double] = []
    var sample: [Int32] = []
    for step in 0..<500 {
      let before = try #require(trainer.clippingNorm)
      try trainer.run(steps: 1)
      let after = try #require(trainer.clippingNorm)
      try sampler.draw(step: step, into: &sample)
      let noisyCount = 50 * (0.4 - log(after / before) / 1e-3 - 0.5)
      noise.append((noisyCount - (areWithin ? 0.5 : -0.5) * Double(sample.count)) / 7)
    }
    #expect(abs(noise.reduce(0, +)) < alarm * 500.0.squareRoot())
    #expect(abs(noise.reduce(0) { $0 + $1 * $1 } - 500) < alarm * 1000.0.squareRoot())
    let end = try #require(trainer.clippingNorm)
    #expect(areWithin ? end < 0.009 : end > 0.011)
  }

  /// An empty sample is a step like any other. The dataset of the neighbour may even have no example at all.
  @Test func emptyBatchAddsNoiseAndCounts() throws {
    let job = TestJob(examples: 1, batchSize: 1, steps: 4)
    let nobody = PublicExamples(
      declaredPublic: Examples(features: [], shape: [12], labels: [], classCount: 3))
    let trainer = try Trainer(
      plan: try job.plan(), publicExamples: nobody, knownKey: TestJob.knownKey, execution: .repeatable)
    var before = trainer.parameters
    for step in 1...4 {
      #expect(try trainer.run(steps: 1) == 1)
      #expect(trainer.step == step)
      #expect(zip(trainer.parameters, before).allSatisfy { $0 != $1 })
      before = trainer.parameters
    }
    #expect(try trainer.run(steps: 1) == 0)
  }

  /// Neighbouring-data replay through the whole trainer: with the same key, and so the same sample and noise, one step on
  /// neighbours ends at most learningRate · sensitivity / denominator apart.
  @Test(
    arguments: [
      ClippingSpecification.Mode.flat, .automatic(gamma: 1e-3), .normalised, .perLayer, .perBlock, .perParameter,
      .adaptive(),
    ], [1, 5])
  func neighboursStayWithinTheSensitivity(clipping: ClippingSpecification.Mode, microbatchSize: Int) throws {
    if microbatchSize > 1, clipping != .flat { return }
    var moved = 0
    for seed in 0..<20 {
      var job = TestJob(examples: 30, batchSize: 15, steps: 1, learningRate: 0.5, microbatchSize: microbatchSize)
      job.clipping = clipping
      if seed % 2 == 0 {
        job.shape = .image(channels: 1, height: 8, width: 8)
        job.layers = TestJob.convolutional
      }
      let plan = try job.plan()
      let full = job.randomExamples(seed, scale: [0.1, 1, 100][seed % 3])
      let key = (0..<32).map { UInt8(($0 * 7 + seed) % 256) }
      let parameters = try [full, full.dropLast()].map { examples in
        let trainer = try Trainer(plan: plan, publicExamples: examples, knownKey: key, execution: .repeatable)
        #expect(try trainer.run(steps: 1) == 1)
        return trainer.parameters
      }
      let distance = norm(difference(parameters[0], parameters[1]))
      let sensitivity = try #require(plan.mechanism).sensitivity
      #expect(sensitivity == (microbatchSize > 1 ? 2 : 1))
      #expect(distance <= 0.5 * sensitivity / Double(plan.denominator) + 1e-6, "seed \(seed)")
      if distance > 0 { moved += 1 }
    }
    #expect(moved > 4, "the last example is in about half of the samples")
  }

  @Test func aKnownKeyReplaysAndAnotherDoesNot() throws {
    let job = TestJob()
    let plan = try job.plan(), examples = job.randomExamples(2)
    func parameters(_ key: [UInt8]?) throws -> [Float] {
      let trainer = try Trainer(plan: plan, publicExamples: examples, knownKey: key, execution: .repeatable)
      try trainer.run(steps: 5)
      return trainer.parameters
    }
    let first = try parameters(TestJob.knownKey)
    #expect(try parameters(TestJob.knownKey) == first)
    #expect(try parameters([UInt8](0..<32)) != first)
    let secret = try parameters(nil)
    #expect(try parameters(nil) != secret)
  }

  @Test func stopsWhenCancelledAndGoesOn() throws {
    let job = TestJob(steps: 10)
    let examples = job.randomExamples(3)
    let trainer = try Trainer(
      plan: try job.plan(), publicExamples: examples, knownKey: TestJob.knownKey, execution: .repeatable)
    var asked = 0
    let made = try trainer.run(steps: 100) {
      asked += 1
      return asked > 4
    }
    #expect(made == 4 && trainer.step == 4 && !trainer.isFinished)
    #expect(try trainer.run(steps: 3) == 3)
    #expect(try trainer.run(steps: 100) == 3)
    #expect(trainer.isFinished)
    let whole = try Trainer(
      plan: try job.plan(), publicExamples: examples, knownKey: TestJob.knownKey, execution: .repeatable)
    try whole.run(steps: 10)
    #expect(whole.parameters == trainer.parameters)
  }

  /// Without a mechanism a step is the plain gradient sum over the expected batch size; momentum as in the formula.
  @Test func withoutPrivacyItIsPlainDescent() throws {
    let job = TestJob(batchSize: 200, steps: 2, learningRate: 0.1, rule: .sgd(momentum: 0.5), noiseMultiplier: nil)
    let plan = try job.plan(), examples = job.randomExamples(4)
    let trainer = try Trainer(plan: plan, publicExamples: examples, knownKey: TestJob.knownKey, execution: .repeatable)
    var parameters = trainer.parameters, velocity = [Float](repeating: 0, count: parameters.count)
    try trainer.run(steps: 2)
    for _ in 0..<2 {
      let sum = try ClippedGradientSumTests.sum(
        Array(0..<200), of: examples.examples, network: trainer.network, parameters: parameters, clippingNorm: nil)
      for i in sum.indices {
        velocity[i] = 0.5 * velocity[i] + sum[i] / 200
        parameters[i] -= 0.1 * velocity[i]
      }
    }
    #expect(zip(trainer.parameters, parameters).allSatisfy { abs($0 - $1) < 1e-6 })
  }

  /// Weights come from a file, and what is frozen keeps them: no noise, no decay, no step, nothing remembered of it, and no
  /// part in anybody's norm.
  @Test(arguments: UpdateRuleCase.allCases) func givenWeightsAreTrainedOnlyWhereTheyAreNotFrozen(
    rule: UpdateRuleCase
  ) throws {
    var job = TestJob(shape: .image(channels: 1, height: 8, width: 8), layers: TestJob.convolutional)
    let examples = job.randomExamples(7)
    let first = try Trainer(plan: try job.plan(), publicExamples: examples, execution: .repeatable)
    try first.run(steps: 3)
    let weights = try Safetensors(first.model())
    (job.rule, job.weightDecay, job.averageDecay) = (rule.rule, 0.1, 0.5)
    job.freeze = ["1", "7.bias"]
    for clipping in [ClippingSpecification.Mode.flat, .perParameter] {
      job.clipping = clipping
      let trainer = try Trainer(
        plan: try job.plan(), publicExamples: examples, initialWeights: weights, execution: .repeatable)
      #expect(trainer.parameters == first.parameters)
      try trainer.run(steps: 5)
      let published = trainer.published
      for slice in trainer.network.parameters {
        let isFrozen = ["1.weight", "1.bias", "7.bias"].contains(slice.name)
        for i in slice.range {
          #expect((trainer.parameters[i] == first.parameters[i]) == isFrozen, "\(slice.name)")
          #expect(!isFrozen || published[i] == first.parameters[i])
        }
      }
      let saved = try trainer.checkpoint()
      let names = try Safetensors(saved).entries.map(\.name)
      #expect(names.contains("parameter.1.weight") && names.contains("average.7.weight"))
      #expect(!names.contains { $0.hasPrefix("optimizer.") && $0.contains(".1.") } && !names.contains("average.7.bias"))
      let resumed = try Trainer(
        plan: try job.plan(), publicExamples: examples, resumingFrom: saved, execution: .repeatable)
      #expect(try resumed.checkpoint() == saved)
    }
    #expect(throws: NetworkError.self) {
      _ = try Trainer(plan: try TestJob().plan(), publicExamples: TestJob().randomExamples(1), initialWeights: weights)
    }
  }

  enum UpdateRuleCase: CaseIterable {
    case momentum, adam, adamW

    var rule: UpdateRule {
      switch self {
      case .momentum: .sgd(momentum: 0.9)
      case .adam: .adam()
      case .adamW: .adamW()
      }
    }
  }

  @Test func divergenceIsSeen() throws {
    let job = TestJob(steps: 50, learningRate: 1e6, rule: .sgd(momentum: 0.99), noiseMultiplier: nil)
    let examples = job.randomExamples(5, scale: 1e30)
    let trainer = try Trainer(
      plan: try job.plan(), publicExamples: examples, knownKey: TestJob.knownKey, execution: .repeatable)
    #expect(!trainer.hasDiverged)
    try trainer.run(steps: 50)
    #expect(trainer.hasDiverged)
    #expect(try trainer.evaluate(on: examples).loss == nil)
  }

  @Test func refusesWhatDoesNotFit() throws {
    let publicJob = TestJob(noiseMultiplier: nil)
    let examples = publicJob.randomExamples(6)
    #expect(throws: TrainingError.privacyRequired) {
      _ = try Trainer(plan: try publicJob.plan(), examples: examples.examples, execution: .repeatable)
    }
    let privateJob = TestJob(isPublic: false)
    #expect(throws: TrainingError.notPublic) {
      _ = try Trainer(plan: try privateJob.plan(), publicExamples: examples, execution: .repeatable)
    }
    #expect(throws: TrainingError.shape(expected: [11], got: [12])) {
      _ = try Trainer(plan: try TestJob(shape: .features(11)).plan(), publicExamples: examples, execution: .repeatable)
    }
    let classes = Examples(
      features: examples.examples.features, shape: [12], targets: examples.examples.targets, classCount: 4)
    #expect(throws: TrainingError.classes(expected: 3, got: 4)) {
      _ = try Trainer(
        plan: try TestJob().plan(), publicExamples: PublicExamples(declaredPublic: classes), execution: .repeatable)
    }
    let trainer = try Trainer(plan: try privateJob.plan(), examples: examples.examples, execution: .repeatable)
    #expect(try trainer.run(steps: 2) == 2)
    #expect(throws: TrainingError.shape(expected: [12], got: [3, 4])) {
      _ = try trainer.evaluate(
        on: PublicExamples(
          declaredPublic: Examples(
            features: examples.examples.features, shape: [3, 4], targets: examples.examples.targets, classCount: 3)))
    }
  }
}
