import Accounting
import Planning
import Testing

@Suite struct TrainingPlanTests {
  func plan(_ change: (inout JobSpecification) -> Void = { _ in }) throws -> TrainingPlan {
    let specification = try tutorial(change)
    return try TrainingPlan(
      specification, dataset: fashion, evaluation: specification.evaluation == nil ? nil : fashionTest)
  }

  @Test func oneValueHoldsSamplerNoiseAndEvent() throws {
    let plan = try plan()
    let mechanism = try #require(plan.mechanism)
    #expect(plan.steps == 1172)
    #expect(plan.sampling.expectedBatchSize == 256)
    #expect(mechanism.noiseMultiplier == 0.8)
    #expect(mechanism.noiseStandardDeviation == 0.8)
    #expect(mechanism.sensitivity == 1)
    #expect(
      plan.event
        == .dpsgd(samplingProbability: plan.sampling.probability, noiseMultiplier: 0.8, steps: 1172))
    #expect(plan.warnings.isEmpty)
    #expect(plan.epochs(steps: plan.steps) >= 5 && plan.epochs(steps: plan.steps - 1) < 5)
  }

  @Test func theNoiseScalesWithTheClippingNormAndTheEventDoesNot() throws {
    for norm in [0.1, 1, 7.5] {
      let plan = try plan { $0.training.clipping = ClippingSpecification(norm: norm) }
      let mechanism = try #require(plan.mechanism)
      #expect(mechanism.noiseStandardDeviation == 0.8 * norm)
      #expect(mechanism.sensitivity == norm)
      #expect(plan.event == (try self.plan().event))
    }
  }

  /// Under replace-one the sum moves by 2C: the same noise protects as half of it would under add-or-remove-one.
  @Test func replaceOneDoublesTheSensitivityInThePrice() throws {
    for adjacency in Adjacency.allCases {
      let plan = try plan {
        $0.privacy.adjacency = adjacency
        $0.training.batchSize = 60_000
        $0.training.epochs = 1
        $0.privacy.noiseMultiplier = 10
      }
      let mechanism = try #require(plan.mechanism)
      #expect(mechanism.noiseStandardDeviation == 10)
      #expect(mechanism.sensitivity == (adjacency == .replaceOne ? 2 : 1))
      let epsilon = try #require(try plan.epsilonUpperBound(steps: plan.steps))
      let plain = try RenyiAccountant(
        event: .gaussian(noiseMultiplier: 10 / mechanism.sensitivity), relation: .addOrRemoveOne)
      let expected = try plain.epsilon(delta: 1e-5).epsilon
      #expect(abs(epsilon - expected) < 1e-9 * expected)
    }
  }

  /// The same noise buys the same ε where an example appears or vanishes, and a larger one where it changes.
  @Test func everyRelationIsPricedUnderSampling() throws {
    let epsilons = try Adjacency.allCases.map { adjacency in
      let plan = try plan { $0.privacy.adjacency = adjacency }
      return try #require(try plan.epsilonUpperBound(steps: plan.steps))
    }
    #expect(Adjacency.allCases == [.addOrRemoveOne, .replaceOne, .zeroOut])
    #expect(epsilons[0] == epsilons[2])
    #expect(epsilons[1] > 1.1 * epsilons[0] && epsilons[1].isFinite)
  }

  @Test func aTargetIsReachedAndNotOvershot() throws {
    for target in [0.3, 3, 8] {
      for adjacency in Adjacency.allCases {
        let plan = try plan {
          $0.privacy = PrivacySpecification(targetEpsilon: target, delta: 1e-5, adjacency: adjacency)
        }
        let epsilon = try #require(try plan.epsilonUpperBound(steps: plan.steps))
        #expect(epsilon <= target)
        #expect(epsilon > 0.999 * target)
      }
    }
  }

  @Test func aPinnedJobPlansTheSameNoise() throws {
    let specification = try tutorial { $0.privacy = PrivacySpecification(targetEpsilon: 2, delta: 1e-5) }
    let plan = try TrainingPlan(specification, dataset: fashion, evaluation: fashionTest)
    let pinned = specification.pinned(to: plan)
    #expect(pinned.privacy.targetEpsilon == nil)
    #expect(try TrainingPlan(pinned, dataset: fashion, evaluation: fashionTest) == plan)
    #expect(pinned.pinned(to: plan) == pinned)
  }

  @Test func epsilonGrowsWithTheSteps() throws {
    let plan = try plan()
    var last = 0.0
    #expect(try plan.epsilonUpperBound(steps: 0) == 0)
    for steps in [1, 10, 100, 1172] {
      let epsilon = try #require(try plan.epsilonUpperBound(steps: steps))
      #expect(epsilon > last)
      last = epsilon
    }
    #expect(last < 3, "the demo's promise")
  }

  @Test func withoutPrivacyNothingIsAccounted() throws {
    let specification = try tutorial {
      $0.privacy = PrivacySpecification(isPrivate: false)
      $0.budget = nil
      $0.training.clipping = nil
    }
    let plan = try TrainingPlan(specification, dataset: fashionTest, evaluation: fashionTest)
    #expect(plan.mechanism == nil)
    #expect(plan.event == .noOp)
    #expect(try plan.epsilonUpperBound(steps: 5) == nil)
    #expect(plan.warnings.map(\.pointer) == ["/privacy/private"])
    #expect(specification.pinned(to: plan) == specification)
  }

  // MARK: Refusals

  struct Mistake: Sendable {
    let change: @Sendable (inout JobSpecification) -> Void
    let pointer: String
    var kind = FieldIssue.Kind.invalidParameter
  }

  static let mistakes: [Mistake] = [
    Mistake(change: { $0.name = "" }, pointer: "/name"),
    Mistake(change: { $0.name = String(repeating: "x", count: 201) }, pointer: "/name"),
    Mistake(change: { $0.name = "a\u{0}b" }, pointer: "/name"),
    Mistake(change: { $0.budget = nil }, pointer: "/budget"),
    Mistake(change: { $0.model = .layers([]) }, pointer: "/model/layers"),
    Mistake(change: { $0.training.batchSize = 0 }, pointer: "/training/batch_size"),
    Mistake(change: { $0.training.batchSize = .min }, pointer: "/training/batch_size"),
    Mistake(change: { $0.training.batchSize = 60_001 }, pointer: "/training/batch_size"),
    Mistake(change: { $0.training.epochs = nil }, pointer: "/training"),
    Mistake(change: { $0.training.steps = 5 }, pointer: "/training"),
    Mistake(change: { $0.training.epochs = 0 }, pointer: "/training/epochs"),
    Mistake(change: { $0.training.epochs = -1 }, pointer: "/training/epochs"),
    Mistake(change: { $0.training.epochs = .nan }, pointer: "/training/epochs"),
    Mistake(change: { $0.training.epochs = .infinity }, pointer: "/training/epochs"),
    Mistake(change: { $0.training.epochs = 1e300 }, pointer: "/training/epochs"),
    Mistake(
      change: {
        $0.training.epochs = nil
        $0.training.steps = 0
      }, pointer: "/training/steps"),
    Mistake(change: { $0.training.optimizer.learningRate = 0 }, pointer: "/training/optimizer/learning_rate"),
    Mistake(change: { $0.training.optimizer.learningRate = .nan }, pointer: "/training/optimizer/learning_rate"),
    Mistake(change: { $0.training.optimizer.rule = .sgd(momentum: 1) }, pointer: "/training/optimizer/momentum"),
    Mistake(change: { $0.training.optimizer.rule = .sgd(momentum: .nan) }, pointer: "/training/optimizer/momentum"),
    Mistake(change: { $0.training.clipping = nil }, pointer: "/training/clipping"),
    Mistake(change: { $0.training.clipping = ClippingSpecification(norm: 0) }, pointer: "/training/clipping/norm"),
    Mistake(change: { $0.training.clipping = ClippingSpecification(norm: .nan) }, pointer: "/training/clipping/norm"),
    Mistake(change: { $0.privacy.noiseMultiplier = nil }, pointer: "/privacy"),
    Mistake(change: { $0.privacy.targetEpsilon = 1 }, pointer: "/privacy"),
    Mistake(change: { $0.privacy.noiseMultiplier = 0 }, pointer: "/privacy/noise_multiplier"),
    Mistake(change: { $0.privacy.noiseMultiplier = .infinity }, pointer: "/privacy/noise_multiplier"),
    Mistake(change: { $0.privacy.delta = nil }, pointer: "/privacy/delta"),
    Mistake(change: { $0.privacy.delta = 0 }, pointer: "/privacy/delta"),
    Mistake(change: { $0.privacy.delta = 1 }, pointer: "/privacy/delta"),
    Mistake(change: { $0.privacy.delta = .nan }, pointer: "/privacy/delta"),
    Mistake(
      change: { $0.privacy = PrivacySpecification(targetEpsilon: 0, delta: 1e-5) }, pointer: "/privacy/target_epsilon"),
    Mistake(
      change: {
        $0.privacy = PrivacySpecification(targetEpsilon: 1e-6, delta: 1e-100)
        $0.training.epochs = 10_000
      },
      pointer: "/privacy/target_epsilon"),
    Mistake(
      change: { $0.privacy = PrivacySpecification(isPrivate: false) }, pointer: "/privacy/private", kind: .policyDenied),
  ]

  @Test(arguments: mistakes.indices)
  func aMistakeNamesItsField(row: Int) throws {
    let mistake = Self.mistakes[row]
    let specification = try tutorial(mistake.change)
    let found = issues { () throws(PlanningError) in
      try TrainingPlan(specification, dataset: fashion, evaluation: fashionTest)
    }
    #expect(found.map(\.pointer) == [mistake.pointer], "\(found)")
    #expect(found.map(\.kind) == [mistake.kind])
  }

  @Test func allMistakesAreToldAtOnce() throws {
    let specification = try tutorial {
      $0.name = ""
      $0.training.batchSize = 0
      $0.training.optimizer.rule = .sgd(momentum: 2)
      $0.privacy.delta = 3
      $0.model = .layers([])
    }
    let found = issues { () throws(PlanningError) in
      try TrainingPlan(specification, dataset: fashion, evaluation: fashionTest)
    }
    #expect(
      Set(found.map(\.pointer))
        == ["/name", "/training/batch_size", "/training/optimizer/momentum", "/privacy/delta", "/model/layers"])
  }

  @Test func evaluationTakesPublicDataOfTheSameShape() throws {
    let other = DatasetFacts(
      reference: "other", exampleCount: 10, inputShape: .features(3), classCount: 11, isPublic: false)
    let specification = try tutorial()
    let found = issues { () throws(PlanningError) in
      try TrainingPlan(specification, dataset: fashion, evaluation: other)
    }
    #expect(found.map(\.pointer) == Array(repeating: "/evaluation/dataset", count: 3))
    #expect(found.map(\.kind) == [.policyDenied, .invalidParameter, .invalidParameter])
  }

  @Test func promisesWithoutPrivacyContradictThemselves() throws {
    let specification = try tutorial {
      $0.privacy = PrivacySpecification(noiseMultiplier: 1, delta: 1e-5, isPrivate: false)
    }
    let found = issues { () throws(PlanningError) in
      try TrainingPlan(specification, dataset: fashionTest, evaluation: fashionTest)
    }
    #expect(found.map(\.pointer) == ["/privacy/noise_multiplier", "/privacy/delta"])
    #expect(found.allSatisfy { $0.kind == .unsoundCombination })
  }

  // MARK: Warnings and estimates

  @Test func aDeltaOfOneOverNIsWarnedOf() throws {
    #expect(try plan { $0.privacy.delta = 1 / 60_000 }.warnings.map(\.pointer) == ["/privacy/delta"])
    #expect(try plan { $0.privacy.delta = 1 / 60_001 }.warnings.isEmpty)
    #expect(try plan { $0.evaluation = nil }.warnings.map(\.pointer) == ["/evaluation"])
  }

  @Test func physicalBatchesHaveOneShapeWhateverTheSample() throws {
    for (batch, physical) in [(1, 16), (32, 16), (256, 64), (1024, 256), (60_000, 256)] {
      #expect(try plan { $0.training.batchSize = batch }.physicalBatchSize == physical)
    }
  }

  @Test func estimatesGrowWithTheWork() throws {
    let short = TrainingEstimate(try plan())
    let long = TrainingEstimate(try plan { $0.training.epochs = 50 })
    #expect(abs(long.seconds / short.seconds - 10) < 0.01)
    #expect(long.memory == short.memory)
    // The weights and the backend's copy of them; momentum and the average take as much again.
    #expect(short.memory.parameters == 2 * 26_010 * 4)
    let momentum = TrainingEstimate(try plan { $0.training.optimizer.rule = .sgd(momentum: 0.9) })
    #expect(momentum.memory.parameters == 3 * 26_010 * 4)
    let average = TrainingEstimate(try plan { $0.training.averageDecay = 0.9 })
    #expect(average.memory.parameters == 3 * 26_010 * 4)
    #expect(short.memory.peak > short.memory.activations + 70_000 * 784 * 4)
    let free = TrainingEstimate(
      try TrainingPlan(
        tutorial { $0.privacy = PrivacySpecification(isPrivate: false) }, dataset: fashionTest,
        evaluation: fashionTest))
    #expect(free.memory.bookKeeping == 0 && short.memory.bookKeeping > 0)
  }
}
